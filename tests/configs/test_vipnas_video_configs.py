"""Configs of ViPNAS on videos run on tiny videos."""
# flake8: noqa: E402
import json
import shutil
from functools import lru_cache

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import named, shipped
from short_runs import run_short, shorten, shrink_crops

pytest.importorskip('mmpose')

from scalenas_mm.backbones import find_searchable
from scalenas_mm.datasets import DemoVideos, make_demo
from scalenas_mm.export import export_candidate, open_source
from scalenas_mm.search import read_archive, read_meta

SIZE = (64, 32)  # stride 32
FAMILIES = ['resnet', 'mobilenetv3']
KEY = 'vipnas{}_td-hm_subnet_8xb64-20e_posetrack18-256x192'
PLAIN = 'tvipnas-{}_8xb16-60e_posetrack18-256x192'
SUPERNET = 'tvipnas-{}_supernet{}_8xb16-60e_posetrack18-256x192'
SEARCH = 'tvipnas-{}_search{}_posetrack18-256x192'
PAPER = dict(resnet=0.82, mobilenetv3=0.37)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    make_demo(folder / 'scalenas_demo_videos', 'videos',
              DemoVideos(train=1, val=1, frames=6, figures=(2, 2)))
    shutil.copytree(folder / 'scalenas_demo_videos', folder / 'posetrack18')
    return folder


def load(name, data):
    """A config for seconds: an epoch or two iterations, or a search."""
    config = Config.fromfile(named(name))
    for part in ('train', 'val', 'test'):
        shrink_crops(config[f'{part}_dataloader'], data, SIZE)
        config[f'{part}_dataloader'].batch_size = 3
    model = config.model.get('architecture', config.model)
    for part in (model, model.get('key')):
        shrink_crops(part.head if part else {}, data, SIZE)
    before = config.train_cfg.get('input_size')
    shorten(config, input_size=SIZE)
    limits = config.train_cfg.get('searcher', {}).get('constraints', {})
    for key, (_, limit) in limits.items():
        share = 1.2 * SIZE[0] * SIZE[1] / (before[0] * before[1])
        limits[key] = (None, share * limit)
    return config


def run(name, data, folder, start=None):
    """Runner and checkpoint."""
    config = load(name, data)
    config.visualizer.name = str(folder / name)  # or all runs share one
    model = config.model.get('architecture', config.model)
    if model.get('key', {}).get('init_cfg'):
        model['key']['init_cfg'].checkpoint = str(start)
        start = None
    return run_short(config, folder / name, start)


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """Runner and checkpoint of a config and its start; each is run once."""
    folder = tmp_path_factory.mktemp('trained')
    return lru_cache(None)(
        lambda name, start=None: run(name, data, folder, start))


@pytest.fixture(scope='module')
def supernet(trained):
    """Checkpoint of the supernet of a family."""

    def train(family):
        key = trained(KEY.format(family))[1]
        return trained(SUPERNET.format(family, ''), key)

    return train


def test_key_frame_to_search(supernet, trained, data, tmp_path):
    """Its network stays as it was; the limit is that of table 1."""
    for family in FAMILIES:
        runner, checkpoint = supernet(family)
        key, start = runner.model.architecture.key, trained(
            KEY.format(family))[0].model
        weights = start.state_dict()
        for name, value in key.state_dict().items():
            assert (value.cpu() == weights[name].cpu()).all(), name
        hub = runner.message_hub.log_scalars
        for name in ('smallest', 'random0', 'random1'):
            loss = hub[f'train/{name}.distill.loss_mse'].current()
            assert np.isfinite(loss) and loss > 0
        assert 'train/largest.distill.loss_mse' not in hub
        config = load(SEARCH.format(family, ''), data)
        limit = config.train_cfg.searcher.constraints.paper_gflops[1]
        runner, _ = run(SEARCH.format(family, ''), data, tmp_path, checkpoint)
        records = read_archive(runner.train_loop.archive_path)
        assert [record.ok for record in records] == [True] * 3
        for record in records:
            assert record.cost['paper_gflops'] <= limit
            assert {
                'posetrack/AP', 'posetrack/AP_sum', 'posetrack/AP_3',
                'posetrack/jitter'
            } <= set(record.metrics)


@pytest.mark.parametrize(
    'kind', ['-evolution', '-ncp', '-same', '-2frames', '-4frames'])
def test_other_searches(kind, supernet, data, tmp_path):
    """With the same supernet, also for other numbers of frames (table 4)."""
    runner, _ = run(
        SEARCH.format('resnet', kind), data, tmp_path,
        supernet('resnet')[1])
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    frames = {'-2frames': 2, '-4frames': 4}.get(kind, 3)
    for record in records:
        assert len(record.arch['frames']) == frames
        assert f'posetrack/AP_{frames}' in record.metrics
        if kind == '-same':
            assert len({json.dumps(f) for f in record.arch['frames']}) == 1


