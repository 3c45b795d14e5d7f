# The full network in a one-stage detector, with mmdet's own schedule: the
# teacher. The pyramid begins at stride 4, which the backbone keeps.
_base_ = 'mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py'
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    # of the ImageNet weights
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        norm_cfg=dict(type='SyncBN'),
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w32')),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=128),
    bbox_head=dict(
        in_channels=128,
        feat_channels=128,
        anchor_generator=dict(strides=[4, 8, 16, 32])))
auto_scale_lr = dict(base_batch_size=256)
randomness = dict(seed=0)
find_unused_parameters = True
