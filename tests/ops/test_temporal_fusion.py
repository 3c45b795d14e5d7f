"""Heatmaps join features."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalenas_mm.ops import TemporalFusion

OPERATIONS = ('add', 'mul', 'cat')
HEATMAPS, CHANNELS = 5, 8


def fusion(share=False, operations=OPERATIONS, channels=CHANNELS, seed=0):
    """With random weights."""
    torch.manual_seed(seed)
    module = TemporalFusion(HEATMAPS, channels, operations, share)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module


def inputs(channels):
    torch.manual_seed(1)
    return torch.randn(2, channels, 6, 4), torch.randn(2, HEATMAPS, 12, 9)


def literal(module, x, heatmaps, operation, name):
    """As figure 2 has it, with the first channels of the weights."""
    c = x.shape[1]
    first, second = module.heatmap_conv, module.convs[name]
    past = F.conv2d(heatmaps, first.weight[:c], first.bias[:c])
    past = F.interpolate(past, x.shape[2:], mode='bilinear')
    weight = second.weight[:c, :c]
    if operation == 'add':
        joined = x + past
    elif operation == 'mul':
        joined = x * (past + 1)
    else:
        joined = torch.cat([x, past], 1)
        weight = torch.cat([weight, second.weight[:c, CHANNELS:CHANNELS + c]],
                           1)
    return F.conv2d(joined, weight, second.bias[:c])


@pytest.mark.parametrize('share', [False, True])
@pytest.mark.parametrize('channels', [3, CHANNELS])
@pytest.mark.parametrize('operation', OPERATIONS)
def test_what_it_computes(operation, channels, share):
    module = fusion(share)
    x, heatmaps = inputs(channels)
    name = 'shared' if share else operation
    expected = literal(module, x, heatmaps, operation, name)
    torch.testing.assert_close(module(x, heatmaps, operation), expected)


@pytest.mark.parametrize('share', [False, True])
@pytest.mark.parametrize('channels', [3, CHANNELS])
@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_part_alone_is_the_same(operation, channels, share):
    """Bit for bit, with the weights that ``slices`` says."""
    module, alone = fusion(share), fusion(share, (operation, ), channels, 2)
    weights = module.state_dict()
    slices = module.slices(operation, channels)
    alone.load_state_dict({k: weights[k][i] for k, i in slices.items()})
    x, heatmaps = inputs(channels)
    assert torch.equal(
        module(x, heatmaps, operation), alone(x, heatmaps, operation))


@pytest.mark.parametrize('share', [False, True])
@pytest.mark.parametrize('channels', [3, CHANNELS])
@pytest.mark.parametrize('operation', OPERATIONS)
def test_at_the_start_it_changes_nothing(operation, channels, share):
    """Yet everything learns, in two steps at most."""
    module = TemporalFusion(HEATMAPS, CHANNELS, OPERATIONS, share)
    x, heatmaps = inputs(channels)
    out = module(x, heatmaps, operation)
    assert torch.equal(out, x)
    out.square().sum().backward()
    first = module.heatmap_conv.weight.grad[:channels]
    assert (first.abs().sum((1, 2, 3)) > 0).all()
    assert (module.heatmap_conv.weight.grad[channels:] == 0).all()


def test_only_what_runs_has_gradients():
    module = fusion()
    module(*inputs(3), 'cat').sum().backward()
    assert module.convs['add'].weight.grad is None
    grad = module.convs['cat'].weight.grad[..., 0, 0]
    ran = torch.zeros_like(grad, dtype=bool)
    ran[:3, :3] = ran[:3, CHANNELS:CHANNELS + 3] = True
    assert (grad[ran] != 0).all() and (grad[~ran] == 0).all()
