# PointPillars as NCP (appendix A.1) and HR-NAS (appendix A), by the same
# authors, train it on KITTI's three classes: 8 GPUs, batch 16, 80 epochs. What
# they leave open is mmdet3d's PointPillars.
_base_ = 'mmdet3d::pointpillars/pointpillars_hv_secfpn_8xb6-160e_kitti-3d-3class.py'  # noqa: E501
custom_imports = dict(imports=['scalenas_mm.registry'])

# The network takes the pillars' map, 64 channels of 496x432, in place of
# SECOND and its FPN. Anchors stand at its stride, 4 (124x108 places);
# PointPillars has them at stride 2. The papers do not say which they use.
model = dict(
    data_preprocessor=dict(
        voxel_layer=dict(max_num_points=100, max_voxels=(12000, 12000))),
    neck=None,
    test_cfg=dict(use_rotate_nms=False, nms_thr=0.5))

# "Global translation ... as in PointPillars": N(0, 0.2 m) in that paper,
# none in mmdet3d
train_pipeline = _base_.train_pipeline
train_pipeline[4].translation_std = [0.2, 0.2, 0.2]  # GlobalRotScaleTrans
train_dataloader = dict(
    batch_size=2, dataset=dict(times=1, dataset=dict(pipeline=train_pipeline)))

max_epochs = 80
train_cfg = dict(max_epochs=max_epochs, val_begin=76, val_interval=1)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', betas=(0.9, 0.99), weight_decay=0.01))
# "An initial learning rate of 2e-3, a minimum learning rate of 2e-4": here the
# top and both ends of the cycle. The papers' momentum is constant.
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        div_factor=10,
        final_div_factor=1,
        pct_start=0.4,  # mmdet3d's
        total_steps=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=5))
auto_scale_lr = dict(base_batch_size=16)
