"""The lightweight transformer of HR-NAS."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalenas_mm.evaluation import count
from scalenas_mm.export.released_hrnas import transformer_weights
from scalenas_mm.ops import LightweightTransformer
from scalenas_mm.ops.positions import Positions
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.hrnas import TransformerSettings

OPTIONS = [
    dict(),
    dict(variant='released'),
    dict(size=4, heads=4, positions='sinusoidal', position_channels=8),
    dict(positions='learned', position_channels=12, decoder_positions=True),
    dict(positions='none', decoder=False, ffn_bias=False),
    dict(positions='normalised', size=3, memory_residual=True),
    dict(attention='spatial', heads=2, decoder_positions=True),
    dict(attention='spatial', decoder=False),
]


def randomised(module, seed=0):
    """Evaluation mode, no parameter and no statistic at its default."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.ndim < 2:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + .5)
    return module.eval()


def images(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


# -- the released code --------------------------------------------------------
@pytest.fixture(scope='module')
def golden(shared_data):
    weights = shared_data / 'hrnas' / 'weights'
    arrays = np.load(shared_data / 'hrnas' / 'forward.npz')

    def load(name, *args):
        module = LightweightTransformer(*args, settings='released')
        module.load_state_dict(
            transformer_weights(
                torch.load(weights / f'{name}.pth', weights_only=True)))
        return module.eval(), {
            key.split('/')[1]: torch.from_numpy(arrays[key]).float()
            for key in arrays.files if key.startswith(name + '/')
        }

    return load


def test_every_step_is_that_of_the_released_code(golden):
    module, expected = golden('transformer', 6, 5)
    seen = {}
    for name, child in module.named_children():
        child.register_forward_hook(
            lambda _, args, out, name=name: seen.update({name: out}))
    out = module(expected['input']) + expected['input']
    assert relative(out, expected['output']) < 1e-5
    assert relative(seen['positions'], expected['points']) < 1e-5
    for name in ('encoder', 'decoder'):
        assert relative(seen[name].transpose(0, 1), expected[name]) < 1e-5
    for name in ('input_proj', 'input_norm', 'reverse_proj', 'reverse_norm'):
        assert relative(seen[name], expected[name]) < 1e-5
    points = Positions(TransformerSettings.resolve('released'))
    assert relative(points(expected['input'], (3, 5)),
                    expected['points_3x5']) < 1e-6


def test_reduction_is_that_of_the_released_code(golden):
    module, expected = golden('transformer_down', 6, 4, 12, 2)
    assert relative(module(expected['input']), expected['output']) < 1e-5


def test_removed_tokens_leave_what_the_paper_says(golden):
    module, expected = golden('transformer', 6, 5)
    weights = module.state_dict()
    fewer = LightweightTransformer(6, 3, settings='released').eval()
    fewer.load_state_dict({
        key: weights[key][index]
        for key, index in module.token_parts([0, 2, 4]).items()
    })
    x = expected['input']
    assert relative(fewer(x) + x, expected['output_tokens_0_2_4']) < 1e-5


# -- a second implementation --------------------------------------------------
def torch_layer(layer, memory, query, residual, heads):
    """With torch's attention."""
    width = memory.shape[-1]
    attention = nn.MultiheadAttention(
        width, heads, bias=False, batch_first=True)
    weights = layer.state_dict()
    attention.load_state_dict({
        'in_proj_weight':
        weights['attention.in_proj_weight'],
        'out_proj.weight':
        weights['attention.out_proj.weight']
    })
    out = layer.norm1(residual + attention(query, memory, memory)[0])
    return attention, layer.norm2(out +
                                  layer.linear2(layer.linear1(out).relu()))


@pytest.mark.parametrize('memory_residual', [False, True])
def test_like_torch_attention_with_gradients(memory_residual):
    settings = dict(memory_residual=memory_residual, heads=4, dropout=0.)
    module = LightweightTransformer(6, 5, 4, 2, settings).train()
    x, y = images(2, 6, 9, 11).requires_grad_(), None
    y = module(x)
    assert y.shape == (2, 4, 5, 6)
    (y * images(*y.shape, seed=1)).sum().backward()
    mine = dict(x=x.grad.clone(), query=module.query.grad.clone())
    mine['in_proj'] = module.encoder.attention.in_proj_weight.grad.clone()
    mine['input'] = module.input_proj.weight.grad.clone()

    module.zero_grad()
    x.grad = None
    rows = torch.arange(9).view(1, 1, 9, 1).expand(2, 1, 9, 11) / 9
    columns = torch.arange(11).view(1, 1, 1, 11).expand(2, 1, 9, 11) / 11
    maps = module.input_norm(
        module.input_proj(torch.cat([x, rows, columns], 1)))
    tokens = F.interpolate(maps, (8, 8), mode='bilinear').flatten(2)
    encoder, memory = torch_layer(module.encoder, tokens, tokens, tokens, 4)
    query = module.query[None].expand(2, -1, -1)
    out = torch_layer(module.decoder, memory, query,
                      memory if memory_residual else query, 4)[1]
    out = module.reverse_norm(module.reverse_proj(out.view(2, 5, 8, 8)))
    out = F.interpolate(out, (5, 6), mode='bilinear')
    assert relative(y, out) < 1e-5
    (out * images(*y.shape, seed=1)).sum().backward()
    theirs = dict(
        x=x.grad,
        query=module.query.grad,
        in_proj=encoder.in_proj_weight.grad,
        input=module.input_proj.weight.grad)
    for name, gradient in mine.items():
        assert relative(gradient, theirs[name]) < 1e-4, name


# -- settings -----------------------------------------------------------------
@pytest.mark.parametrize('options', OPTIONS)
def test_costs_are_those_that_settings_state(options):
    s = TransformerSettings.resolve(options)
    n, c, o, d, p = 6, 10, 7, s.num_positions, s.size**2
    module = LightweightTransformer(c, n, o, 2, s).eval()
    length, w = (n, p) if s.attention == 'channel' else (p, n)
    h, layers = s.ffn_ratio * w, 1 + s.decoder
    macs = n * (c + d) * p + n * p * o + n * d * p * s.decoder_positions
    macs += layers * (4 * length * w * w + 2 * length**2 * w +
                      2 * length * h * w)
    params = n * (c + d) + 2 * n + n * o + 2 * o
    params += layers * (4 * w * w + 2 * h * w + 4 * w + s.ffn_bias * (h + w))
    params += s.decoder * n * p + s.decoder_positions * n * d
    params += (s.positions == 'learned') * s.size * d
    cost = count(module, lambda: module(torch.randn(1, c, 21, 17)))
    assert (cost.macs, cost.params) == (macs, params)
    assert params == sum(x.numel() for x in module.parameters())


def test_released_cost():
    """Section 8 of the decoding: 64 tokens, 24 channels."""
    module = LightweightTransformer(24, 64, settings='released').eval()
    x = torch.randn(1, 24, 16, 16)
    assert count(module, lambda: module(x)).macs == 4_399_104


@pytest.mark.parametrize('options', OPTIONS)
def test_projected_first_or_resized_first(options):
    """Evaluation resizes first: the same as what training does."""
    if options.get('variant') == 'released':
        pytest.skip('resizes first, whatever the mode')
    module = randomised(LightweightTransformer(6, 4, settings=options))
    x = images(2, 6, 19, 5)
    positions = module.positions(x, (19, 5)).expand(2, -1, -1, -1)
    full = module.input_norm(module.input_proj(torch.cat([x, positions], 1)))
    maps = F.interpolate(full, (module.settings.size, ) * 2, mode='bilinear')
    seen = []
    module.encoder.register_forward_pre_hook(
        lambda _, args: seen.append(args[0]))
    module(x)
    tokens = seen[0]
    if module.settings.attention == 'spatial':
        tokens = tokens.transpose(1, 2)
    assert relative(tokens, maps.flatten(2)) < 1e-5


@pytest.mark.parametrize('momentum', [.1, None])
def test_training_without_the_projected_map(momentum):
    """The same as with it: outputs, gradients, running statistics. SyncBN of
    one process is batch norm, and runs as a module."""
    x = images(3, 6, 19, 23) * 2 + 5
    results = []
    for kind in ('BN', 'SyncBN'):
        torch.manual_seed(0)
        module = LightweightTransformer(
            6, 4, settings=dict(dropout=0.), norm_cfg=dict(type=kind))
        module.double().train().input_norm.momentum = momentum
        out = module(x.double())
        (out * images(*out.shape, seed=1)).sum().backward()
        module(x.double() * 2 - 1)
        results.append([
            out, *module.input_norm.buffers(),
            *(p.grad for p in module.parameters())
        ])
    for fast, slow in zip(*results):
        assert torch.allclose(fast, slow)


def test_resizing_first_does_not_change_outputs():
    weights = randomised(LightweightTransformer(6, 4)).state_dict()
    outputs = []
    for first in (False, True):
        module = LightweightTransformer(
            6, 4, settings=dict(resize_first=first)).eval()
        module.load_state_dict(weights)
        outputs.append(module(images(1, 6, 37, 50)))
    assert relative(*outputs) < 1e-5


def test_positions():

    def of(size, **options):
        settings = TransformerSettings.resolve(options)
        return Positions(settings)(torch.zeros(1), size)

    rows, columns = of((2, 4))
    assert rows.tolist() == [[0.] * 4, [.5] * 4]
    assert columns.tolist() == [[0., .25, .5, .75]] * 2
    waves = of((3, 4), positions='sinusoidal', position_channels=8)
    for channel, rate in enumerate((1., 1., .01, .01)):
        wave = torch.cos if channel % 2 else torch.sin
        assert torch.allclose(waves[channel, :, 1],
                              wave(torch.arange(3) * rate))
        assert torch.allclose(waves[channel + 4, 2],
                              wave(torch.arange(4) * rate))
    assert of((3, 4), positions='none').shape == (0, 3, 4)
    assert of((1, 1), positions='normalised').tolist() == [[[0.]], [[0.]]]
    learned = Positions(
        TransformerSettings(size=3, positions='learned', position_channels=4))
    maps = learned(torch.zeros(1), (3, 3))
    assert torch.equal(maps[:2, :, 0], learned.table[0])
    assert torch.equal(maps[2:, 0], learned.table[1])


@pytest.mark.parametrize('options', OPTIONS)
def test_bfloat16_and_channels_last(options):
    module = randomised(LightweightTransformer(6, 4, 8, 2, options))
    x = images(2, 6, 13, 18)
    expected = module(x)
    last = module(x.to(memory_format=torch.channels_last))
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert relative(last, expected) < 1e-5
    with torch.autocast('cpu', torch.bfloat16):
        low = module(x)
    assert low.dtype == torch.bfloat16
    assert relative(low.float(), expected) < .1
    assert module.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


def test_bfloat16_in_training():
    """Statistics are those of full precision."""
    x, means = images(2, 6, 13, 18), []
    for enabled in (False, True):
        torch.manual_seed(0)
        module = LightweightTransformer(6, 4).train()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            out = module(x)
        out.float().sum().backward()
        assert out.isfinite().all()
        means.append(module.input_norm.running_mean)
    assert relative(*means) < 1e-5
    assert module.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
def test_traced_for_any_image():
    module = randomised(LightweightTransformer(6, 4, 8, 2))
    traced = torch.jit.trace(module, images(1, 6, 13, 18))
    x = images(3, 6, 20, 9)
    assert torch.allclose(traced(x), module(x), atol=1e-6)


def test_gradients():
    """Against finite differences."""
    settings = dict(size=2, dropout=0., decoder_positions=True, heads=2)
    module = LightweightTransformer(3, 4, 2, 2, settings).double().train()
    x = images(2, 3, 5, 7).double().requires_grad_()
    assert torch.autograd.gradcheck(module, x)
    module(x).square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_dropout_follows_the_seed():
    module = LightweightTransformer(4, 4).train()
    x = images(2, 4, 9, 9)
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(module(x))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.allclose(outputs[0], outputs[2])
    off = LightweightTransformer(4, 4, settings=dict(dropout=0.)).train()
    assert torch.equal(off(x), off(x))


@pytest.mark.parametrize('options', OPTIONS)
def test_fewer_tokens(options):
    """Every entry of the smaller transformer comes from the larger one."""
    if options.get('attention') == 'spatial':
        with pytest.raises(SettingError, match='attention'):
            LightweightTransformer(6, 4, settings=options).token_parts([1])
        return
    module = randomised(LightweightTransformer(6, 4, settings=options))
    weights = module.state_dict()
    fewer = LightweightTransformer(6, 2, settings=options).eval()
    assert fewer.load_state_dict({
        key: weights[key][index]
        for key, index in module.token_parts([1, 3]).items()
    })
    assert torch.equal(fewer.input_norm.weight,
                       weights['input_norm.weight'][[1, 3]])
    with pytest.raises(SettingError, match='kept'):
        module.token_parts([4])


@pytest.mark.parametrize(
    'field, options, tokens',
    [('tokens', 'paper', 0), ('transformer.heads', dict(heads=3), 4),
     ('transformer.heads', dict(heads=3, attention='spatial'), 4),
     ('transformer.positions', dict(positions='sine'), 4),
     ('transformer.attention', dict(attention='pixel'), 4),
     ('transformer.position_channels', dict(position_channels=6), 4),
     ('transformer.dropout', dict(dropout=2), 4),
     ('transformer.decoder_positions',
      dict(decoder=False, decoder_positions=True), 4),
     ('transformer.variant', 'theirs', 4), ('transformer', dict(n=1), 4)])
def test_settings_are_checked(field, options, tokens):
    with pytest.raises(SettingError, match=f'^{field}:'):
        LightweightTransformer(8, tokens, settings=options)
