# A lightweight transformer beside every inverted residual block of
# MobileNetV2, with the head of PSPNet, from scratch; HR-NAS, Table 8. All else
# as mmseg trains this network.
_base_ = 'mmseg::mobilenet_v2/mobilenet-v2-d8_pspnet_4xb2-80k_cityscapes-512x1024.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    pretrained=None,
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.TransformerPlugin',
        backbone=dict(
            type='MobileNetV2',
            widen_factor=1.0,
            strides=(1, 2, 2, 1, 1, 1, 1),
            dilations=(1, 1, 1, 2, 2, 4, 4),
            out_indices=(1, 2, 4, 6),
            norm_cfg=norm_cfg),
        places='layer?.*',
        tokens=8,
        transformer='paper',
        norm_cfg=norm_cfg))
auto_scale_lr = dict(base_batch_size=8)
