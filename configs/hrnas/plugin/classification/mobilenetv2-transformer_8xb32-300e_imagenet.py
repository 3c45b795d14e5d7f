# A lightweight transformer beside every inverted residual block of
# MobileNetV2; HR-NAS, Table 8. All else as mmpretrain trains MobileNetV2.
_base_ = 'mmpretrain::mobilenet_v2/mobilenet-v2_8xb32_in1k.py'
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.TransformerPlugin',
        backbone=dict(type='MobileNetV2', widen_factor=1.0),
        places='layer?.*',
        tokens=8,
        transformer='paper'))
