"""ViPNAS networks of mmpose: points of our spaces, and the way back.

mmpose's ``ViPNAS_ResNet``, ``ViPNAS_MobileNetV3`` and ``HRNet`` compute what
our networks do at the same architecture. Names of weights are the same, but
for the blocks of the MobileNet, which mmpose numbers through all stages.
:mod:`.vipnas_shapes` reads an architecture off such weights.
"""
import re
from copy import deepcopy
from typing import Any, Dict, Mapping

from torch import Tensor, nn

from scalenas_mm.backbones import ViPNASBackbone, plain_followers
from scalenas_mm.spaces import ViPNASArch
from .subnet import ExportError
from .vipnas_shapes import new_names

HERE = re.compile(r'backbone\.layer(\d+)\.(\d+)\.')
THERE = re.compile(
    r'backbone\.layer(\d+)\.(?=expand_conv|depthwise_conv|se\.|linear_conv)')


def from_mmpose(weights: Mapping[str, Tensor],
                arch: ViPNASArch) -> Dict[str, Tensor]:
    """Weights of a whole model of mmpose by the names they have here.

    Args:
        weights (Mapping): A state dict with keys ``backbone.*``; those of the
            head may begin with ``keypoint_head``, as before mmpose 1.0.
        arch (ViPNASArch): Its architecture.

    Raises:
        ExportError: It has more blocks than the architecture.
    """
    weights = new_names(weights)
    places = [(i, d) for i, stage in enumerate(arch.stages, 1)
              for d in range(stage.depth)]

    def place(match: 're.Match[str]') -> str:
        number = int(match[1])
        if number > len(places):
            raise ExportError(f'the weights have a block {number}, the '
                              f'architecture has {len(places)}')
        stage, block = places[number - 1]
        return f'backbone.layer{stage}.{block}.'

    return {THERE.sub(place, key): value for key, value in weights.items()}


def to_mmpose(weights: Mapping[str, Tensor],
              backbone: ViPNASBackbone) -> Dict[str, Tensor]:
    """Weights of a whole model by the names that mmpose gives them.

    Args:
        weights (Mapping): State dict of a model whose backbone is fixed.
        backbone (ViPNASBackbone): That backbone.

    Raises:
        ExportError: mmpose rounds the width inside its attention otherwise.
    """
    _check_context(backbone)
    if backbone.space.block != 'mobile':
        return dict(weights)
    depths = [stage.depth for stage in backbone.arch.stages]

    def number(match: 're.Match[str]') -> str:
        stage, block = int(match[1]), int(match[2])
        return f'backbone.layer{sum(depths[:stage - 1]) + block + 1}.'

    return {HERE.sub(number, key): value for key, value in weights.items()}


def mmpose_backbone(backbone: ViPNASBackbone) -> Dict[str, Any]:
    """Config of mmpose's backbone at the architecture of a fixed one.

    Raises:
        ExportError: mmpose has no such network.
    """
    block = backbone.space.block
    if len(backbone.space.out_indices) > 1:
        raise ExportError('out_indices: expected one output')
    if block == 'hrnet':
        return _hrnet(backbone)
    columns = _columns(backbone)
    if block == 'mobile':
        return dict(type='mmpose.ViPNAS_MobileNetV3', **columns)
    num = len(backbone.arch.stages)
    if num > 4:
        raise ExportError(f'mmpose has at most 4 stages, not {num}')
    strides = columns.pop('stride')[1:]
    del columns['act']
    _check_context(backbone)
    return dict(
        type='mmpose.ViPNAS_ResNet',
        depth=50,
        num_stages=num,
        strides=strides,
        dilations=[1] * num,
        out_indices=[num - 1],
        **columns)


def _columns(backbone: ViPNASBackbone) -> Dict[str, Any]:
    """What both of mmpose's ViPNAS backbones take: a list for the stem and
    the stages each."""
    arch, choices = backbone.arch, backbone.space.stages
    rows = [stage.branches[0] for stage in arch.stages]
    mobile = backbone.space.block == 'mobile'
    if backbone.space.in_channels != 3:
        raise ExportError('in_channels: expected 3, which mmpose has')
    return dict(
        norm_cfg=dict(backbone.norm_cfg),
        wid=[arch.stem, *(row.width for row in rows)],
        expan=[None, *(row.expansion for row in rows)],
        dep=[None, *(stage.depth for stage in arch.stages)],
        ks=[3 if mobile else 7, *(row.kernel for row in rows)],
        group=[None, *(row.groups for row in rows)],
        att=[None, *(bool(row.attention) for row in rows)],
        stride=[2, *(stage.stride for stage in choices)],
        act=['HSwish', *(stage.activation for stage in choices)])


def _check_context(backbone: ViPNASBackbone) -> None:
    """mmpose rounds the width inside a global context block another way."""
    if backbone.space.attention != 'gc':
        return
    for stage in backbone.arch.stages:
        width = stage.branches[0].width
        if stage.branches[0].attention and int(
                width * max(1 / 16, 16 / width)) != max(width // 16, 16):
            raise ExportError(f'width {width}: mmpose rounds the width inside '
                              'its attention to another number')


def _hrnet(backbone: ViPNASBackbone) -> Dict[str, Any]:
    arch = backbone.arch
    plain = all((b.kernel, b.groups, b.attention) == (3, 1, 0)
                for stage in arch.stages for b in stage.branches)
    if not plain or arch.stem != 64 or backbone.upsample != 'nearest':
        raise ExportError('mmpose has HRNets with 64 channels in the stem, '
                          'nearest upsampling, 3x3 kernels, no groups and no '
                          'attention only')
    first, second = (stage.branches[0].width for stage in arch.stages[:2])
    if len(arch.stages) != 4 or 4 * first == second:
        raise ExportError('mmpose has HRNets of 4 stages whose second one has '
                          f'another width than {4 * first} only')
    extra: Dict[str, Any] = {}
    for i, (depth, branches) in enumerate(arch.stages, 1):
        num = len(branches)
        extra[f'stage{i}'] = dict(
            num_modules=1 if i == 1 else depth // 4,
            num_branches=num,
            block='BOTTLENECK' if i == 1 else 'BASIC',
            num_blocks=[depth if i == 1 else 4] * num,
            num_channels=[branch.width for branch in branches])
    return dict(
        type='mmpose.HRNet',
        in_channels=backbone.space.in_channels,
        norm_cfg=dict(backbone.norm_cfg),
        extra=extra)


def mmpose_model(cfg: Dict[str, Any], model: nn.Module) -> Dict[str, Any]:
    """Config of a whole model that mmpose runs without this package.

    Args:
        cfg (dict): Config of a pose estimator with a fixed backbone of ViPNAS,
            as ``tools/export.py`` writes it.
        model (nn.Module): What it builds.

    Raises:
        ExportError: The backbone is not of ViPNAS, not fixed, or mmpose has
            no such network.
    """
    backbone = getattr(model, 'backbone', None)
    if not isinstance(backbone, ViPNASBackbone) or backbone.kind != 'fixed':
        raise ExportError(
            'model.backbone: expected a fixed network of ViPNAS, '
            f'got {type(backbone).__name__}')
    out = plain_followers(deepcopy(cfg), backbone.arch)
    out['backbone'] = mmpose_backbone(backbone)
    return out
