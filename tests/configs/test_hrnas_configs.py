"""HR-NAS's configs: the paper's settings, and on tiny data of every task a
supernet that shrinks, then one of its networks alone."""
import json
import re

import numpy as np
import pytest
import torch
from hrnas_runs import small
from mmengine.config import Config
from mmengine.optim import CosineAnnealingMomentum, OneCycleLR
from mmengine.registry import HOOKS, init_default_scope
from shipped import FULL, named, shipped
from short_runs import run_short
from tiny_cityscapes import write_images

from scalenas_mm.backbones import find_searchable
from scalenas_mm.datasets import make_tiny
from scalenas_mm.search import read_archive

for library in 'mmseg', 'mmpretrain', 'mmpose', 'mmdet3d':
    pytest.importorskip(library)

HRNAS = [path.stem for path in FULL if 'hrnas' in path.parts]
SUPERNETS = [
    name for name in HRNAS if 'supernet' in name and 'digits' not in name
]
FAMILIES = dict(
    imagenet='hrnas_{}_16xb64-350e_imagenet',
    cityscapes='hrnas_fcn_{}_8xb4-430e_cityscapes-512x1024',
    ade20k='hrnas_fcn_{}_8xb8-200e_ade20k-512x512',
    coco='hrnas_td-hm_{}_8xb48-210e_coco-256x192',
    coco_384='hrnas_td-hm_{}_8xb24-210e_coco-384x288',
    kitti='hrnas_pointpillars_{}_8xb2-80e_kitti-3d-3class')


# ---- the paper's settings -------------------------------------------------
def hook(config, kind):
    return next(h for h in config.custom_hooks if h.type.endswith(kind))


@pytest.mark.parametrize('task, gpus, batch, optimizer, decay, weights', [
    ('imagenet', 16, 1024, 'RMSprop', 1e-5, (1.8e-4, 1.2e-4)),
    ('cityscapes', 8, 32, 'AdamW', 1e-5, (1.6e-4, 6e-5)),
    ('ade20k', 8, 64, 'AdamW', 1e-5, (1.6e-4, 6e-5)),
    ('coco', 8, 384, 'Adam', 1e-8, (1e-6, 1e-8)),
    ('coco_384', 8, 192, 'Adam', 1e-8, (1e-6, 1e-8)),
    ('kitti', 8, 16, 'AdamW', 1e-2, ()),
])
def test_settings_of_the_paper(task, gpus, batch, optimizer, decay, weights):
    """Appendix A; also where they come from a base of upstream's."""
    config = shipped(named(FAMILIES[task].format('supernet')))
    assert config.train_dataloader.batch_size * gpus == batch
    assert config.auto_scale_lr.base_batch_size == batch
    found = config.optim_wrapper.optimizer
    assert (found.type, found.weight_decay) == (optimizer, decay)
    shrink = hook(config, 'ShrinkHook')
    assert shrink.interval == config.train_cfg.val_interval == 5
    assert hook(config, 'EMAHook').decay == .9999
    penalties = [
        shipped(named(FAMILIES[task].format(step))).model.penalty
        for step in ('supernet', 'supernet-b')[:len(weights)]
    ]
    assert tuple(penalty.weight for penalty in penalties) == weights
    size = re.search(r'(\d+)x(\d+)$', FAMILIES[task])
    if size:
        assert config.model.penalty.input_size == tuple(
            map(int, size.groups()))


@pytest.mark.parametrize('task', ['cityscapes', 'ade20k'])
def test_a_cycle_of_learning_rate_and_momentum(task):
    """From .0016 to .04 and to almost nothing, momentum the other way."""
    config = shipped(named(FAMILIES[task].format('subnet')))
    epochs = config.train_cfg.max_epochs
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)],
                                  betas=config.optim_wrapper.optimizer.betas)
    kinds = dict(
        OneCycleLR=OneCycleLR, CosineAnnealingMomentum=CosineAnnealingMomentum)
    schedules = []
    for schedule in config.param_scheduler:
        args = schedule.to_dict()
        kind = kinds[args.pop('type')]
        assert args.pop('convert_to_iter_based')
        schedules.append(
            kind.build_iter_from_epoch(optimizer, epoch_length=10, **args))
    rates, momenta = [], []
    for _ in range(10 * epochs):
        group, = optimizer.param_groups
        rates.append(group['lr'])
        momenta.append(group['betas'][0])
        for schedule in schedules:
            schedule.step()
    peak = 3 * epochs - 1
    assert rates[0] == pytest.approx(.0016)
    assert np.argmax(rates) == peak and rates[peak] == pytest.approx(.04)
    assert rates[-1] == pytest.approx(1.6e-7)
    assert momenta[0] == pytest.approx(.95)
    assert min(momenta) == pytest.approx(.85)
    assert abs(np.argmin(momenta) - peak) <= 1
    assert momenta[-1] == pytest.approx(.95, abs=1e-5)


