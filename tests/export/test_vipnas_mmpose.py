"""mmpose's ViPNAS networks are points of our spaces, both ways."""
import json

import numpy as np
import pytest
import torch
from mmpose_networks import (NETWORKS, PLAIN, build, close, filled, heatmaps,
                             plain_config, theirs)
from shipped import named, shipped
from vipnas_spaces import TINY

from scalenas_mm.backbones import model_parts
from scalenas_mm.evaluation import cost_model
from scalenas_mm.export import (ExportError, arch_of, fixed_cfg, from_mmpose,
                                load_part, mmpose_model, selected, to_mmpose)

pytest.importorskip('mmpose.models')

SIZE = (256, 192)


def conv_macs(model, x):
    """By hand: weights times positions, of the input where transposed."""
    total = []

    def note(layer, inputs, output):
        where = inputs[0] if isinstance(layer,
                                        torch.nn.ConvTranspose2d) else output
        total.append(layer.weight.numel() * where[0, 0].numel())

    handles = [
        m.register_forward_hook(note) for m in model.modules()
        if isinstance(m, (torch.nn.Conv2d, torch.nn.ConvTranspose2d))
    ]
    heatmaps(model, x)
    for handle in handles:
        handle.remove()
    return sum(total)


@pytest.mark.parametrize('name', NETWORKS)
def test_published_networks(name):
    """Fixed, in the slice of the supernet, and back in mmpose's class; costs
    to the integer."""
    _, params, macs = NETWORKS[name]
    reference, cfg = filled(theirs(name)), plain_config(name)
    supernet = filled(build(cfg))
    arch = supernet.backbone.space.resolve('published')
    assert arch_of(reference.state_dict()) == arch
    fixed = build(fixed_cfg(cfg, arch))
    fixed.load_state_dict(reference.state_dict())
    x = torch.randn(1, 3, *SIZE)
    expected = heatmaps(reference, x)
    assert expected.std() > 0
    assert close(heatmaps(fixed, x), expected)
    weights = from_mmpose(reference.state_dict(), arch)
    load_part(supernet, weights, arch)
    with supernet.backbone.active(arch):
        assert close(heatmaps(supernet, x), expected)
    assert sum(p.numel() for p in reference.parameters()) == params
    assert conv_macs(reference, x) == macs
    for model in supernet, fixed:
        cost = cost_model(model, SIZE)(arch)
        assert (cost['params'], cost['macs']) == (params, macs)
    again = build(mmpose_model(fixed_cfg(cfg, arch), fixed))
    again.load_state_dict(to_mmpose(fixed.state_dict(), fixed.backbone))
    assert again.backbone.state_dict().keys() == (
        reference.backbone.state_dict().keys())
    assert torch.equal(heatmaps(again, x), expected)


def tiny_config(family, kind, head, **backbone):
    """A network of a small space."""
    return dict(
        type='mmpose.TopdownPoseEstimator',
        backbone=dict(
            type=f'scalenas_mm.{kind}', **{
                **TINY[family],
                **backbone
            }),
        head=dict(
            type='scalenas_mm.ElasticHeatmapHead', out_channels=3, **head))


SPACES = dict(
    res50=lambda: plain_config('res50'),
    mbv3=lambda: plain_config('mbv3'),
    tiny_res50=lambda: tiny_config(
        'resnet50',
        'ViPNASResNet',
        dict(
            in_channels=16,
            deconv_out_channels=(12, 12),
            deconv_kernel_sizes=(4, 4),
            deconv_num_groups=(2, 2)),
        norm_cfg=dict(type='BN', eps=0.01)),
    tiny_mbv3=lambda: tiny_config(
        'mobilenetv3', 'ViPNASMobileNetV3',
        dict(
            in_channels=12,
            deconv_out_channels=(16, ),
            deconv_kernel_sizes=(4, ),
            deconv_num_groups=(4, ))))


def there_and_back(cfg, arch):
    """A network here and in mmpose's classes, and in its slice again."""
    supernet = filled(build(cfg))
    fixed = build(fixed_cfg(cfg, arch))
    fixed.load_state_dict(selected(supernet, arch))
    there = build(mmpose_model(fixed_cfg(cfg, arch), fixed))
    assert not any('scalenas_mm' in type(m).__module__
                   for m in there.modules())
    weights = to_mmpose(fixed.state_dict(), fixed.backbone)
    there.load_state_dict(weights)
    assert arch_of(weights) == arch
    back = from_mmpose(weights, arch)
    for key, value in fixed.state_dict().items():
        assert torch.equal(back[key], value), key
    return fixed, there


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('name', SPACES)
def test_any_network_runs_in_mmpose(name, seed):
    cfg = SPACES[name]()
    space = build(cfg).backbone.space
    arch = space.sample(np.random.default_rng(seed))
    fixed, there = there_and_back(cfg, arch)
    x = torch.randn(1, 3, 64, 64)
    assert close(heatmaps(there, x), heatmaps(fixed, x))
    assert conv_macs(there, x) == cost_model(fixed, (64, 64))(arch)['macs']


def test_hrnet_runs_in_mmpose():
    cfg = shipped(named(PLAIN.format('vipnashrnet'))).model.to_dict()
    space = build(cfg).backbone.space
    fixed, there = there_and_back(cfg, space.resolve('hrnet'))
    x = torch.randn(1, 3, 64, 64)
    assert close(heatmaps(there, x), heatmaps(fixed, x))
    grouped = build(fixed_cfg(cfg, space.min_arch()))
    with pytest.raises(ExportError, match='nearest upsampling, 3x3 kernels'):
        mmpose_model(fixed_cfg(cfg, space.min_arch()), grouped)


