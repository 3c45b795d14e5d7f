"""The elastic head of mmpose, and sorting in a run."""
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from vipnas_spaces import TINY

from scalenas_mm.backbones import Maps, followers, model_parts
from scalenas_mm.engine import SortChannelsHook
from scalenas_mm.evaluation import cost_model, count, run_tensor
from scalenas_mm.export import cut, fixed_cfg, selected
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, SettingError

pytest.importorskip('mmpose.models')
sys.path.append(str(Path(__file__).resolve().parents[2]))

import projects.vipnas.vipnas  # noqa: E402,F401

HEADS = dict(
    resnet50=dict(
        in_channels=16,
        deconv_out_channels=(12, 12),
        deconv_kernel_sizes=(4, 4),
        deconv_num_groups=(2, 2)),
    mobilenetv3=dict(
        in_channels=12,
        deconv_out_channels=(16, ),
        deconv_kernel_sizes=(4, ),
        deconv_num_groups=(4, )),
    hrnet_w32=dict(
        in_channels=4,
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
        deconv_num_groups=None))
TYPES = dict(
    resnet50='ViPNASResNet',
    mobilenetv3='ViPNASMobileNetV3',
    hrnet_w32='ViPNASHRNet')
SIZE = (64, 96)


def config(family, **head):
    init_default_scope('mmpose')
    return dict(
        type='mmpose.TopdownPoseEstimator',
        data_preprocessor=dict(type='mmpose.PoseDataPreprocessor'),
        backbone=dict(type=f'scalenas_mm.{TYPES[family]}', **TINY[family]),
        head=dict(
            type='scalenas_mm.ElasticHeatmapHead',
            out_channels=5,
            loss=dict(type='mmpose.KeypointMSELoss'),
            **{
                **HEADS[family],
                **head
            }))


def build(cfg):
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(cfg))
    for key, value in model.state_dict().items():
        if value.dim() == 4:
            torch.nn.init.normal_(value, std=0.3)
        elif value.is_floating_point():
            torch.nn.init.uniform_(value, 0.2, 0.8)
    model.eval()
    return model


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('family', TYPES)
def test_a_whole_model_is_exact(family, seed):
    """Cost of the model to the integer; a plain model of mmpose's own head
    gives the same heatmaps, bit for bit."""
    cfg = config(family)
    model = build(cfg)
    assert followers(model) == (model.head, )
    space = model.backbone.space
    arch = space.sample(np.random.default_rng(seed))
    costs = cost_model(model, SIZE)
    x = dict(inputs=torch.randn(1, 3, *SIZE), data_samples=None)
    plain = cut(model, cfg, arch, [], []).model
    kind = type(plain.head).__name__
    assert kind == ('ViPNASHead' if arch.head else 'HeatmapHead')
    with torch.no_grad(), model.backbone.active(arch):
        got, expected = run_tensor(model, x), run_tensor(plain, x)
        assert torch.equal(got, expected) and got.std() > 0
        found = count(model, lambda: run_tensor(model, x))
    alone = count(plain, lambda: run_tensor(plain, x))
    cost = costs(arch)
    assert cost['macs'] == found.macs == alone.macs
    assert cost['params'] == alone.params == sum(p.numel()
                                                 for p in plain.parameters())
    genes = space.sample_genes(np.random.default_rng(seed), 20)
    for key, column in costs.batch(genes).items():
        assert column.tolist() == [costs(space.decode(g))[key] for g in genes]
    surplus = 3 * sum(m.weight.numel() * n for m, n in _positions(plain, x))
    assert cost['paper_gflops'] == (cost['macs'] + surplus) / 2**30


def _positions(model, x):
    """Transposed convolutions and the pixels that come in."""
    out = []
    handles = [
        m.register_forward_hook(lambda m, i, o: out.append(
            (m, i[0][0, 0].numel()))) for m in model.modules()
        if isinstance(m, torch.nn.ConvTranspose2d)
    ]
    with torch.no_grad():
        run_tensor(model, x)
    for handle in handles:
        handle.remove()
    return out


