"""Constants of dead units are kept where they make the same difference."""
import random

import pytest
import torch
from torch import nn

from scalenas_mm.backbones import HRNAS

HEADS = dict(dense=(10, ), classification=(12, 16, 20, 24), none=())


def network(seed=0, head='dense', **settings):
    torch.manual_seed(seed)
    net = HRNAS(**dict(
        dict(
            stem=(8, 8),
            blocks=((1, ), (1, 1), (1, 2, 1)),
            widths=((8, ), (6, 12), (6, 12, 24)),
            expansion=2,
            tokens=0,
            head=head,
            head_channels=HEADS[head]), **settings)).eval()
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, .5, 1.5)
            nn.init.uniform_(norm.bias, -.5, .5)
            nn.init.uniform_(norm.running_mean, -.5, .5)
            nn.init.uniform_(norm.running_var, .5, 1.5)
    return net


@torch.no_grad()
def kill(net, share, empty=(), gamma=0., seed=0):
    """Set the importance of some units, and of whole blocks, to 0."""
    chance = random.Random(seed)
    for name, gammas in net.gammas().items():
        if '.transformer.' in name:
            continue
        for i in range(len(gammas)):
            if name.startswith(tuple(empty)) or chance.random() < share:
                gammas[i] = gamma


def change(net, fold=True, threshold=1e-3):
    """By how much outputs change in a shrink, relative to their range."""
    x = torch.randn(1, 3, 43, 51)
    with torch.no_grad():
        before = [y.clone() for y in net(x)]
        arch = net.surviving(threshold=threshold)
        if fold:
            net.fold_dead(net.parts(arch))
        net.shrink(arch)
        return max(
            float((a - b).abs().max() / (b.max() - b.min()))
            for a, b in zip(net(x), before))


@pytest.mark.parametrize('tokens', [0, 3])
@pytest.mark.parametrize('head', HEADS)
def test_outputs_stay(head, tokens):
    net = network(head=head, tokens=tokens)
    kill(net, .4)
    assert change(net) < 1e-5


def test_the_released_code_loses_them():
    net = network()
    kill(net, .4)
    assert change(net, fold=False) > .01


def test_at_the_threshold_outputs_hardly_change():
    """What a unit still adds to its constant goes: a thousandth of what a
    unit of importance 1 does."""
    net = network()
    kill(net, .4, gamma=.000999)
    assert 1e-6 < change(net) < 5e-4


@pytest.mark.parametrize(
    'empty',
    [
        # followed to the next block of the chain, the second one is the last
        ['stages.2.branches.1.0.'],
        ['stages.2.branches.1.'],
        # into the same sum: one of two, all of two
        [
            'stages.1.fusion.0_1', 'stages.2.fusion.1_0.',
            'stages.2.fusion.1_2.'
        ],
        # a new branch, which is not rectified
        ['stages.1.fusion.1_0.'],
        # a whole chain, up to the fusion that follows
        ['stages.0.branches.0.0.'],
        ['stages.1.branches.0.0.', 'stages.1.branches.1.0.'],
    ])
@pytest.mark.parametrize('head', ['dense', 'classification'])
def test_blocks_that_lose_everything(head, empty):
    net = network(head=head)
    kill(net, .3, empty)
    assert change(net) < 1e-5


@pytest.mark.parametrize('empty', [
    ['head.increase.0.', 'head.down.0.'],
    ['head.increase.2.', 'head.down.1.'],
    ['head.increase.', 'head.down.'],
])
def test_classification_heads(empty):
    net = network(head='classification')
    kill(net, .3, empty)
    assert change(net) < 1e-5


def test_a_transformer_beside_an_empty_convolution():
    net = network(tokens=3)
    kill(net, .3, ['stages.0.', 'stages.1.branches.'])
    assert change(net) < 1e-5


def test_what_is_lost():
    """The constant of a rectified sum in which no norm is left."""
    net = network()
    kill(net, 0, ['stages.0.fusion.0_0.'])
    assert change(net) > 1e-3


def test_it_can_be_undone():
    net = network(tokens=3)
    kill(net, .4, ['stages.1.branches.0.'])
    before = {k: v.clone() for k, v in net.state_dict().items()}
    arch = net.surviving()
    changed = net.fold_dead(net.parts(arch))
    differ = {
        k
        for k, v in net.state_dict().items() if not torch.equal(v, before[k])
    }
    assert differ and all(
        k.endswith(('running_mean', 'norm.bias')) for k in differ)
    for tensor, old in reversed(changed):
        tensor.data.copy_(old)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_squeeze_and_excitation_loses_single_units_only():
    net = network(se_ratio=.5)
    kill(net, 0, ['stages.1.branches.0.0.'])
    assert change(net) < 1e-5
