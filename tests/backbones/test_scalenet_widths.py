"""A ScaleNet with elastic widths against networks built alone."""
import numpy as np
import pytest
import torch
from hrnets import build_hrnet, equal, image
from mmengine.config import ConfigDict

from scalenas_mm.backbones import Maps, ScaleNet
from scalenas_mm.evaluation import count, run_tensor
from scalenas_mm.export.subnet import cut
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ScaleNetSpace, SettingError
from scalenas_mm.visualization import draw_topology

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


@pytest.mark.parametrize('library, every, upsample',
                         [('mmseg', True, 'bilinear'),
                          ('mmpose', False, 'nearest')])
def test_begins_as_upstreams_hrnet(library, every, upsample, tmp_path):
    """Its HRNet point bit for bit, its largest network up to rounding."""
    upstream = build_hrnet(library, 4, (1, 1, 2))
    path = str(tmp_path / 'hrnet.pth')
    torch.save(dict(state_dict=upstream.state_dict()), path)
    net = ScaleNet(
        width=4,
        widths=WIDTHS,
        num_modules=(1, 1, 2),
        multi_scale_output=every,
        upsample=upsample,
        init='hrnet',
        init_cfg=dict(type='Pretrained', checkpoint=path))
    net.init_weights()
    net.eval()
    x = image(64, 96, batch=2)
    with torch.no_grad():
        expected = upstream(x)
        with net.active('hrnet'):
            assert equal(net(x), expected)
        for got, wanted in zip(net(x), expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)


def test_residual_blocks_begin_as_the_identity_if_asked_to():
    net = ScaleNet(**TINY, widths=WIDTHS, zero_init_residual=True)
    net.init_weights()
    last = [v for k, v in net.state_dict().items() if k.endswith('bn2.weight')]
    assert not any(weight.any() for weight in last[2:])  # behind the stem


@pytest.mark.parametrize('seed', range(2))
def test_export_of_a_model_whose_head_reads_one_width(seed):
    """mmseg's head has fixed channels: those of the first branch."""
    pytest.importorskip('mmseg.models')
    cfg = dict(
        type='mmseg.EncoderDecoder',
        backbone=dict(
            type='scalenas_mm.ScaleNet',
            **TINY,
            widths=[(4, ), *WIDTHS[1:]],
            multi_scale_output=False),
        decode_head=dict(
            type='mmseg.FCNHead',
            in_channels=4,
            channels=4,
            num_classes=3,
            norm_cfg=dict(type='BN')))
    model = MODELS.build(ConfigDict(cfg)).eval()
    arch = model.backbone.space.sample(np.random.default_rng(seed))
    arch = model.backbone.space.live(arch)
    subnet = cut(model, cfg, arch, [], [])
    assert subnet.cfg['backbone']['arch'] == arch.to_dict()
    x = dict(inputs=torch.randn(1, 3, 64, 96), data_samples=None)
    with torch.no_grad(), model.backbone.active(arch):
        assert torch.equal(run_tensor(model, x), run_tensor(subnet.model, x))


def test_drawing_shows_the_widths():
    space = tiny().space
    arch = space.sample(np.random.default_rng(0))
    figure = draw_topology(space, arch)
    found = {
        text.get_gid(): text.get_text()
        for text in figure.axes[0].texts
        if (text.get_gid() or '').startswith('width/')
    }
    assert found == {
        f'width/{i}/{j}': str(width)
        for i, row in enumerate(arch.widths)
        for j, width in enumerate(row)
    }
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert 'ScaleNet, elastic widths' in texts
    assert '4–8 channels' in texts
    plain = draw_topology(ScaleNetSpace(), ScaleNetSpace().min_arch())
    assert not any(text.get_gid() for text in plain.axes[0].texts)


def test_a_plain_network_refuses_widths():
    arch = tiny().space.min_arch()
    with pytest.raises(ValueError, match='a ScaleNetArch'):
        ScaleNet(**TINY, arch=arch)


def test_settings_that_do_not_go_together():
    for widths in ([(2, ), *WIDTHS[1:]], [(2, 4, 6), *WIDTHS[1:]]):
        with pytest.raises(SettingError, match="init: expected HRNet's widt"):
            tiny(init='hrnet', widths=widths)
    with pytest.raises(SettingError, match='init: expected 4 among'):
        tiny(init='hrnet', depths=(1, 2))
    with pytest.raises(SettingError, match='norm_cfg.type: expected BN'):
        tiny(norm_cfg=dict(type='SyncBN'))
