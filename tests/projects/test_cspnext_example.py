"""The example of docs/elastic.md: a space and a backbone of one's own."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

from scalenas_mm.evaluation import count
from scalenas_mm.registry import MODELS

TESTS = Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS.parent))
sys.path.append(str(TESTS / 'spaces'))
from conformance import SpaceConformance  # noqa: E402

import projects.vipnas.examples.cspnext as example  # noqa: E402

CSPSpace, ElasticCSPNeXt = example.CSPSpace, example.ElasticCSPNeXt


class TestCSPSpace(SpaceConformance):
    has_operators = False

    @pytest.fixture
    def space(self):
        return CSPSpace()


@pytest.mark.parametrize('seed', range(3))
def test_a_part_is_the_network_alone(seed):
    torch.manual_seed(seed)
    net = ElasticCSPNeXt().eval()
    arch = net.space.sample(np.random.default_rng(seed))
    fixed = ElasticCSPNeXt(arch=arch.to_dict()).eval()
    weights, parts = net.state_dict(), net.parts(arch)
    assert set(parts) == set(fixed.state_dict())
    fixed.load_state_dict({k: weights[k][i] for k, i in parts.items()})
    x = torch.randn(2, 3, 65, 48)
    with torch.no_grad(), net.active(arch):
        (got, ), (alone, ) = net(x), fixed(x)
    assert torch.equal(got, alone)
    assert count(
        fixed, lambda: fixed(x),
        images=2) == net.space.complexity(arch, (65, 48))


def test_it_trains_as_a_supernet_of_mmpose():
    structures = pytest.importorskip('mmpose.structures')
    pytest.importorskip('mmpose.models')
    init_default_scope('mmpose')
    model = MODELS.build(
        ConfigDict(
            type='scalenas_mm.OneShotSupernet',
            architecture=dict(
                type='mmpose.TopdownPoseEstimator',
                data_preprocessor=dict(type='mmpose.PoseDataPreprocessor'),
                backbone=dict(type='scalenas_mm.ElasticCSPNeXt'),
                head=dict(
                    type='mmpose.HeatmapHead',
                    in_channels=32,
                    out_channels=3,
                    deconv_out_channels=None,
                    loss=dict(type='mmpose.KeypointMSELoss'))),
            sampler=dict(type='SandwichSampler', num_random=1),
            distillation=dict(module='head.final_layer', teacher='self')))
    samples = []
    for _ in range(2):
        sample = structures.PoseDataSample()
        sample.gt_fields = PixelData(heatmaps=torch.rand(3, 2, 2))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, 3))
        samples.append(sample)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(2):
        losses = model(torch.randn(2, 3, 64, 48), samples, mode='loss')
        assert {key.split('.')[0]
                for key in losses} == {'largest', 'smallest', 'random0'}
        total, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert int(model.iteration) == 2 and torch.isfinite(total)
