# A network found on COCO, trained on MPII by the same protocol (ScaleNAS,
# appendix A.9; table 2 has ScaleNet-P1 here):
#   --cfg-options model.backbone.arch=ARCH.json
#       model.backbone.init_cfg.checkpoint=BACKBONE.pth
# with what `tools/export.py --backbone-only` wrote. Without them it is HRNet
# from its public ImageNet weights.
_base_ = 'mmpose::body_2d_keypoint/topdown_heatmap/mpii/td-hm_hrnet-w32_8xb64-210e_mpii-256x256.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.ScaleNet',
        width=32,
        multi_scale_output=False,
        upsample='bilinear',
        arch='hrnet',
        init_cfg=_base_.model.backbone.init_cfg))

train_pipeline = _base_.train_pipeline
train_pipeline[3] = dict(
    type='RandomBBoxTransform',
    shift_prob=0.0,
    scale_factor=(0.65, 1.35),
    rotate_factor=45.0)
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = dict(
    _delete_=True,
    type='MultiStepLR',
    milestones=[170, 200],
    gamma=0.1,
    by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=512)
randomness = dict(seed=0)
