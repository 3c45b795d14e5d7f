_base_ = './scalenet-w32_fcn_8xb3-484e_cityscapes-512x1024.py'
model = dict(
    backbone=dict(
        width=48, init_cfg=dict(checkpoint='open-mmlab://msra/hrnetv2_w48')),
    decode_head=dict(in_channels=[48, 96, 192, 384], channels=720))
