"""Configs of ViPNAS run on tiny data of COCO's format, at full width."""
import json
from functools import lru_cache

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from shipped import named, shipped
from short_runs import run_short, shorten, shrink_crops

from scalenas_mm.backbones import find_searchable
from scalenas_mm.datasets import DemoFigures, make_demo, make_tiny
from scalenas_mm.export import export_candidate, open_source
from scalenas_mm.search import read_archive, read_meta

pytest.importorskip('mmpose')

SIZE = (64, 32)  # stride 32
FAMILIES = ['vipnasresnet', 'vipnasmobilenetv3', 'vipnashrnet']
PLAIN = '{}_td-hm_8xb64-210e_coco-256x192'
SUPERNET = '{}_td-hm_supernet_8xb64-250e_coco-256x192'
SEARCH = '{}_td-hm_search{}_coco-256x192'
SUBNET = '{}_td-hm_subnet_8xb64-210e_coco-256x192'
DEMO = [
    f'vipnasresnet_td-hm_{step}figures-128x96'
    for step in ('1xb16-600iters_', 'supernet_1xb16-400iters_', 'search_')
]
LIMITS = dict(vipnasresnet=1.44, vipnasmobilenetv3=0.69, vipnashrnet=5.64)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    make_tiny('coco', folder / 'coco')
    make_demo(folder / 'scalenas_demo_figures', 'figures',
              DemoFigures(train=1, val=2))
    return folder


def load(name, data):
    """A config for seconds: two iterations and a validation, or a search."""
    config = Config.fromfile(named(name))
    for part in ('train', 'val', 'test'):
        shrink_crops(config[f'{part}_dataloader'], data, SIZE)
        config[f'{part}_dataloader'].batch_size = 3
    for evaluator in config.val_evaluator, config.test_evaluator:
        shrink_crops(evaluator, data, SIZE)
    model = config.model.get('architecture', config.model)
    shrink_crops(model.head, data, SIZE)
    before = config.train_cfg.get('input_size')
    shorten(config, input_size=SIZE)
    if 'constraints' in config.train_cfg.get('searcher', {}):
        limits = config.train_cfg.searcher.constraints
        for key, (_, limit) in limits.items():
            share = 1.1 * SIZE[0] * SIZE[1] / (before[0] * before[1])
            limits[key] = (None, share * limit)
    return config


def run(name, data, folder, start=None):
    """Runner and checkpoint."""
    config = load(name, data)
    config.visualizer.name = str(folder / name)  # or all runs share one
    return run_short(config, folder / name, start)


@pytest.fixture(scope='module')
def supernet(data, tmp_path_factory):
    """Runner and checkpoint of a supernet by its family; trained once."""
    folder = tmp_path_factory.mktemp('supernets')
    return lru_cache(None)(
        lambda family: run(SUPERNET.format(family), data, folder))


@pytest.mark.parametrize('family', FAMILIES)
def test_supernet_and_search(family, data, supernet, tmp_path):
    """The sandwich rule with in-place distillation; a search within the
    limit that is quoted from the paper."""
    runner, checkpoint = supernet(family)
    hub = runner.message_hub.log_scalars
    for name in ('smallest', 'random0', 'random1'):
        loss = hub[f'train/{name}.distill.loss_mse'].current()
        assert np.isfinite(loss) and loss > 0
    assert 'train/largest.distill.loss_mse' not in hub
    assert runner.iter == int(runner.model.iteration) == 2
    name = SEARCH.format(family, '')
    runner, _ = run(name, data, tmp_path, checkpoint)
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    limit = load(name, data).train_cfg.searcher.constraints.paper_gflops[1]
    assert all(r.cost['paper_gflops'] <= limit for r in records)


@pytest.mark.parametrize('kind', ['-evolution', '-ncp'])
def test_other_searchers(kind, data, supernet, tmp_path):
    runner, _ = run(
        SEARCH.format('vipnasresnet', kind), data, tmp_path,
        supernet('vipnasresnet')[1])
    assert [r.ok for r in read_archive(runner.train_loop.archive_path)
            ] == [True] * 3


@pytest.mark.parametrize('family', FAMILIES)
def test_a_found_network_alone(family, data, tmp_path):
    """From scratch, with the architecture of a file in backbone and head."""
    config = load(SUBNET.format(family), data)
    config.visualizer.name = str(tmp_path)
    runner, _ = run_short(config, tmp_path / family)
    model = runner.model
    assert model.backbone.kind == 'fixed'
    assert model.backbone.arch == model.backbone.space.resolve(
        'hrnet' if 'hrnet' in family else 'published')
    found = model.backbone.space.sample(np.random.default_rng(0))
    path = tmp_path / 'arch.json'
    path.write_text(found.to_json())
    config = load(SUBNET.format(family), data)
    config.merge_from_dict({
        'model.backbone.arch': str(path),
        'model.head.arch': str(path),
        'work_dir': str(tmp_path),
        'experiment_name': f'{family}_other'
    })
    config.model.backbone.pop('init_cfg', None)
    model = Runner.from_cfg(config).model
    assert model.backbone.arch == found
    last = model.head.final_layer
    assert last.in_channels == (
        found.head.width if found.head else found.out_width)


