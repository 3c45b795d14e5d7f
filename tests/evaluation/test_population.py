"""Many candidates at once: the same numbers as one by one, for less work."""
import copy
from unittest.mock import patch

import numpy as np
import pytest
import torch
from tiny_search import runner_of

from scalenas_mm.backbones import ScaleNet
from scalenas_mm.backbones.multi_scale import MultiScaleModule
from scalenas_mm.evaluation import PopulationMajor
from scalenas_mm.evaluation.reuse import Reuse, equal
from scalenas_mm.registry import EVALUATIONS
from scalenas_mm.spaces import SettingError


@pytest.fixture(scope='module')
def loop(tiny, tmp_path_factory):
    """A search that is about to begin."""
    runner = runner_of(
        tiny / 'tiny_search.py',
        tmp_path_factory.mktemp('population'),
        load_from=str(tiny / 'supernet/iter_4.pth'),
        train_cfg__num_calibration_batches=2)
    loop = runner.train_loop
    loop._prepare()
    yield loop
    loop.archive.close()


def build(kind, loop, **settings):
    settings = dict(dict(batches=loop.evaluation.batches, seed=3), **settings)
    return EVALUATIONS.build(
        dict(
            type=kind,
            model=loop.model,
            dataloader=loop.runner.val_loop.dataloader,
            evaluator=loop.runner.val_loop.evaluator,
            **settings))


def family(space, num, seed=0):
    """Random architectures, and relatives of each."""
    rng = np.random.default_rng(seed)
    archs = [space.max_arch(), space.min_arch()]
    while len(archs) < num:
        one = space.live(space.sample(rng))
        archs += [one, space.live(space.step(one, rng))]
        archs = list(dict.fromkeys(archs))
    return archs[:num]


def timeless(outcomes):
    return [outcome._replace(seconds=0.) for outcome in outcomes]


@pytest.mark.parametrize('calibrated', [True, False])
def test_metrics_are_those_of_one_by_one(loop, calibrated):
    settings = {} if calibrated else dict(batches=[])
    archs = family(loop.backbone.space, 9)
    before = copy.deepcopy(loop.model.state_dict())
    modes = [module.training for module in loop.model.modules()]
    # what fails together would be measured alone
    with patch.object(PopulationMajor, '_measure', side_effect=AssertionError):
        many = build('PopulationMajor', loop, size=9, **settings)(archs)
    assert [m.training for m in loop.model.modules()] == modes
    after = loop.model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    one_by_one = build('Sequential', loop, **settings)(archs)
    assert timeless(many) == timeless(one_by_one)
    assert len({outcome.metrics['mIoU'] for outcome in many}) > 3


def test_what_is_shared_runs_once(loop):
    """Of two networks that differ in the last module."""
    space = loop.backbone.space
    one = space.max_arch()
    last = one.modules[-1]
    rng = np.random.default_rng(0)
    while True:
        other = space.live(space.step(one, rng))
        if other.modules[:-1] == one.modules[:-1]:
            break
    assert other.modules[-1] != last
    batches = len(loop.runner.val_loop.dataloader)
    num = len(loop.evaluation.batches)
    count = []
    plain = MultiScaleModule.forward

    def counted(self, *args):
        count.append(self)
        return plain(self, *args)

    stem = []
    plain_stem = ScaleNet._run_stem

    def counted_stem(self, state):
        stem.append(1)
        return plain_stem(self, state)

    with patch.object(MultiScaleModule, 'forward',
                      counted), patch.object(ScaleNet, '_run_stem',
                                             counted_stem):
        outcomes = build('PopulationMajor', loop)([one, other, one])
    modules = len(one.modules)
    assert len(stem) == batches + num
    assert len(count) == (modules + 1) * (batches + num)
    assert outcomes[0].metrics == outcomes[2].metrics


def test_a_candidate_that_fails_leaves_the_others(loop):
    archs = family(loop.backbone.space, 6)
    expected = timeless(build('Sequential', loop)(archs))
    plain = loop.model.val_step
    calls = []

    def failing(data):
        if loop.backbone.arch == archs[3]:
            calls.append(1)
            raise RuntimeError('injected')
        return plain(data)

    with patch.object(loop.model, 'val_step', failing):
        got = timeless(build('PopulationMajor', loop)(archs))
    assert got[3].error == 'RuntimeError: injected' and not got[3].metrics
    assert len(calls) == 2  # once more on its own, never on other batches
    assert got[:3] + got[4:] == expected[:3] + expected[4:]
    assert timeless(build('PopulationMajor', loop)(archs)) == expected


def test_what_fails_only_together_is_measured_alone(loop):
    """As where memory does not suffice for what is shared."""
    archs = family(loop.backbone.space, 4)
    expected = timeless(build('Sequential', loop)(archs))
    failing = MemoryError('no memory is left')
    with patch.object(Reuse, '_take', side_effect=failing) as taken:
        got = timeless(build('PopulationMajor', loop)(archs))
    assert taken.called and got == expected


@pytest.mark.parametrize('place', ['dataset', 'evaluator'])
def test_what_concerns_all_fails_for_all(loop, place):
    archs = family(loop.backbone.space, 3)
    val = loop.runner.val_loop
    target, name = dict(
        dataset=(type(val.dataloader.dataset), '__getitem__'),
        evaluator=(type(val.evaluator), 'process'))[place]
    with patch.object(
            target, name, side_effect=OSError('broken image'), autospec=True):
        got = build('PopulationMajor', loop)(archs)
    assert all('OSError: broken image' in one.error for one in got)
    assert not any(metric.results for metric in val.evaluator.metrics)
    assert all(
        one.error is None for one in build('PopulationMajor', loop)(archs))


def test_sizes(loop):
    assert build('PopulationMajor', loop).size == 16
    assert build('PopulationMajor', loop, size=5).size == 5
    assert build('PopulationMajor', loop)([]) == []
    with patch('scalenas_mm.evaluation.population.available',
               lambda device: 10):
        assert build('PopulationMajor', loop).size == 1
    for wrong in (0, 1.5, 'all'):
        with pytest.raises(SettingError, match='size'):
            build('PopulationMajor', loop, size=wrong)


def test_equal_arguments():
    one, other = torch.arange(4), torch.arange(4)
    assert equal((one, [3, 'a']), (other, [3, 'a']))
    for wrong in ((one, [3, 'b']), (one, ), (one.float(), [3, 'a']),
                  (one[:3], [3, 'a']), (None, [3, 'a']), one):
        assert not equal((one, [3, 'a']), wrong)
        assert not equal(wrong, (one, [3, 'a']))
