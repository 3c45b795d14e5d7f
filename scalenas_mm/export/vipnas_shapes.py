"""The architecture of a ViPNAS network of mmpose, read off its weights."""
import re
from itertools import groupby
from typing import Any, Dict, List, Mapping, Optional, Tuple

from torch import Tensor

from scalenas_mm.spaces import (ViPNASArch, ViPNASBranch, ViPNASHead,
                                ViPNASStage)
from .subnet import ExportError

Weights = Mapping[str, Tensor]


def new_names(weights: Weights) -> Dict[str, Tensor]:
    """The names that mmpose gives the weights of a head since 1.0."""
    return {
        re.sub('^keypoint_head[.]', 'head.', key): value
        for key, value in weights.items()
    }


def family_of(weights: Weights) -> str:
    """The family of ViPNAS that a network of mmpose belongs to.

    Args:
        weights (Mapping): State dict of a whole model of mmpose.

    Raises:
        ExportError: It belongs to none.
    """
    for key, family in (('layer1.depthwise_conv.conv', 'mobilenetv3'),
                        ('stage2.0.branches.0.0.conv1',
                         'hrnet_w32'), ('layer1.0.conv3', 'resnet50')):
        if f'backbone.{key}.weight' in weights:
            return family
    raise ExportError('expected ViPNAS_ResNet, ViPNAS_MobileNetV3 or HRNet of '
                      f'mmpose, got weights such as {sorted(weights)[:3]}')


def arch_of(weights: Weights) -> ViPNASArch:
    """The architecture of a network of mmpose.

    Weights do not tell strides and activations, which a space fixes. A stage
    of a MobileNet begins where the width changes or a block differs in what
    all blocks of a stage share; two stages that differ in their stride alone
    are one here, which no space with both of them takes. Of an HRNet it is
    what mmpose can build: no groups and no attention.

    Args:
        weights (Mapping): State dict of a whole model of mmpose.

    Raises:
        ExportError: Not such a network, or one that is in none of our spaces:
            blocks of a stage or layers of the head that differ, other
            expansions.
    """
    weights = new_names(weights)
    family = family_of(weights)
    stem = 'conv1.conv' if family == 'mobilenetv3' else 'conv1'
    stages = dict(resnet50=_resnet, mobilenetv3=_mobile, hrnet_w32=_hrnet)
    return ViPNASArch(
        _shape(weights, f'backbone.{stem}')[0], tuple(stages[family](weights)),
        _head(weights))


def _shape(weights: Weights, name: str) -> Tuple[int, ...]:
    """Shape of a weight of a convolution.

    Raises:
        ExportError: There is none of this name.
    """
    value = weights.get(f'{name}.weight')
    if value is None or value.dim() != 4:
        raise ExportError(f'expected weights of a convolution {name}')
    return tuple(value.shape)


def _count(weights: Weights, name: str) -> int:
    """How many modules ``name.0``, ``name.1``, ... there are."""
    numbers = {
        int(key[len(name) + 1:].split('.')[0])
        for key in weights if re.match(re.escape(name) + r'\.\d+\.', key)
    }
    return max(numbers, default=-1) + 1


def _same(name: str, rows: List[Any]) -> Any:
    """The one value of several.

    Raises:
        ExportError: There are none, or they differ.
    """
    if len(set(rows)) != 1:
        raise ExportError(f'{name}: expected all to be alike, as in our '
                          f'spaces, got {rows}')
    return rows[0]


def _bottleneck(weights: Weights, name: str, expansion: int) -> ViPNASBranch:
    middle, inner, kernel, _ = _shape(weights, f'{name}.conv2')
    out = _shape(weights, f'{name}.conv3')[0]
    if out != expansion * middle:
        raise ExportError(f'{name}: expected {expansion} x {middle} channels '
                          f'behind the block, got {out}')
    attention = f'{name}.attention.conv_mask.weight' in weights
    return ViPNASBranch(middle, 1, kernel, middle // inner, int(attention))


def _resnet(weights: Weights) -> List[ViPNASStage]:
    stages: List[ViPNASStage] = []
    while depth := _count(weights, f'backbone.layer{len(stages) + 1}'):
        name = f'backbone.layer{len(stages) + 1}'
        rows = [_bottleneck(weights, f'{name}.{d}', 1) for d in range(depth)]
        stages.append(ViPNASStage(depth, (_same(name, rows), )))
    return stages


def _mobile_block(weights: Weights, name: str) -> ViPNASBranch:
    middle, inner, kernel, _ = _shape(weights, f'{name}.depthwise_conv.conv')
    width = _shape(weights, f'{name}.linear_conv.conv')[0]
    expands = f'{name}.expand_conv.conv.weight' in weights
    if middle % width or expands == (middle == width):
        raise ExportError(f'{name}: expected an expansion from 2 on, or none, '
                          f'got {middle} channels for {width}')
    attention = f'{name}.se.conv1.conv.weight' in weights
    return ViPNASBranch(width, middle // width, kernel, middle // inner,
                        int(attention))


def _mobile(weights: Weights) -> List[ViPNASStage]:
    blocks: List[ViPNASBranch] = []
    while f'backbone.layer{len(blocks) + 1}.depthwise_conv.conv.weight' in (
            weights):
        name = f'backbone.layer{len(blocks) + 1}'
        blocks.append(_mobile_block(weights, name))
    return [
        ViPNASStage(len(list(same)), (block, ))
        for block, same in groupby(blocks)
    ]


def _hrnet(weights: Weights) -> List[ViPNASStage]:
    rows = [
        _bottleneck(weights, f'backbone.layer1.{d}', 4)
        for d in range(_count(weights, 'backbone.layer1'))
    ]
    stages = [ViPNASStage(len(rows), (_same('backbone.layer1', rows), ))]
    while modules := _count(weights, f'backbone.stage{len(stages) + 1}'):
        name = f'backbone.stage{len(stages) + 1}.0.branches'
        widths = [
            _shape(weights, f'{name}.{b}.0.conv1')[0]
            for b in range(_count(weights, name))
        ]
        depth = modules * _count(weights, f'{name}.0')
        stages.append(
            ViPNASStage(
                depth,
                tuple(ViPNASBranch(width, 1, 3, 1, 0) for width in widths)))
    return stages


def _head(weights: Weights) -> Optional[ViPNASHead]:
    layers = _count(weights, 'head.deconv_layers')
    if not layers:
        return None
    sizes, groups = [], []
    for i in range(0, layers, 3):
        name = f'head.deconv_layers.{i}'
        _, columns, kernel, _ = _shape(weights, name)
        width = len(weights[f'head.deconv_layers.{i + 1}.weight'])
        sizes.append((width, kernel))
        groups.append(width // columns)
    width, kernel = _same('head.deconv_layers', sizes)
    return ViPNASHead(width, kernel, tuple(groups))
