# The full network trained alone; ScaleNAS, appendix A.8 (8 GPUs, 3 images
# each). The paper first trains it on ImageNet; HRNet's public ImageNet weights
# fill the layers that it shares with HRNet.
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    'mmseg::_base_/datasets/cityscapes.py',
    '../../_base_/schedules/sgd_cosine_484e.py',
    '../../_base_/mmseg_runtime.py'
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

default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=44, save_last=True))
log_processor = dict(by_epoch=True)
