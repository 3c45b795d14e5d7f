"""Every elastic layer against a plain one that holds the sliced weights.

The slices are written here by the paper's rule (ViPNAS, Appendix A.1), not
taken from the layers.
"""
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from scalenas_mm.ops import (ElasticBasicBlock, ElasticBatchNorm2d,
                             ElasticBottleneck, ElasticConv2d,
                             ElasticConvTranspose2d, ElasticDeconvs,
                             ElasticDownsample, ElasticGC, ElasticLinear,
                             ElasticMobileBlock, ElasticSE, ElasticUpsample,
                             elastic_norm, frozen_statistics)
from scalenas_mm.ops.elastic.attention import build_attention
from scalenas_mm.spaces import SettingError

FEW = settings(max_examples=25, deadline=None)
FORMATS = (torch.contiguous_format, torch.channels_last)


def filled(module):
    """Random weights and statistics, so that every entry matters."""
    torch.manual_seed(0)
    for value in (*module.parameters(), *module.buffers()):
        if value.is_floating_point():
            with torch.no_grad():
                value.copy_(torch.rand_like(value) + 0.2)
                if value.dim() > 1:
                    value.sub_(0.7)
    return module


def image(channels, size=(7, 6), batch=2):
    torch.manual_seed(1)
    return torch.randn(batch, channels, *size, requires_grad=True)


def check(elastic, args, plain, slices, x, exact=True):
    """Outputs, gradients of the input and of all weights, and ``slices``.

    Args:
        elastic: The elastic layer.
        args: What it is to run, behind the input.
        plain: The plain layer; its weights are filled here.
        slices: For each of its weights, where it lies in the elastic one.
        x: The input.
        exact: Whether the two must be equal bit for bit.
    """
    state = elastic.state_dict()
    assert set(slices) == set(plain.state_dict())
    plain.load_state_dict({k: state[k][i].clone() for k, i in slices.items()})
    own = x.detach().clone().requires_grad_()
    got, expected = elastic(x, *args), plain(own)
    upstream = torch.randn_like(expected)
    got.backward(upstream)
    expected.backward(upstream)
    close = torch.equal if exact else (
        lambda a, b: torch.allclose(a, b, rtol=1e-5, atol=1e-5))
    assert got.shape == expected.shape and close(got, expected)
    assert close(x.grad, own.grad)
    grads = dict(plain.named_parameters())
    for name, parameter in elastic.named_parameters():
        if name not in grads:
            assert parameter.grad is None
            continue
        assert close(parameter.grad[slices[name]], grads[name].grad)
        outside = parameter.grad.clone()
        outside[slices[name]] = 0
        assert (outside == 0).all()
    for name, value in plain.named_buffers():
        assert torch.equal(elastic.state_dict()[name][slices[name]], value)


def centred(most, kernel):
    first = (most - kernel) // 2
    return slice(first, first + kernel)


@given(
    groups=st.sampled_from([1, 2, 4]),
    more=st.sampled_from([1, 2]),
    kernel=st.sampled_from([1, 3, 5]),
    wide=st.integers(1, 4),
    out=st.integers(1, 4),
    stride=st.sampled_from([1, 2]),
    bias=st.booleans(),
    memory=st.sampled_from(FORMATS))
@FEW
def test_convolution(groups, more, kernel, wide, out, stride, bias, memory):
    """Filters of the first channels, read ``in / groups`` inputs each."""
    layer = ElasticConv2d(16 * groups, 24 * groups, 5, stride, groups, bias)
    filled(layer).to(memory_format=memory)
    groups *= more
    inputs, outputs = 4 * wide * groups // more, 6 * out * groups // more
    inputs, outputs = inputs // groups * groups or groups, (
        outputs // groups * groups or groups)
    plain = nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)
    plain = plain.to(memory_format=memory)
    weight = (slice(outputs), slice(inputs // groups), centred(5, kernel),
              centred(5, kernel))
    slices = dict(weight=weight, bias=slice(outputs))
    if not bias:
        del slices['bias']
    x = image(inputs).detach().to(memory_format=memory).requires_grad_()
    check(layer, (outputs, kernel, groups), plain, slices, x, exact=False)
    found = layer.slices(inputs, outputs, kernel, groups)
    for name, index in slices.items():
        value = layer.state_dict()[name]
        assert torch.equal(value[found[name]], value[index])


@given(
    groups=st.sampled_from([1, 2]),
    more=st.sampled_from([1, 2, 4]),
    kernel=st.sampled_from([2, 4]),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 3),
    bias=st.booleans())
