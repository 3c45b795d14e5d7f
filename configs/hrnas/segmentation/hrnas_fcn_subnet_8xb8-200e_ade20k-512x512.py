# One fixed network trained alone; HR-NAS, appendix A (8 GPUs, 8 images each),
# but for its length as on Cityscapes. The joined map has 180 channels, as in
# the released code. Choose the network by --cfg-options
# model.backbone.arch=ARCH.json; without it is the largest one.
_base_ = [
    '../../_base_/models/hrnas_fcn.py', 'mmseg::_base_/datasets/ade20k.py',
    '../../_base_/schedules/adamw_onecycle_430e.py',
    '../../_base_/mmseg_runtime.py'
]
model = dict(
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(head_channels=(180, )),
    decode_head=dict(in_channels=180, channels=180, num_classes=150))
train_dataloader = dict(
    batch_size=8, sampler=dict(type='DefaultSampler', shuffle=True))

max_epochs = 200
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[0].total_steps = max_epochs
param_scheduler[1].end = param_scheduler[2].begin = 0.3 * max_epochs
param_scheduler[2].end = max_epochs
default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=5, max_keep_ckpts=2))
log_processor = dict(by_epoch=True)
find_unused_parameters = False
auto_scale_lr = dict(base_batch_size=64)
