"""``init='hrnet'``: a supernet that begins as an HRNet of any library."""
import re

import pytest
import torch
from hrnets import build_hrnet, equal, image, randomised
from mmengine.runner import load_checkpoint

from scalenas_mm.backbones import ScaleNet
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import InputError

MODULES = (1, 1, 2)
SMALL = dict(width=4, num_modules=MODULES, init='hrnet')
# library, whether all branches come out, and how maps are made larger
UPSTREAM = [('mmseg', True, 'bilinear'), ('mmdet', True, 'nearest'),
            ('mmpretrain', True, 'nearest'), ('mmpose', False, 'nearest')]
LIBRARIES = pytest.mark.parametrize('library, multi_scale, upsample', UPSTREAM)


@pytest.fixture
def saved(tmp_path):
    """Write weights; the config that loads them."""

    def save(weights, **kwargs):
        path = str(tmp_path / 'weights.pth')
        torch.save(dict(state_dict=weights), path)
        return dict(type='Pretrained', checkpoint=path, **kwargs)

    return save


def start(init_cfg, **kwargs):
    """A supernet as a runner makes it before the first iteration."""
    net = ScaleNet(**{**SMALL, **kwargs}, init_cfg=init_cfg)
    net.init_weights()
    return net


def outputs(net, train=False):
    net.train(train)
    with torch.no_grad():
        return net(image(64, 96, batch=2))


@pytest.mark.parametrize('library, multi_scale, upsample, norm', [
    *((*row, 'BN') for row in UPSTREAM),
    ('mmdet', True, 'nearest', 'SyncBN'),
    ('mmpose', False, 'nearest', 'GN'),
])
def test_begins_as_upstreams_hrnet(library, multi_scale, upsample, norm,
                                   saved):
    """Its HRNet point bit for bit, its largest network up to rounding; with
    running statistics and with those of the batch."""
    norm_cfg = dict(type=norm, **dict(num_groups=2) if norm == 'GN' else {})
    upstream = build_hrnet(
        library, 4, MODULES, norm_cfg=norm_cfg, norm_eval=False)
    net = start(
        saved(upstream.state_dict()),
        multi_scale_output=multi_scale,
        upsample=upsample,
        norm_cfg=norm_cfg)
    for train in False, True:
        expected = outputs(upstream, train)
        with net.active('hrnet'):
            assert equal(outputs(net, train), expected)
        for got, wanted in zip(outputs(net, train), expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)


@LIBRARIES
def test_what_is_missing_is_what_hrnet_does_not_have(library, multi_scale,
                                                     upsample):
    weights = build_hrnet(library, 4, MODULES).state_dict()
    net = ScaleNet(multi_scale_output=multi_scale, **SMALL)
    result = net.load_state_dict(weights, strict=False)
    assert not result.unexpected_keys
    added = r'branches\.\d\.4\.|fusions\.[0124]_'
    if not multi_scale:  # only the first branch is read
        added += r'|stage4\.1\.fusions\.3_[123]_'
    expected = {
        key
        for key in net.state_dict()
        if re.search(added, key) and not key.endswith('batches_tracked')
    }
    assert {*result.missing_keys} == expected  # counters may begin at 0


def test_what_hrnet_does_not_have_is_trained(saved):
    weights = build_hrnet('mmseg', 4, MODULES).state_dict()
    net = start(saved(weights))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(2):  # the first step moves scales, the next convolutions
        optimizer.zero_grad()
        sum(out.square().mean() for out in net(image(64, 64))).backward()
        optimizer.step()
    assert all(p.grad.any() for p in net.parameters())


def test_loaded_weights_are_kept(saved):
    """Those of a supernet that was trained, over a start as an HRNet."""
    trained = randomised(ScaleNet(**SMALL)).state_dict()
    named = {f'backbone.{k}': v for k, v in trained.items()}
    net = start(saved(named, prefix='backbone.'))
    for key, value in net.state_dict().items():
        assert torch.equal(value, trained[key]), key


def segmentor(backbone, init_cfg=None):
    return dict(
        type='mmseg.EncoderDecoder',
        backbone=backbone,
        decode_head=dict(
            type='mmseg.FCNHead',
            in_channels=[4, 8, 16, 32],
            in_index=(0, 1, 2, 3),
            channels=8,
            input_transform='resize_concat',
            num_classes=5,
            norm_cfg=dict(type='BN')),
        init_cfg=init_cfg)


@pytest.mark.parametrize('how', ['init_cfg', 'load_from'])
def test_a_whole_model(how, saved):
    """A segmentor with HRNet, whose weights come in after those of the
    backbone are set."""
    pytest.importorskip('mmseg.models')
    plain = randomised(
        MODELS.build(
            segmentor(
                dict(
                    type='scalenas_mm.ScaleNet',
                    arch='hrnet',
                    width=4,
                    num_modules=MODULES))))
    init_cfg = saved(plain.state_dict())
    net = MODELS.build(
        segmentor(
            dict(type='scalenas_mm.ScaleNet', **SMALL),
            init_cfg if how == 'init_cfg' else None))
    net.init_weights()
    if how == 'load_from':
        load_checkpoint(net, init_cfg['checkpoint'])
    expected, got = (outputs(model) for model in (plain, net))
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_without_weights_it_begins_as_a_random_hrnet():
    net = start(None)
    expected = outputs(net)
    with net.active('hrnet'):
        torch.testing.assert_close(
            outputs(net), expected, rtol=1e-5, atol=1e-5)


def test_a_fixed_network_loads_what_it_has(saved):
    """A config with ``init`` serves exported networks, too."""
    trained = randomised(ScaleNet(arch='min', **SMALL)).state_dict()
    net = start(saved(trained), arch='min')
    assert all(torch.equal(v, trained[k]) for k, v in net.state_dict().items())


@pytest.mark.parametrize('kwargs, message', [
    (dict(init='resnet'), "init: expected None or hrnet, got 'resnet'"),
    (dict(depths=(1, 2, 3)), r'init: expected 4 among the depths \(HRNet has'),
    (dict(norm_cfg=dict(type='BN', affine=False)),
     'norm_cfg: expected a norm with a scale'),
    (dict(norm_cfg=dict(type='IN')), 'norm_cfg: expected a norm with a scale'),
])
def test_wrong_settings(kwargs, message):
    with pytest.raises(InputError, match=message):
        ScaleNet(**{**SMALL, **kwargs})


def test_weights_of_another_network_are_refused(saved):
    """Where they would be skipped with a warning, and the supernet begin as
    noise."""
    weights = build_hrnet('mmseg', 4, MODULES).state_dict()
    named = {f'backbone.{k}': v for k, v in weights.items()}
    with pytest.raises(
            InputError, match='init: expected all weights of an HRNet'):
        start(saved(named))  # without prefix='backbone.'
    start(saved(named, prefix='backbone.'))
    with pytest.raises(InputError, match='width 6.*another shape'):
        start(saved(weights), width=6)
    single = build_hrnet('mmpose', 4, MODULES).state_dict()
    with pytest.raises(InputError, match='stage4.1.fusions.3_1_0'):
        start(saved(single))  # has no other outputs


def test_old_weights_without_counters(saved):
    """As released with HRNet's papers."""
    weights = build_hrnet('mmseg', 4, MODULES).state_dict()
    start(
        saved({
            k: v
            for k, v in weights.items() if not k.endswith('batches_tracked')
        }))
