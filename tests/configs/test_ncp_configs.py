"""NCP's configs: the paper's settings, and a run on tiny data of each."""
import re
import shutil

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import CONFIGS, shipped
from tiny_images import write_jpgs

from scalenas_mm.datasets import make_tiny
from scalenas_mm.evaluation import (calibration_batches, estimate_statistics,
                                    first_sample, rest_of_model)
from scalenas_mm.spaces import Complexity, NCPSpace

for library in 'mmseg', 'mmpretrain', 'mmdet3d':
    pytest.importorskip(library)

NAMES = [
    path.relative_to(CONFIGS).as_posix()
    for path in sorted(CONFIGS.glob('ncp/*/*.py'))
    if path.parent.name != 'demo'
]
IMAGENET = 'imagenet/ncpnet_2xb80-{}_imagenet-{}'
SEG = 'cityscapes/ncpnet_fcn_8xb8-25k_cityscapes-512x1024'
SEG_4X = 'cityscapes/ncpnet_fcn_8xb8-25k_cityscapes-128x256'
ADE20K = 'ade20k/ncpnet_fcn_4xb4-80k_ade20k-512x512'
KITTI = 'kitti/ncpnet_pointpillars_8xb2-80e_kitti-3d-3class'
SMALL = '8 8 | 1 1 8 | 1 1,1 8,16 | 1 1,1,1 8,16,24 | 1 1,1,1,1 8,16,24,32 | 8'


@pytest.fixture(scope='module')
def configs(tmp_path_factory):
    """A copy of the configs, in which only the code is another one."""
    folder = tmp_path_factory.mktemp('copy') / 'configs'
    shutil.copytree(CONFIGS / '_base_', folder / '_base_')
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            re.sub(r"code = \([^)]+\)", f'code = {SMALL!r}',
                   (CONFIGS / name).read_text()))
    return folder


# ---- the paper's settings ------------------------------------------------
SGD = dict(type='SGD', lr=0.1, momentum=0.9)
CLASSIFICATION = dict(SGD, weight_decay=1e-4)
SEGMENTATION = dict(SGD, weight_decay=4e-5)
DETECTION = dict(type='AdamW', betas=(0.9, 0.99), weight_decay=0.01)


@pytest.mark.parametrize('name, gpus, batch, optimizer, length, interval', [
    (IMAGENET.format('100e', '50-1000'), 2, 160, CLASSIFICATION, 100, 5),
    (IMAGENET.format('100e', '50-100'), 2, 160, CLASSIFICATION, 100, 5),
    (IMAGENET.format('100e', '10-1000'), 2, 160, CLASSIFICATION, 100, 5),
    (IMAGENET.format('10e', '50-1000'), 2, 160, CLASSIFICATION, 10, 5),
    (SEG, 8, 64, SEGMENTATION, 25000, 5000),
    (SEG_4X, 8, 64, SEGMENTATION, 25000, 5000),
    (KITTI, 8, 16, DETECTION, 80, 1),
])
def test_settings_of_the_paper(name, gpus, batch, optimizer, length, interval):
    """Appendix A.1; also where they come from a base of upstream's."""
    config = shipped(CONFIGS / 'ncp' / f'{name}.py')
    assert config.train_dataloader.batch_size * gpus == batch
    assert config.auto_scale_lr.base_batch_size == batch
    found = config.optim_wrapper.optimizer
    assert {key: found[key] for key in optimizer} == optimizer
    loop = config.train_cfg
    assert loop.get('max_iters', loop.get('max_epochs')) == length
    assert loop.val_interval == interval
    schedulers = config.param_scheduler
    for schedule in schedulers if isinstance(schedulers,
                                             list) else [schedulers]:
        assert length in (schedule.get('end'), schedule.get('total_steps'))