def test_widths_that_mmpose_rounds_are_refused():
    """int(103 * (16 / 103)) is 15."""
    stages = [dict(depth=(1, ), width=(103, ), groups=(1, ), attention=(1, ))]
    sizes = ('deconv_out_channels', 'deconv_kernel_sizes', 'deconv_num_groups')
    cfg = tiny_config('resnet50', 'ViPNASResNet',
                      dict(in_channels=103, **dict.fromkeys(sizes)))
    cfg['backbone'].update(stages=stages, head=None)
    arch = build(cfg).backbone.space.min_arch()
    fixed = build(fixed_cfg(cfg, arch))
    with pytest.raises(ExportError, match='width 103: mmpose rounds'):
        to_mmpose(fixed.state_dict(), fixed.backbone)
    with pytest.raises(ExportError, match='width 103: mmpose rounds'):
        mmpose_model(fixed_cfg(cfg, arch), fixed)


def changed(weights, key, value):
    return {**weights, f'backbone.{key}.weight': value}


def test_weights_that_are_no_point_of_a_space():
    res50, mbv3 = (theirs(name).state_dict() for name in NETWORKS)
    old = {k.replace('head.', 'keypoint_head.'): v for k, v in mbv3.items()}
    assert arch_of(old) == arch_of(mbv3)
    assert from_mmpose(old, arch_of(mbv3)).keys() == from_mmpose(
        mbv3, arch_of(mbv3)).keys()
    cases = {
        'expected ViPNAS_ResNet':
        dict(a=torch.ones(1)),
        'layer1.0: expected 1 x 80 channels':
        changed(res50, 'layer1.0.conv3', torch.ones(320, 80, 1, 1)),
        'layer2: expected all to be alike':
        changed(res50, 'layer2.1.conv2', torch.ones(160, 10, 3, 3)),
        'layer2: expected an expansion from 2 on':
        changed(mbv3, 'layer2.depthwise_conv.conv', torch.ones(24, 1, 7, 7)),
        'expected weights of a convolution backbone.conv1':
        changed(res50, 'conv1', torch.ones(3))
    }
    for message, weights in cases.items():
        with pytest.raises(ExportError, match=message):
            arch_of(weights)


def fill_by_recipe(model):
    """Of golden_forward.json; entries in mmpose's order."""
    entries = [(k, v) for k, v in model.state_dict().items()
               if 'num_batches' not in k]
    for i, (key, value) in enumerate(entries):
        n = np.random.default_rng(i).standard_normal(tuple(value.shape))
        if key.endswith('running_mean') or key.endswith('bias'):
            n = 0.1 * n
        elif key.endswith('running_var'):
            n = 1 + 0.2 * abs(n)
        elif n.ndim == 4:
            n = n * np.sqrt(2 / np.prod(n.shape[1:]))
        else:
            n = 1 + 0.1 * n
        value.copy_(torch.from_numpy(n.astype(np.float32)))
    return model


@pytest.mark.parametrize('name', NETWORKS)
def test_golden_forward(name, shared_data):
    golden = json.loads(
        (shared_data / 'vipnas' / 'golden_forward.json').read_text())
    reference, cfg = fill_by_recipe(theirs(name)), plain_config(name)
    space = build(cfg).backbone.space
    arch = space.resolve('published')
    cfg = fixed_cfg(cfg, arch)
    cfg['backbone']['out_indices'] = tuple(range(len(space.stages)))
    model = build(cfg)
    model.load_state_dict(from_mmpose(reference.state_dict(), arch))
    x = np.random.default_rng(20210520).standard_normal((1, 3, *SIZE))
    x = torch.from_numpy(x.astype(np.float32)).double()
    model.double()
    with torch.no_grad():
        found = dict(heatmaps=model(x, None, mode='tensor'))
        for i, stage in enumerate(model.backbone(x), 1):
            found[f'stage{i}'] = stage
    expected = dict(golden[name]['stages'], heatmaps=golden[name]['heatmaps'])
    for key, value in found.items():
        flat, want = value.flatten(), expected[key]
        assert list(value.shape) == want['shape']
        assert float(flat.sum()) == pytest.approx(want['sum'], rel=1e-9)
        assert float(flat.abs().sum()) == pytest.approx(
            want['abs_sum'], rel=1e-9)
        assert int(flat.argmax()) == want['argmax']
        sampled = flat[want['sampled_indices']].tolist()
        assert sampled == pytest.approx(want['sampled_values'], rel=1e-9)


def test_weights_of_another_network_change_nothing():
    cfg = plain_config('mbv3')
    supernet = build(cfg)
    arch, other = (
        supernet.backbone.space.resolve(n) for n in ('published', 'min'))
    weights = selected(supernet, arch)
    before = {k: v.clone() for k, v in supernet.state_dict().items()}
    with pytest.raises(ExportError, match='entries differ, such as'):
        load_part(supernet, weights, other)
    with pytest.raises(ExportError, match='have a block 12'):
        from_mmpose(theirs('mbv3').state_dict(), other)
    for key, value in supernet.state_dict().items():
        assert torch.equal(value, before[key])
    assert set(weights) == set(model_parts(supernet, arch))
    with pytest.raises(ExportError, match='expected a fixed network'):
        mmpose_model(cfg, supernet)
