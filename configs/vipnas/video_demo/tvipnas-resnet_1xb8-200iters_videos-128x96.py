# The network of the key frame, frozen, and for three frames after it networks
# that take the heatmaps of the frame before; here all of them are the largest.
_base_ = [
    '../../_base_/models/vipnas_resnet_videos.py',
    '../../_base_/datasets/videos_clips_128x96.py',
    '../../_base_/mmpose_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
start = 'work_dirs/vipnasresnet_td-hm_1xb16-500iters_videos-128x96/iter_500.pth'  # noqa: E501
network = _base_.network
head = dict(decoder=_base_.codec, **_base_.head)
model = dict(
    type='scalenas_mm.TViPNet',
    data_preprocessor=dict(
        type='scalenas_mm.ClipPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    key=dict(
        type='mmpose.TopdownPoseEstimator',
        init_cfg=dict(type='Pretrained', checkpoint=start),
        backbone=network,
        head=head),
    backbone=dict(
        type='scalenas_mm.TViPNAS',
        network=network,
        num_frames=_base_.num_frames),
    head=head)

max_iters = 200
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=0.003))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=0.003,
    total_steps=max_iters,
    pct_start=0.2,
    by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=1))
