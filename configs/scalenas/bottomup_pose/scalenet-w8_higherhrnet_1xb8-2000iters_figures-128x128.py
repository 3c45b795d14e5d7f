# The full network, trained alone: it teaches the supernet and is its start.
_base_ = [
    '../../_base_/datasets/figures_higherhrnet_128x128.py',
    '../../_base_/mmpose_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.higherhrnet.higherhrnet'])
model = dict(
    type='mmpose.HigherHRNet',
    data_preprocessor=dict(
        type='mmpose.ScalesDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    # the space of the other demos, with the branch of the highest resolution
    # as its only output
    backbone=dict(
        type='scalenas_mm.ScaleNet',
        width=8,
        stem_width=16,
        stage1_blocks=1,
        depths=(1, 2, 3, 4),
        num_modules=(1, 2, 1),
        multi_scale_output=False,
        upsample='bilinear'),
    # so few channels need 3x3 convolutions to tell 17 joints apart
    head=dict(
        type='mmpose.HigherResolutionHead',
        in_channels=8,
        num_keypoints=17,
        deconv_channels=(16, ),
        num_blocks=0,
        kernel_size=3,
        with_tags=(True, False),
        heatmap_loss=dict(type='mmpose.KeypointMSELoss'),
        tag_loss=dict(
            type='mmpose.PullPushLoss', pull_weight=0.005, push_weight=0.005)),
    test_cfg=dict(flip_test=False))

max_iters = 2000
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=0.008),
    clip_grad=dict(max_norm=1.0))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=0.008,
    total_steps=max_iters,
    pct_start=0.2,
    by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
