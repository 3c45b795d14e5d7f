"""OpenMMLab's HRNets, small, for tests."""
from importlib import import_module

import pytest
import torch
from mmcv.cnn import is_norm
from torch import nn


def hrnet_extra(width, num_modules=(1, 4, 3), stem_width=64, blocks=4):
    """``extra`` of an HRNet: what a config says of its stages."""

    def stage(num, branches):
        return dict(
            num_modules=num,
            num_branches=branches,
            block='BASIC',
            num_blocks=(4, ) * branches,
            num_channels=tuple(width * 2**j for j in range(branches)))

    return dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(blocks, ),
            num_channels=(stem_width, )),
        **{
            f'stage{i}': stage(num, i)
            for i, num in enumerate(num_modules, 2)
        })


def build_hrnet(library, width, num_modules=(1, 4, 3), **kwargs):
    """HRNet of one of the task libraries, with random weights."""
    models = pytest.importorskip(f'{library}.models')
    hrnet = import_module(f'{library}.models.backbones').HRNet
    assert models
    return randomised(hrnet(extra=hrnet_extra(width, num_modules), **kwargs))


def randomised(model, seed=0):
    """Random weights and statistics, so that every layer matters."""
    torch.manual_seed(seed)
    for module in model.modules():
        if is_norm(module):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            if hasattr(module, 'running_mean'):
                nn.init.normal_(module.running_mean, std=0.1)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    model.eval()  # upstream's returns nothing
    return model


def image(*size, channels=3, batch=1):
    torch.manual_seed(1)
    return torch.randn(batch, channels, *size)


def equal(first, second):
    """Whether two tuples of maps are the same, bit for bit."""
    return len(first) == len(second) and all(
        torch.equal(a, b) for a, b in zip(first, second))
