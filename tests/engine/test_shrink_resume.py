"""Training that shrinks and is interrupted; several processes."""
import os

import pytest
import torch
from mmengine.dist import get_rank
from tiny_shrinking import (Interrupt, assert_same, by_iterations, config,
                            hook_of, in_processes, runner_of, state_of)

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.engine import shrink_hook

WITH_GROUPS = dict(
    type='OptimWrapper',
    accumulative_counts=2,
    clip_grad=dict(max_norm=5.),
    optimizer=dict(type='AdamW', lr=.03, amsgrad=True, weight_decay=.01),
    paramwise_cfg=dict(norm_decay_mult=0.))


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """A run from start to end."""
    runner = runner_of(config(tmp_path_factory.mktemp('whole')))
    runner.train()
    return runner


def trained(*arguments, place=None, at=1, **settings):
    """Train; with ``place``, until the process dies there."""
    hooks = [Interrupt(place, at, lambda _: os._exit(7))] if place else []
    runner = runner_of(config(*arguments, **settings), *hooks)
    runner.train()
    return runner


def test_it_shrinks_in_steps(undisturbed):
    hook = hook_of(undisturbed, 'ShrinkHook')
    backbone = find_searchable(undisturbed.model)
    assert hook.shrinks >= 3
    assert 0 < sum(map(sum, backbone.arch.channels)) < 216
    average = hook_of(undisturbed, 'EMAHook').ema_model.module
    assert find_searchable(average).arch == backbone.arch


@pytest.mark.parametrize('place, at', [
    ('after_shrink', 2),
    ('after_train_iter', 8),
])
def test_a_killed_run_ends_as_if_undisturbed(undisturbed, tmp_path, place, at):
    assert in_processes(lambda: trained(tmp_path, place=place, at=at)) == [7]
    assert (tmp_path / 'last_checkpoint').exists()
    runner = trained(tmp_path, resume=True)
    assert_same(state_of(runner), state_of(undisturbed))
    assert find_searchable(runner.model).arch == find_searchable(
        undisturbed.model).arch
    assert hook_of(runner,
                   'ShrinkHook').shrinks == hook_of(undisturbed,
                                                    'ShrinkHook').shrinks


def test_groups_accumulation_and_frozen_parameters_survive(tmp_path):
    """One group per parameter, half a step of gradients at a shrink, a stem
    that does not train."""

    def settings(folder):
        cfg = config(
            folder,
            optim_wrapper=WITH_GROUPS,
            shrink=dict(
                by_epoch=False,
                interval=3,
                scores='network',
                threshold=.93,
                num_calibration_batches=0))
        return by_iterations(cfg, 12, 4)

    def run(folder, *hooks, resume=False):
        cfg = settings(folder)
        cfg.resume = resume
        runner = runner_of(cfg, *hooks)
        stem = find_searchable(runner.model).stem
        stem.requires_grad_(False)
        runner.train()
        state = runner.optim_wrapper.optimizer.state
        assert not any(p.requires_grad or p in state
                       for p in stem.parameters())
        return runner

    whole = run(tmp_path / 'whole')
    assert hook_of(whole, 'ShrinkHook').shrinks >= 2
    groups = whole.optim_wrapper.optimizer.param_groups
    names = {
        id(p): n
        for n, p in whole.model.named_parameters() if p.requires_grad
    }
    assert [names[id(p)] for group in groups
            for p in group['params']] == list(names.values())
    schedule = whole.param_schedulers[0]
    assert len(schedule.base_values) == len(groups) + 1

    assert in_processes(lambda: run(
        tmp_path / 'killed',
        Interrupt('after_train_iter', 10, lambda _: os._exit(7)))) == [7]
    assert_same(
        state_of(run(tmp_path / 'killed', resume=True)), state_of(whole))


def test_a_checkpoint_can_be_loaded_and_tested(undisturbed, tmp_path):
    """Its shape comes with it, without settings and without an optimiser."""
    last = os.path.join(undisturbed.work_dir, 'epoch_4.pth')
    checkpoint = torch.load(last, weights_only=True)
    cfg = config(tmp_path, load_from=last)
    cfg.update(
        test_dataloader=cfg.val_dataloader,
        test_cfg=dict(),
        test_evaluator=cfg.val_evaluator)
    runner = runner_of(cfg)
    metrics = runner.test()
    loaded = runner.model.state_dict()
    different = [
        key for key, value in checkpoint['state_dict'].items()
        if not torch.equal(loaded[key], value)
    ]
    # the weight and the ramp of the penalty are those of its config
    assert set(different) <= {'penalty.weight', 'penalty.iteration'}
    history = undisturbed.message_hub.get_scalar('val/score')
    assert metrics['score'] == pytest.approx(history.data[0][-1], rel=1e-6)


# -- several processes ------------------------------------------------------
def empty(runner):
    """Let all units of a block die."""
    name = 'stages.1.branches.0.0.mix.norm.weight'
    with torch.no_grad():
        find_searchable(runner.model).gammas()[name].zero_()


def parallel(folder, **settings):
    """Train in one of several processes; leaves its end in a file."""
    runner = runner_of(
        config(
            folder,
            launcher='pytorch',
            shrink=dict(scores='network'),
            **settings), Interrupt('before_train_epoch', 2, empty))
    runner.train()
    state = state_of(runner)
    state['arch'] = find_searchable(runner.model).arch
    state['reducer'] = runner.model.reducer is not None
    torch.save(state, f'{folder}/end{get_rank()}.pth')


def test_two_processes_shrink_alike_and_resume(tmp_path):
    whole, again = tmp_path / 'whole', tmp_path / 'again'
    assert in_processes(lambda: parallel(whole), num=2) == [0, 0]
    again.mkdir()
    settings = dict(resume=True, load_from=str(whole / 'epoch_3.pth'))
    assert in_processes(lambda: parallel(again, **settings), num=2) == [0, 0]
    ends = [
        torch.load(tmp_path / name / f'end{rank}.pth', weights_only=False)
        for name in ('whole', 'again') for rank in range(2)
    ]
    arch, = {end.pop('arch') for end in ends}
    # a block that lost everything has left its constant in parameters, by
    # statistics that differ between processes
    assert (0, 0, 0) in arch.channels
    assert all(end.pop('reducer') for end in ends)
    assert_same(ends[0], ends[2])
    # running statistics are each process's own, and of the first one stored
    own = [{
        k: v
        for k, v in end.items() if 'running' not in k
    } for end in ends]
    for end in own[1:]:
        assert_same(own[0], end)


def test_one_process_fails_and_none_hangs(tmp_path, monkeypatch):
    """All end with an error that says where, and none has shrunk."""
    planned = shrink_hook.planned_shrink

    def failing(*arguments):
        if get_rank() == 1:
            raise MemoryError('no memory left')
        return planned(*arguments)

    monkeypatch.setattr(shrink_hook, 'planned_shrink', failing)

    def run():
        runner = runner_of(config(tmp_path, launcher='pytorch'))
        largest = find_searchable(runner.model.module).arch
        try:
            runner.train()
        except Exception as error:
            same = find_searchable(runner.model.module).arch == largest
            (tmp_path / f'{get_rank()}').write_text(f'{same} {error}')

    assert in_processes(run, num=2) == [0, 0]
    assert [
        (tmp_path / f'{i}').read_text() for i in range(2)
    ] == ['True rank 1: MemoryError: no memory left', 'True no memory left']
