"""Configs of top-down pose run on tiny data of COCO's and MPII's format.

Networks are narrow here and have one module a stage; their full size is built,
and counted, in ``test_metafiles.py``.
"""
import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from shipped import named, shipped
from short_runs import run_short, shorten, shrink_crops

from scalenas_mm.backbones import find_searchable
from scalenas_mm.backbones.base import plain_cfg
from scalenas_mm.datasets import DemoFigures, make_demo, make_tiny
from scalenas_mm.evaluation import rest_of_model
from scalenas_mm.export import cut, export_candidate, open_source
from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive, read_meta
from scalenas_mm.spaces import Complexity, ScaleNetArch

pytest.importorskip('mmpose')

SIZE = (64, 48)
COCO = {
    f'coco/{key}'
    for key in ('AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)', 'AR', 'AR .5',
                'AR .75', 'AR (M)', 'AR (L)')
}
TEACHER = 'scalenet-{}_td-hm_8xb{}-210e_coco-{}'
SUPERNET = 'scalenet-{}_td-hm_supernet{}_8xb{}-210e_coco-{}'
SEARCH = 'scalenet-{}_td-hm_search{}_coco-{}'
FAMILIES = [('w32', 64, '256x192'), ('w48', 32, '256x192'),
            ('w32', 64, '384x288'), ('w48', 32, '384x288')]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    make_tiny('coco', folder / 'coco')
    make_tiny('mpii', folder / 'mpii')
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
    width = 3 if model.backbone.width == 48 else 2
    model.backbone.update(width=width, stem_width=4, num_modules=(1, 1, 1))
    model.head.in_channels = width
    shorten(config, input_size=SIZE)
    return config


def run(name, data, folder, start=None):
    """Runner and checkpoint."""
    config = load(name, data)
    config.visualizer.name = str(folder / name)  # or all runs share one
    runner, checkpoint = run_short(config, folder / name, start)
    if 'searcher' not in runner.cfg.train_cfg:
        assert runner.iter == 2
        loss = runner.message_hub.get_scalar('train/loss').current()
        assert np.isfinite(loss) and loss > 0
    return runner, checkpoint


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """Supernet by width, batch, size and kind; teachers are trained once."""
    folder = tmp_path_factory.mktemp('trained')
    ran = lru_cache(None)(lambda *args: run(args[0], data, folder, *args[1:]))
    return lambda width, batch, size, kind='': ran(
        SUPERNET.format(width, kind, batch, size),
        ran(TEACHER.format(width, batch, size))[1])


def searched(name, data, folder, start):
    runner, _ = run(name, data, folder, start)
    path = runner.train_loop.archive_path
    records = read_archive(path)
    assert [record.ok for record in records] == [True] * 3
    assert {key for record in records for key in record.metrics} == COCO
    return runner, [replace(record, seconds=0) for record in records]


@pytest.mark.parametrize('width, batch, size', [
    family if i in (0, 3) else pytest.param(*family, marks=pytest.mark.slow)
    for i, family in enumerate(FAMILIES)
])
def test_from_teacher_to_search(width, batch, size, data, trained, tmp_path):
    runner, supernet = trained(width, batch, size)
    assert int(runner.model.iteration) == 2
    assert 'train/distill.loss_mse' in runner.message_hub.log_scalars
    head = runner.model.architecture.head
    assert head.decoder.heatmap_size == (12, 16)
    assert head.decoder.sigma == (3 if size == '384x288' else 2)
    runner, _ = searched(
        SEARCH.format(width, '', size), data, tmp_path, supernet)
    objectives = runner.train_loop.searcher.objectives.directions
    assert objectives == {'coco/AP': 'max', 'macs': 'min'}


def test_demo(data, tmp_path):
    names = [
        f'scalenet-w8_td-hm_{step}figures-128x96'
        for step in ('1xb16-700iters_', 'supernet_1xb16-900iters_', 'search_')
    ]
    _, start = run(names[0], data, tmp_path)
    _, supernet = run(names[1], data, tmp_path, start)
    searched(names[2], data, tmp_path, supernet)


def test_as_the_released_code_does(data, trained, tmp_path):
    """It also runs and counts what reaches no output."""
    runner, supernet = trained('w32', 64, '256x192', '-released')
    model = runner.model
    assert model.distillation.alpha == 0.5 and model.sampler.extremes
    assert not model.backbone.drop_dead
    runner, records = searched(
        SEARCH.format('w32', '-released', '256x192'), data, tmp_path, supernet)
    space = runner.train_loop.backbone.space
    for record in records:
        arch = space.from_dict(record.arch)
        assert record.cost['backbone_macs'] == space.complexity(arch,
                                                                SIZE).macs


@pytest.fixture(scope='module')
def by_size(data, trained, tmp_path_factory):
    """A search with persons of two sizes as objectives; its files."""
    supernet = trained('w32', 64, '256x192')[1]
    name = SEARCH.format('w32', '-scale', '256x192')
    folder = tmp_path_factory.mktemp('by_size')
    runner, records = searched(name, data, folder, supernet)
    return runner, records, folder / name, supernet


def test_sizes_of_persons_are_objectives(by_size):
    """Names with blanks and brackets go through logs, plots and scalars; that
    no person is large is -1 and said once."""
    runner, records, folder, _ = by_size
    assert {record.metrics['coco/AP (L)'] for record in records} == {-1.0}
    scalars, = folder.rglob('scalars.json')
    steps = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert sum('search/coco/AP (M)' in step for step in steps) == 3
    assert (folder / 'pareto.png').stat().st_size > 5000
    log, = folder.rglob('*.log')
    text = log.read_text()
    assert text.count('objectives.coco/AP (L): -1 for all') == 1
    assert 'coco/AP (M) 0' in text
    assert runner.train_loop.searcher.objectives.metrics == ('coco/AP (M)',
                                                             'coco/AP (L)')


