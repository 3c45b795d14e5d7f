"""When a network shrinks, what goes, and what stays as it is."""
import random

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from tiny_shrinking import Interrupt, by_iterations, config, hook_of, runner_of

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.engine import ShrinkHook
from scalenas_mm.evaluation import calibration_batches, estimate_statistics
from scalenas_mm.spaces import ArchError, SettingError


def trained(folder, *hooks, epochs=1, **shrink):
    runner = runner_of(config(folder, epochs=epochs, shrink=shrink), *hooks)
    runner.train()
    return runner


@pytest.mark.parametrize('settings, total, expected', [
    (dict(interval=5), 12, [5, 10, 12]),
    (dict(interval=5, begin=6), 12, [10, 12]),
    (dict(interval=5, end=7), 12, [5, 7]),
    (dict(interval=4, begin=4), 8, [4, 8]),
])
@pytest.mark.parametrize('by_epoch', [True, False])
def test_when(settings, total, expected, by_epoch, monkeypatch):
    """The last one is the last in any case."""
    calls = []
    monkeypatch.setattr(ShrinkHook, 'shrink',
                        lambda _, runner, last: calls.append((now, last)))
    hook = ShrinkHook(by_epoch=by_epoch, **settings)

    class Fake:
        max_epochs = max_iters = total

    for now in range(1, total + 1):
        Fake.epoch = Fake.iter = now - 1
        (hook.after_train_epoch(Fake) if by_epoch else hook.after_train_iter(
            Fake, 0))
    assert calls == [(n, n == expected[-1]) for n in expected]


@torch.no_grad()
def put(runner, average=None, share=.5, only=''):
    """Importance near 1, of some units 0; also in the average."""
    average = hook_of(runner, 'EMAHook').ema_model.module
    nets = [find_searchable(net) for net in (runner.model, average)]
    chance = random.Random(0)
    for name, gamma in nets[0].gammas().items():
        alive = torch.tensor(
            [only not in name or chance.random() > share for _ in gamma])
        for net in nets:
            net.gammas()[name].copy_(alive * torch.rand_like(gamma).add(.5))


@pytest.fixture
def ready(tmp_path):
    """A runner after an epoch, with an average, that has not shrunk."""
    cfg = config(
        tmp_path,
        epochs=1,
        shrink=dict(threshold=0., num_calibration_batches=0),
        val_cfg=None,
        val_dataloader=None,
        val_evaluator=None)
    cfg.train_dataloader.batch_size = 6
    cfg.default_hooks.checkpoint = None
    runner = runner_of(cfg)
    runner.train()
    return runner


def outputs(model):
    image = torch.randn(2, 3, 32, 32, generator=torch.manual_seed(0))
    modes = [(m, m.training) for m in model.modules()]
    with torch.no_grad():
        out = model.eval()(image)
    for module, mode in modes:
        module.training = mode
    return out


def test_network_and_average_put_out_what_they_did(ready):
    """Units only: what dead tokens give to others cannot be kept."""
    put(ready, only='.mix.')
    average = hook_of(ready, 'EMAHook').ema_model.module
    models = (ready.model, average)
    before = [outputs(model) for model in models]
    ranges = [float(y.max() - y.min()) for y in before]
    hook = ShrinkHook(num_calibration_batches=0)
    events = []
    ready._hooks.append(Interrupt('after_shrink', 1, events.append))
    assert hook.shrink(ready) and hook.shrinks == len(events) == 1
    for model, old, span in zip(models, before, ranges):
        assert (outputs(model) - old).abs().max() < 1e-5 * span
    assert not hook.shrink(ready)  # nothing is left to remove
    assert hook.shrinks == len(events) == 1


def test_tokens_go_and_nothing_else_changes(ready):
    put(ready, only='.transformer.')
    backbone = find_searchable(ready.model)
    optimizer = ready.optim_wrapper.optimizer
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    objects = dict(backbone.named_parameters())
    moments = {
        k: optimizer.state[p]['exp_avg'].clone()
        for k, p in objects.items()
    }
    arch = backbone.arch
    assert not ShrinkHook(
        num_calibration_batches=0, remove_tokens=False).shrink(ready)
    gammas = {k: v.detach().clone() for k, v in backbone.gammas().items()}
    assert ShrinkHook(num_calibration_batches=0).shrink(ready)
    after = backbone.arch
    assert after.channels == arch.channels
    assert 0 < sum(after.tokens) < sum(arch.tokens)
    now = dict(backbone.named_parameters())
    for key, value in backbone.state_dict().items():
        name, _, rest = key.partition('.transformer.')
        old, pick = before[key], ...
        if rest.startswith(('input_', 'query')) and value.ndim:
            pick = gammas[f'{name}.transformer.input_norm.weight'] > 0
        elif rest == 'reverse_proj.weight':
            pick = (slice(None),
                    gammas[f'{name}.transformer.input_norm.weight'] > 0)
        assert torch.equal(value, old[pick]), key
        if key in now:
            kept = optimizer.state[now[key]]['exp_avg']
            assert torch.equal(kept, moments[key][pick])
            same = value.shape == old.shape
            assert same is (now[key] is objects[key])
    gone = before.keys() - backbone.state_dict().keys()
    assert all('.transformer.' in key for key in gone)


@pytest.mark.parametrize('scores, kept', [('both', 3), ('average', 2),
                                          ('network', 1)])
def test_which_importance_decides(ready, scores, kept):
    average = hook_of(ready, 'EMAHook').ema_model.module
    name = 'stages.0.branches.0.0.transformer.input_norm.weight'
    with torch.no_grad():
        for net, values in ((ready.model, [0, 0, -.5]), (average, [-.5, 1,
                                                                   0])):
            find_searchable(net).gammas()[name].copy_(torch.tensor(values))
    for last in (False, True):
        hook = ShrinkHook(scores=scores, last_scores=scores)
        found = hook.importance(ready, scores)[name]
        left = find_searchable(ready.model).surviving(
            hook.importance(ready, scores)).tokens[1]
        assert left == kept == int((found > 1e-3).sum())