@FEW
def test_transposed_convolution(groups, more, kernel, inputs, outputs, bias):
    """Rows of the first inputs, ``out / groups`` columns of each."""
    layer = filled(ElasticConvTranspose2d(32, 24, 4, groups, bias))
    groups *= more
    inputs, outputs = 8 * inputs, 8 * outputs
    plain = nn.ConvTranspose2d(
        inputs,
        outputs,
        kernel,
        2,
        padding=kernel // 2 - 1,
        groups=groups,
        bias=bias)
    weight = (slice(inputs), slice(outputs // groups), centred(4, kernel),
              centred(4, kernel))
    slices = dict(weight=weight, bias=slice(outputs))
    if not bias:
        del slices['bias']
    x = image(inputs)
    check(layer, (outputs, kernel, groups), plain, slices, x, exact=False)
    assert plain(x).shape[2:] == (14, 12)
    found = layer.slices(inputs, outputs, kernel, groups)
    for name, index in slices.items():
        value = layer.state_dict()[name]
        assert torch.equal(value[found[name]], value[index])


@given(inputs=st.integers(1, 9), outputs=st.integers(1, 7), bias=st.booleans())
@FEW
def test_linear(inputs, outputs, bias):
    layer = filled(ElasticLinear(9, 7, bias))
    slices = dict(weight=(slice(outputs), slice(inputs)), bias=slice(outputs))
    if not bias:
        del slices['bias']
    torch.manual_seed(1)
    x = torch.randn(3, 2, inputs, requires_grad=True)
    check(
        layer, (outputs, ),
        nn.Linear(inputs, outputs, bias),
        slices,
        x,
        exact=False)


@pytest.mark.parametrize('momentum', [0.1, 0.7, None])
@pytest.mark.parametrize('channels', [1, 3, 8])
def test_batch_norm(momentum, channels):
    """Only the first channels are updated; ``None`` is the average."""
    layer = filled(ElasticBatchNorm2d(8, momentum=momentum))
    layer.num_batches_tracked.zero_()
    before = {k: v.clone() for k, v in layer.state_dict().items()}
    slices = {
        name: slice(channels) if value.dim() else ...
        for name, value in before.items()
    }
    plain = nn.BatchNorm2d(channels, momentum=momentum)
    check(layer, (), plain, slices, image(channels))
    layer(image(channels, (5, 4)))
    plain(image(channels, (5, 4)))
    assert layer.num_batches_tracked == 2
    for name in ('running_mean', 'running_var'):
        now = getattr(layer, name)
        assert torch.equal(now[:channels], getattr(plain, name))
        assert torch.equal(now[channels:], before[name][channels:])
        if momentum is None:
            means = [
                image(channels, size).mean((0, 2, 3))
                for size in ((7, 6), (5, 4))
            ]
            if name == 'running_mean':
                assert torch.allclose(now[:channels], sum(means) / 2)
    x = image(channels)
    assert torch.equal(layer.eval()(x), plain.eval()(x))
    layer.train()
    state = {k: v.clone() for k, v in layer.state_dict().items()}
    with frozen_statistics(layer):
        layer(x)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, state[name])


def test_norms_that_are_not_elastic_are_refused():
    norm = elastic_norm(dict(type='BN', eps=1e-3, requires_grad=False), 4)
    assert norm.eps == 1e-3 and not norm.weight.requires_grad
    for kind in ('SyncBN', 'GN'):
        with pytest.raises(SettingError, match=f"expected BN.*'{kind}'"):
            elastic_norm(dict(type=kind), 4)
    with pytest.raises(SettingError, match="attention: expected None or"):
        build_attention('cbam', 4)


