# The full network, trained alone: it teaches the supernet and is its start.
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    '../../_base_/datasets/digits_96x96.py',
    '../../_base_/schedules/sgd_onecycle_800iters.py',
    '../../_base_/mmseg_runtime.py'
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
        channels_last=True,
        norm_cfg=norm_cfg),
    decode_head=dict(
        in_channels=[8, 16, 32, 64],
        channels=64,
        num_classes=11,
        norm_cfg=norm_cfg,
        loss_decode=dict(class_weight=[0.25] + [1.0] * 10)))

# of many small tensors, else a sixth of the time is the optimizer's
optim_wrapper = dict(optimizer=dict(fused=True))
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