@pytest.mark.parametrize('family', FAMILIES)
def test_protocol_of_the_paper(family):
    """Sec. 4.2."""
    config = shipped(named(SUPERNET.format(family)))
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('Adam', 0.001)
    schedule = config.param_scheduler
    assert (schedule.type, schedule.milestones) == ('MultiStepLR', [200, 230])
    assert config.train_cfg.max_epochs == 250
    steps = {
        step.type: step
        for step in config.train_dataloader.dataset.pipeline
    }
    assert steps['RandomBBoxTransform'].rotate_factor == 40
    assert 'RandomHalfBody' not in steps and 'RandomFlip' in steps
    search = shipped(named(SEARCH.format(family, '')))
    searcher = search.train_cfg.searcher
    assert (searcher.type, searcher.N) == ('RandomSearch', 500)
    assert searcher.constraints.paper_gflops == (None, LIMITS[family])
    assert search.val_dataloader.dataset.bbox_file is None
    retrain = shipped(named(SUBNET.format(family)))
    assert retrain.optim_wrapper.optimizer.lr == 5e-4
    assert retrain.param_scheduler[1].milestones == [170, 200]
    assert retrain.val_dataloader.dataset.bbox_file.endswith(
        'COCO_val2017_detections_AP_H_56_person.json')


def test_weights_of_a_supernet_begin_as_in_the_paper(data, tmp_path):
    """Normal with a deviation of 0.001."""
    config = load(SUPERNET.format('vipnasresnet'), data)
    config.update(work_dir=str(tmp_path), experiment_name='begin')
    config.visualizer.name = str(tmp_path)
    model = Runner.from_cfg(config).model
    model.init_weights()
    for name in ('backbone.layer2.0.conv2', 'head.deconv_layers.0'):
        weight = model.architecture.get_submodule(name).weight
        assert float(weight.std()) == pytest.approx(0.001, rel=0.05)
        assert abs(float(weight.mean())) < 2e-5


@pytest.fixture(scope='module')
def demo(data, tmp_path_factory):
    """The demo from its largest network to its search, and their folder."""
    folder = tmp_path_factory.mktemp('demo')
    start = run(DEMO[0], data, folder)[1]
    trained = run(DEMO[1], data, folder, start)[1]
    runner, _ = run(DEMO[2], data, folder, trained)
    return runner, trained, folder


def test_equal_seeds_give_equal_archives(demo, data, tmp_path):
    _, trained, folder = demo
    run(DEMO[2], data, tmp_path, trained)
    first, again = ([
        dict(json.loads(line), seconds=0)
        for line in (place / DEMO[2] / 'archive.jsonl').open()
    ] for place in (folder, tmp_path))
    assert first == again


def test_exported_scores_what_was_recorded(demo, data, tmp_path):
    """A plain network of mmpose's own head; its config imports nothing from
    ``projects``."""
    _, trained, folder = demo
    records = read_archive(folder / DEMO[2] / 'archive.jsonl')
    source = open_source(
        named(DEMO[2]), load(DEMO[2], data), str(trained),
        read_meta(folder / DEMO[2] / 'archive.jsonl'))
    export_candidate(source, records[1], tmp_path, 'a comment')
    path = tmp_path / 'vipnasresnet_0001.py'
    exported = Config.fromfile(path)
    assert exported.custom_imports.imports == ['scalenas_mm.registry']
    assert exported.model.head.type == 'mmpose.ViPNASHead'
    plain = load(DEMO[0], data)
    plain.model = exported.model
    plain.update(
        work_dir=str(tmp_path),
        load_from=str(path.with_suffix('.pth')),
        experiment_name=tmp_path.name)
    runner = Runner.from_cfg(plain)
    metrics = {k: float(v) for k, v in runner.test().items()}
    assert metrics == records[1].metrics
    params = sum(p.numel() for p in runner.model.parameters())
    assert params == records[1].cost['params']
    assert find_searchable(runner.model).kind == 'fixed'


def test_the_largest_network_can_be_exported(demo, data, tmp_path):
    """It is the supernet itself, without what follows an architecture."""
    from scalenas_mm.export import cut
    runner, _, _ = demo
    model = runner.model.eval()
    space = find_searchable(model).space
    batch = next(iter(runner.val_dataloader))
    subnet = cut(model, model.architecture_cfg, space.max_arch(), [], [batch])
    assert type(subnet.model.head).__name__ == 'ViPNASHead'
