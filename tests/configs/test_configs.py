"""Every shipped config is built and run on tiny data of its format.

Here networks have their full width and heads, and one module a stage; their
full size is built, and counted, in ``test_metafiles.py``.
"""
import re
from collections import Counter
from functools import lru_cache

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import ALL, FULL, named, shipped
from short_runs import main_backbone, run_short, shorten
from tiny_cityscapes import write_images

from scalenas_mm.backbones import find_searchable
from scalenas_mm.backbones.base import plain_cfg
from scalenas_mm.datasets import DemoDigits, make_demo_digits
from scalenas_mm.search import read_archive
from scalenas_mm.spaces import Complexity

TRAINING = re.compile(r'(\d+)xb(\d+)-(\d+)(e|k|iters)')
# folder -> the library whose modules a config names without a scope
SCOPES = dict(
    imagenet='mmpretrain',
    kitti='mmdet3d',
    topdown_pose='mmpose',
    bottomup_pose='mmpose',
    detection='mmdet',
    detection_3d='mmdet3d',
    classification='mmpretrain',
    vipnas='mmpose')
# folder of a task or of a system -> what it imports besides
PROJECTS = dict(
    bottomup_pose=['projects.higherhrnet.higherhrnet'],
    video=['projects.vipnas_video.vipnas_video'],
    video_demo=['projects.vipnas_video.vipnas_video'],
    vipnas=['projects.vipnas.vipnas'])

pytest.importorskip('mmseg')


def test_basenames_are_unique():
    """mim finds a config by its basename."""
    counts = Counter(path.name for path in ALL)
    assert len(FULL) >= 13
    assert [name for name, number in counts.items() if number > 1] == []


@pytest.mark.parametrize('path', FULL, ids=lambda path: path.stem)
def test_loads_and_says_where_its_modules_are(path):
    config = shipped(path)
    folder, system = path.parent.name, path.parent.parent.name
    imports = PROJECTS.get(folder) or PROJECTS.get(system, [])
    assert config.custom_imports == dict(
        imports=['scalenas_mm.registry', *imports])
    scope = SCOPES.get(system) or SCOPES.get(folder, 'mmseg')
    assert config.default_scope == scope
    if config.default_scope == 'mmseg':
        assert config.tta_model.type.endswith('SegTTAModel')
        assert config.tta_pipeline[1].type == 'TestTimeAug'


@pytest.mark.parametrize('path', FULL, ids=lambda path: path.stem)
def test_the_name_is_what_the_config_says(path):
    """Backbone, step, GPUs and images, length, size; see the README there."""
    config = shipped(path)
    *parts, data = path.stem.split('_')
    backbone = main_backbone(config.model)
    assert parts[0].split('-')[0] == backbone.type.split('.')[-1].lower()
    assert f'w{backbone.get("width")}' in (*parts[0].split('-')[1:], 'wNone')
    steps = {part.split('-')[0] for part in parts}
    assert ('search' in steps) == ('searcher' in config.train_cfg)
    assert ('supernet' in steps) == ('architecture' in config.model
                                     and 'search' not in steps)
    size = re.search(r'-(\d+)x(\d+)$', data)
    fixed = plain_cfg(config.model).get('data_preprocessor', {}).get('size')
    if size and fixed:
        assert fixed == tuple(map(int, size.groups()))
    trainings = list(filter(None, map(TRAINING.fullmatch, parts)))
    assert len(trainings) == ('search' not in steps)
    for gpus, batch, length, unit in (found.groups() for found in trainings):
        loop = config.train_cfg
        assert config.train_dataloader.batch_size == int(batch)
        assert config.auto_scale_lr.base_batch_size == int(gpus) * int(batch)
        expected = int(length) * (1000 if unit == 'k' else 1)
        assert loop['max_epochs' if unit == 'e' else 'max_iters'] == expected


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    write_images(folder / 'cityscapes')
    make_demo_digits(folder / 'demo', DemoDigits(train=4, val=2))
    return folder


def shrink_pipeline(pipeline):
    for step in pipeline:
        if step.get('scale') == (2048, 1024):
            step['scale'] = (128, 64)
        if 'crop_size' in step:
            step['crop_size'] = (64, 128)


def shrink(config, data):
    """Tiny images, one a batch, few modules; two iterations or three
    candidates."""
    demo = 'demo' in config.train_dataloader.dataset.data_root
    for part in ('train', 'val', 'test'):
        loader = config[f'{part}_dataloader']
        loader.update(
            batch_size=2 if demo else 1,
            num_workers=0,
            persistent_workers=False)
        loader.dataset.data_root = str(data /
                                       ('demo' if demo else 'cityscapes'))
        shrink_pipeline(loader.dataset.pipeline)
    model = config.model.get('architecture', config.model)
    if not demo:
        model.data_preprocessor.size = (64, 128)  # images are padded to it
        model.backbone.num_modules = (1, 1, 1)
    shorten(config, input_size=(64, 128))


