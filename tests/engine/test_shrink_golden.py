"""A shrink of the released code, bit for bit."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel, ExponentialMovingAverage
from mmengine.optim import OptimWrapper
from torch import nn

from scalenas_mm.backbones import HRNAS
from scalenas_mm.engine import RMSpropInside, ShrinkHook
from scalenas_mm.export.released_hrnas import block_weights
from scalenas_mm.export.released_hrnas_shapes import take_apart
from scalenas_mm.supernets import RampedAverage, UnitPenalty
from scalenas_mm.supernets.shrinking import _HalfSquares, decayed

NAMES = {'downsamples.': 'backbone.stem.', 'classifier.': 'classifier.'}
STATES = ('square_avg', 'momentum_buffer')


class Network(BaseModel):

    def __init__(self):
        super().__init__()
        self.backbone = HRNAS(
            stem=(8, 8),
            blocks=((1, ), (1, 1), (1, 2, 1)),
            widths=((8, ), (6, 12), (6, 12, 24)),
            expansion=2,
            tokens=0,
            head_channels=(10, ),
            upsample='released')
        self.classifier = nn.Conv2d(10, 5, 1)

    def forward(self, inputs, mode='tensor'):
        return self.classifier(self.backbone(inputs)[0])


def ours(released):
    """Released tensors by our names; only blocks that have units."""
    apart = take_apart(released)
    out = {}
    for key, value in apart.rest.items():
        old = next(old for old in NAMES if key.startswith(old))
        out[NAMES[old] + key[len(old):]] = value
    for name, block in apart.blocks.items():
        out.update({
            f'backbone.{name}.{key}': value
            for key, value in block_weights(block).items()
        })
    return {
        k: v.float() if v.is_floating_point() else v
        for k, v in out.items()
    }


class Golden:
    """The released network before a shrink, and what came of it."""

    def __init__(self, folder, kind=RMSpropInside):
        self.folder = folder
        self.said = json.loads((folder / 'shrink.json').read_text())
        self.numbers = np.load(folder / 'shrink.npz')
        self.model = Network().eval()
        self.model.load_state_dict(self.read('model_before'))
        self.average = ExponentialMovingAverage(
            self.model, update_buffers=True)
        found = self.average.module.load_state_dict(
            self.read('ema_before'), strict=False)
        assert not found.unexpected_keys
        assert all('num_batches' in key for key in found.missing_keys)
        self.optimizer = kind(self.model.parameters(), lr=.1)
        self.put_state(
            STATES if kind is RMSpropInside else ('exp_avg_sq', 'exp_avg'))
        self.events = []
        self.runner = SimpleNamespace(
            model=self.model,
            hooks=[SimpleNamespace(ema_model=self.average)],
            optim_wrapper=OptimWrapper(self.optimizer),
            param_schedulers=None,
            iter=0,
            logger=SimpleNamespace(info=lambda _: None),
            call_hook=lambda name, **given: self.events.append((name, given)))

    def read(self, name):
        return ours(torch.load(self.folder / f'{name}.pth', weights_only=True))

    def states(self, name):
        """Optimiser states by our names and by kind."""
        stored = torch.load(self.folder / f'{name}.pth', weights_only=True)
        return {
            kind:
            ours({
                key.split('|')[0]: value
                for key, value in stored.items() if key.endswith(kind)
            })
            for kind in STATES
        }

    def put_state(self, kinds):
        for kind, states in zip(kinds, self.states('rmsprop_before').values()):
            for name, value in states.items():
                state = self.optimizer.state[self.model.get_parameter(name)]
                state['step'] = torch.tensor(2)
                state[kind] = value.clone()

    def shrink(self, last=False):
        hook = ShrinkHook(fold_dead_bias=False, num_calibration_batches=0)
        assert hook.shrink(self.runner, last)
        return self

    def output(self, module):
        return module(torch.from_numpy(self.numbers['input']).float())


@pytest.fixture(scope='module')
def folder(shared_data):
    return shared_data / 'hrnas' / 'shrink'


@pytest.fixture(scope='module')
def whole(folder):
    return Golden(folder)


@pytest.fixture(scope='module')
def shrunk(folder):
    return Golden(folder).shrink()


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    assert not [k for k in found if not torch.equal(found[k], expected[k])]


def test_model_and_average_bit_for_bit(shrunk):
    assert_equal(shrunk.model.state_dict(), shrunk.read('model_after'))
    expected = shrunk.read('ema_after')
    found = shrunk.average.module.state_dict()
    assert_equal({k: found[k] for k in expected}, expected)
    assert all('num_batches' in key for key in found.keys() - expected.keys())
    # and it goes on from there
    shrunk.average.update_parameters(shrunk.model)


def test_rmsprop_bit_for_bit(shrunk):
    expected = shrunk.states('rmsprop_after')
    names = {id(p): n for n, p in shrunk.model.named_parameters()}
    state = shrunk.optimizer.state
    for kind in STATES:
        assert_equal({
            names[id(p)]: s[kind]
            for p, s in state.items()
        }, expected[kind])
    assert all(s['step'] == 2 for s in state.values())
    group, = shrunk.optimizer.param_groups
    assert [id(p) for p in group['params']] == list(names)


def test_adamw_by_the_same_rule(folder, shrunk):
    golden = Golden(folder, torch.optim.AdamW).shrink()
    names = dict(golden.model.named_parameters())
    for kind, expected in zip(('exp_avg_sq', 'exp_avg'),
                              golden.states('rmsprop_after').values()):
        assert_equal(
            {n: golden.optimizer.state[names[n]][kind]
             for n in expected}, expected)


@pytest.mark.parametrize('rule', ['normal', 'last'])
def test_kept_units_and_outputs(folder, whole, shrunk, rule):
    golden = Golden(folder).shrink(last=True) if rule == 'last' else shrunk
    said = golden.said[f'rmsprop_{rule}']
    found = {
        key.split('.mix.')[0]: value
        for key, value in golden.model.backbone.gammas().items()
    }
    before = whole.model.backbone.gammas()
    for i, (path, (_, sizes)) in enumerate(said['blocks_after'].items()):
        place = golden.model.backbone.space.places[i].name
        kept = [said['kept'][f'{path}.ops.{k}.1.1'] for k in range(3)]
        row = golden.model.backbone.arch.channels[i]
        assert [n for n in row if n] == sizes
        assert row == tuple(map(len, kept))
        if sizes:
            parts = before[f'{place}.mix.norm.weight'].chunk(3)
            expected = torch.cat([p[k] for p, k in zip(parts, kept)])
            assert torch.equal(found[place], expected)
    for when, model in (('before', whole.model), ('after', golden.model)):
        expected = golden.numbers[f'rmsprop_{rule}/{when}']
        difference = golden.output(model).detach().numpy() - expected
        assert abs(difference).max() < 1e-5 * abs(expected).max()


@pytest.mark.parametrize('when', ['before', 'after'])
def test_penalties_and_losses(whole, shrunk, when):
    golden = shrunk if when == 'after' else whole
    said = golden.said['rmsprop_normal']
    backbone = golden.model.backbone
    penalty = UnitPenalty(1.8e-4, (64, 64), cost='released')
    found = penalty.unit_costs(backbone)
    for i, path in enumerate(said[f'blocks_{when}']):
        sizes = [n for n in backbone.arch.channels[i] if n]
        for k, part in enumerate(
                found[f'{backbone.space.places[i].name}.mix.norm.weight'].
                split(sizes) if sizes else ()):
            expected = said[f'penalty_{when}'][f'{path}.ops.{k}.1.1.weight']
            assert torch.allclose(
                part, torch.tensor(expected), rtol=1e-6, atol=0)
    losses = said[f'losses_{when}']
    assert float(penalty(backbone)) == pytest.approx(losses['bn_l1'], rel=1e-6)
    decay = _HalfSquares.apply(1e-5, *decayed(golden.model))
    assert float(decay) == pytest.approx(losses['l2'], rel=1e-6)


def test_ramp(folder):
    said = json.loads((folder / 'shrink.json').read_text())['rho_schedule']
    steps = said['steps_per_epoch']
    penalty = UnitPenalty(
        said['rho'], (64, 64),
        ramp=(said['epoch_free'] * steps, said['epoch_warmup'] * steps))
    for step, expected in said['values'].items():
        penalty.iteration.fill_(int(step))
        assert float(penalty.current()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('name, make', [
    ('rmsprop', lambda p: RMSpropInside([p], lr=.064)),
    ('adamw',
     lambda p: torch.optim.AdamW([p], lr=.064, eps=1e-3, weight_decay=0)),
])
def test_released_optimisers(folder, name, make):
    numbers = np.load(folder / 'shrink.npz')
    parameter = nn.Parameter(torch.linspace(-1, 1, 6))
    optimizer = make(parameter)
    for i, gradient in enumerate(numbers['toy/grads']):
        parameter.grad = torch.from_numpy(gradient)
        optimizer.step()
        assert np.allclose(
            parameter.detach(), numbers[f'toy/{name}/{i}'], rtol=1e-7, atol=0)


def test_released_average(folder):
    numbers = np.load(folder / 'shrink.npz')
    layer = nn.Linear(1, 6, bias=False)
    layer.weight.data[:, 0] = torch.linspace(-1, 1, 6)
    average = RampedAverage(layer, decay=.999)
    for i, values in enumerate(numbers['toy/grads']):
        layer.weight.data[:, 0] = torch.from_numpy(values)
        average.update_parameters(layer)
        assert np.allclose(
            average.module.weight[:, 0],
            numbers[f'toy/ema/{i}'],
            rtol=1e-6,
            atol=0)
