"""mmpose's ViPNAS networks are points of our spaces, both ways."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from shipped import ROOT, named, shipped

from scalenas_mm.backbones import model_parts
from scalenas_mm.evaluation import cost_model
from scalenas_mm.export import (ExportError, fixed_cfg, from_mmpose, load_part,
                                mmpose_model, selected, to_mmpose)
from scalenas_mm.registry import MODELS

pytest.importorskip('mmpose.models')

SIZE = (256, 192)
NETWORKS = dict(
    res50=('vipnasresnet', 7_286_772, 1_462_930_272),
    mbv3=('vipnasmobilenetv3', 5_895_725, 734_151_936))
PLAIN = '{}_td-hm_8xb64-210e_coco-256x192'


def build(cfg):
    init_default_scope('mmpose')
    model = MODELS.build(ConfigDict(cfg))
    model.eval()
    return model


def theirs(name):
    """mmpose's own config, with random weights."""
    base = f'td-hm_vipnas-{name}_8xb64-210e_coco-256x192.py'
    path = 'mmpose/.mim/configs/body_2d_keypoint/topdown_heatmap/coco'
    import mmpose
    cfg = Config.fromfile(Path(mmpose.__file__).parents[1] / path / base)
    return build(cfg.model)


def filled(model):
    torch.manual_seed(0)
    for key, value in model.state_dict().items():
        if key.endswith('running_var'):
            torch.nn.init.uniform_(value, 0.5, 2)
        elif value.dim() == 4:
            torch.nn.init.kaiming_normal_(value)
        elif value.is_floating_point():
            torch.nn.init.normal_(value, 0.5, 0.2)
    return model


def plain_config(name):
    return shipped(named(PLAIN.format(NETWORKS[name][0]))).model.to_dict()


def heatmaps(model, x):
    with torch.no_grad():
        return model(x, None, mode='tensor')


def close(a, b):
    return torch.allclose(a, b, rtol=1e-5, atol=1e-5 * float(b.abs().max()))


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


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('name', NETWORKS)
def test_any_network_runs_in_mmpose(name, seed):
    cfg = plain_config(name)
    supernet = filled(build(cfg))
    arch = supernet.backbone.space.sample(np.random.default_rng(seed))
    fixed = build(fixed_cfg(cfg, arch))
    fixed.load_state_dict(selected(supernet, arch))
    there = build(mmpose_model(fixed_cfg(cfg, arch), fixed))
    assert not any('scalenas_mm' in type(m).__module__
                   for m in there.modules())
    there.load_state_dict(to_mmpose(fixed.state_dict(), fixed.backbone))
    x = torch.randn(1, 3, 64, 64)
    assert close(heatmaps(there, x), heatmaps(fixed, x))
    assert conv_macs(there, x) == cost_model(fixed, (64, 64))(arch)['macs']


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


def command(*args, code=0):
    tool = ROOT / 'tools' / 'model_converters' / 'vipnas_mmpose.py'
    done = subprocess.run([sys.executable, tool, *args],
                          capture_output=True,
                          text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_command(tmp_path):
    """From mmpose's weights to ours and back to files that mmpose alone
    runs."""
    subnet = named('vipnasmobilenetv3_td-hm_subnet_8xb64-210e_coco-256x192')
    reference = filled(theirs('mbv3'))
    source, ours = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
    torch.save(dict(state_dict=reference.state_dict()), source)
    command('to-ours', source, ours, '--family', 'mobilenetv3')
    assert 'exists; --force' in command(
        'to-ours', source, ours, '--family', 'mobilenetv3', code=2)
    command('to-mmpose', subnet, ours, tmp_path / 'out')
    config = Config.fromfile(tmp_path / 'out' / f'{subnet.stem}_mmpose.py')
    assert 'scalenas_mm' not in config.pretty_text
    model = build(config.model)
    path = tmp_path / 'out' / f'{subnet.stem}_mmpose.pth'
    model.load_state_dict(torch.load(path, weights_only=True)['state_dict'])
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(heatmaps(model, x), heatmaps(reference, x))
    torch.save(dict(state_dict=dict(a=torch.ones(1))), source)
    wrong = command('to-mmpose', subnet, source, tmp_path / 'other', code=2)
    assert 'does not hold the weights' in wrong
    assert not (tmp_path / 'other').exists()