def test_augmentations_of_point_clouds():
    """The config changes entries of upstream's list by their place."""
    config = shipped(CONFIGS / 'ncp' / f'{KITTI}.py')
    pipeline = config.train_dataloader.dataset.dataset.pipeline
    assert [step.type for step in pipeline
            if 'translation_std' in step] == ['GlobalRotScaleTrans']
    assert config.train_dataloader.dataset.times == 1


def test_small_images_are_cropped_and_tested_small():
    config = shipped(CONFIGS / 'ncp' / f'{SEG_4X}.py')
    steps = {
        step.type: step
        for step in config.train_dataloader.dataset.pipeline
    }
    assert steps['RandomResize'].scale == (512, 256)
    assert steps['RandomCrop'].crop_size == (128, 256)
    assert config.test_dataloader.dataset.pipeline[1].scale == (512, 256)


@pytest.mark.parametrize('row, name', [
    ('classification', IMAGENET.format('100e', '50-1000')),
    ('Seg', SEG),
    ('Seg-4x', SEG_4X),
    ('ADE20K', ADE20K),
    ('3dDet', KITTI),
])
def test_cost_in_the_readme(row, name):
    """It is the space's, of the config's code."""
    text = (CONFIGS / 'ncp' / 'README.md').read_text()
    numbers = re.search(rf'\n\| {row} \| \d+x(\d+)x(\d+) \| (.+) \| (.+) \|\n',
                        text)
    height, width, params, macs = (
        int(number.replace(',', '')) for number in numbers.groups())
    config = shipped(CONFIGS / 'ncp' / f'{name}.py')
    backbone = config.model.backbone
    space = NCPSpace(
        output_stride=backbone.get('output_stride', 4),
        in_channels=backbone.get('in_channels', 3))
    assert space.complexity(space.resolve(config.code),
                            (height, width)) == Complexity(params, macs)
    assert space.resolve(config.code) == space.initial_arch()


# ---- tiny data -----------------------------------------------------------
@pytest.fixture(scope='module')
def ade20k(tmp_path_factory):
    root = tmp_path_factory.mktemp('ade20k')
    for split in 'training', 'validation':
        write_jpgs(root / 'images' / split, ['0.jpg', '1.jpg'])
        labels = root / 'annotations' / split
        labels.mkdir(parents=True)
        for name in '01':
            image = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32) % 151
            cv2.imwrite(f'{labels}/{name}.png', image)
    return root


@pytest.fixture(scope='module')
def kitti(tmp_path_factory):
    return make_tiny('kitti', tmp_path_factory.mktemp('kitti'))


