# The network of the key frame, frozen, and for three frames after it networks
# that take the heatmaps of the frame before; here all of them are the largest.
_base_ = [
    '../../_base_/datasets/videos_clips_128x96.py',
    '../../_base_/mmpose_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.vipnas_video.vipnas_video'])
start = 'work_dirs/vipnasresnet_td-hm_1xb16-600iters_videos-128x96/iter_600.pth'  # noqa: E501
# three stages of the ResNet: crops are small
network = dict(
    type='scalenas_mm.ViPNASResNet',
    stem=(16, ),
    stages=[
        dict(depth=(1, 2), width=(24, 32), groups=(4, ), stride=1),
        dict(
            depth=(1, 2, 3),
            width=(32, 48, 64),
            kernel=(3, 5),
            groups=(4, 8),
            stride=2),
        dict(
            depth=(1, 2, 3),
            width=(48, 64, 80, 96),
            kernel=(3, 5),
            groups=(4, 8),
            stride=2)
    ],
    head=dict(width=(24, 32), groups=(2, 4)))
head = dict(
    type='scalenas_mm.ElasticHeatmapHead',
    in_channels=96,
    out_channels=17,
    deconv_out_channels=(32, 32, 32),
    deconv_kernel_sizes=(4, 4, 4),
    deconv_num_groups=(2, 2, 2),
    loss=dict(type='mmpose.KeypointMSELoss', use_target_weight=True),
    decoder=_base_.codec)
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

max_iters = 300
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
