"""ViPNAS's backbones: parts of a supernet, HRNet, freezing, recomputation."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from vipnas_spaces import TINY

from scalenas_mm.backbones import (Maps, ViPNASHRNet, ViPNASMobileNetV3,
                                   ViPNASResNet)
from scalenas_mm.evaluation import count
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, SettingError

CLASSES = dict(
    resnet50=ViPNASResNet,
    mobilenetv3=ViPNASMobileNetV3,
    hrnet_w32=ViPNASHRNet)
SIZE = (65, 97)


def tiny(family, **changes):
    """A small network whose every layer matters to the output."""
    torch.manual_seed(0)
    net = CLASSES[family](**{**TINY[family], **changes})
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            torch.nn.init.uniform_(value, 0.1, 0.5)
            if 'mask' in name or value.dim() == 4:
                torch.nn.init.normal_(value, std=0.3)
    return net.eval()


def fixed_of(net, arch, family, **changes):
    fixed = CLASSES[family](**{
        **TINY[family],
        **changes, 'arch': arch.to_dict()
    }).eval()
    weights = net.state_dict()
    fixed.load_state_dict({
        key: weights[key][index].clone()
        for key, index in net.parts(arch).items()
    })
    return fixed


@pytest.mark.parametrize('every', [False, True])
@pytest.mark.parametrize('seed', range(6))
@pytest.mark.parametrize('family', CLASSES)
def test_a_part_is_the_network_alone(family, seed, every):
    """Weights, outputs bit for bit, channels and the counted cost."""
    outputs = tuple(range(len(TINY[family]['stages']))) if every else None
    net = tiny(family, out_indices=outputs)
    space, rng = net.space, np.random.default_rng(seed)
    arch = (space.max_arch, space.min_arch,
            lambda: space.sample(rng))[min(seed, 2)]()
    fixed = fixed_of(net, arch, family, out_indices=outputs)
    assert set(net.parts(arch)) == set(fixed.state_dict())
    x = torch.randn(2, 3, *SIZE)
    with torch.no_grad(), net.active(arch):
        got, alone = net(x), fixed(x)
    assert isinstance(got, Maps) and got.arch == arch
    for a, b in zip(got, alone, strict=True):
        assert torch.equal(a, b) and a.std() > 0
    assert tuple(a.shape[1] for a in got) == space.output_channels(arch)
    if len(got) == 1:
        assert got[0].shape[2:] == space.output_size(SIZE)
    cost = count(fixed, lambda: fixed(x), images=2)
    assert cost == space.complexity(arch, SIZE)
    if arch != space.max_arch():
        assert type(alone) is tuple and fixed.kind == 'fixed'
        params = sum(p.numel() for p in fixed.parameters())
        assert params == cost.params  # nothing idle


@pytest.mark.parametrize('family', CLASSES)
def test_idle_weights_have_no_gradient(family):
    net = tiny(family).train()
    arch = net.space.min_arch()
    with net.active(arch):
        sum(y.sum() for y in net(torch.randn(2, 3, 64, 64))).backward()
    parts = net.parts(arch)
    for name, parameter in net.named_parameters():
        if name not in parts:
            assert parameter.grad is None
            continue
        outside = parameter.grad.clone()
        outside[parts[name]] = 0
        assert (outside == 0).all()
        assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize('family', CLASSES)
def test_recomputed_activations_change_nothing(family):
    """Also if the architecture has changed before the backward pass."""
    results = []
    for with_cp in (False, True):
        net = tiny(family, with_cp=with_cp).train()
        torch.manual_seed(1)
        x = torch.randn(2, 3, 64, 64, requires_grad=True)
        with net.active(net.space.sample(np.random.default_rng(3))):
            loss = sum((y * y).sum() for y in net(x))
        net.arch = 'min'
        loss.backward()
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        results.append([loss, x.grad, *grads, *net.buffers()])
    assert len(results[0]) == len(results[1])
    for a, b in zip(*results):
        assert torch.equal(a, b)


def test_hrnet_of_mmpose_is_a_point():
    """Its weights load strictly; outputs are equal, in a supernet, too."""
    pytest.importorskip('mmpose.models')
    init_default_scope('mmpose')
    widths = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(4, ),
            num_channels=(64, )),
        stage2=(1, 2),
        stage3=(4, 3),
        stage4=(3, 4))
    extra = {
        key:
        value if isinstance(value, dict) else dict(
            num_modules=value[0],
            num_branches=value[1],
            block='BASIC',
            num_blocks=(4, ) * value[1],
            num_channels=tuple(32 * 2**b for b in range(value[1])))
        for key, value in widths.items()
    }
    hrnet = MODELS.build(ConfigDict(type='mmpose.HRNet', extra=extra))
    hrnet.eval()
    torch.manual_seed(0)
    for key, value in hrnet.state_dict().items():
        if key.endswith('running_var'):
            torch.nn.init.uniform_(value, 0.5, 2)
        elif value.dim() == 4:
            torch.nn.init.kaiming_normal_(value)
    net = ViPNASHRNet(arch='hrnet').eval()
    theirs = hrnet.state_dict()
    net.load_state_dict(theirs)
    supernet = ViPNASHRNet().eval()
    weights = supernet.state_dict()
    for key, index in supernet.parts(net.arch).items():
        weights[key][index].copy_(theirs[key])
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad(), supernet.active('hrnet'):
        expected, = hrnet(x)
        for got in (net(x), supernet(x)):
            assert torch.allclose(
                got[0], expected, rtol=1e-5, atol=1e-5 * expected.abs().max())


@pytest.mark.parametrize('family, frozen, expected', [
    ('resnet50', 1, ('conv1', 'bn1', 'layer1')),
    ('mobilenetv3', 0, ('conv1', )),
    ('hrnet_w32', 2, ('conv1', 'conv2', 'bn1', 'bn2', 'layer1', 'transition1',
                      'stage2', 'transition2')),
])
def test_frozen_stages_and_norms(family, frozen, expected):
    net = CLASSES[family](**TINY[family], frozen_stages=frozen).train()
    for name, parameter in net.named_parameters():
        assert parameter.requires_grad == (name.split('.')[0] not in expected)
    norms = [m for m in net.modules() if hasattr(m, 'running_mean')]
    assert any(norm.training for norm in norms)
    assert not net.bn1.training if hasattr(net, 'bn1') else True
    net = CLASSES[family](**TINY[family], norm_eval=True).train()
    assert not any(m.training
                   for m in net.modules() if hasattr(m, 'running_mean'))
    with pytest.raises(SettingError, match='frozen_stages'):
        CLASSES[family](**TINY[family], frozen_stages=9)


def test_errors():
    net = tiny('resnet50')
    arch = net.space.min_arch()
    fixed = fixed_of(net, arch, 'resnet50')
    with pytest.raises(ArchError, match='which this fixed ViPNASResNet'):
        fixed.arch = 'max'
    with pytest.raises(ArchError, match='expected'):
        fixed.parts(net.space.max_arch())
    with pytest.raises(ArchError, match='a ViPNASArch'):
        net.parts('max')
    with pytest.raises(SettingError, match='norm_cfg.type: expected BN'):
        ViPNASResNet(**TINY['resnet50'], norm_cfg=dict(type='SyncBN'))
    with pytest.raises(SettingError, match='upsample'):
        ViPNASHRNet(**TINY['hrnet_w32'], upsample='bicubic')
