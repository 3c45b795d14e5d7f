"""Shrinking that could only go wrong is an error that says why."""
import pytest
import torch
from tiny_shrinking import Interrupt, config, hook_of, runner_of

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.engine import ShrinkHook
from scalenas_mm.spaces import SettingError


@pytest.mark.parametrize('settings', [
    dict(threshold=-1.),
    dict(threshold=float('nan')),
    dict(threshold=float('inf')),
    dict(threshold='0.1'),
    dict(threshold=None),
    dict(by_epoch='no'),
    dict(seed='x'),
    dict(min_saving='1G'),
])
def test_arguments(settings):
    (name, value), = settings.items()
    with pytest.raises(SettingError, match=f'{name}: expected .* got .*'):
        ShrinkHook(**settings)


def test_a_last_shrink_after_the_end(tmp_path):
    runner = runner_of(config(tmp_path, epochs=1, shrink=dict(end=2)))
    with pytest.raises(SettingError, match='end: expected at most 1, .*got 2'):
        runner.train()


def diverge(runner):
    gammas = find_searchable(runner.model).gammas()
    gammas['stages.1.branches.0.0.mix.norm.weight'].data[1:3] = torch.nan


def test_nothing_is_removed_after_training_has_diverged(tmp_path):
    cfg = config(tmp_path, epochs=1)
    runner = runner_of(cfg, Interrupt('before_train_epoch', 1, diverge))
    largest = find_searchable(runner.model).arch
    # all gammas have become nan by the first steps
    with pytest.raises(
            SettingError, match='importance of units: .*first in stages.0'):
        runner.train()
    assert find_searchable(runner.model).arch == largest


def test_a_new_run_has_the_penalty_of_its_config(tmp_path):
    """Not that of the run which its weights are from."""
    before = runner_of(
        config(tmp_path / 'before', epochs=1, shrink=dict(threshold=0.)))
    before.model.penalty.weight.fill_(7.)
    before.train()
    path = str(tmp_path / 'before' / 'epoch_1.pth')
    seen = []
    for resume in (False, True):
        cfg = config(tmp_path / f'{resume}', load_from=path, resume=resume)
        after = runner_of(cfg)
        after.call_hook('before_run')
        after.load_or_resume()
        penalty = after.model.penalty
        seen.append((float(penalty.weight), int(penalty.iteration)))
        average = hook_of(after, 'EMAHook').ema_model.module
        assert float(average.penalty.weight) == seen[-1][0]
    assert seen == [(pytest.approx(.01), 0), (7., 3)]


def before_training(cfg):
    runner = runner_of(cfg)
    runner.call_hook('before_run')
    runner.load_or_resume()
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook_of(runner, 'ShrinkHook').before_train(runner)
    return runner


def test_targets_after_the_last_shrink(tmp_path):
    """A resumed run goes on without penalty; a new one has nothing to do,
    and says so before it begins."""

    def settings(name, **more):
        return config(
            tmp_path / name,
            epochs=2,
            shrink=dict(
                end=1, num_calibration_batches=0, target=dict(macs='60%')),
            **more)

    cfg = settings('whole')
    runner = runner_of(cfg, Interrupt('before_train_epoch', 2, stop))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    path = f'{runner.work_dir}/epoch_1.pth'
    assert float(runner.model.penalty.weight) == 0
    resumed = before_training(settings('on', load_from=path, resume=True))
    assert float(resumed.model.penalty.weight) == 0
    with pytest.raises(
            SettingError, match='target.macs: .*less than the network costs'):
        before_training(settings('new', load_from=path))


def stop(runner):
    raise KeyboardInterrupt