def copied(plain, elastic, slices):
    state = elastic.state_dict()
    assert set(slices) == set(plain.state_dict())
    plain.load_state_dict({k: state[k][i].clone() for k, i in slices.items()})


@pytest.mark.parametrize('channels', [4, 12, 21, 32])
def test_squeeze_and_excitation_of_mmpose(channels):
    layers = pytest.importorskip('mmpose.models.backbones.utils.se_layer')
    elastic = filled(ElasticSE(32))
    hidden = channels // 4
    plain = layers.SELayer(
        channels,
        ratio=4,
        act_cfg=(dict(type='ReLU'),
                 dict(type='HSigmoid', bias=1.0, divisor=2.0)))
    check(
        elastic, (),
        plain, {
            'conv1.conv.weight': (slice(hidden), slice(channels)),
            'conv1.conv.bias': slice(hidden),
            'conv2.conv.weight': (slice(channels), slice(hidden)),
            'conv2.conv.bias': slice(channels)
        },
        image(channels),
        exact=False)


@pytest.mark.parametrize('channels', [32, 80, 304])
def test_global_context_of_mmcv(channels):
    from mmcv.cnn.bricks import ContextBlock
    elastic = filled(ElasticGC(320))
    with torch.no_grad():  # or the softmax sees one pixel only
        elastic.conv_mask.weight.mul_(0.1)
    hidden = max(channels // 16, 16)
    add = 'channel_add_conv.'
    plain = ContextBlock(channels, max(1 / 16, 16 / channels))
    check(
        elastic, (),
        plain, {
            'conv_mask.weight': (slice(None), slice(channels)),
            'conv_mask.bias': ...,
            f'{add}0.weight': (slice(hidden), slice(channels)),
            f'{add}0.bias': slice(hidden),
            f'{add}1.weight': slice(hidden),
            f'{add}1.bias': slice(hidden),
            f'{add}3.weight': (slice(channels), slice(hidden)),
            f'{add}3.bias': slice(channels)
        },
        image(channels),
        exact=False)


BLOCKS = dict(
    bottleneck=(
        lambda **cp: ElasticBottleneck(12, 16, 5, 2, 1, 1, 'gc', True, **cp),
        lambda: ElasticBottleneck(8, 8, 3, 4, attention='gc'), 8, (8, 3, 4,
                                                                   1)),
    projected=(lambda **cp: ElasticBottleneck(12, 16, 5, 2, 2, 4, 'se', **cp),
               lambda: ElasticBottleneck(8, 12, 5, 4, 2, 4), 8, (12, 5, 4, 0)),
    basic=(lambda **cp: ElasticBasicBlock(
        8, 8, 3, attention='se', projection=True, **cp),
           lambda: ElasticBasicBlock(4, 4, 3, 2, attention='se'), 4, (4, 3, 2,
                                                                      1)),
    widened=(lambda **cp: ElasticBasicBlock(8, 8, 3, projection=True, **cp),
             lambda: ElasticBasicBlock(4, 8, 3, 2), 4, (8, 3, 2, 0)),
    mobile=(lambda **cp: ElasticMobileBlock(
        8, 8, 48, 7, 6, attention='se', act_cfg=dict(type='HSwish'), **cp),
            lambda: ElasticMobileBlock(
                8, 8, 24, 5, 12, attention='se', act_cfg=dict(type='HSwish')),
            8, (8, 24, 5, 12, 1)),
    strided=(lambda **cp: ElasticMobileBlock(
        8, 12, 32, 5, 4, 2, attention='gc', **cp),
             lambda: ElasticMobileBlock(4, 8, 16, 3, 16, 2), 4, (8, 16, 3, 16,
                                                                 0)),
    unexpanded=(
        lambda **cp: ElasticMobileBlock(8, 8, 8, 3, 2, expand=False, **cp),
        lambda: ElasticMobileBlock(8, 8, 8, 3, 8), 8, (8, 8, 3, 8, 1)),
    deconvs=(lambda: ElasticDeconvs(16, (12, 12), (4, 4), (2, 2)),
             lambda: ElasticDeconvs(8, (8, 8), (2, 2),
                                    (4, 8)), 8, (8, 2, (4, 8))),
)


@pytest.mark.parametrize('name', BLOCKS)
def test_a_part_of_a_block_is_a_small_block(name):
    """Outputs, gradients, running statistics; then in evaluation mode."""
    large, small, channels, args = BLOCKS[name]
    large, small = filled(large()).train(), small().train()
    slices = large.slices(channels, *args)
    check(large, args, small, slices, image(channels))
    with torch.no_grad():
        x = image(channels)
        assert torch.equal(large.eval()(x, *args), small.eval()(x))


@pytest.mark.parametrize('name', BLOCKS)
def test_a_block_by_itself_runs_whole(name):
    _, small, channels, args = BLOCKS[name]
    net = filled(small()).eval()
    x = image(channels)
    assert torch.equal(net(x), net(x, *args))


@pytest.mark.parametrize('name',
                         [name for name in BLOCKS if name != 'deconvs'])
def test_recomputation_is_exact(name):
    """Gradients, statistics and counters, though another part runs between
    forward and backward."""
    large, _, channels, args = BLOCKS[name]
    results = []
    for with_cp in (False, True):
        net = filled(large(with_cp=with_cp)).train()
        x = image(channels)
        out = net(x, *args)
        other = net.eval()(image(channels).detach(), *args)
        net.train()
        out.sum().backward()
        results.append([
            out, other, x.grad, *net.buffers(),
            *(p.grad for p in net.parameters() if p.grad is not None)
        ])
    for plain, recomputed in zip(*results, strict=True):
        assert torch.equal(plain, recomputed)


@pytest.mark.parametrize('name', BLOCKS)
def test_mixed_precision_and_memory_format(name):
    """Under autocast and in channels_last the same as a small block."""
    large, small, channels, args = BLOCKS[name]
    large, small = filled(large()).eval(), small().eval()
    copied(small, large, large.slices(channels, *args))
    x = image(channels).detach()
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        got, expected = large(x, *args), small(x)
        assert torch.allclose(got, expected, rtol=1e-2, atol=1e-2)
        assert got.dtype == expected.dtype
    for net in (large, small):
        net.to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    with torch.no_grad():
        assert torch.allclose(large(x, *args), small(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('layer', [
    lambda c, o: ElasticUpsample(c, o, dict(type='BN'), 'nearest'),
    lambda c, o: ElasticUpsample(c, o, dict(type='BN'), 'bilinear'),
    lambda c, o: ElasticDownsample(c, o, 1, dict(type='BN')),
    lambda c, o: ElasticDownsample(c, o, 3, dict(type='BN')),
])
def test_fusions(layer):
    large, small = filled(layer(8, 12)).train(), layer(4, 6).train()
    copied(small, large, large.slices(4, 6))
    x = image(4, (16, 16))
    got, expected = large(x, (32, 32), 6), small(x, (32, 32))
    assert torch.equal(got, expected)
    for name, index in large.slices(4, 6).items():
        assert torch.equal(large.state_dict()[name][index],
                           small.state_dict()[name])


def test_slices_are_views():
    """No copy of what is sliced by its first dimension."""
    layer = ElasticConv2d(8, 16, 3)
    from scalenas_mm.ops.elastic.views import view
    part = view(layer.weight, layer.slices(8, 4)['weight'])
    assert part.data_ptr() == layer.weight.data_ptr()
    assert part.is_contiguous()
    assert view(layer.weight, layer.slices(8)['weight']) is layer.weight
    inner = view(layer.weight, layer.slices(4, 4, 1)['weight'])
    assert inner.untyped_storage()._cdata == (
        layer.weight.untyped_storage()._cdata)
    assert F.conv2d(image(4), inner).shape[1] == 4
