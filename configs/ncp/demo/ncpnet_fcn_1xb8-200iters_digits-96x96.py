# A small network of NCP on the demo data. tools/train.py trains the one of
# `model.backbone.arch`; a benchmark of many, half a minute each on a CPU:
#
#     python tools/build_benchmark.py CONFIG --num 8
#
_base_ = [
    '../../_base_/models/ncpnet_fcn.py',
    '../../_base_/datasets/digits_96x96.py', '../../_base_/default_runtime.py'
]
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        blocks=(1, 2),
        units=(1, 2),
        channels=(8, 16, 24, 32),
        norm_cfg=norm_cfg),
    decode_head=dict(
        in_channels=32,
        channels=32,
        num_classes=11,
        norm_cfg=norm_cfg,
        loss_decode=dict(class_weight=[0.25] + [1.0] * 10)))

main_metric = 'mIoU'  # of the benchmark

max_iters = 200
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=100)
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