def test_the_head_runs_what_its_maps_say_not_what_the_backbone_is_now():
    """As when activations are computed again, or two architectures wait."""
    model = build(config('resnet50'))
    space = model.backbone.space
    x = torch.randn(1, 3, *SIZE)
    with torch.no_grad():
        with model.backbone.active('min'):
            feats = model.backbone(x)
            expected = model.head.forward(feats)
        assert isinstance(feats, Maps) and feats.arch == space.min_arch()
        assert torch.equal(model.head.forward(feats), expected)
        # any other backbone: all of it
        whole = torch.randn(1, 16, 4, 6)
        assert model.head.forward((whole, )).shape == (1, 5, 16, 24)


def test_an_architecture_of_its_own(tmp_path):
    cfg = config('resnet50')
    space = build(cfg).backbone.space
    arch = space.sample(np.random.default_rng(5))
    path = tmp_path / 'arch.json'
    path.write_text(arch.to_json())
    for source in (arch, arch.to_dict(), str(path)):
        head = MODELS.build(
            ConfigDict(config('resnet50', arch=source)['head']))
        assert head.final_layer.in_channels == arch.head.width
        first = head.deconv_layers[0]
        assert (first.in_channels, first.groups,
                first.kernel_size[0]) == (arch.out_width, arch.head.groups[0],
                                          arch.head.kernel)
    for wrong in ('published', 3, tmp_path):
        with pytest.raises(ArchError, match='head.arch: expected a dict or'):
            MODELS.build(ConfigDict(config('resnet50', arch=wrong)['head']))
    assert 'arch' not in fixed_cfg(config('resnet50', arch=arch), arch)['head']


def test_parts_of_a_model_hold_the_head():
    model = build(config('mobilenetv3'))
    arch = model.backbone.space.min_arch()
    weights = selected(model, arch)
    assert weights['head.final_layer.weight'].shape == (5, arch.head.width, 1,
                                                        1)
    assert set(weights) == set(model_parts(model, arch))


class Runner(SimpleNamespace):
    logger = MMLogger.get_instance('sorting')


def test_the_hook_sorts_once():
    model = build(config('resnet50'))
    x = dict(inputs=torch.randn(1, 3, *SIZE), data_samples=None)
    before = model.backbone.layer1[0].conv1.weight.clone()
    with torch.no_grad():
        expected = run_tensor(model, x)
        SortChannelsHook().before_train(Runner(model=model, iter=5))
        assert torch.equal(model.backbone.layer1[0].conv1.weight, before)
        SortChannelsHook().before_train(Runner(model=model, iter=0))
        assert not torch.equal(model.backbone.layer1[0].conv1.weight, before)
        got = run_tensor(model, x)
    assert torch.allclose(
        got, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    plain = MODELS.build(dict(type='scalenas_mm.ScaleNet', width=2))
    with pytest.raises(SettingError, match='a backbone that has sort'):
        SortChannelsHook().before_train(Runner(model=plain, iter=0))


def test_archives_with_such_heads_are_no_joint_searches():
    """The rest of the model is not the same for all candidates."""
    from scalenas_mm.predictors.joint import joint_costs
    from scalenas_mm.search import Record
    model = build(config('resnet50'))
    costs, space = cost_model(model, SIZE), model.backbone.space
    archs = [space.min_arch(), space.max_arch()]
    records = [
        Record(i, arch.digest, arch.to_dict(), dict(AP=0.5), costs(arch))
        for i, arch in enumerate(archs)
    ]
    meta = json.loads(
        json.dumps(
            dict(
                space=space.to_dict(),
                evaluation=dict(input_size=list(SIZE)))))
    with pytest.raises(SettingError, match='differ in their backbone only'):
        joint_costs(dict(pose=records), meta, dict(pose='AP'))
