"""Configs with checkpoints of random weights, as tools/export.py leaves them,
for tests of what is done with such pairs. One for each task."""
from copy import deepcopy
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from tiny_cityscapes import write_images
from tiny_detector import DETECTION
from tiny_search import TEACHER

from scalenas_mm.datasets import make_tiny
from scalenas_mm.registry import MODELS

BACKBONE = dict(
    type='scalenas_mm.ScaleNet',
    width=4,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2),
    num_modules=(1, 1),
    norm_cfg=dict(type='BN'))
NORM = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)
CODEC = dict(
    type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
RUNTIME = '''
custom_imports = dict(imports=['scalenas_mm.registry'])
test_cfg = dict(type='TestLoop')
'''
DATA = '''
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler'),
    dataset=dict(type='CocoDataset', data_root={root!r}, {data},
                 ann_file='{train}', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=2, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CocoDataset', data_root={root!r}, {data},
                 ann_file='{val}', test_mode=True, pipeline=test_pipeline))
test_evaluator = dict(type='CocoMetric', ann_file='{root}/{val}'{more})
'''
POSE = '''
default_scope = 'mmpose'
dataset_type = 'CocoDataset'
data_mode = 'topdown'
train_pipeline = [
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64)),
    dict(type='PackPoseInputs')]
test_pipeline = train_pipeline
visualizer = dict(type='PoseLocalVisualizer', name='visualizer')
'''
DETECT = '''
default_scope = 'mmdet'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(64, 64)),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
train_pipeline = test_pipeline
visualizer = dict(type='DetLocalVisualizer', name='visualizer')
'''


def write_pair(folder: Path, task: str, **settings) -> Path:
    """Write ``TASK.py`` and ``TASK.pth``, with two images to test on.

    Args:
        folder: It may hold pairs of other tasks.
        task: ``seg``, ``pose`` or ``det``.
        settings: Of the backbone.

    Returns:
        The config.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{task}.py'
    path.write_text(dict(seg=_seg, pose=_pose, det=_det)[task](folder))
    config = Config.fromfile(path)
    if settings:
        config.model.backbone.update(settings)
        config.dump(path)
    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(deepcopy(config.model.to_dict())))
    for value in model.state_dict().values():
        if value.dim() == 4:  # so that outputs differ from place to place
            torch.nn.init.normal_(value, std=0.1 if task == 'det' else 0.3)
    meta = dict(classes=('a', 'b'), palette=[[255, 0, 0], [0, 255, 0]])
    if task == 'seg':
        meta = dict(
            classes=[f'class {i}' for i in range(19)],
            palette=[[i * 13, 0, 255 - i * 13] for i in range(19)])
    save_checkpoint(
        dict(
            state_dict=model.state_dict(),
            meta=dict(dataset_meta=meta) if task != 'pose' else {}),
        str(path.with_suffix('.pth')))
    return path


def image_of(folder: Path) -> Path:
    """One of the images that a pair is tested on."""
    return sorted(
        path for path in folder.rglob('*')
        if path.suffix in ('.jpg', '.png') and 'gtFine' not in path.parts)[0]


def _seg(folder: Path) -> str:
    write_images(folder / 'data')
    return TEACHER.format(root=str(folder / 'data'))


def _coco(folder: Path) -> str:
    root = folder / 'coco'
    if not root.exists():
        make_tiny('coco', root, images=2, size=(64, 96))
    return str(root)


def _pose(folder: Path) -> str:
    model = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', **NORM),
        backbone=dict(BACKBONE, multi_scale_output=False),
        head=dict(
            type='HeatmapHead',
            in_channels=4,
            out_channels=17,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=CODEC),
        test_cfg=dict(flip_test=True, flip_mode='heatmap'))
    names = 'annotations/person_keypoints_{}2017.json'
    return f'{POSE}model = {model!r}\n' + DATA.format(
        root=_coco(folder),
        data="data_prefix=dict(img='val2017/')",
        train=names.format('val'),
        val=names.format('val'),
        more='') + RUNTIME


def _det(folder: Path) -> str:
    model = deepcopy(DETECTION)
    model['data_preprocessor'].update(NORM)
    model['test_cfg']['rcnn']['score_thr'] = 0.0
    names = 'annotations/instances_{}2017.json'
    return f'{DETECT}model = {model!r}\n' + DATA.format(
        root=_coco(folder),
        data="data_prefix=dict(img='val2017/'), metainfo=dict("
        "classes=('person', 'bicycle'), palette=[(255, 0, 0), (0, 255, 0)])",
        train=names.format('val'),
        val=names.format('val'),
        more=", metric='bbox'") + RUNTIME
