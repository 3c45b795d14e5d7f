"""Operators as modules: they build, run, and are what spaces count."""
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from tvipnas_spaces import tiny_video_space
from vipnas_spaces import tiny_space

from scalenas_mm.evaluation import count
from scalenas_mm.evaluation.latency.modules import BUILDERS, build_operator
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import NCPSpace, ScaleNetSpace, WideScaleNetSpace
from scalenas_mm.spaces.hrnas import TransformerSettings
from scalenas_mm.spaces.hrnas.operators import transformer, transformer_of
from scalenas_mm.spaces.operators import KINDS, Operator, conv

sys.path.append(str(Path(__file__).resolve().parents[1] / 'spaces'))
from hrnas_spaces import small  # noqa: E402

SMALL = dict(width=8, stem_width=8, stage1_blocks=2)
SPACES = dict(
    scalenet=lambda: ScaleNetSpace(**SMALL, num_modules=(1, 2)),
    wide=lambda: WideScaleNetSpace(
        [(4, 8), (8, 12), (16, 32)], **SMALL, num_modules=(1, 2)),
    ncp=lambda: NCPSpace(channels=(8, 16)),
    resnet50=lambda: tiny_space('resnet50'),
    mobilenetv3=lambda: tiny_space('mobilenetv3'),
    hrnet=lambda: tiny_space('hrnet_w32'),
    video=tiny_video_space,
    hrnas=small,
    classes=lambda: small('classification'),
    learned=lambda: small('learned'),
    released=lambda: small('released'),
    spatial=lambda: small('spatial'))
SIZE = (65, 96)
BACKBONES = dict(
    scalenet='ScaleNet',
    resnet50='ViPNASResNet',
    mobilenetv3='ViPNASMobileNetV3',
    hrnet='ViPNASHRNet',
    hrnas='HRNAS',
    classes='HRNAS',
    learned='HRNAS',
    spatial='HRNAS')


def operators_of(space):
    """Distinct operators of a random network."""
    genes = space.sample_genes(np.random.default_rng(0), 1)
    return sorted({
        Operator(kind, fixed, tuple(int(np.max(one)) for one in free))
        for (kind, fixed, free), times in space.operators(genes, SIZE)
        if np.max(times) > 0
    })


def channels_of(operator):
    kind, fixed, free = operator
    if kind == 'transformer':
        return fixed[1]
    return 4 * free[1] if kind == 'bottleneck' else free[-1]


def check(operator, options={}):
    # one image: what is the same for all of them is done once
    module, inputs = build_operator(operator, 1, options)
    params, macs = KINDS[operator.kind](operator.fixed, operator.free)
    with torch.no_grad():
        out = module(*inputs)
    assert out.shape == (1, channels_of(operator), *operator.fixed[-2:])
    counted = count(module, lambda: module(*inputs), images=1)
    assert (counted.params, counted.macs) == (params, macs), operator
    assert params == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('name', SPACES)
def test_operators_are_what_the_space_counts(name):
    operators = operators_of(SPACES[name]())
    assert operators
    for operator in operators:
        check(operator)


def test_every_kind_is_one_of_some_space():
    seen = {
        operator.kind
        for space in SPACES.values()
        for operator in operators_of(space())
    }
    assert seen == set(KINDS) == set(BUILDERS)


def convolutions(module, inputs):
    """How often each convolution runs, by all that it costs."""
    found = Counter()

    def note(layer, _, out):
        found[(layer.in_channels, layer.out_channels, layer.kernel_size,
               layer.stride, layer.groups, layer.bias
               is not None, *out.shape[2:])] += 1

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(note)
    with torch.no_grad():
        module.eval()(*inputs)
    return found


@pytest.mark.parametrize('name', BACKBONES)
def test_convolutions_are_those_of_the_backbone(name):
    space = SPACES[name]()
    genes = space.sample_genes(np.random.default_rng(1), 1)
    settings = {
        key: value
        for key, value in space.to_dict().items()
        if key not in ('type', 'family')
    }
    network = MODELS.build(
        dict(
            settings,
            type=BACKBONES[name],
            arch=space.decode(genes[0]).to_dict()))
    found = Counter()
    for (kind, fixed, free), times in space.operators(genes, SIZE):
        if np.max(times) > 0:
            one = Operator(kind, fixed, tuple(int(np.max(n)) for n in free))
            rows = convolutions(*build_operator(one, 1, {}))
            for key, often in rows.items():
                found[key] += often * int(np.max(times))
    assert found == convolutions(network, [torch.randn(1, 3, *SIZE)])


@pytest.mark.parametrize('groups, number', [(1, 1), (2, 2), (0, 12), (-3, 4),
                                            (-1, 12)])
def test_groups_by_number_or_by_channels(groups, number):
    operator = conv(12, 12, (5, 6), 3, 1, groups)
    check(operator)
    assert build_operator(operator, 1, {})[0][0].groups == number


def test_activations_and_enlarging_follow_the_backbone():
    for act, cfg, name in ((0, {}, None), (1, {}, 'ReLU'),
                           (1, dict(act_cfg=dict(type='SiLU')), 'SiLU'),
                           (2, dict(act_cfg=dict(type='SiLU')), 'Hardswish')):
        module, _ = build_operator(conv(4, 4, (5, 6), act=act), 1, cfg)
        names = [type(layer).__name__ for layer in module]
        assert names[2:] == ([name] if name else [])
    for mode in ('nearest', 'bilinear', 'released'):
        check(Operator('upsampling', (3, 4, 5, 8), (6, )), dict(upsample=mode))


@pytest.mark.parametrize('settings', [
    'paper', 'released',
    dict(
        size=3,
        positions='learned',
        position_channels=8,
        decoder_positions=True,
        ffn_ratio=2),
    dict(decoder=False, attention='spatial', positions='none')
])
def test_settings_of_a_transformer_survive(settings):
    space = small(transformer=settings)
    place = space.places[-1]
    operator = transformer(place, 3, space.transformer, SIZE)
    found = transformer_of(operator.fixed)
    expected = TransformerSettings.resolve(settings)
    assert dict(
        found.to_dict(), dropout=0) == dict(
            expected.to_dict(), dropout=0)
    assert [type(v) for v in found.to_dict().values()
            ] == [type(v) for v in expected.to_dict().values()]
    check(operator)