def test_little_to_save_can_wait(ready):
    put(ready, share=.02, only='.mix.')
    backbone = find_searchable(ready.model)
    before = backbone.arch
    after = backbone.surviving()
    saved = [
        backbone.space.complexity(arch, (32, 32)).macs
        for arch in (before, after)
    ]
    saved = saved[0] - saved[1]
    assert saved > 0
    hook = ShrinkHook(num_calibration_batches=0, min_saving=saved + 1)
    assert not hook.shrink(ready) and backbone.arch == before
    hook.min_saving = saved
    assert hook.shrink(ready) and backbone.arch == after
    put(ready, share=.02, only='.mix.')
    hook.min_saving = 1e12
    assert hook.shrink(ready, last=True)


def test_statistics_are_those_of_the_calibration_batches(ready):
    """In network and average; global randomness goes on undisturbed."""
    put(ready)
    ready.model.train()
    hook = ShrinkHook(num_calibration_batches=2, seed=3)
    states = random.getstate(), np.random.get_state()[1], torch.get_rng_state()
    assert hook.shrink(ready)
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()
    assert torch.equal(torch.get_rng_state(), states[2])
    assert all(module.training for module in ready.model.modules())
    batches = calibration_batches(ready.train_dataloader, 2, 3)
    average = hook_of(ready, 'EMAHook').ema_model.module
    for model in (ready.model, average):
        buffers = dict(model.named_buffers())
        found = estimate_statistics(model, batches, 3)
        assert len(found) > 20
        assert all(
            torch.equal(buffers[k], v) for k, v in found.items()
            if not k.endswith('num_batches_tracked'))


def test_nothing_is_left_and_training_goes_on(tmp_path):
    runner = trained(tmp_path, epochs=2, threshold=9.)
    backbone = find_searchable(runner.model)
    assert backbone.arch == backbone.space.min_arch()
    assert not backbone.gammas()
    assert runner.iter == 6 and hook_of(runner, 'ShrinkHook').shrinks == 1
    assert runner.message_hub.get_scalar('train/loss_penalty').current() == 0


def test_what_the_released_code_does_by_config(tmp_path):
    """Optimiser, average, penalty and shrinks; tokens stay."""
    cfg = config(
        tmp_path,
        epochs=2,
        shrink=dict(
            threshold=.99,
            min_saving=1,
            remove_tokens=False,
            fold_dead_bias=False,
            num_calibration_batches=0))
    cfg.optim_wrapper.optimizer = dict(
        type='scalenas_mm.RMSpropInside', lr=.016)
    cfg.custom_hooks[0] = dict(
        type='EMAHook',
        ema_type='scalenas_mm.RampedAverage',
        decay=.9,
        update_buffers=True)
    cfg.model.weight_decay = 1e-5
    cfg.model.penalty = dict(
        weight=.01,
        cost='released',
        tokens='alive',
        input_size=(224, 224),
        ramp=(0, 3))
    runner = runner_of(cfg)
    runner.train()
    backbone = find_searchable(runner.model)
    largest = backbone.space.max_arch()
    assert hook_of(runner, 'ShrinkHook').shrinks == 2
    assert backbone.arch.tokens == largest.tokens
    assert sum(map(sum,
                   backbone.arch.channels)) < sum(map(sum, largest.channels))


def test_by_iteration_before_the_validation_of_that_moment(tmp_path):
    seen = []

    def look(runner):
        seen.append((runner.iter, find_searchable(runner.model).arch))

    cfg = by_iterations(
        config(
            tmp_path,
            shrink=dict(
                by_epoch=False, interval=2, threshold=.97, scores='network')),
        6, 4)
    runner = runner_of(cfg, Interrupt('before_val_epoch', 1, look))
    runner.train()
    arch = seen[0][1]
    assert seen[0][0] == 4 and arch != find_searchable(
        runner.model).space.max_arch()
    checkpoint = torch.load(tmp_path / 'iter_4.pth', weights_only=True)
    assert checkpoint['shrinking']['arch'] == arch.to_dict()


def test_wrong_settings(tmp_path):
    for settings in (dict(interval=0), dict(begin=-1), dict(begin=3, end=2),
                     dict(scores='all'), dict(last_scores=None),
                     dict(num_calibration_batches=-1), dict(input_size=0)):
        with pytest.raises(SettingError, match=list(settings)[-1]):
            ShrinkHook(**settings)
    cfg = by_iterations(config(tmp_path), 2, 2)
    with pytest.raises(SettingError, match='by_epoch: expected False'):
        Runner.from_cfg(cfg).train()
    cfg = config(tmp_path)
    cfg.model = dict(
        cfg.model.architecture,
        backbone=dict(cfg.model.architecture.backbone, arch='min'))
    with pytest.raises(
            SettingError,
            match='model: expected a backbone that '
            'shrinks, got .?fixed'):
        Runner.from_cfg(cfg).train()


def test_a_checkpoint_of_another_network(ready, tmp_path):
    """Its architecture does not fit; says what the network has."""
    hook = hook_of(ready, 'ShrinkHook')
    checkpoint = dict(state_dict={})
    hook.before_save_checkpoint(ready, checkpoint)
    backbone = find_searchable(ready.model)
    backbone.shrink('min')
    with pytest.raises(ArchError, match='at most'):
        hook.after_load_checkpoint(ready, checkpoint)
    hook.after_load_checkpoint(ready, dict(state_dict={}))  # of any network
