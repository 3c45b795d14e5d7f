"""Parameters of equal options in one group."""
import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from torch import nn

from scalenas_mm.spaces import SettingError

SETTINGS = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.01),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={'last': dict(lr_mult=10)}))


def wrapper_of(model, **settings):
    return build_optim_wrapper(model,
                               copy.deepcopy(ConfigDict(SETTINGS, **settings)))


@pytest.fixture
def models():
    """Twice the same network."""
    torch.manual_seed(0)
    one = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    one.add_module('inner', nn.Sequential(nn.Conv2d(4, 4, 1)))
    one.add_module('last', nn.Conv2d(4, 2, 1))
    return one, copy.deepcopy(one)


def test_few_groups_train_alike(models):
    """Each parameter has its options, and steps are equal to the last bit."""
    few = wrapper_of(models[0], constructor='scalenas_mm.FewGroupsConstructor')
    many = wrapper_of(models[1])
    assert len(many.optimizer.param_groups) == 8
    groups = few.optimizer.param_groups
    assert [len(group['params']) for group in groups] == [2, 4, 2]
    assert [(group['lr'], group['weight_decay'])
            for group in groups] == [(.1, .01), (.1, 0), (1., .01)]
    x = torch.randn(2, 3, 8, 8)
    for _ in range(3):
        for model, wrapper in zip(models, (few, many)):
            wrapper.update_params(model(x).square().mean())
    for one, other in zip(models[0].parameters(), models[1].parameters()):
        assert torch.equal(one, other)


def test_nothing_is_lost_or_twice(models):
    few = wrapper_of(models[0], constructor='scalenas_mm.FewGroupsConstructor')
    trained = [
        p for group in few.optimizer.param_groups for p in group['params']
    ]
    assert len(trained) == len(set(map(id, trained)))
    assert set(map(id, trained)) == set(map(id, models[0].parameters()))


def test_shared_parameters_are_no_two(models):
    models[0].last.weight = models[0].inner[0].weight
    models[0].inner[0].weight.data = models[0].last.weight[:2].clone()
    settings = dict(
        constructor='scalenas_mm.FewGroupsConstructor',
        paramwise_cfg=dict(norm_decay_mult=0.0))
    with pytest.raises(SettingError, match='bypass_duplicate'):
        wrapper_of(models[0], **settings)
    settings['paramwise_cfg']['bypass_duplicate'] = True
    groups = wrapper_of(models[0], **settings).optimizer.param_groups
    assert sum(len(group['params']) for group in groups) == 7


def test_without_options_of_parameters(models):
    few = wrapper_of(
        models[0],
        constructor='scalenas_mm.FewGroupsConstructor',
        paramwise_cfg=None)
    assert len(few.optimizer.param_groups) == 1


def test_fused_steps_of_changing_sub_networks(models):
    """Layers have their first gradients at different times."""
    fused = dict(SETTINGS['optimizer'], fused=True)
    wrappers = [
        wrapper_of(
            models[0],
            constructor='scalenas_mm.FewGroupsConstructor',
            optimizer=fused),
        wrapper_of(models[1])
    ]
    x = torch.randn(2, 3, 8, 8)
    for depth in (3, 4, 5, 3, 5):
        for model, wrapper in zip(models, wrappers):
            wrapper.update_params(model[:depth](x).square().mean())
    for one, other in zip(models[0].parameters(), models[1].parameters()):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
