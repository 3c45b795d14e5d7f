"""Video models of ViPNAS."""
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict

pytest.importorskip('mmpose.models')

# flake8: noqa: E402
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from tvipnas_models import (JOINTS, SIZE, TYPES, build, clips, estimator,
                            video_cfg)

from scalenas_mm.backbones import find_searchable, followers, searchable_cfg
from scalenas_mm.evaluation import (cost_model, count, estimate_statistics,
                                    run_tensor)
from scalenas_mm.export import cut, fixed_cfg
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, SettingError


def random_arch(model, seed=0):
    return model.backbone.space.sample(np.random.default_rng(seed))


def samples(num=2, frames=2, padded=0):
    """Ground truth of clips; the last ``padded`` frames are fillers."""
    rng = torch.Generator().manual_seed(3)
    out = []
    for _ in range(num):
        one = []
        for t in range(frames + 1):
            sample = PoseDataSample()
            sample.gt_fields = PixelData(
                heatmaps=torch.rand(JOINTS, 16, 16, generator=rng))
            weights = torch.full((1, JOINTS), float(t <= frames - padded))
            sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
            one.append(sample)
        clip = PoseDataSample()
        clip.set_field(one, 'frames')
        out.append(clip)
    return out


@pytest.mark.parametrize('family', TYPES)
def test_untrained_it_is_the_network_of_the_key_frame(family):
    """In every frame, whatever the fusion, bit for bit."""
    model = build(video_cfg(family), random=False)
    for norm in model.key.modules():
        if hasattr(norm, 'running_var'):
            torch.nn.init.uniform_(norm.running_var, 0.5, 1.5)
    model.start_from_key()
    x, space = clips(), model.backbone.space
    for seed in range(4):
        arch = space.largest(np.random.default_rng(seed))
        with torch.no_grad(), model.backbone.active(arch):
            every = model(x)
            alone = [model.key_heatmaps(x[:, t]) for t in range(3)]
        assert torch.equal(every, torch.stack(alone, 1))
        assert every.std() > 0


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('family', TYPES)
def test_a_fixed_model_is_exact(family, seed):
    """Outputs bit for bit, cost to the integer."""
    model = build(cfg := video_cfg(family))
    arch = random_arch(model, seed)
    costs = cost_model(model, SIZE)
    x = dict(inputs=clips(1), data_samples=None)
    plain = cut(model, cfg, arch, [], []).model
    with torch.no_grad(), model.backbone.active(arch):
        assert torch.equal(run_tensor(model, x), run_tensor(plain, x))
        found = count(model, lambda: run_tensor(model, x))
    alone = count(plain, lambda: run_tensor(plain, x))
    cost = costs(arch)
    assert cost['macs'] == found.macs == alone.macs
    assert cost['params'] == alone.params
    again = cost_model(plain, SIZE)(arch)
    assert again == cost  # known from the fixed model as well
    key = count(plain.key, lambda: plain.key_heatmaps(clips(1)[:, 0]))
    assert cost['macs'] - cost['propagated_macs'] == key.macs
    for head in plain.heads:
        assert type(head).__name__ in ('ViPNASHead', 'HeatmapHead')


def test_frames_share_parameters_but_not_statistics():
    model = build(video_cfg(num_frames=3))
    first, *others = model.backbone.frames
    for other in others:
        for a, b in zip(first.parameters(), other.parameters(), strict=True):
            assert a is b
        for a, b in zip(first.buffers(), other.buffers(), strict=True):
            assert a is not b
    names = [name for name, _ in model.named_parameters()]
    assert not any('frames.1' in name or 'heads.1' in name for name in names)


def test_statistics_of_each_frame():
    """Calibration runs the chain: each frame has its own."""
    model = build(video_cfg())
    with model.backbone.active(random_arch(model)):
        found = estimate_statistics(
            model, [dict(inputs=[clip for clip in clips(4)], data_samples=[])])
    assert not any(key.startswith('key.') for key in found)
    name = 'backbone.frames.{}.network.bn1.running_mean'
    head = 'heads.{}.deconv_layers.1.running_mean'
    for key in (name, head):
        assert not torch.equal(found[key.format(0)], found[key.format(1)])


@pytest.mark.parametrize('frames', [1, 3, 4])
def test_weights_for_other_numbers_of_frames(frames):
    """T can be another one without training again."""
    trained = build(video_cfg(num_frames=2))
    other = build(video_cfg(num_frames=frames), random=False)
    other.load_state_dict(deepcopy(trained.state_dict()), strict=True)
    x = clips(1, frames)
    with torch.no_grad():
        got, expected = other(x), trained(clips(1, 2))
    assert got.shape[1] == frames + 1
    same = min(frames, 2) + 1
    part = build(video_cfg(num_frames=same - 1), random=False)
    part.load_state_dict(deepcopy(trained.state_dict()))
    with torch.no_grad():
        assert torch.equal(got[:, :same], part(x[:, :same]))
    assert expected.shape[1] == 3


def loss_of(model, arch=None, **options):
    with model.backbone.active(arch or model.backbone.space.max_arch()):
        return model.loss(clips(), samples(**options))