def test_equal_seeds_give_equal_archives(by_size, data, tmp_path, capfd):
    """And COCO's tools print nothing for each candidate."""
    _, expected, folder, supernet = by_size
    capfd.readouterr()
    _, again = searched(folder.name, data, tmp_path, supernet)
    assert again == expected
    assert 'Average Precision' not in capfd.readouterr().out


def test_exported_scores_what_was_recorded(by_size, data, tmp_path):
    runner, records, folder, supernet = by_size
    config = load(folder.name, data)
    path = named(folder.name)
    source = open_source(path, config, str(supernet),
                         read_meta(folder / 'archive.jsonl'))
    export_candidate(source, records[2], tmp_path, 'a comment')
    exported = Config.fromfile(tmp_path / 'scalenet_0002.py')
    teacher = TEACHER.format('w32', 64, '256x192')
    assert f'/{teacher}.py' in (tmp_path / 'scalenet_0002.py').read_text()
    plain = load(teacher, data)
    plain.model = exported.model
    plain.update(
        work_dir=str(tmp_path), load_from=str(tmp_path / 'scalenet_0002.pth'))
    plain.experiment_name = tmp_path.name
    metrics = Runner.from_cfg(plain).test()
    assert {k: float(v) for k, v in metrics.items()} == records[2].metrics


def test_dead_layers_are_dropped(trained):
    """A deep last module of which only the first branch, a shallow one, is
    read: the exported network gives the supernet's output without the rest;
    ``cut`` compares them."""
    runner, _ = trained('w32', 64, '256x192')
    supernet = runner.model.eval()
    space = supernet.backbone.space
    genes = space.encode(space.max_arch())
    genes[space.layout.starts[-2]] = 2
    arch = space.decode(space.canonical_genes(genes[None])[0])
    batches = [next(iter(runner.val_dataloader))]
    subnet = cut(supernet, supernet.architecture_cfg, arch, [], batches)
    every = space.complexity(arch, SIZE)
    live = space.complexity(arch, SIZE, drop_dead=True)
    params = sum(p.numel() for p in subnet.model.backbone.parameters())
    assert params == live.params < every.params and live.macs < every.macs
    assert subnet.arch != arch


FOUND = [
    'scalenet-w32_td-hm_subnet_8xb64-20e_coco-256x192',
    'scalenet-w48_td-hm_subnet_8xb32-20e_coco-384x288',
    'scalenet-w32_td-hm_subnet_8xb64-210e_mpii-256x256'
]


@pytest.mark.parametrize('name', FOUND)
def test_a_found_network_alone(name, data, tmp_path):
    """HRNet by default, tested with flips."""
    runner, checkpoint = run(name, data, tmp_path)
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    assert weights.keys() == runner.model.state_dict().keys()
    space = runner.model.backbone.space
    assert runner.model.backbone.arch == space.hrnet_arch()
    assert runner.model.test_cfg.flip_test
    assert ('PCK' if 'mpii' in name else 'coco/AP') in runner.test()


@pytest.mark.parametrize('name', [
    *(TEACHER.format(*family)
      for family in FAMILIES), *(SUPERNET.format(w, '', b, s)
                                 for w, b, s in FAMILIES), FOUND[2]
])
def test_protocol_of_the_paper(name):
    """Appendix A.9; the supernet's learning rate is not lowered."""
    config = shipped(named(name))
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr) == ('Adam', 0.001)
    schedule = config.param_scheduler
    assert (schedule.type, schedule.milestones) == ('MultiStepLR', [170, 200])
    boxes, = (
        step for step in config.train_dataloader.dataset.pipeline
        if step.type == 'RandomBBoxTransform')
    assert (boxes.rotate_factor, boxes.scale_factor) == (45, (0.65, 1.35))
    model = plain_cfg(config.model)
    assert not model['backbone']['multi_scale_output']
    assert model['backbone']['upsample'] == 'bilinear'
    size = tuple(map(int, name.rpartition('-')[2].split('x')))
    crops = [
        step.input_size[::-1]
        for part in (config.train_dataloader, config.val_dataloader)
        for step in part.dataset.pipeline if step.type == 'TopdownAffine'
    ]
    decoder = model['head']['decoder']
    assert crops == [size] * 2 and decoder['input_size'][::-1] == size
    assert tuple(4 * n for n in decoder['heatmap_size'][::-1]) == size


def test_published_cost(masks):
    """ScaleNet-P1 and P2 as whole models, with layers that reach no output."""
    config = shipped(named(TEACHER.format(*FAMILIES[0])))
    init_default_scope('mmpose')
    with torch.device('meta'):  # nothing is computed
        model = MODELS.build(ConfigDict(plain_cfg(config.model)))
    space = find_searchable(model).space
    rest = rest_of_model(model, (256, 192))
    for mask, cost in (('w32_256_P1', Complexity(28_483_633, 7_459_995_648)),
                       ('w32_256_P2', Complexity(35_614_321, 8_603_664_384))):
        arch = space.canonical(
            ScaleNetArch.from_released(masks[mask]['modules']))
        assert space.complexity(arch, (256, 192)) + rest == cost
