"""Every elastic layer against a plain one that holds the sliced weights.

Where these lie is written here by the paper's rule (ViPNAS, Appendix A.1):
the first filters, the first input channels of each, the centre of kernels.
"""
import pytest
import torch
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
from scalenas_mm.ops.elastic.views import view
from scalenas_mm.spaces import SettingError

FEW = settings(max_examples=20, deadline=None)
FEWER = settings(max_examples=10, deadline=None)
MODES = st.sampled_from(['plain', 'amp', 'channels_last'])
BN = dict(type='BN')


def filled(module):
    """Random weights and statistics, so that every entry matters."""
    torch.manual_seed(0)
    with torch.no_grad():
        for value in (*module.parameters(), *module.buffers()):
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) + 0.2)
                if value.dim() > 1:
                    value.sub_(0.7)
    return module


def image(channels, seed=1, size=(7, 6)):
    torch.manual_seed(seed)
    return torch.randn(2, channels, *size)


def rule(most, own):
    """Where a tensor of the shape ``own`` lies in one of shape ``most``."""
    starts = [(large - small) // 2 if dim > 1 else 0
              for dim, (large, small) in enumerate(zip(most, own))]
    return tuple(
        slice(start, start + size) for start, size in zip(starts, own))


def same_places(elastic, found, slices):
    """Whether ``slices`` of a layer names the places of the rule."""
    assert set(found) == set(slices)
    for name, value in elastic.state_dict().items():
        if name in slices:
            places = torch.arange(value.numel()).reshape(value.shape)
            assert torch.equal(places[found[name]], places[slices[name]])


def run(net, x, args, mode):
    """Output, and gradients of the input and of all weights."""
    if mode == 'channels_last':
        net.to(memory_format=torch.channels_last)
        if x.dim() == 4:
            x = x.to(memory_format=torch.channels_last)
    x = x.detach().clone().requires_grad_()
    net.zero_grad()
    with torch.autocast('cpu', torch.bfloat16, enabled=mode == 'amp'):
        out = net(x, *args)
    torch.manual_seed(3)
    out.backward(torch.randn_like(out))
    return out, x.grad, {k: p.grad for k, p in net.named_parameters()}


def differ(value, before, index):
    """Whether anything but ``value[index]`` is not as it was."""
    rest = value.clone()
    rest[index] = before[index]
    return not torch.equal(rest, before)


def check_statistics(elastic, before, plain, slices, training, close):
    """Those of the slices are the plain layer's; no others change."""
    own = plain.state_dict()
    for name, value in elastic.named_buffers():
        if name in slices:
            assert close(value[slices[name]], own[name])
        if name in slices and training:
            assert not differ(value, before[name], slices[name])
        else:
            assert torch.equal(value, before[name])


def check(elastic, args, plain, inputs, mode='plain', close=torch.equal):
    """Outputs, gradients, running statistics and ``slices`` are those of the
    plain layer: for two batches in training, then in evaluation.

    Args:
        elastic (nn.Module): The elastic layer, filled.
        args (tuple): What it is to run, behind the input.
        plain (nn.Module | tuple): The plain layer, with arguments if it
            takes any.
        inputs (Callable): Makes an input from a seed.
        mode (str): One of :data:`MODES`.
        close (Callable): Compares two tensors.

    Returns:
        dict: Where the weights of the plain layer lie.
    """
    plain, own_args = plain if isinstance(plain, tuple) else (plain, ())
    state, own = elastic.state_dict(), plain.state_dict()
    slices = {k: rule(state[k].shape, own[k].shape) for k in own}
    plain.load_state_dict({k: state[k][i].clone() for k, i in slices.items()})
    for seed, training in ((1, True), (2, True), (4, False)):
        before = {k: v.clone() for k, v in elastic.named_buffers()}
        x = inputs(seed)
        out, grad, grads = run(elastic.train(training), x, args, mode)
        one, own_grad, own_grads = run(
            plain.train(training), x, own_args, mode)
        assert out.dtype == one.dtype and out.shape == one.shape
        assert close(out, one) and close(grad, own_grad)
        for name, value in own_grads.items():
            assert close(grads[name][slices[name]], value)
            assert not differ(grads[name], torch.zeros_like(grads[name]),
                              slices[name])
        assert all(grads[name] is None for name in grads.keys() - own_grads)
        check_statistics(elastic, before, plain, slices, training, close)
    return slices


def near(a, b):
    """Equal but for the order of sums, in double precision."""
    if not a.is_floating_point():
        return torch.equal(a, b)
    assert a.dtype == torch.float64
    return torch.allclose(a, b, rtol=1e-10, atol=1e-11)


def check_double(elastic, plain, channels):
    """As :func:`check`, beside a layer that sums in another order."""
    check(
        elastic.double(), (),
        plain.double(),
        lambda seed: image(channels, seed).double(),
        close=near)


