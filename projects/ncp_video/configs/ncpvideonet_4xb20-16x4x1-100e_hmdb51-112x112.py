# Video: HMDB51, split 1, from scratch; NCP, appendix A.1 (4 GPUs, batch 80).
# The paper does not say how many frames a clip has. It leaves out training
# videos under 64 frames: 16 frames at a distance of 4 span as many.
_base_ = [
    '../../../configs/_base_/models/ncpnet_cls.py',
    'mmpretrain::_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['scalenas_mm.registry', 'projects.ncp_video.ncp_video'])

# the code from which NCP starts; a searched one goes here
code = ('64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
out_channels = int(code.split()[-1])
num_classes = 51
model = dict(
    data_preprocessor=dict(
        type='ClsDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=False,  # LoadClip does it
        num_classes=num_classes),
    backbone=dict(_delete_=True, type='NCPVideoNet', arch=code),
    neck=dict(dim=3),
    head=dict(num_classes=num_classes, in_channels=out_channels))

# One draw for all frames of a clip. Videos are not mirrored: the paper lists
# what it does.
train_pipeline = [
    dict(type='LoadClip', num_frames=16, interval=4, random=True),
    dict(type='torchvision/RandomResizedCrop', size=112),
    dict(
        type='torchvision/ColorJitter',
        brightness=0.5,
        contrast=0.5,
        saturation=0.5,
        hue=0.25),
    dict(type='torchvision/RandomGrayscale', p=0.3),
    dict(type='PackInputs')
]
# ImageNet's proportion of resizing and cropping, the paper gives none
test_pipeline = [
    dict(type='LoadClip', num_frames=16, interval=4),
    dict(type='torchvision/Resize', size=128),
    dict(type='torchvision/CenterCrop', size=112),
    dict(type='PackInputs')
]
train_dataloader = dict(
    batch_size=20,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='FrameFolders',
        data_root='data/hmdb51',
        data_prefix='rawframes',
        ann_file='train_split_1.txt',
        min_frames=64,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=20,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='FrameFolders',
        data_root='data/hmdb51',
        data_prefix='rawframes',
        ann_file='val_split_1.txt',
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_evaluator = val_evaluator

max_epochs = 100
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=10)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    optimizer=dict(
        type='Adam', lr=0.01, betas=(0.9, 0.999), weight_decay=1e-5))
param_scheduler = dict(
    type='CosineAnnealingLR', T_max=max_epochs, by_epoch=True, end=max_epochs)
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=10, max_keep_ckpts=1))
auto_scale_lr = dict(base_batch_size=80)
