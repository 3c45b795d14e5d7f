# A lightweight transformer beside every inverted residual block of
# ShuffleNetV2; HR-NAS, Table 8. All else as mmpretrain trains ShuffleNetV2.
_base_ = 'mmpretrain::shufflenet_v2/shufflenet-v2-1x_16xb64_in1k.py'
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.TransformerPlugin',
        backbone=dict(type='ShuffleNetV2', widen_factor=1.0),
        places='layers.[012].*',
        tokens=8,
        transformer='paper'))
