# The network of the key frame, S-ViPNet: the largest one of a small space,
# trained alone on single frames.
_base_ = [
    '../../_base_/models/vipnas_resnet_videos.py',
    '../../_base_/datasets/videos_td-hm_128x96.py',
    '../../_base_/mmpose_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
model = dict(
    type='mmpose.TopdownPoseEstimator',
    data_preprocessor=dict(
        type='mmpose.PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=_base_.network,
    head=dict(decoder=_base_.codec, **_base_.head),
    test_cfg=dict(flip_test=False))

max_iters = 500
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=0.005))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=0.005,
    total_steps=max_iters,
    pct_start=0.2,
    by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=16)
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