def run(name, data, work_dir, start=None):
    """Train or search with a config; returns runner and checkpoint."""
    config = Config.fromfile(named(name))
    shrink(config, data)
    return run_short(config, work_dir / name, start)


CITYSCAPES = [('w32', ''), ('w32', '-released'), ('w48', '')]
SCALENET = 'scalenet-{}_fcn{}_cityscapes-512x1024'
TRAINED = '_8xb3-484e'
DEMO = 'scalenet-w8_fcn{}{}_digits-96x96'


@pytest.fixture(scope='module')
def teacher(data, tmp_path_factory):
    """Checkpoint of a teacher by its config; each is trained once."""
    folder = tmp_path_factory.mktemp('teachers')
    return lru_cache(lambda name: run(name, data, folder)[1])


def with_augmentation(runner, checkpoint):
    """Test once more, with what ``tools/test.py --tta`` sets."""
    config = runner.cfg
    config.load_from = str(checkpoint)
    config.model = dict(config.tta_model, module=config.model)
    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    config.experiment_name += '_tta'
    return Runner.from_cfg(config).test()


@pytest.mark.slow
@pytest.mark.parametrize('width, kind', CITYSCAPES)
def test_cityscapes_from_teacher_to_search(width, kind, data, teacher,
                                           tmp_path):
    start = teacher(SCALENET.format(width, TRAINED))
    runner, supernet = run(
        SCALENET.format(width, f'_supernet{kind}{TRAINED}'), data, tmp_path,
        start)
    assert int(runner.model.iteration) == 2
    assert find_searchable(runner.model).space.width == int(width[1:])
    runner, _ = run(
        SCALENET.format(width, f'_search{kind}'), data, tmp_path, supernet)
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3


@pytest.mark.slow
@pytest.mark.parametrize('width', ['w32', 'w48'])
def test_a_sub_network_alone(width, data, tmp_path):
    """Trains as an ordinary model, with HRNet's architecture by default."""
    runner, checkpoint = run(
        SCALENET.format(width, f'_subnet{TRAINED}'), data, tmp_path)
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    assert weights.keys() == runner.model.state_dict().keys()
    assert 0 <= runner.test()['mIoU'] <= 100
    if width == 'w32':
        assert 0 <= with_augmentation(runner, checkpoint)['mIoU'] <= 100


@pytest.mark.slow
def test_demo_from_teacher_to_search(data, tmp_path):
    plain, start = run(DEMO.format('', '_1xb8-800iters'), data, tmp_path)
    assert 0 <= with_augmentation(plain, start)['mIoU'] <= 100
    _, supernet = run(
        DEMO.format('_supernet', '_1xb8-800iters'), data, tmp_path, start)
    names = [
        DEMO.format(f'_search{kind}', '')
        for kind in ('', '-ncp', '-random', '-sizes', '-small')
    ]
    for name in *names, 'scalenet-w8_fcn_search_digits-64x64':
        runner, _ = run(name, data, tmp_path, supernet)
        records = read_archive(runner.train_loop.archive_path)
        assert [record.ok for record in records] == [True] * 3
        if '-s' in name:
            assert {'mIoU_small', 'mIoU_large'} <= set(records[-1].metrics)
        if '-small' in name:
            assert all(record.cost['macs'] <= 40e6 for record in records)


@pytest.mark.slow
def test_demo_supernet_with_sandwich_sampling(data, teacher, tmp_path):
    """All but the sampler is as with grouped sampling."""
    names = [
        DEMO.format(f'_supernet{kind}', '_1xb8-800iters')
        for kind in ('', '-sandwich')
    ]
    grouped, sandwich = (Config.fromfile(named(name)) for name in names)
    assert sandwich.model.sampler == dict(type='SandwichSampler')
    sandwich.model.sampler = grouped.model.sampler
    assert sandwich.to_dict() == grouped.to_dict()
    start = teacher(DEMO.format('', '_1xb8-800iters'))
    runner, _ = run(names[1], data, tmp_path, start)
    assert len(runner.model.sampler(runner.model.backbone.space, 0)) == 4


@pytest.mark.parametrize('width, params, macs', [
    ('w32', 25_349_139, 285_116_203_008),
])
def test_cost_of_the_papers_s1(width, params, macs, masks):
    """The model of the config has the published cost of ScaleNet-S1; the
    released head has 480 more parameters, a bias before a batch norm."""
    from scalenas_mm.evaluation import rest_of_model
    from scalenas_mm.registry import MODELS
    from scalenas_mm.spaces import ScaleNetArch
    config = shipped(named(SCALENET.format(width, TRAINED)))
    with torch.device('meta'):  # nothing is computed
        model = MODELS.build(config.model)
    rest = rest_of_model(model, (1024, 2048))
    space = find_searchable(model).space
    arch = ScaleNetArch.from_released(masks['seg_w32_S1']['modules'])
    assert space.complexity(arch, (1024, 2048)) + rest == Complexity(
        params - 480, macs)
