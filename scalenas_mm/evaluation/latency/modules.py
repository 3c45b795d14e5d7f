"""Operators as modules that can be timed."""
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import torch
from torch import Tensor, nn

from scalenas_mm.ops import (BasicBlock, Bottleneck, Downsample, Upsample,
                             add_to, enlarge)
from scalenas_mm.spaces.operators import Operator
from .more_modules import MORE, activation, groups_of

Shape = Tuple[int, ...]
# A module and the shapes of its inputs, without the batch
Timed = Tuple[nn.Module, List[Shape]]
BN = dict(type='BN')


class _Conv(nn.Sequential):
    """Convolution, norm and activation."""

    def __init__(self, source: int, width: int, kernel: int, stride: int,
                 groups: int, act: Sequence[nn.Module]):
        conv = nn.Conv2d(
            source,
            width,
            kernel,
            stride,
            kernel // 2,
            groups=groups_of(groups, source),
            bias=False)
        super().__init__(conv, nn.BatchNorm2d(width), *act)


class _Upward(Upsample):

    def forward(self, x: Tensor, total: Tensor) -> Tensor:
        return add_to(total, super().forward(x, total.shape[2:]))


class _Downward(Downsample):

    def forward(self, x: Tensor, total: Tensor) -> Tensor:
        return add_to(total, super().forward(x, total.shape[2:]))


class _Resizing(nn.Module):

    def __init__(self, size: Sequence[int]):
        super().__init__()
        self.size = tuple(size)

    def forward(self, x: Tensor) -> Tensor:
        return enlarge(x, self.size, 'bilinear')


def _conv(fixed: Shape, free: Shape, options: Mapping[str, Any]) -> Timed:
    kernel, stride, groups, act, *size = fixed
    source = free[0]
    # of the input only that much is known; an odd side has one pixel less
    before = [side * stride for side in size]
    return (_Conv(source, free[-1], kernel, stride, groups,
                  activation(act, options)), [(source, *before)])


def _basic_block(fixed: Shape, free: Shape, options: Mapping[str,
                                                             Any]) -> Timed:
    return BasicBlock(free[0], BN), [(free[0], *fixed)]


def _bottleneck(fixed: Shape, free: Shape, options: Mapping[str,
                                                            Any]) -> Timed:
    return Bottleneck(*free, BN), [(free[0], *fixed)]


def _upward(fixed: Shape, free: Shape, options: Mapping[str, Any]) -> Timed:
    source, width = free
    mode = options.get('upsample', 'bilinear')
    return (_Upward(source, width, BN, mode), [(source, *fixed[:2]),
                                               (width, *fixed[2:])])


def _downward(fixed: Shape, free: Shape, options: Mapping[str, Any]) -> Timed:
    source, width = free
    steps = len(fixed) // 2 - 1
    return (_Downward(source, width, steps, BN), [(source, *fixed[:2]),
                                                  (width, *fixed[-2:])])


def _resizing(fixed: Shape, free: Shape, options: Mapping[str, Any]) -> Timed:
    return _Resizing(fixed[2:]), [(free[0], *fixed[:2])]


BUILDERS: Dict[str, Callable[[Shape, Shape, Mapping[str, Any]], Timed]] = dict(
    conv=_conv,
    basic_block=_basic_block,
    bottleneck=_bottleneck,
    upward=_upward,
    downward=_downward,
    resizing=_resizing,
    **MORE)


def build_operator(operator: Operator, batch: int,
                   options: Mapping[str, Any]) -> Tuple[nn.Module, Any]:
    """An operator in evaluation mode, and random inputs for it.

    Args:
        operator (Operator): With numbers only.
        batch (int): Images.
        options (Mapping): What the backbone says beside its space, such as
            ``upsample`` and ``act_cfg``.
    """
    kind, fixed, free = operator
    module, shapes = BUILDERS[kind](fixed, free, options)
    return module.eval(), tuple(torch.randn(batch, *shape) for shape in shapes)
