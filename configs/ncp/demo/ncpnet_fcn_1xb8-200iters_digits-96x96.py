# A small network of NCP on the demo data. tools/train.py trains the one of
# `model.backbone.arch`; a benchmark of many, half a minute each on a CPU:
#
#     python tools/build_benchmark.py CONFIG --num 8
#
_base_ = [
    '../../_base_/models/ncpnet_fcn.py',
    '../../_base_/datasets/digits_96x96.py',
    '../../_base_/schedules/sgd_onecycle_800iters.py',
    '../../_base_/mmseg_runtime.py'
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
train_cfg = dict(max_iters=max_iters, val_interval=100)
param_scheduler = dict(total_steps=max_iters)
