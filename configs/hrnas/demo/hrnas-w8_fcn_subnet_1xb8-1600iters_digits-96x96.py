# One fixed network trained alone. Choose it by --cfg-options
# model.backbone.arch=ARCH.json; without it is the largest one. The head is
# that of ScaleNAS's demo.
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    '../../_base_/datasets/digits_96x96.py',
    '../../_base_/schedules/sgd_onecycle_800iters.py',
    '../../_base_/mmseg_runtime.py'
]
max_iters = 1600
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        _delete_=True,
        type='scalenas_mm.HRNAS',
        stem=(16, 16),
        blocks=((1, ), (2, 2), (2, 2, 2), (2, 2, 2, 2)),
        widths=((8, ), (8, 16), (8, 16, 32), (8, 16, 32, 64)),
        expansion=2,
        tokens=16,
        transformer=dict(size=4, dropout=0.0),
        head='none',
        channels_last=True,  # faster on a CPU
        # for so few iterations statistics have to follow quickly
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.03),
        init_cfg=dict(type='Kaiming', layer='Conv2d', mode='fan_out')),
    decode_head=dict(
        in_channels=[8, 16, 32, 64],
        channels=64,
        num_classes=11,
        norm_cfg=norm_cfg,
        loss_decode=dict(class_weight=[0.25] + [1.0] * 10)))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = dict(total_steps=max_iters)
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
find_unused_parameters = False
