"""Freezing, norms and copies behave as those of upstream's HRNets."""
import copy
import io
import pickle

import pytest
import torch
from hrnets import build_hrnet, equal, image, randomised
from mmcv.cnn import is_norm
from mmengine.model import ExponentialMovingAverage

from scalenas_mm.backbones import ScaleNet

MODULES = (1, 1, 1)
SMALL = dict(width=4, num_modules=MODULES)
TINY = dict(SMALL, stem_width=8, stage1_blocks=1)


def name_here(name):
    """Of a layer of upstream's HRNet."""
    if '.fuse_layers.' not in name:
        return name
    head, tail = name.split('.fuse_layers.')
    target, source, *rest = tail.split('.')
    return '.'.join([f'{head}.fusions.3_{target}_{source}', *rest])


def frozen(net):
    return {
        name_here(name)
        for name, parameter in net.named_parameters()
        if not parameter.requires_grad
    }


def fixed_norms(net):
    """Norms that keep their statistics while the network trains."""
    return {
        name_here(name)
        for name, module in net.named_modules()
        if is_norm(module) and not module.training
    }


@pytest.mark.parametrize('library', ['mmseg', 'mmpose'])
@pytest.mark.parametrize('stages', range(-1, 5))
@pytest.mark.parametrize('norm_eval', [True, False])
def test_freezes_what_upstream_freezes(library, stages, norm_eval):
    kwargs = dict(frozen_stages=stages, norm_eval=norm_eval)
    upstream = build_hrnet(library, 4, MODULES, **kwargs)
    net = ScaleNet(
        arch='hrnet', multi_scale_output=library == 'mmseg', **SMALL, **kwargs)
    assert frozen(net) == frozen(upstream)
    for mode in True, False, True:
        net.train(mode)
        upstream.train(mode)
        assert fixed_norms(net) == fixed_norms(upstream)
    assert bool(fixed_norms(net)) == (norm_eval or stages >= 0)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_norms_of_mmdets(norm_eval):
    """It has no ``frozen_stages``, and ``norm_eval`` unless one says no."""
    upstream = build_hrnet('mmdet', 4, MODULES, norm_eval=norm_eval)
    net = ScaleNet(arch='hrnet', norm_eval=norm_eval, **SMALL)
    upstream.train()
    net.train()
    assert fixed_norms(net) == fixed_norms(upstream)
    assert bool(fixed_norms(net)) == norm_eval


def test_frozen_weights_and_statistics_stay():
    net = randomised(ScaleNet(frozen_stages=2, **TINY)).train()
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD(
        (p for p in net.parameters() if p.requires_grad), 0.1)
    sum(out.square().mean() for out in net(image(64, 64))).backward()
    optimizer.step()
    changed = {
        key.split('.')[0]
        for key, value in net.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert changed == {'stage3', 'transition3', 'stage4'}


def pickled(net):
    return pickle.loads(pickle.dumps(net))


def saved(net):
    buffer = io.BytesIO()
    torch.save(net, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


@pytest.mark.parametrize('duplicate', [copy.deepcopy, pickled, saved])
def test_a_copy_is_another_network(duplicate):
    net = randomised(ScaleNet(init='hrnet', **TINY))
    net.arch = 'min'
    other = duplicate(net)
    x = image(64, 64)
    with torch.no_grad():
        assert equal(other(x), net(x))
        other.arch = 'max'
        randomised(other, seed=1)
        assert net.arch == net.space.min_arch()
        assert not equal(other(x), net(x))
    # names of HRNet's layers are understood, what is missing is noticed
    hrnet = ScaleNet(arch='hrnet', **TINY)
    other.load_state_dict(hrnet.state_dict(), strict=False)
    weight = other.stage2[0].fusions['3_0_1'][0].weight
    assert torch.equal(weight, hrnet.stage2[0].fusions['3_0_1'][0].weight)
    with pytest.raises(ValueError, match='init: expected all weights'):
        other.load_state_dict({}, strict=False)


def test_moving_averages():
    """What EMAHook keeps: a copy that follows, with an architecture of its
    own."""
    net = randomised(ScaleNet(**TINY))
    average = ExponentialMovingAverage(net, momentum=0.5)
    key = 'stage2.0.fusions.3_0_1.0.weight'
    before = net.get_parameter(key).detach().clone()
    with torch.no_grad():
        net.get_parameter(key).add_(2)
    average.update_parameters(net)  # the first one copies
    with torch.no_grad():
        net.get_parameter(key).add_(2)
    average.update_parameters(net)
    torch.testing.assert_close(
        average.module.get_parameter(key).detach(), before + 3)
    with average.module.active('min') as arch:
        assert average.module.arch == arch != net.arch


def test_less_memory_gives_the_same_gradients_under_freezing():
    grads = []
    for with_cp in False, True:
        net = randomised(ScaleNet(with_cp=with_cp, frozen_stages=1, **TINY))
        net.train()
        sum(out.square().mean() for out in net(image(64, 64))).backward()
        grads.append({
            name: p.grad
            for name, p in net.named_parameters() if p.requires_grad
        })
    assert not any(name.startswith('layer1') for name in grads[0])
    for name, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][name])
