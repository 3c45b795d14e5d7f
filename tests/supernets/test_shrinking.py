"""The penalty of a shrinking network and the model around it."""
import copy

import numpy as np
import pytest
import torch
from tiny_shrinking import BACKBONE
from torch import nn

from scalenas_mm.backbones import HRNAS
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError
from scalenas_mm.supernets import ShrinkingSupernet, UnitPenalty
from scalenas_mm.supernets.shrinking import decayed

SIZE = (32, 32)


@pytest.fixture
def backbone():
    torch.manual_seed(0)
    net = HRNAS(**{k: v for k, v in BACKBONE.items() if k != 'type'})
    with torch.no_grad():
        for gamma in net.gammas().values():
            gamma.uniform_(-1, 1)
    return net


def by_hand(net, rule, scale, tokens_left=None):
    """The sum of Eq. 7 over all units, without its coefficient."""
    arch, total = net.arch, 0.
    costs = net.space.unit_costs(arch, SIZE, rule)
    gammas = net.gammas()
    for i, place in enumerate(net.space.places):
        rows = gammas.get(f'{place.name}.mix.norm.weight')
        start = 0
        for k, number in enumerate(arch.channels[i]):
            for u in range(start, start + number):
                total += costs.units[i, k] * abs(rows[u].item())
            start += number
        if arch.tokens[i]:
            name = f'{place.name}.transformer.input_norm.weight'
            total += costs.tokens[i] * gammas[name].abs().sum().item()
    return total / scale


@pytest.mark.parametrize('rule', ['paper', 'released', 'macs', 'params'])
def test_the_sum_of_equation_7(backbone, rule):
    penalty = UnitPenalty(.5, SIZE, cost=rule, normalise=False)
    expected = .5 * by_hand(backbone, rule, 1e6)
    assert penalty(backbone).item() == pytest.approx(expected, rel=1e-5)
    normalised = UnitPenalty(.5, SIZE, cost=rule)
    ratio = normalised(backbone).item() / expected
    with torch.no_grad():
        for gamma in backbone.gammas().values():
            gamma.fill_(-1)
    # of a new network it is the coefficient times the number of units; in
    # the released code's mean, tokens count with what all of them cost
    facts = backbone.space.facts(backbone.arch)
    number = facts['units'] + facts['tokens']
    found = normalised(backbone).item()
    assert found == pytest.approx(
        .5 * number, rel=2e-3 if rule == 'released' else 1e-5)
    assert ratio == pytest.approx(
        found / (.5 * by_hand(backbone, rule, 1e6)), rel=1e-5)


def test_equation_6(backbone):
    """k * k * h * w of a depthwise unit, in millions: in the first stage at
    a quarter of the image, in the second branch at an eighth."""
    costs = UnitPenalty(1., SIZE, normalise=False).unit_costs(backbone)
    first = costs['stages.0.branches.0.0.mix.norm.weight'].tolist()
    assert first == pytest.approx(
        np.repeat([9 * 64e-6, 25 * 64e-6, 49 * 64e-6], 8))
    second = costs['stages.1.branches.1.0.mix.norm.weight'].tolist()
    assert second == pytest.approx(
        np.repeat([9 * 16e-6, 25 * 16e-6, 49 * 16e-6], 12))


def test_gradients_are_costs_times_signs(backbone):
    penalty = UnitPenalty(.1, SIZE)
    penalty(backbone).backward()
    costs = penalty.unit_costs(backbone)
    for name, gamma in backbone.gammas().items():
        assert torch.allclose(gamma.grad, .1 * costs[name] * gamma.sign())


def test_costs_follow_what_is_left(backbone):
    """Tokens get cheaper with every one that goes; units do not."""
    penalty = UnitPenalty(1., SIZE)
    before = penalty.unit_costs(backbone)
    penalty(backbone)
    arch = backbone.surviving(threshold=.5)
    backbone.shrink(arch)
    after = penalty.unit_costs(backbone)
    assert penalty(backbone).item() == pytest.approx(
        sum(
            float((costs * backbone.gammas()[name].abs()).sum())
            for name, costs in after.items()),
        rel=1e-5)
    tokens = [name for name in after if '.transformer.' in name]
    assert tokens and all(after[name][0] < before[name][0] for name in tokens
                          if len(after[name]) < len(before[name]))
    name = 'head.project.mix.norm.weight'
    assert set(after[name].tolist()) <= set(before[name].tolist())
    backbone.shrink('min')
    assert penalty(backbone).item() == 0


