"""A ScaleNet with elastic widths against networks built alone."""
import numpy as np
import pytest
import torch

from scalenas_mm.backbones import Maps, ScaleNet
from scalenas_mm.evaluation import count
from scalenas_mm.spaces import SettingError

TINY = dict(
    width=4,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2, 4),
    num_modules=(1, 2, 1),
    norm_cfg=dict(type='BN'))
WIDTHS = [(2, 4), (4, 6, 8), (8, 16), (16, 32)]


def tiny(**changes):
    torch.manual_seed(0)
    net = ScaleNet(**{**TINY, 'widths': WIDTHS, **changes})
    for value in net.state_dict().values():
        if value.dim() == 4:
            torch.nn.init.normal_(value, std=0.3)
        elif value.is_floating_point():
            torch.nn.init.uniform_(value, 0.2, 0.8)
    return net.eval()


@pytest.mark.parametrize('every', [True, False])
@pytest.mark.parametrize('drop_dead', [True, False])
@pytest.mark.parametrize('seed', range(4))
def test_a_part_is_the_network_alone(every, drop_dead, seed):
    cfg = dict(multi_scale_output=every, drop_dead=drop_dead)
    net = tiny(**cfg)
    space, rng = net.space, np.random.default_rng(seed)
    archs = [space.min_arch(), space.max_arch(), space.resolve('hrnet')]
    for arch in [archs[seed]] if seed < 3 else [space.sample(rng)] * 2:
        fixed = ScaleNet(**{
            **TINY, 'widths': WIDTHS,
            **cfg, 'arch': arch.to_dict()
        }).eval()
        weights, parts = net.state_dict(), net.parts(arch)
        assert set(parts) == set(fixed.state_dict())
        fixed.load_state_dict({k: weights[k][i] for k, i in parts.items()})
        x = torch.randn(2, 3, 65, 97)
        with torch.no_grad(), net.active(arch):
            got, alone = net(x), fixed(x)
        assert isinstance(got, Maps) and got.arch == arch
        for a, b in zip(got, alone, strict=True):
            assert torch.equal(a, b) and a.std() > 0
        assert tuple(a.shape[1] for a in got) == space.output_channels(arch)
        assert count(
            fixed, lambda: fixed(x),
            images=2) == space.complexity(arch, (65, 97), drop_dead)


def test_hrnets_weights_give_hrnets_outputs():
    """In the plain and in the elastic ScaleNet; projections are idle."""
    plain = ScaleNet(**TINY, arch='hrnet').eval()
    net = tiny()
    arch = net.space.resolve('hrnet')
    own, parts = net.state_dict(), net.parts(arch)
    assert set(parts) == set(plain.state_dict())
    for key, value in plain.state_dict().items():
        own[key][parts[key]] = value
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad(), net.active(arch):
        for a, b in zip(net(x), plain(x), strict=True):
            assert torch.equal(a, b)


def test_it_trains():
    net = tiny(with_cp=True).train()
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(6):
        with net.active(net.space.sample(rng)):
            sum(y.square().mean()
                for y in net(torch.randn(2, 3, 64, 64))).backward()
        seen |= {k for k, p in net.named_parameters() if p.grad is not None}
        assert all(
            torch.isfinite(p.grad).all() for p in net.parameters()
            if p.grad is not None)
    assert any('downsample' in key for key in seen if key.startswith('stage'))


def test_settings_that_do_not_go_together():
    with pytest.raises(SettingError, match='init: expected None where'):
        tiny(init='hrnet')
    with pytest.raises(SettingError, match='norm_cfg.type: expected BN'):
        tiny(norm_cfg=dict(type='SyncBN'))
