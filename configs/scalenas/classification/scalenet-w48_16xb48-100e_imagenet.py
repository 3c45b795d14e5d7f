# W48; see scalenet-w32_16xb48-100e_imagenet.py.
_base_ = './scalenet-w32_16xb48-100e_imagenet.py'
model = dict(
    backbone=dict(width=48),
    neck=[
        dict(type='HRFuseScales', in_channels=(48, 96, 192, 384)),
        dict(type='GlobalAveragePooling')
    ])