def test_imagenet_decays_by_epochs():
    """x .97 every 2.4 epochs of 1,281,167 images."""
    config = shipped(named(FAMILIES['imagenet'].format('subnet')))
    warm, decay = config.param_scheduler
    assert warm.start_factor * config.optim_wrapper.optimizer.lr == .016
    length = -(-1_281_167 // 1024)
    assert decay.step_size == round(2.4 * length) and decay.gamma == .97


# ---- every config ---------------------------------------------------------
@pytest.mark.parametrize('name', SUPERNETS)
def test_what_a_supernet_adds(name, tmp_path):
    """Its hooks are built as they stand."""
    config = shipped(named(name))
    init_default_scope(config.default_scope)
    for cfg in config.custom_hooks:
        HOOKS.build(cfg)
    kinds = [cfg.type.split('.')[-1] for cfg in config.custom_hooks]
    assert kinds[-4:] == [
        'EMAHook', 'ShrinkHook', 'ShrinkArchiveHook', 'ShrinkPlotHook'
    ]
    assert config.model.architecture.backbone.get('arch') is None


# ---- a run of every task --------------------------------------------------
@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    write_images(folder / 'cityscapes')
    (folder / 'ade').mkdir()
    make_tiny('ade20k', folder / 'ade/ADEChallengeData2016', size=(64, 64))
    make_tiny('imagenet', folder / 'imagenet', images=1, size=(64, 64))
    make_tiny('coco', folder / 'coco')
    make_tiny('kitti', folder / 'kitti')
    return folder


def run(name, data, folder, arch=None):
    config = small(Config.fromfile(named(name)), data)
    if arch is not None:
        config.model.backbone.arch = arch
    runner, checkpoint = run_short(config, folder / name)
    assert runner.iter == 2
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert np.isfinite(loss)
    return runner, checkpoint


@pytest.mark.parametrize('task', FAMILIES)
@pytest.mark.usefixtures('uncompiled_metric')
def test_shrinks_and_trains_alone(task, data, tmp_path):
    runner, _ = run(FAMILIES[task].format('supernet'), data, tmp_path)
    backbone = find_searchable(runner.model)
    arch, space = backbone.arch, backbone.space
    assert space.min_arch() != arch != space.max_arch()
    records = read_archive(tmp_path / FAMILIES[task].format('supernet') /
                           'archive.jsonl')
    assert records[-1].arch == arch.to_dict()
    objectives = hook(runner.cfg, 'ShrinkArchiveHook').objectives
    assert objectives.keys() <= {*records[-1].metrics, *records[-1].cost}
    path = tmp_path / 'arch.json'
    path.write_text(json.dumps(arch.to_dict()))
    runner, _ = run(FAMILIES[task].format('subnet'), data, tmp_path, str(path))
    assert find_searchable(runner.model).arch == arch


@pytest.mark.parametrize('task, optimizer', [('cityscapes', 'AdamW'),
                                             ('imagenet', 'RMSpropInside')])
def test_as_the_released_code_does(task, optimizer, data, tmp_path):
    """Units go and tokens stay; weight decay is in the loss."""
    runner, _ = run(FAMILIES[task].format('supernet-released'), data, tmp_path)
    backbone = find_searchable(runner.model)
    arch, most = backbone.arch, backbone.space.max_arch()
    assert arch.tokens == most.tokens and arch.channels != most.channels
    inner = runner.optim_wrapper.optimizer
    assert type(inner).__name__ == optimizer
    assert {group['weight_decay'] for group in inner.param_groups} == {0.0}
    assert 'train/loss_weight_decay' in runner.message_hub.log_scalars


def test_squeeze_and_excitation(data, tmp_path):
    """A found network once more, with RandAugment."""
    name = FAMILIES['imagenet'].format('subnet-se')
    runner, _ = run(name, data, tmp_path)
    backbone = find_searchable(runner.model)
    assert backbone.space.se_ratio == 0.5
    assert {type(m).__name__ for m in backbone.modules()} >= {'Swish'}
    pipeline = runner.train_dataloader.dataset.pipeline.transforms
    assert 'RandAugment' in [type(step).__name__ for step in pipeline]
