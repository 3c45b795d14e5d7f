"""Sorting channels changes no output, and puts the important ones first."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from vipnas_spaces import TINY

from scalenas_mm.backbones import ViPNASHRNet, ViPNASMobileNetV3, ViPNASResNet
from scalenas_mm.backbones.vipnas import sort_channels
from scalenas_mm.ops import ElasticDeconvs
from scalenas_mm.spaces import SettingError

WIDE = dict(
    stem=(8, ),  # an identity behind the stem
    stages=[
        dict(depth=(2, ), width=(8, ), groups=(2, ), stride=1),
        dict(depth=(2, ), width=(16, ), groups=(1, ), stride=2)
    ],
    head=dict(width=(8, ), groups=(4, ), layers=2))
NETWORKS = dict(
    resnet=(ViPNASResNet, TINY['resnet50']),
    identity=(ViPNASResNet, WIDE),
    mobile=(ViPNASMobileNetV3, TINY['mobilenetv3']))


class Model(nn.Module):
    """A backbone and a head of transposed convolutions, perhaps with a last
    layer."""

    def __init__(self, cls, cfg, groups, final=False):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = cls(**cfg)
        width = self.backbone.space.max_arch().out_width
        self.head = nn.Module()
        self.head.deconv_layers = ElasticDeconvs(width, (8, 8), (4, 4),
                                                 (groups, 2))
        self.head.final_layer = nn.Conv2d(8, 3, 1) if final else nn.Identity()
        for value in self.state_dict().values():
            if value.is_floating_point():
                nn.init.uniform_(value, 0.2, 1)
                if value.dim() > 1:
                    nn.init.normal_(value, std=0.3)
        self.double().eval()

    def forward(self, x):
        x = self.head.deconv_layers(self.backbone(x)[-1])
        return self.head.final_layer(x)


@pytest.mark.parametrize('final', [False, True])
@pytest.mark.parametrize('groups', [1, 2, 4])
@pytest.mark.parametrize('name', NETWORKS)
def test_the_largest_network_computes_the_same(name, groups, final):
    model = Model(*NETWORKS[name], groups, final)
    x = torch.randn(2, 3, 64, 64).double()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        expected = model(x)
        model.backbone.sort_channels(model)
        assert torch.allclose(model(x), expected, rtol=1e-10, atol=1e-12)
    changed = {
        k
        for k, v in model.state_dict().items()
        if not torch.equal(v, before[k])
    }
    for part in ('backbone.layer2', 'head.deconv_layers.3'):
        assert any(key.startswith(part) for key in changed)
    assert final == ('head.final_layer.weight' in changed)
    assert before.keys() == model.state_dict().keys()
    once = {k: v.clone() for k, v in model.state_dict().items()}
    model.backbone.sort_channels(model)
    for key, value in model.state_dict().items():
        assert torch.allclose(value, once[key]), key


def descending(values):
    return bool((values[1:] <= values[:-1] + 1e-9).all())


def test_important_channels_come_first():
    model = Model(*NETWORKS['resnet'], 1)
    net = model.backbone
    net.sort_channels(model)
    weight = net.layer1[0].conv1.weight
    stem = weight.abs().flatten(1).sum(
        0) + net.layer1[0].downsample[0].weight.abs().flatten(1).sum(0)
    assert descending(stem)
    head = model.head.deconv_layers[0].weight.abs().flatten(1).sum(1)
    reads = sum(block.conv1.weight.abs().flatten(1).sum(0)
                for block in list(net.layer2)[1:])
    assert descending(head + reads)
    block = net.layer2[1]
    reads = block.conv3.weight.abs().flatten(1).sum(0)
    for part in reads.reshape(block.conv2.groups, -1):
        assert descending(part)
    weight = block.conv2.weight.reshape(block.conv2.groups, -1,
                                        *block.conv2.weight.shape[1:])
    for part in weight.abs().sum((1, 3, 4)):
        assert descending(part)

    hidden = net.layer1[0].attention.channel_add_conv[3].weight
    assert descending(hidden.abs().flatten(1).sum(0))


def test_groups_of_the_head_come_first_as_wholes():
    """A group is as important as its part of each map."""
    model = Model(*NETWORKS['resnet'], 2, final=True)
    net, head = model.backbone, model.head
    net.sort_channels(model)
    streams = [
        head.deconv_layers[0].weight.abs().flatten(1).sum(1) +
        sum(block.conv1.weight.abs().flatten(1).sum(0)
            for block in list(net.layer2)[1:]),
        head.deconv_layers[3].weight.abs().flatten(1).sum(1),
        head.final_layer.weight.abs().flatten(1).sum(0)
    ]
    parts = [rows.reshape(2, -1) for rows in streams]
    for part in parts:
        assert all(map(descending, part))
    assert descending(sum(part.sum(1) / part.sum() for part in parts))


def test_heads_that_do_not_run_whole_are_refused():
    model = Model(*NETWORKS['resnet'], 2)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.head.parts = None  # as of a head that follows the architecture
    with pytest.raises(SettingError, match=r'widths and groups .*\(12, 2\)'):
        model.backbone.sort_channels(model)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    head = nn.Module()
    head.final_layer = nn.Conv2d(16, 3, 1)
    head.conv_layers = nn.Sequential(nn.Conv2d(16, 16, 1))
    model.head = head
    with pytest.raises(SettingError, match='a head with deconv_layers'):
        model.backbone.sort_channels(model)


def grouped_hrnet():
    """Its largest network has groups, a passing branch and an identity behind
    the stem."""
    cfg = deepcopy(TINY['hrnet_w32'])
    cfg['stem'] = (16, )
    cfg['stages'][0]['groups'] = (2, )
    cfg['stages'][1]['branches'][0]['groups'] = (2, )
    cfg['stages'][2]['branches'][1]['groups'] = (4, )
    return cfg


@pytest.mark.parametrize('cfg', [TINY['hrnet_w32'], grouped_hrnet()])
def test_hrnets(cfg):
    torch.manual_seed(0)
    net, head = ViPNASHRNet(**cfg), nn.Module()
    head.final_layer = nn.Conv2d(4, 3, 1)
    model = nn.ModuleDict(dict(backbone=net, head=head)).double().eval()
    for value in model.state_dict().values():
        if value.is_floating_point():
            nn.init.uniform_(value, 0.2, 1)
            if value.dim() > 1:
                nn.init.normal_(value, std=0.2)
    x = torch.randn(2, 3, 64, 64).double()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        expected = head.final_layer(net(x)[-1])
        sort_channels(net, head)
        got = head.final_layer(net(x)[-1])
    assert torch.allclose(got, expected, rtol=1e-10, atol=1e-12)
    for name in ('conv1.weight', 'layer1.0.conv2.weight',
                 'stage2.0.branches.0.1.conv2.weight',
                 'stage3.0.branches.2.3.conv1.weight',
                 'stage3.0.fuse_layers.2.0.0.0.weight'):
        key = f'backbone.{name}'
        assert not torch.equal(model.state_dict()[key], before[key]), key
    block = net.stage3[0].branches[2][0]
    reads = block.conv2.weight.abs().flatten(2).sum((0, 2))
    assert descending(reads)
    assert descending(net.conv2.weight.abs().flatten(2).sum((0, 2)))


def test_what_cannot_be_sorted_is_refused():
    hrnet = ViPNASHRNet(**TINY['hrnet_w32'], out_indices=(0, 1, 2))
    with pytest.raises(SettingError, match='a backbone with one output'):
        hrnet.sort_channels(nn.Module())
    net = ViPNASResNet(**TINY['resnet50'])
    with pytest.raises(SettingError, match='a head with deconv_layers'):
        net.sort_channels(nn.Module())
    with pytest.raises(SettingError, match='a network without a neck'):
        net.sort_channels(nn.ModuleDict(dict(neck=nn.Conv2d(16, 16, 1))))
