"""Single networks of a toy task, trained one after the other."""
import os

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import Runner
from toy_classifier import CONFIG, SIZE

from scalenas_mm.engine import (ValidationCurveHook, train_network,
                                training_identity)
from scalenas_mm.engine.network_training import network_config
from scalenas_mm.registry import MODELS as OURS
from scalenas_mm.spaces import NCPArch, NCPSpace

SPACE = NCPSpace(channels=(8, 16), output_stride=32)


@pytest.fixture
def config():
    return Config.fromstring(CONFIG, '.py')


def arch(output, seed=0):
    genes = SPACE.sample_genes(np.random.default_rng(seed), 1)[0].tolist()
    return NCPArch((*genes[:-1], output))


def test_a_network_is_measured(config, tmp_path, capfd):
    config.val_evaluator.more = dict(bad=float('nan'))
    before = config.to_dict()
    result = train_network(config, arch(16), SIZE, 5, tmp_path)
    assert str(config.to_dict()) == str(before)
    assert [step for step, _ in result.curves['score']] == [3, 6]
    assert result.curves['score'][-1][1] == result.metrics['score']
    # numbers that are not finite are for the caller to judge
    assert np.isnan(result.metrics['bad']) and 'bad' not in result.curves
    assert set(result.metrics) == {'score', 'bad'}
    backbone = SPACE.complexity(arch(16), SIZE)
    assert result.cost == dict(
        backbone_params=backbone.params,
        backbone_macs=backbone.macs,
        params=backbone.params + 16 * 2 + 2,
        macs=backbone.macs + 16 * 2)
    assert not list(tmp_path.rglob('*.pth'))
    assert capfd.readouterr() == ('', '')
    assert 'Epoch(val) [2]' in (tmp_path / 'console.log').read_text()


def test_result_depends_on_the_arguments_only(config, tmp_path):
    """Not on the networks before, nor on where the generators stand."""
    first = train_network(config, arch(8), SIZE, 5, tmp_path / 'a')
    torch.manual_seed(99)
    again = train_network(config, arch(8), SIZE, 5, tmp_path / 'b', True)
    other = train_network(config, arch(8), SIZE, 6, tmp_path / 'c')
    assert again.curves == first.curves != other.curves
    assert [path.name for path in (tmp_path / 'b').glob('*.pth')
            ] == ['epoch_1.pth', 'epoch_2.pth']


def test_nothing_stays_behind(config, tmp_path):
    """Neither open files nor global instances, after an error either."""
    outer = MMLogger.get_instance('outer')
    hubs, counts = dict(MessageHub._instance_dict), []
    for i in range(3):
        if i == 2:
            config.optim_wrapper.optimizer.lr = 'fast'
            with pytest.raises(TypeError):
                train_network(config, arch(8), SIZE, i, tmp_path / str(i))
        else:
            train_network(config, arch(8), SIZE, i, tmp_path / str(i))
        counts.append(len(os.listdir('/proc/self/fd')))
        # not in the folder of the first network
        assert len(list((tmp_path / str(i)).rglob('config.py'))) == 1
    assert counts[0] == counts[1] == counts[2]
    assert MMLogger.get_current_instance() is outer
    assert MessageHub._instance_dict == hubs


def test_a_last_validation_is_not_left_out(config, tmp_path):
    config.train_cfg.val_begin = 9
    result = train_network(config, arch(8), SIZE, 0, tmp_path)
    assert result.curves['score'] == [[6, result.metrics['score']]]


def test_the_hook_in_an_ordinary_training(config, tmp_path):
    config.work_dir = str(tmp_path)
    config.model.head.in_channels = 16
    config.custom_hooks = [dict(type='scalenas_mm.ValidationCurveHook')]
    runner = Runner.from_cfg(config)
    runner.train()
    hook, = (h for h in runner.hooks if isinstance(h, ValidationCurveHook))
    assert hook.step == 6 and len(hook.curves['score']) == 2


@pytest.mark.parametrize(
    'key, value, same',
    [
        ('optim_wrapper.optimizer.lr', .2, False),
        ('train_dataloader.batch_size', 3, False),
        ('output_channels_keys', [], False),
        # these two decide the random numbers of augmentation
        ('train_dataloader.num_workers', 4, False),
        ('train_dataloader.persistent_workers', True, False),
        ('train_dataloader.pin_memory', True, True),
        ('val_dataloader.prefetch_factor', 4, True),
        ('model.backbone.arch', 'max', True),
        ('work_dir', 'elsewhere', True),
    ])
def test_identity(config, key, value, same):
    before = training_identity(config)
    config.merge_from_dict({key: value})
    assert (training_identity(config) == before) is same


@pytest.mark.parametrize('backbone, expected', [
    (dict(type='scalenas_mm.NCPNet'), 8),
    (dict(
        type='scalenas_mm.ScaleNet', width=4, stem_width=4,
        num_modules=(1, )), [4, 8]),
])
def test_output_channels(backbone, expected):
    config = Config(
        dict(
            model=dict(backbone=backbone, heads=[dict(in_channels=0)]),
            output_channels_keys=['model.heads.0.in_channels']))
    space = OURS.build(dict(backbone, arch='min')).space
    made = network_config(config, space.min_arch())
    assert made.model.heads[0].in_channels == expected
    assert space.from_dict(made.model.backbone.arch) == space.min_arch()
    assert config.model.heads[0].in_channels == 0