@pytest.mark.parametrize('detach', [False, True])
def test_gradients_through_the_chain(detach):
    """The loss of the last frame reaches the fusion of the first, unless
    heatmaps are detached; never the key frame."""
    cfg = dict(video_cfg(), detach=detach)
    model = build(cfg).train()
    assert not model.key.training
    assert not any(p.requires_grad for p in model.key.parameters())
    # frames with parameters of their own, so that each has its gradients
    fixed = build(fixed_cfg(cfg, random_arch(model))).train()
    fixed.loss(clips(), samples())['loss_kpt_2'].backward()
    for frame, reached in ((0, not detach), (1, True)):
        grads = [
            p.grad for p in fixed.backbone.frames[frame].parameters()
            if p.grad is not None
        ]
        assert bool(grads) == reached
    assert all(p.grad is None for p in fixed.key.parameters())


def test_loss_is_the_sum_over_frames():
    """Eq. 1: mean squared errors of all frames but the key frame."""
    model = build(video_cfg())
    losses = loss_of(model)
    assert list(losses) == ['loss_kpt_1', 'loss_kpt_2']
    with torch.no_grad():
        heatmaps = model(clips())
    truth = torch.stack([
        torch.stack([frame.gt_fields.heatmaps for frame in clip.frames])
        for clip in samples()
    ])
    for t in (1, 2):
        error = (heatmaps[:, t] - truth[:, t]).square().mean()
        torch.testing.assert_close(losses[f'loss_kpt_{t}'].detach(), error)
    assert loss_of(model, padded=1)['loss_kpt_2'] == 0


def test_a_step_of_the_supernet():
    """The largest, the smallest and two random architectures, each with
    random fusion; the largest teaches the others."""
    supernet = MODELS.build(
        ConfigDict(
            type='scalenas_mm.OneShotSupernet',
            architecture=video_cfg(),
            sampler=dict(type='SandwichSampler', num_random=2),
            distillation=dict(
                module=['heads.0.final_layer', 'heads.1.final_layer'],
                alpha=2.0)))
    supernet.train()
    losses = supernet.loss(clips(), samples())
    names = ('smallest', 'random0', 'random1')
    assert sorted(losses) == sorted(
        [f'{name}.distill.loss_mse' for name in names] + [
            f'{name}.loss_kpt_{t}' for name in ('largest', *names)
            for t in (1, 2)
        ])
    sum(losses.values()).backward()
    assert all(p.grad is None for p in supernet.architecture.key.parameters())


def test_the_key_frame_stands_for_itself():
    """Its network is neither searched nor cut."""
    cfg = video_cfg()
    model = build(cfg)
    assert find_searchable(model) is model.backbone
    assert followers(model) == (model.heads, )
    assert searchable_cfg(cfg) is cfg['backbone']
    arch = random_arch(model)
    plain = fixed_cfg(cfg, arch)
    assert searchable_cfg(plain)['arch'] == arch.to_dict()
    assert plain['key']['backbone'] == cfg['key']['backbone']
    assert len(plain['head']) == 2
    assert find_searchable(build(plain)).kind == 'fixed'


def other_key():
    cfg = video_cfg()
    cfg['key'] = estimator('mobilenetv3')
    return cfg


def change(**changes):
    cfg = video_cfg()
    for key, value in changes.items():
        part, _, name = key.partition('__')
        if name:
            cfg[part][name] = value
        else:
            cfg[part] = value
    return cfg


@pytest.mark.parametrize('cfg, message', [
    (change(test_cfg=dict(flip_test=True)), 'test_cfg.flip_test: expected F'),
    (change(backbone__heatmaps=7), 'out_channels: expected 7'),
    (change(head=[video_cfg()['head']]), 'head: expected one, or one for'),
    (change(
        head=dict(
            type='mmpose.HeatmapHead', in_channels=32, out_channels=JOINTS)),
     'head.type: expected one that follows'),
    (change(backbone__network=dict(type='mmpose.ResNet', depth=18)),
     'network.type: expected a backbone of ViPNAS'),
    (change(
        backbone__network=dict(type='scalenas_mm.ViPNASResNet', arch='max')),
     'network.arch: expected none'),
])
def test_wrong_settings(cfg, message):
    with pytest.raises(SettingError, match=message):
        build(cfg)


def test_another_network_for_the_key_frame():
    """It cannot be the beginning of the others."""
    with pytest.raises(SettingError, match='from_key: expected a key frame'):
        build(other_key(), random=False)
    model = build(dict(other_key(), from_key=False), random=False)
    assert model(clips()).shape == (2, 3, JOINTS, 16, 16)


def test_a_fixed_model_runs_nothing_else():
    model = build(cfg := video_cfg())
    plain = build(fixed_cfg(cfg, random_arch(model)))
    with pytest.raises(ArchError, match='which this fixed TViPNAS'):
        plain.backbone.arch = random_arch(model, 5)
    with pytest.raises(SettingError, match='clips of 3 frames'):
        plain(clips(1, 3))
