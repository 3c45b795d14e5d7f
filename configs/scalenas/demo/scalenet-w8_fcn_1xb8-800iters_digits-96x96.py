# The full network, trained alone: it teaches the supernet and is its start.
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    '../../_base_/datasets/digits_96x96.py', '../../_base_/default_runtime.py'
]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(96, 96)),
    # the stem is narrow too, or it would be most of the cost; depth 1 widens
    # the range of costs further
    backbone=dict(
        width=8,
        stem_width=16,
        stage1_blocks=1,
        depths=(1, 2, 3, 4),
        num_modules=(1, 2, 1),
        norm_cfg=norm_cfg),
    decode_head=dict(
        in_channels=[8, 16, 32, 64],
        channels=64,
        num_classes=11,
        norm_cfg=norm_cfg,
        loss_decode=dict(class_weight=[0.25] + [1.0] * 10)))

max_iters = 800
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=5.0))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=0.2,
    total_steps=max_iters,
    pct_start=0.2,
    by_epoch=False)
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
