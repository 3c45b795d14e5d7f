"""Kinds of backbones, where they are, and where their weights lie."""
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.model import BaseModel
from torch import nn

from scalenas_mm.backbones import (NCPNet, ScaleNet, find_searchable,
                                   model_parts, plain_cfg, searchable_cfg,
                                   searchable_path)
from scalenas_mm.export import fixed_cfg, selected
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, SettingError

TINY = dict(
    width=2,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2),
    num_modules=(1, 2),
    norm_cfg=dict(type='BN'))
BACKBONE = dict(type='scalenas_mm.ScaleNet', **TINY)


@MODELS.register_module(force=True)
class TwoPasses(BaseModel):
    """A student in the depth of a config, and a fixed network beside it."""

    def __init__(self, frames, key=None):
        super().__init__()
        self.frames = nn.ModuleList(
            [MODELS.build(frame['network']) for frame in frames])
        self.key = key and MODELS.build(key)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.frames[0](inputs)


NESTED = dict(type='TwoPasses', frames=[dict(network=BACKBONE)])


@pytest.mark.parametrize('multi_scale_output', [True, False])
@pytest.mark.parametrize('drop_dead', [True, False])
@pytest.mark.parametrize('seed', range(4))
def test_parts_are_the_state_dict_of_the_sub_network(multi_scale_output,
                                                     drop_dead, seed):
    cfg = dict(
        TINY, multi_scale_output=multi_scale_output, drop_dead=drop_dead)
    supernet = ScaleNet(**cfg).eval()
    space = supernet.space
    for arch in (space.sample(np.random.default_rng(seed)), space.min_arch(),
                 space.max_arch()):
        fixed = ScaleNet(arch=arch, **cfg).eval()
        weights, parts = supernet.state_dict(), supernet.parts(arch)
        assert set(parts) == set(fixed.state_dict())
        fixed.load_state_dict({
            key: weights[key][index].clone()
            for key, index in parts.items()
        })
        image = torch.randn(1, 3, 33, 64)
        with supernet.active(arch), torch.no_grad():
            for a, b in zip(supernet(image), fixed(image), strict=True):
                assert torch.equal(a, b)


def test_parts_of_a_network_of_one_architecture():
    net = NCPNet(channels=(8, 16))
    assert net.kind == 'fixed'
    assert set(net.parts(net.arch)) == set(net.state_dict())
    with pytest.raises(ArchError, match='expected'):
        net.parts(net.space.min_arch())


def test_a_sliced_part_of_a_model():
    """Heads behind elastic widths may say their own parts."""

    class Head(nn.Linear):

        def parts(self, arch):
            return dict(weight=(slice(2), [0, 3]), bias=(slice(2), ))

    class Model(nn.Module):

        def __init__(self):
            super().__init__()
            self.backbone = ScaleNet(**TINY)
            self.head = Head(4, 3)
            self.scale = nn.Parameter(torch.ones(()))

    model = Model()
    arch = model.backbone.space.min_arch()
    parts = model_parts(model, arch)
    assert {k
            for k in parts if not k.startswith('backbone.')
            } == {'head.weight', 'head.bias', 'scale'}
    weights = selected(model, arch)
    expected = model.head.weight[:2][:, [0, 3]]
    assert torch.equal(weights['head.weight'], expected)
    assert weights['head.bias'].shape == (2, )
    weights['scale'].fill_(7)  # a copy
    assert model.scale == 1


def test_found_wherever_the_config_has_it():
    assert searchable_path(NESTED) == ('frames', 0, 'network')
    assert searchable_cfg(NESTED) is BACKBONE
    whole = dict(
        type='scalenas_mm.OneShotSupernet',
        architecture=NESTED,
        distillation=dict(teacher=dict(architecture=NESTED)))
    assert searchable_path(whole)[:2] == ('architecture', 'frames')
    model = MODELS.build(ConfigDict(NESTED))
    assert find_searchable(model) is model.frames[0]
    arch = model.frames[0].space.min_arch()
    fixed = fixed_cfg(whole, arch)
    assert fixed['frames'][0]['network']['arch'] == arch.to_dict()
    assert 'arch' not in BACKBONE
    assert find_searchable(MODELS.build(ConfigDict(fixed))).arch == arch


def test_a_fixed_network_beside_the_searchable_one():
    cfg = dict(NESTED, key=dict(BACKBONE, arch='min'))
    model = MODELS.build(ConfigDict(cfg))
    assert find_searchable(model).kind == 'shared'
    assert searchable_cfg(cfg) is BACKBONE


@pytest.mark.parametrize('cfg', [
    dict(type='TwoPasses', frames=[]),
    dict(type='TwoPasses', frames=[dict(network=BACKBONE)] * 2),
])
def test_none_or_two_are_refused(cfg):
    for find, what in ((searchable_path, cfg),
                       (find_searchable, MODELS.build(ConfigDict(cfg)))):
        with pytest.raises(SettingError, match='one searchable backbone'):
            find(what)


def test_plain_cfg_is_a_copy():
    cfg = ConfigDict(architecture=dict(a=[dict(b=1)]))
    plain = plain_cfg(cfg)
    plain['a'][0]['b'] = 2
    assert type(plain) is dict and cfg.architecture.a[0].b == 1
