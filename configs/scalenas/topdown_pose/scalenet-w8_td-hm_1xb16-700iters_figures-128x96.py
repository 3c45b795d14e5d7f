# The full network, trained alone: it teaches the supernet and is its start.
_base_ = [
    '../../_base_/datasets/figures_td-hm_128x96.py',
    '../../_base_/mmpose_runtime.py'
]
model = dict(
    type='mmpose.TopdownPoseEstimator',
    data_preprocessor=dict(
        type='mmpose.PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    # as small as that of the digits, but for the branches that are read
    backbone=dict(
        type='scalenas_mm.ScaleNet',
        width=8,
        stem_width=16,
        stage1_blocks=1,
        depths=(1, 2, 3, 4),
        num_modules=(1, 2, 1),
        multi_scale_output=False,
        norm_cfg=dict(type='BN')),
    # 8 channels are few for 17 joints: the head widens them
    head=dict(
        type='mmpose.HeatmapHead',
        in_channels=8,
        out_channels=17,
        deconv_out_channels=(32, ),
        deconv_kernel_sizes=(4, ),
        loss=dict(type='mmpose.KeypointMSELoss', use_target_weight=True),
        decoder=_base_.codec),
    test_cfg=dict(flip_test=False))

max_iters = 700
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