def test_without_fusion(trained, data, tmp_path):
    """Figure 6a."""
    key = trained(KEY.format('resnet'))[1]
    _, weights = trained(SUPERNET.format('resnet', '-unfused'), key)
    runner, _ = run(
        SEARCH.format('resnet', '-unfused'), data, tmp_path, weights)
    for record in read_archive(runner.train_loop.archive_path):
        assert {f['operation'] for f in record.arch['frames']} == {'none'}


def test_one_network_for_every_frame(data, trained, tmp_path):
    """Table 3: the search of single frames, from a supernet of COCO."""
    name = 'vipnasresnet_td-hm_search_posetrack18-256x192'
    config = load(name, data)
    config.visualizer.name = str(tmp_path / name)
    config.train_cfg.allow_untrained = True
    config.update(work_dir=str(tmp_path / name), experiment_name=tmp_path.name)
    config.load_from = None
    runner = Runner.from_cfg(config)
    runner.train()
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    assert 'posetrack/AP' in records[0].metrics


@pytest.mark.parametrize('family', FAMILIES)
def test_protocol_of_the_paper(family):
    """Sec. 4.2 and table 1."""
    key = shipped(named(KEY.format(family)))
    assert key.optim_wrapper.optimizer.lr == 1e-4
    schedule, = key.param_scheduler
    assert (schedule.milestones, schedule.gamma) == ([10, 15], 0.1)
    assert key.train_cfg.max_epochs == 20
    assert key.val_dataloader.dataset.bbox_file is None
    config = shipped(named(SUPERNET.format(family, '')))
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('Adam', 1e-3)
    schedule = config.param_scheduler
    assert (schedule.type, schedule.T_max) == ('CosineAnnealingLR', 60)
    assert config.train_cfg.max_epochs == 60
    model = config.model
    assert model.sampler == dict(type='SandwichSampler', num_random=2)
    network = model.architecture
    assert network.backbone.num_frames == 3
    assert network.backbone.within == network.key.backbone.arch
    assert network.key.init_cfg.checkpoint.startswith('work_dirs/' +
                                                      KEY.format(family))
    search = shipped(named(SEARCH.format(family, '')))
    searcher = search.train_cfg.searcher
    assert (searcher.type, searcher.N) == ('RandomSearch', 500)
    assert searcher.constraints.paper_gflops == (None, PAPER[family])
    assert list(searcher.objectives)[0] == 'posetrack/AP_sum'


DEMO = [
    f'tvipnas-resnet_{step}videos-128x96'
    for step in ('1xb8-200iters_', 'supernet_1xb8-200iters_', 'search_')
]


@pytest.fixture(scope='module')
def demo(data, trained, tmp_path_factory):
    """The demo from its key frame to its search, and their folder."""
    folder = tmp_path_factory.mktemp('demo')
    key = trained('vipnasresnet_td-hm_1xb16-500iters_videos-128x96')[1]
    weights = run(DEMO[1], data, folder, key)[1]
    runner, _ = run(DEMO[2], data, folder, weights)
    return runner, weights, folder


def test_equal_seeds_give_equal_archives(demo, data, tmp_path):
    _, weights, folder = demo
    run(DEMO[2], data, tmp_path, weights)
    first, again = ([
        dict(json.loads(line), seconds=0)
        for line in (place / DEMO[2] / 'archive.jsonl').open()
    ] for place in (folder, tmp_path))
    assert first == again


def test_exported_scores_what_was_recorded(demo, data, tmp_path):
    """One config and checkpoint for the whole video model."""
    _, weights, folder = demo
    archive = folder / DEMO[2] / 'archive.jsonl'
    records = read_archive(archive)
    source = open_source(
        named(DEMO[2]), load(DEMO[2], data), str(weights), read_meta(archive))
    export_candidate(source, records[1], tmp_path, 'a comment')
    path = tmp_path / 'tvipnas_0001.py'
    exported = Config.fromfile(path)
    assert [head.type
            for head in exported.model.head] == ['mmpose.ViPNASHead'] * 3
    plain = load(DEMO[0], data)
    plain.model = exported.model
    plain.update(
        work_dir=str(tmp_path),
        load_from=str(path.with_suffix('.pth')),
        experiment_name=tmp_path.name)
    plain.visualizer.name = str(tmp_path)
    runner = Runner.from_cfg(plain)
    metrics = {k: float(v) for k, v in runner.test().items()}
    assert metrics == records[1].metrics
    params = sum(p.numel() for p in runner.model.parameters())
    assert params == records[1].cost['params']
    assert find_searchable(runner.model).kind == 'fixed'


def test_the_largest_networks_alone(demo, data, trained, tmp_path):
    """The plain config of the demo trains, too."""
    key = trained('vipnasresnet_td-hm_1xb16-500iters_videos-128x96')[1]
    runner, _ = run(DEMO[0], data, tmp_path, key)
    assert 0 <= runner.test()['posetrack/AP'] <= 100