def test_tokens_counted_by_their_importance(backbone):
    """As the released code does; negative ones count as dead."""
    name = 'stages.0.branches.0.0.transformer.input_norm.weight'
    for alive in range(4):
        values = torch.tensor([-.9] * (3 - alive) + [.5] * alive)
        with torch.no_grad():
            backbone.gammas()[name].copy_(values)
        penalty = UnitPenalty(
            1., SIZE, cost='released', normalise=False, tokens='alive')
        backbone.zero_grad()
        penalty(backbone).backward()
        arch = backbone.arch
        fewer = type(arch)(arch.channels, (0, alive) + arch.tokens[2:])
        cost = backbone.space.unit_costs(fewer, SIZE, 'released').tokens[1]
        assert torch.allclose(backbone.gammas()[name].grad,
                              cost / 1e6 * values.sign())


def test_its_weight_can_be_steered_and_is_stored(backbone):
    penalty = UnitPenalty(1., SIZE, ramp=(2, 4))
    whole = UnitPenalty(1., SIZE)(backbone).item()
    found = [penalty(backbone).item() / whole for _ in range(5)]
    assert found == pytest.approx([0, 0, 0, .5, 1])
    penalty.weight.fill_(3.)
    other = UnitPenalty(1., SIZE, ramp=(2, 4))
    other.load_state_dict(penalty.state_dict())
    assert other(backbone).item() == pytest.approx(3 * whole)


@pytest.mark.parametrize('settings, field', [
    (dict(weight=-1.), 'penalty.weight: expected a number >= 0'),
    (dict(weight=True), 'penalty.weight'),
    (dict(tokens='some'), 'penalty.tokens'),
    (dict(ramp=(3, 1)), r'penalty.ramp\[1\]'),
    (dict(ramp=3), 'penalty.ramp: expected two iterations'),
    (dict(input_size='big'), 'input_size'),
])
def test_wrong_settings(settings, field):
    with pytest.raises(SettingError, match=field):
        UnitPenalty(**dict(dict(weight=1., input_size=SIZE), **settings))


# -- the model around it ----------------------------------------------------
def supernet(**settings):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ShrinkingSupernet',
            architecture=dict(
                type='NoiseClassifier',
                backbone=copy.deepcopy(BACKBONE),
                head=dict(in_channels=6)),
            **settings))


def test_losses_are_the_tasks_and_two_more():
    model = supernet(
        penalty=dict(weight=.1, input_size=SIZE), weight_decay=.01)
    plain = supernet().architecture
    inputs, labels = torch.randn(2, 3, *SIZE), torch.tensor([0, 1])
    losses = model(inputs, labels, mode='loss')
    assert losses['loss'] == plain(inputs, labels, mode='loss')['loss']
    assert losses['loss_penalty'] == UnitPenalty(.1, SIZE)(model.backbone)
    expected = .005 * sum(p.square().sum() for p in decayed(model))
    assert losses['loss_weight_decay'].item() == pytest.approx(
        expected.item(), rel=1e-5)
    assert losses['penalty_weight'] == torch.tensor(.1)
    total, logged = model.parse_losses(losses)
    assert total == sum(v for k, v in losses.items() if 'loss' in k)
    assert torch.equal(model.eval()(inputs),
                       model.architecture(inputs, mode='tensor'))
    # a copy, such as an average, has its own backbone and units
    other = copy.deepcopy(model)
    other.backbone.shrink('min')
    assert other.extra_losses()['loss_penalty'] == 0
    assert other.backbone is other.architecture.backbone
    assert model.extra_losses()['loss_penalty'] > 0


def test_weight_decay_in_the_loss_is_that_of_the_optimiser():
    """Norms are left out, biases are not; nothing frozen is touched."""
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2),
        nn.LayerNorm(2), nn.Linear(2, 2))
    model[5].weight.requires_grad_(False)
    names = dict(model.named_parameters())
    assert [id(p) for p in decayed(model)] == [
        id(names[n])
        for n in ('0.weight', '0.bias', '3.weight', '3.bias', '5.bias')
    ]


def test_an_unknown_cost():
    with pytest.raises(SettingError, match='rule'):
        supernet(penalty=dict(weight=1., input_size=SIZE, cost='latency'))


def test_only_networks_that_shrink():
    backbone = dict(BACKBONE, arch='min')
    with pytest.raises(SettingError, match='a backbone that shrinks'):
        ShrinkingSupernet(
            dict(
                type='NoiseClassifier',
                backbone=backbone,
                head=dict(in_channels=6)))
