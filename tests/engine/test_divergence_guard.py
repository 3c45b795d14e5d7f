"""Training that diverges goes back; one that does not is as without it."""
import copy
import logging
import math
import os
from types import SimpleNamespace

import pytest
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import HOOKS, METRICS
from shipped import ROOT, named, shipped
from tiny_shrinking import Interrupt, assert_same, by_iterations
from tiny_shrinking import config as shrinking_config
from tiny_shrinking import hook_of, in_processes, runner_of, state_of
from toy_run import ToyRisingMetric, toy_config

from scalenas_mm.engine import DivergenceGuardHook, TrainingDiverged
from scalenas_mm.engine.divergence_watch import LossWatch, MetricWatch
from scalenas_mm.engine.good_checkpoints import GoodCheckpoints, groups_of
from scalenas_mm.spaces import SettingError

NAME = 'DivergenceGuardHook'
GUARD = dict(
    type=f'scalenas_mm.{NAME}',
    window=8,
    min_losses=3,
    patience=2,
    interval=4,
    calm=3)
ITERATIONS = 24


def config(folder, guard=None, by_epoch=False, optim_wrapper=None, **settings):
    """Of a run with momenta, schedules and averages: 24 iterations, a
    checkpoint and a validation after every 6 or 4."""
    cfg = toy_config(
        folder, max_epochs=ITERATIONS // 4, randomness=dict(seed=0))
    if not by_epoch:
        by_iterations(cfg, ITERATIONS, 6)
        cfg.param_scheduler[1] = dict(
            type='OneCycleLR',
            eta_max=.02,
            total_steps=ITERATIONS,
            by_epoch=False)
        del cfg.param_scheduler[0]
    if optim_wrapper:
        cfg.optim_wrapper.update(optim_wrapper)
    if guard is not None:
        cfg.custom_hooks.append(dict(GUARD, **guard))
    cfg.update(settings)
    return cfg


class Disturb(Hook):
    """Changes the weights before some iterations, counted from 1."""
    priority = 'LOWEST'

    def __init__(self, factor, *iterations, rank=None):
        self.factor, self.iterations, self.rank = factor, iterations, rank

    def before_train_iter(self, runner, **kwargs):
        if runner.iter + 1 in self.iterations and self.rank in (None,
                                                                get_rank()):
            model = getattr(runner.model, 'module', runner.model)
            model.linear2.weight.data.mul_(self.factor)
            model.linear2.weight.data.add_(self.factor)


class Warnings(logging.Handler):
    """Keeps what a runner's logger warns of."""

    def __init__(self, runner):
        super().__init__(logging.WARNING)
        self.texts = []
        runner.logger.addHandler(self)

    def emit(self, record):
        if 'diverged' in record.getMessage():
            self.texts.append(record.getMessage())


def trained(cfg, *hooks):
    runner = runner_of(cfg, *hooks)
    # each before those that have a larger number
    runner._hooks.sort(key=lambda hook: getattr(hook, 'priority') == 'LOWEST')
    warnings = Warnings(runner)
    runner.train()
    return runner, warnings.texts


def rates(runner):
    """The learning rate of each iteration."""
    return runner.message_hub.get_scalar('train/lr').data[0].tolist()


def assert_finite(runner):
    assert all(
        torch.isfinite(v.float()).all() for v in state_of(runner).values())


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    """A run without the hook."""
    return trained(config(tmp_path_factory.mktemp('plain')))[0]


# -- what counts ------------------------------------------------------------
@pytest.mark.parametrize('settings', [
    dict(factor=1),
    dict(factor=float('nan')),
    dict(window=0),
    dict(window=9, min_losses=10),
    dict(patience=0),
    dict(interval=0),
    dict(calm=1.5),
    dict(lr_factor=1.),
    dict(lr_factor=0),
    dict(max_returns=-1),
    dict(metrics=['min/mIoU']),
    dict(metrics={'min/mIoU': 'greater'}),
    dict(max_drop=-.1),
])
def test_arguments(settings):
    name = list(settings)[-1]
    with pytest.raises(SettingError, match=f'{name}.*: expected .* got .*'):
        DivergenceGuardHook(**settings)


def test_losses():
    watch = LossWatch(factor=3., window=5, min_losses=2, patience=2)
    assert watch.see(100.) is None  # nothing is known yet
    for loss in (1., 2., 1., 1., 1.):
        assert watch.see(loss) is None
    assert watch.see(3.1) is None and watch.suspicious == 1
    assert watch.see(3.) is None and watch.suspicious == 0
    assert watch.see(50.) is None
    assert '60, above 3 x the median 1 of the last 5' in watch.see(60.)
    assert list(watch.losses) == [2., 1., 1., 1., 3.]
    for loss in (math.nan, math.inf, -math.inf):
        assert f'the loss is {loss}' == watch.see(loss)
    other = LossWatch(factor=3., window=3, min_losses=2, patience=2)
    other.load_state_dict(watch.state_dict())
    assert list(other.losses) == [1., 1., 3.] and other.suspicious == 2


def test_losses_that_are_not_above_0():
    watch = LossWatch(factor=3., window=5, min_losses=2, patience=1)
    for loss in (-1., -2., 0., -100., 100.):
        assert watch.see(loss) is None
    assert watch.see(math.nan)


def test_metrics():
    watch = MetricWatch({'min/mIoU': 'max', 'error': 'min'}, max_drop=.5)
    good = {'min/mIoU': 40., 'error': 2., 'max/mIoU': math.nan}
    assert watch.see(good) is None
    assert watch.see({**good, 'min/mIoU': 20., 'error': 3.}) is None
    assert watch.best == {'min/mIoU': 40., 'error': 2.}
    assert 'min/mIoU is 19, worse than the best, 40, by more than 50%' \
        in watch.see({**good, 'min/mIoU': 19.})
    assert 'error is 3.5, worse' in watch.see({**good, 'error': 3.5})
    assert watch.see({**good, 'error': math.nan}) == 'error is nan'
    with pytest.raises(
            SettingError, match='metrics: .* max/mIoU, min/mIoU, '
            "got 'error'"):
        watch.see({'min/mIoU': 1., 'max/mIoU': 1.})


# -- one process ------------------------------------------------------------
@pytest.mark.parametrize('metrics', [None, dict(acc='max')])
def test_a_run_that_does_not_diverge_is_as_without_it(plain, tmp_path,
                                                      metrics):
    runner, texts = trained(config(tmp_path, dict(metrics=metrics)))
    assert_same(state_of(runner), state_of(plain))
    assert rates(runner) == rates(plain) and not texts
    assert hook_of(runner, NAME).returns == 0
    assert not (tmp_path / 'divergence_guard').exists()
    assert not list(tmp_path.rglob('.*'))


@pytest.mark.parametrize('by_epoch', [False, True])
def test_nan(tmp_path, by_epoch):
    """The checkpoint of iteration 8 is not known to be good at 10."""
    seen = {}

    def look(runner):
        path = tmp_path / 'divergence_guard' / 'iter_4.pth'
        seen.update(torch.load(path, weights_only=True))
        seen['model'] = copy.deepcopy(runner.model.state_dict())
        seen['now'] = copy.deepcopy(
            runner.optim_wrapper.state_dict()['state'][0])
        seen['names'] = {p.name for p in path.parent.iterdir()}

    runner, texts = trained(
        config(tmp_path, {}, by_epoch), Disturb(math.nan, 10),
        Interrupt('after_train_iter', 10, look))
    text, = texts
    assert 'iteration 10: training has diverged, the loss is nan. Return 1 ' \
        'of at most 3' in text
    assert 'are those of iteration 4 again' in text and '0.5 of what' in text
    assert 'What the 6 iterations since have learnt is lost' in text
    # averages are in the place of the network, as MMEngine stores them
    raw = {
        k[7:]: v
        for k, v in seen['ema_state_dict'].items() if k.startswith('module.')
    }
    assert seen['names'] == {'iter_4.pth'}
    assert all(
        torch.equal(seen['model'][key], value) for key, value in raw.items())
    assert int(seen['now']['step']) == 4
    assert torch.equal(seen['now']['exp_avg'],
                       seen['optimizer']['state'][0]['exp_avg'])
    assert_finite(runner)
    assert runner.iter == ITERATIONS
    # data and schedules go on, at half the rate
    plain, _ = trained(config(tmp_path / 'plain', by_epoch=by_epoch))
    assert rates(runner)[:10] == rates(plain)[:10]
    assert rates(runner)[10:] == pytest.approx(
        [rate / 2 for rate in rates(plain)[10:]])
    groups = runner.optim_wrapper.param_groups
    assert groups[0]['lr'] == plain.optim_wrapper.param_groups[0]['lr']


def test_before_there_is_a_checkpoint(tmp_path):
    _, texts = trained(config(tmp_path, {}), Disturb(math.nan, 2))
    assert 'are those of iteration 0 again' in texts[0] and len(texts) == 1


def test_spikes(tmp_path):
    """One is let through; the checkpoint that waits is not trusted."""
    runner, texts = trained(
        config(tmp_path, dict(patience=1)), Disturb(1000., 14))
    text, = texts
    assert 'iteration 14: training has diverged, the loss is ' in text
    assert 'above 10 x the median' in text and 'iteration 8 again' in text
    runner, texts = trained(
        config(tmp_path / '2', dict(patience=3)), Disturb(1000., 14))
    assert len(texts) == 1 and 'iteration 16: ' in texts[0]
    assert 'for 3 iterations' in texts[0] and 'iteration 8 again' in texts[0]
    assert_finite(runner)


@pytest.mark.parametrize('allowed', [0, 2])
def test_too_many_returns(tmp_path, allowed):
    always = Disturb(math.nan, *range(10, ITERATIONS))
    with pytest.raises(
            TrainingDiverged,
            match=f'iteration {10 + allowed}: .*gone back {allowed} times.*'
            'divergence_guard/iter_4.pth'):
        trained(config(tmp_path, dict(max_returns=allowed)), always)
    # it can be resumed from, as can that of CheckpointHook, and is good
    for name in ('divergence_guard/iter_4.pth', 'iter_6.pth'):
        runner, texts = trained(
            config(tmp_path, {}, resume=True, load_from=str(tmp_path / name)))
        assert_finite(runner)
        assert hook_of(runner, NAME).returns == 0 and not texts


def test_parts_of_a_step_and_several_groups(tmp_path):
    runner, texts = trained(
        config(
            tmp_path, {},
            optim_wrapper=dict(
                accumulative_counts=4,
                paramwise_cfg=dict(norm_decay_mult=0., bias_lr_mult=2.),
                optimizer=dict(
                    type='SGD', lr=.01, momentum=.9, weight_decay=.01))),
        Disturb(math.nan, 14))
    assert len(texts) == 1
    assert_finite(runner)
    groups = runner.optim_wrapper.param_groups
    assert len(groups) > 2  # with what MMEngine logs
    assert rates(runner)[14] > 0


def test_a_killed_run_goes_on_as_if_undisturbed(tmp_path):
    """After a return: with the smaller rate, and no more returns than the
    whole run may have."""

    def run(folder, *hooks, **settings):
        return trained(
            config(folder, dict(max_returns=2), **settings),
            Disturb(math.nan, 10, 16), *hooks)

    whole, texts = run(tmp_path / 'whole')
    assert len(texts) == 2 and hook_of(whole, NAME).scale == .25
    assert in_processes(lambda: run(
        tmp_path / 'killed',
        Interrupt('after_train_iter', 14, lambda _: os._exit(7)))) == [7]
    runner, texts = run(tmp_path / 'killed', resume=True)
    assert len(texts) == 1 and 'Return 2 of at most 2' in texts[0]
    assert_same(state_of(runner), state_of(whole))
    guard = hook_of(runner, NAME)
    assert (guard.returns, guard.scale) == (2, .25)


@pytest.mark.parametrize('waiting, good', [(4, 4), (3, ITERATIONS)])
def test_files_that_a_resumed_run_finds(plain, tmp_path, waiting, good):
    """What its checkpoint names as good is gone: what waited then took its
    place, or something later, and what the run begins with is good."""
    files = GoodCheckpoints(3, validations=True)
    files.folder = tmp_path / 'divergence_guard'
    files.folder.mkdir()
    for name in ('iter_4.pth', 'iter_9.pth', '.7.part.iter_9.pth'):
        (files.folder / name).touch()
    files.load_state_dict(dict(good=1, pending=waiting))
    files.start(plain)
    assert files.state_dict() == dict(good=good, validated=good, pending=None)
    assert [p.name for p in files.folder.iterdir()] == [f'iter_{good}.pth']
    files.remove()
    assert not files.folder.exists()


def test_several_optimisers():
    groups = [
        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        for lr in (.1, .2)
    ]
    runner = SimpleNamespace(
        optim_wrapper=OptimWrapperDict(
            a=OptimWrapper(groups[0]), b=OptimWrapper(groups[1])))
    assert [group['lr'] for group in groups_of(runner)] == [.1, .2]


# -- validation -------------------------------------------------------------
@METRICS.register_module(force=True)
class PlannedMetric(ToyRisingMetric):
    """What is planned, one after the other; depends on the rank."""

    def __init__(self, values):
        super().__init__()
        self.values = list(values)

    def compute_metrics(self, results):
        return dict(acc=self.values.pop(0), other=1.)


def validated(folder, *values, **guard):
    cfg = config(folder, dict(metrics=dict(acc='max'), **guard))
    cfg.val_evaluator = dict(type='PlannedMetric', values=values)
    del cfg.default_hooks.checkpoint.save_best
    return trained(cfg)


def test_a_bad_validation_goes_back_to_the_last_good_one(tmp_path):
    runner, texts = validated(tmp_path, 40., 10., 50., 45.)
    text, = texts
    assert 'iteration 12: training has diverged, acc is 10, worse' in text
    assert 'are those of iteration 6 again' in text
    assert_finite(runner)
    assert hook_of(runner, NAME).returns == 1


def test_a_first_validation_that_is_nan(tmp_path):
    _, texts = validated(tmp_path, math.nan, 10., 50., 45.)
    assert 'acc is nan' in texts[0] and 'iteration 0 again' in texts[0]
    assert len(texts) == 1


def test_a_bad_validation_at_the_end_is_an_error(tmp_path):
    with pytest.raises(
            TrainingDiverged,
            match='iteration 24: .*acc is 1.*at its end.*iter_18.pth'):
        validated(tmp_path, 40., 41., 42., 1.)
    assert (tmp_path / 'divergence_guard' / 'iter_18.pth').is_file()


def test_a_metric_that_is_not_measured(tmp_path):
    with pytest.raises(SettingError, match="acc, other, got 'min/mIoU'"):
        cfg = config(tmp_path, dict(metrics={'min/mIoU': 'max'}))
        cfg.val_evaluator = dict(type='PlannedMetric', values=[1.])
        del cfg.default_hooks.checkpoint.save_best
        trained(cfg)


# -- configs ----------------------------------------------------------------
def test_the_demos_have_it(monkeypatch):
    """All but those of networks that shrink."""
    for library in ('mmseg', 'mmpose', 'mmdet'):
        pytest.importorskip(library)
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    from _quickstart_tasks import SYSTEMS
    for task in [t for tasks in SYSTEMS.values() for t in tasks.values()]:
        for name in {task.supernet, *task.baseline[:1]}:
            hooks = shipped(named(name)).get('custom_hooks', ())
            found = [hook for hook in hooks if hook.type.endswith(NAME)]
            assert len(found) == (not task.shrinks), name
            if found:
                assert found[0].interval * 4 <= task.supernet_iters
                HOOKS.build(found[0])
        hooks = shipped(named(task.search)).get('custom_hooks', ())
        assert not any(hook.type.endswith(NAME) for hook in hooks)


# -- what it does not go with ------------------------------------------------
def test_shrinking_networks(tmp_path):
    cfg = shrinking_config(tmp_path)
    cfg.custom_hooks.append(GUARD)
    with pytest.raises(SettingError, match='keeps its shape.*ShrinkHook'):
        runner_of(cfg).train()


def test_a_step_without_the_loss(tmp_path):
    with pytest.raises(SettingError, match=r"loss: .*\['loss'\], got 'all'"):
        trained(config(tmp_path, dict(loss='all')))


# -- several processes -------------------------------------------------------
def parallel(folder):
    runner, texts = trained(
        config(folder, {}, launcher='pytorch'), Disturb(math.nan, 10, rank=1))
    state = state_of(runner)
    state['returns'] = torch.tensor(hook_of(runner, NAME).returns)
    torch.save(state, folder / f'end_{get_rank()}.pth')


def test_one_process_diverges_and_all_go_back(tmp_path):
    assert in_processes(parallel, tmp_path, num=2) == [0, 0]
    ends = [torch.load(tmp_path / f'end_{rank}.pth') for rank in (0, 1)]
    parameters = [{
        k: v
        for k, v in end.items() if 'running' not in k
    } for end in ends]
    assert_same(*parameters)
    assert int(ends[0]['returns']) == 1
    assert all(torch.isfinite(v.float()).all() for v in ends[1].values())
