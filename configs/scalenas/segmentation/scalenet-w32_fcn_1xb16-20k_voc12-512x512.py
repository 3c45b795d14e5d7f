# The full network trained alone on a data set in the layout of Pascal VOC, a
# pattern for your own: README.md, "Your own data in ten minutes".
_base_ = [
    '../../_base_/models/scalenet-w32_fcn.py',
    'mmseg::_base_/datasets/pascal_voc12.py',
    '../../_base_/schedules/sgd_poly_160k.py', '../../_base_/mmseg_runtime.py'
]

# -- 1. the data: where they are, and the name and colour of label 0, 1, ...
data_root = 'data/VOCdevkit/VOC2012'
classes = {
    'background': [0, 0, 0],
    'aeroplane': [128, 0, 0],
    'bicycle': [0, 128, 0],
    'bird': [128, 128, 0],
    'boat': [0, 0, 128],
    'bottle': [128, 0, 128],
    'bus': [0, 128, 128],
    'car': [128, 128, 128],
    'cat': [64, 0, 0],
    'chair': [192, 0, 0],
    'cow': [64, 128, 0],
    'diningtable': [192, 128, 0],
    'dog': [64, 0, 128],
    'horse': [192, 0, 128],
    'motorbike': [64, 128, 128],
    'person': [192, 128, 128],
    'pottedplant': [0, 64, 0],
    'sheep': [128, 64, 0],
    'sofa': [0, 192, 0],
    'train': [128, 192, 0],
    'tvmonitor': [0, 64, 128]
}
img_suffix, seg_map_suffix = '.jpg', '.png'
# -- 2. images: size of a training crop; height and width that all are resized
# to fit in, in training by a factor of 0.5 to 2
crop_size = (512, 512)
scale = (2048, 512)
# -- 3. the training: with fewer images, fewer iterations
max_iters, batch_size = 20000, 16

dataset = dict(
    type='mmseg.BaseSegDataset',
    data_root=data_root,
    img_suffix=img_suffix,
    seg_map_suffix=seg_map_suffix,
    metainfo=dict(classes=list(classes), palette=list(classes.values())))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **dataset))
test_dataloader = val_dataloader
val_evaluator = [
    _base_.val_evaluator,
    dict(type='scalenas_mm.SizeAwareIoU')  # mIoU_small, mIoU_large, ...
]
test_evaluator = val_evaluator

model = dict(
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        norm_cfg=dict(type='BN'),  # with several GPUs SyncBN
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w32')),
    decode_head=dict(num_classes=len(classes), norm_cfg=dict(type='BN')))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 10)
param_scheduler = dict(end=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters // 10))
