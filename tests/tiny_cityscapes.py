"""A data set of four images in Cityscapes' layout and a config that uses it,
for tests of tools and packaging."""
from pathlib import Path

import cv2
import numpy as np

CONFIG = '''\
default_scope = 'mmseg'
find_unused_parameters = True
custom_imports = dict(imports=['scalenas_mm.registry'])
data_root = {root!r}
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', size=(64, 64), bgr_to_rgb=True),
    backbone=dict(type='scalenas_mm.ScaleNet', width=4, stem_width=4,
                  num_modules=(1, 1, 1)),
    decode_head=dict(
        type='FCNHead', in_channels=4, in_index=0, channels=4, num_convs=0,
        concat_input=False, num_classes=19),
    test_cfg=dict(mode='whole'))
load = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=load + [dict(type='PackSegInputs')]))
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=load + [dict(type='PackSegInputs')]))
test_dataloader = val_dataloader
test_pipeline = load + [dict(type='PackSegInputs')]
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=.01))
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=1),
    visualization=dict(type='SegVisualizationHook'))
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
'''


def write_images(root: Path, size: int = 64) -> None:
    """Write two images and label maps for training and for validation."""
    generator = np.random.default_rng(0)
    for split in ('train', 'val'):
        for index in range(2):
            name = f'toytown_00000{index}_000000'
            image = root / 'leftImg8bit' / split / 'toytown'
            labels = root / 'gtFine' / split / 'toytown'
            image.mkdir(parents=True, exist_ok=True)
            labels.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(f'{image}/{name}_leftImg8bit.png',
                        generator.integers(0, 256, (size, size, 3), np.uint8))
            cv2.imwrite(f'{labels}/{name}_gtFine_labelTrainIds.png',
                        generator.integers(0, 19, (size, size), np.uint8))


def write_config(folder: Path, name: str = 'tiny_cityscapes.py') -> Path:
    """Write the images and a config to ``folder``; return the config."""
    write_images(folder / 'data')
    path = folder / name
    path.write_text(CONFIG.format(root=str(folder / 'data')))
    return path
