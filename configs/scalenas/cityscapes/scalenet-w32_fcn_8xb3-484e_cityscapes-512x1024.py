# The full network trained alone; ScaleNAS, appendix A.8 (8 GPUs, 3 images
# each). The paper first trains it on ImageNet; HRNet's public ImageNet weights
# fill the layers that it shares with HRNet.
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    'mmseg::_base_/datasets/cityscapes.py', '../../_base_/default_runtime.py'
]
crop_size = (512, 1024)
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w32')))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=1.0),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=3,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline))

max_epochs = 484
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=44)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005))
param_scheduler = dict(
    type='CosineAnnealingLR',
    T_max=max_epochs,
    by_epoch=True,
    convert_to_iter_based=True)
default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=44, save_last=True))
log_processor = dict(by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=24)