# ---- two iterations of each ----------------------------------------------
def replace_text(value, old, new):
    """Replace ``old`` in all texts inside ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, str):
            value[key] = item.replace(old, new)
        elif isinstance(item, (dict, list)):
            replace_text(item, old, new)


def load(configs, name, data, work_dir, batch_size=1):
    """A config with the small code for tiny data, in this process."""
    config = Config.fromfile(configs / 'ncp' / f'{name}.py')
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.update(
            batch_size=batch_size, num_workers=0, persistent_workers=False)
        inner = loader.dataset.get('dataset', loader.dataset)
        replace_text(loader, inner.data_root, f'{data}/')
    loop = config.train_cfg
    loop.update(val_begin=1, val_interval=100)
    loop['max_iters' if 'max_iters' in loop else 'max_epochs'] = (
        2 if 'max_iters' in loop else 1)
    config.default_hooks.logger.interval = 1
    config.work_dir = str(work_dir)
    config.experiment_name = f'{name}_{work_dir.name}'.replace('/', '_')
    return config


def train(config):
    """Train; return the runner, whose loss is a number."""
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == 2
    assert np.isfinite(runner.message_hub.get_scalar('train/loss').current())
    assert str(runner.model.backbone.arch) == SMALL
    return runner


@pytest.mark.parametrize('length, subset, classes', [('100e', '50-1000', 50),
                                                     ('100e', '50-100', 50),
                                                     ('100e', '10-1000', 10),
                                                     ('10e', '50-1000', 50)])
def test_imagenet(length, subset, classes, configs, imagenet, tmp_path):
    config = load(configs, IMAGENET.format(length, subset), imagenet, tmp_path,
                  (classes + 4 * 3) // 2)
    config.train_dataloader.dataset.pipeline[1].scale = 32
    config.test_dataloader.dataset.pipeline[1].scale = 36
    config.test_dataloader.dataset.pipeline[2].crop_size = 32
    config.val_dataloader = config.test_dataloader
    runner = train(config)
    metrics = runner.val()
    assert runner.model.head.fc.weight.shape == (classes, 8)
    assert len(runner.val_dataloader.dataset) == classes
    assert 0 <= metrics['accuracy/top1'] <= metrics['accuracy/top5'] <= 100


def test_cityscapes(configs, cityscapes, tmp_path):
    config = load(configs, SEG, cityscapes, tmp_path)
    config.train_dataloader.dataset.pipeline[3].crop_size = (64, 128)
    config.test_dataloader.dataset.pipeline[1].scale = (128, 64)
    config.val_dataloader = config.test_dataloader
    runner = train(config)
    group, = runner.optim_wrapper.param_groups
    factor = (1 - 2 / 25000)**0.9
    assert group['lr'] == pytest.approx(1e-4 + (0.1 - 1e-4) * factor)
    assert group['momentum'] == pytest.approx(0.9 * factor)
    head = runner.model.decode_head
    assert [name for name, _ in head.named_parameters()
            ] == ['conv_seg.weight', 'conv_seg.bias']
    assert head.conv_seg.weight.shape == (19, 8, 1, 1)
    assert set(runner.val()) == {'aAcc', 'mIoU', 'mAcc'}


def test_small_cityscapes(configs, small_cityscapes, tmp_path):
    config = load(configs, SEG_4X, small_cityscapes, tmp_path)
    assert 0 <= train(config).val()['mIoU'] <= 100


def test_ade20k(configs, ade20k, tmp_path):
    config = load(configs, ADE20K, ade20k, tmp_path)
    config.train_dataloader.dataset.pipeline[3].crop_size = (64, 64)
    config.test_dataloader.dataset.pipeline[1].scale = (64, 64)
    config.val_dataloader = config.test_dataloader
    runner = train(config)
    assert runner.model.decode_head.conv_seg.weight.shape == (150, 8, 1, 1)
    assert 0 <= runner.val()['mIoU'] <= 100


@pytest.mark.slow
def test_kitti(configs, kitti, tmp_path):
    """Detections are written in KITTI's format; mmdet3d's metric, which is
    compiled for 15 seconds, is left out."""
    config = load(configs, KITTI, kitti, tmp_path)
    replace_text(config.val_evaluator, 'data/kitti/', f'{kitti}/')
    config.val_evaluator.update(
        format_only=True, submission_prefix=str(tmp_path / 'results'))
    config.param_scheduler[0].total_steps = 2
    config.model.test_cfg.score_thr = 0.  # so that there are detections
    runner = train(config)
    model = runner.model
    assert model.bbox_head.conv_reg.weight.shape == (42, 8, 1, 1)
    assert model.voxel_encoder.pfn_layers[0].linear.out_features == 64
    runner.val()
    text, _ = sorted((tmp_path / 'results' / 'pred_instances_3d').iterdir())
    kind, *numbers = text.read_text().split('\n')[0].split()
    assert kind in ('Pedestrian', 'Cyclist', 'Car') and len(numbers) == 15
    # voxels: there is no blank image to run it on
    sample = first_sample(model, runner.val_dataloader)
    rest = rest_of_model(model, (64, 64), sample)
    beside = {*model.parameters()} - {*model.backbone.parameters()}
    assert rest.params == sum(p.numel() for p in beside) and rest.macs > 0
    batches = calibration_batches(runner.train_dataloader, 1, seed=0)
    assert any(
        key.startswith('voxel_encoder.')
        for key in estimate_statistics(model, batches))
