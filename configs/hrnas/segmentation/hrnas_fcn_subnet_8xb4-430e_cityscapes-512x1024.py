# One fixed network trained alone; HR-NAS, appendix A (8 GPUs, 4 images each).
# Choose it by --cfg-options model.backbone.arch=ARCH.json; without it is the
# largest one.
_base_ = [
    '../../_base_/models/hrnas_fcn.py', 'mmseg::_base_/datasets/cityscapes.py',
    '../../_base_/schedules/adamw_onecycle_430e.py',
    '../../_base_/mmseg_runtime.py'
]
# resizing, crops, flips and photometric distortion are upstream's
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True))
default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=5, max_keep_ckpts=2))
log_processor = dict(by_epoch=True)
find_unused_parameters = False