@st.composite
def grouped(draw, most=24, stored=12, transposed=False):
    """Channels in and out, and groups that divide both.

    A filter stores ``stored`` input channels; a row of a transposed
    convolution as many output channels.
    """
    groups = draw(st.sampled_from([1, 2, 3, 4, 6, 12]))
    free = groups * draw(st.integers(1, most // groups))
    bound = groups * draw(st.integers(1, min(stored, most // groups)))
    return (free, bound, groups) if transposed else (bound, free, groups)


@given(
    sizes=grouped(),
    kernel=st.sampled_from([1, 3, 5]),
    stride=st.sampled_from([1, 2]),
    bias=st.booleans(),
    mode=MODES)
@FEW
def test_convolution(sizes, kernel, stride, bias, mode):
    inputs, outputs, groups = sizes
    layer = filled(ElasticConv2d(24, 24, 5, stride, 2, bias))
    plain = nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)
    args = outputs, kernel, groups
    slices = check(layer, args, plain, lambda s: image(inputs, s), mode)
    same_places(layer, layer.slices(inputs, *args), slices)


@given(
    sizes=grouped(transposed=True),
    kernel=st.sampled_from([2, 4]),
    bias=st.booleans(),
    mode=MODES)
@FEW
def test_transposed_convolution(sizes, kernel, bias, mode):
    inputs, outputs, groups = sizes
    layer = filled(ElasticConvTranspose2d(24, 24, 4, 2, bias))
    padding = {2: 0, 4: 1}[kernel]
    plain = nn.ConvTranspose2d(
        inputs, outputs, kernel, 2, padding, groups=groups, bias=bias)
    args = outputs, kernel, groups
    slices = check(layer, args, plain, lambda s: image(inputs, s), mode)
    same_places(layer, layer.slices(inputs, *args), slices)
    assert layer(image(inputs), *args).shape == (2, outputs, 14, 12)


@given(
    inputs=st.integers(1, 9),
    outputs=st.integers(1, 7),
    bias=st.booleans(),
    mode=MODES)
@FEW
def test_linear(inputs, outputs, bias, mode):
    layer = filled(ElasticLinear(9, 7, bias))

    def make(seed):
        torch.manual_seed(seed)
        return torch.randn(3, 2, inputs)

    slices = check(layer, (outputs, ), nn.Linear(inputs, outputs, bias), make,
                   mode)
    same_places(layer, layer.slices(inputs, outputs), slices)


@given(
    channels=st.integers(1, 8),
    momentum=st.sampled_from([0.1, 0.7, None]),
    affine=st.booleans(),
    track=st.booleans(),
    mode=MODES)
@FEW
def test_batch_norm(channels, momentum, affine, track, mode):
    """Only the statistics of the first channels change."""
    options = dict(momentum=momentum, affine=affine, track_running_stats=track)
    layer = filled(ElasticBatchNorm2d(8, **options))
    plain = nn.BatchNorm2d(channels, **options)
    slices = check(layer, (), plain, lambda s: image(channels, s), mode)
    same_places(layer, layer.slices(channels), slices)


def test_statistics_without_momentum_are_averages():
    layer = ElasticBatchNorm2d(8, momentum=None).double()
    batches = [image(3, seed).double() for seed in range(4)]
    for x in batches:
        layer(x)
    means = torch.stack([x.mean((0, 2, 3)) for x in batches])
    assert layer.num_batches_tracked == 4
    assert near(layer.running_mean[:3], means.mean(0))
    assert (layer.running_mean[3:] == 0).all()
    assert (layer.running_var[3:] == 1).all()


@pytest.mark.parametrize('momentum', [0.1, None])
def test_frozen_statistics(momentum):
    """Normalised by the batch as before; then all is as it was."""
    layer = filled(ElasticBatchNorm2d(8, momentum=momentum))
    before = {k: v.clone() for k, v in layer.state_dict().items()}
    for channels in (3, 8):
        x = image(channels)
        with frozen_statistics(layer):
            out = layer(x)
        for name, value in layer.state_dict().items():
            assert torch.equal(value, before[name])
        assert torch.equal(
            out,
            nn.functional.batch_norm(x, None, None, layer.weight[:channels],
                                     layer.bias[:channels], True))
    with pytest.raises(KeyError), frozen_statistics(layer):
        raise KeyError
    assert layer.momentum == momentum
    layer(image(3))
    assert layer.num_batches_tracked == 1


def test_what_is_not_elastic_is_refused():
    norm = elastic_norm(dict(type='BN', eps=1e-3, requires_grad=False), 4)
    assert norm.eps == 1e-3 and not norm.weight.requires_grad
    for kind in ('SyncBN', 'GN'):
        with pytest.raises(SettingError, match=f"expected BN.*'{kind}'"):
            elastic_norm(dict(type=kind), 4)
    with pytest.raises(SettingError, match='attention: expected None or'):
        build_attention('cbam', 4)


@given(channels=st.integers(1, 32), mode=MODES)
@FEW
def test_squeeze_and_excitation(channels, mode):
    """A small one in all modes; and that of mmpose's
    ``ViPNAS_MobileNetV3``."""
    layers = pytest.importorskip('mmpose.models.backbones.utils.se_layer')
    layer = filled(ElasticSE(32))
    slices = check(layer, (), ElasticSE(channels),
                   lambda seed: image(channels, seed), mode)
    same_places(layer, layer.slices(channels), slices)
    if channels >= 4:  # mmpose's has no channels inside below
        acts = dict(type='ReLU'), dict(type='HSigmoid', bias=1.0, divisor=2.0)
        plain = layers.SELayer(channels, ratio=4, act_cfg=acts)
        check_double(filled(ElasticSE(32)), plain, channels)


@given(channels=st.integers(1, 320), mode=MODES)
@FEWER
def test_global_context(channels, mode):
    """A small one in all modes; and that of mmcv with a sixteenth of the
    channels inside, at least 16."""
    from mmcv.cnn.bricks import ContextBlock
    layer = filled(ElasticGC(320))
    slices = check(layer, (), ElasticGC(channels),
                   lambda seed: image(channels, seed), mode)
    same_places(layer, layer.slices(channels), slices)
    hidden = max(channels // 16, 16)
    plain = ContextBlock(channels, (hidden + 0.5) / channels)
    layer = filled(ElasticGC(320))
    with torch.no_grad():  # or the softmax sees one pixel only
        layer.conv_mask.weight.mul_(0.1)
    check_double(layer, plain, channels)


def drawn(*choices):
    return st.tuples(*map(st.sampled_from, choices))


@st.composite
def bottlenecks(draw):
    """What makes a block, what makes a small one of the arguments of
    ``slices``, and two choices of these."""
    stride, expansion = draw(st.sampled_from([(1, 1), (1, 4), (2, 1)]))
    attention = draw(st.sampled_from([None, 'gc', 'se']))

    def large(**options):
        return ElasticBottleneck(12, 16, 5, 2, stride, expansion, attention,
                                 True, **options)

    def small(inputs, width, kernel, groups, on):
        return ElasticBottleneck(inputs, width, kernel, groups, stride,
                                 expansion, attention if on else None)

    sizes = drawn((4, 8, 12), (8, 12, 16), (1, 3, 5), (2, 4), (0, 1))
    return large, small, draw(sizes), draw(sizes)


@st.composite
def basic_blocks(draw):
    """As :func:`bottlenecks`."""
    stride = draw(st.sampled_from([1, 2]))
    attention = draw(st.sampled_from([None, 'gc', 'se']))

    def large(**options):
        return ElasticBasicBlock(8, 8, 3, 1, stride, attention, True,
                                 **options)

    def small(inputs, width, kernel, groups, on):
        return ElasticBasicBlock(inputs, width, kernel, groups, stride,
                                 attention if on else None)

    sizes = drawn((4, 8), (4, 8), (1, 3), (1, 2, 4), (0, 1))
    return large, small, draw(sizes), draw(sizes)


@st.composite
def mobile_blocks(draw):
    """As :func:`bottlenecks`."""
    stride = draw(st.sampled_from([1, 2]))
    attention = draw(st.sampled_from([None, 'gc', 'se']))
    act = dict(type=draw(st.sampled_from(['ReLU', 'HSwish'])))

    def large(**options):
        return ElasticMobileBlock(8, 8, 48, 7, 4, stride, attention, True, act,
                                  **options)

    def small(inputs, width, expanded, kernel, groups, on):
        return ElasticMobileBlock(inputs, width, expanded, kernel, groups,
                                  stride, attention if on else None, True, act)

    sizes = drawn((4, 8), (4, 8), (8, 24, 48), (3, 5, 7), (4, 8), (0, 1))
    return large, small, draw(sizes), draw(sizes)


@st.composite
def deconvs(draw):
    """As :func:`bottlenecks`."""

    def large():
        return ElasticDeconvs(16, (16, 16), (4, 4), (2, 2))

    def small(inputs, width, kernel, groups):
        return ElasticDeconvs(inputs, 2 * [width], 2 * [kernel], groups)

    groups = [(i, j) for i in (2, 4, 8) for j in (2, 4, 8)]
    sizes = drawn((8, 16), (8, 16), (2, 4), groups)
    return large, small, draw(sizes), draw(sizes)


BLOCKS = dict(
    bottleneck=bottlenecks(), basic=basic_blocks(), mobile=mobile_blocks())
PARTS = dict(BLOCKS, deconvs=deconvs())


@pytest.mark.parametrize('kind', PARTS)
def test_a_part_of_a_block_is_a_small_block(kind):

    @given(case=PARTS[kind], mode=MODES)
    @FEWER
    def compare(case, mode):
        large, small, (inputs, *args), _ = case
        net = filled(large())
        slices = check(net, args, small(inputs, *args),
                       lambda seed: image(inputs, seed), mode)
        same_places(net, net.slices(inputs, *args), slices)

    compare()


@pytest.mark.parametrize('kind', PARTS)
def test_a_block_by_itself_runs_whole(kind):

    @given(case=PARTS[kind])
    @FEWER
    def compare(case):
        _, small, (inputs, *args), _ = case
        net, twin = filled(small(inputs, *args)), small(inputs, *args)
        check(net, (), (twin, args), lambda seed: image(inputs, seed))
        if kind != 'deconvs':
            assert set(net.slices(inputs)) == set(net.state_dict())

    compare()


def test_a_mobile_block_without_expansion():
    net = filled(ElasticMobileBlock(8, 8, 8, 3, 2))
    assert net.expand_conv is None
    args = 8, 8, 3, 8
    slices = check(net, args, ElasticMobileBlock(8, 8, 8, 3, 8),
                   lambda seed: image(8, seed))
    same_places(net, net.slices(8, *args), slices)


@pytest.mark.parametrize('kind', BLOCKS)
def test_recomputation_is_exact(kind):
    """Outputs, gradients, statistics and counters, though another part is
    trained between forward and backward."""

    def train(make, with_cp, momentum, first, second):
        net = filled(
            make(with_cp=with_cp, norm_cfg=dict(BN, momentum=momentum)))
        x = image(first[0]).requires_grad_()
        out = net(x, *first[1:])
        other = net(image(second[0], 5).requires_grad_(), *second[1:])
        out.sum().backward()
        return [
            out, other, x.grad, *net.buffers(),
            *(p.grad for p in net.parameters() if p.grad is not None)
        ]

    @given(case=BLOCKS[kind], momentum=st.sampled_from([0.1, None]))
    @FEWER
    def compare(case, momentum):
        make, _, *sizes = case
        found = [train(make, cp, momentum, *sizes) for cp in (False, True)]
        for plain, again in zip(*found, strict=True):
            assert torch.equal(plain, again)

    compare()


def kept(net, x):
    """Number of tensors that are kept for the backward pass."""
    tensors = []
    with torch.autograd.graph.saved_tensors_hooks(tensors.append, id):
        net(x)
    return len(tensors)


def test_recomputation_keeps_no_activations():
    x = image(8).requires_grad_()
    plain, recomputed = (
        kept(ElasticBasicBlock(8, 8, with_cp=cp), x) for cp in (False, True))
    assert recomputed <= 1 < plain


FUSIONS = dict(
    nearest=lambda c, o: ElasticUpsample(c, o, BN, 'nearest'),
    bilinear=lambda c, o: ElasticUpsample(c, o, BN, 'bilinear'),
    one_step=lambda c, o: ElasticDownsample(c, o, 1, BN),
    three_steps=lambda c, o: ElasticDownsample(c, o, 3, BN))


@pytest.mark.parametrize('kind', FUSIONS)
def test_fusions(kind):

    @given(inputs=st.integers(1, 8), outputs=st.integers(1, 12), mode=MODES)
    @FEWER
    def compare(inputs, outputs, mode):
        make, size = FUSIONS[kind], (14, 12)
        net, twin = filled(make(8, 12)), make(inputs, outputs)
        slices = check(net, (size, outputs), (twin, (size, )),
                       lambda seed: image(inputs, seed), mode)
        same_places(net, net.slices(inputs, outputs), slices)

    compare()


def test_slices_are_views():
    """No copies; of what is whole not even a view."""
    layer = ElasticConv2d(8, 16, 3)
    assert view(layer.weight, layer.slices(8)['weight']) is layer.weight
    part = view(layer.weight, layer.slices(8, 4)['weight'])
    assert part.data_ptr() == layer.weight.data_ptr()
    assert part.is_contiguous()
    index = layer.slices(4, 4, 1)['weight']
    inner = view(layer.weight, index)
    assert inner.untyped_storage()._cdata == (
        layer.weight.untyped_storage()._cdata)
    assert torch.equal(inner, layer.weight[index])


def test_views_of_views():
    """Weights that lie in a larger tensor, or in channels_last."""
    flat = torch.randn(3 + 8 * 4 * 25)
    index = slice(5), slice(3), slice(1, 4), slice(1, 4)
    weight = flat[3:].view(8, 4, 5, 5)
    for tensor in (weight, weight.to(memory_format=torch.channels_last)):
        assert torch.equal(view(tensor, index), weight[index])
