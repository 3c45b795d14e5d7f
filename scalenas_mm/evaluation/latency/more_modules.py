"""Operators of ViPNAS and HR-NAS as modules that can be timed."""
from typing import Any, Callable, Dict, List, Mapping, Tuple

import torch
from torch import Tensor, nn

from scalenas_mm.ops import (ElasticGC, ElasticSE, LightweightTransformer,
                             SqueezeExcitation, add_to, build_activation)
from scalenas_mm.ops.resize import upsampled
from scalenas_mm.spaces.hrnas.operators import transformer_of
from scalenas_mm.spaces.operators import ACTIVATIONS

Shape = Tuple[int, ...]
Options = Mapping[str, Any]
# A module and the shapes of its inputs, without the batch
Timed = Tuple[nn.Module, List[Shape]]
RELU = dict(type='ReLU')


def groups_of(code: int, channels: int) -> int:
    """Number of groups; ``code`` as ``groups`` of
    :func:`scalenas_mm.spaces.operators.conv`."""
    return code if code > 0 else channels // max(1, -code)


def activation(code: int, options: Options) -> List[nn.Module]:
    """The activation of a number, none or one. ReLU stands for what the
    backbone says as ``act_cfg``."""
    if not code:
        return []
    name = ACTIVATIONS[code]
    cfg = options.get('act_cfg', RELU) if name == 'ReLU' else dict(type=name)
    return [build_activation(dict(cfg))]


class _Added(nn.Module):

    def __init__(self, act: List[nn.Module]):
        super().__init__()
        self.act = nn.Sequential(*act)

    def forward(self, x: Tensor, term: Tensor) -> Tensor:
        # as the networks do it, where an activation follows
        return self.act(add_to(x, term)) if len(self.act) else x + term


class _Joined(nn.Module):

    def forward(self, *maps: Tensor) -> Tensor:
        return torch.cat(maps, 1)


class _Upsampling(nn.Module):

    def __init__(self, size: Shape, mode: str):
        super().__init__()
        self.size, self.mode = size, mode

    def forward(self, x: Tensor) -> Tensor:
        return upsampled(x, self.size, self.mode)


def _added(fixed: Shape, free: Shape, options: Options) -> Timed:
    return _Added(activation(fixed[0], options)), [(*free, *fixed[1:])] * 2


def _joined(fixed: Shape, free: Shape, options: Options) -> Timed:
    first = free[0] // 2
    return _Joined(), [(first, *fixed), (free[0] - first, *fixed)]


def _pooling(fixed: Shape, free: Shape, options: Options) -> Timed:
    return nn.MaxPool2d(3, 2, 1), [(*free, *(2 * side for side in fixed))]


def _plain_conv(fixed: Shape, free: Shape, options: Options) -> Timed:
    stride, groups, bias, *size = fixed
    conv = nn.Conv2d(
        *free, 1, stride, groups=groups_of(groups, free[0]), bias=bool(bias))
    return conv, [(free[0], *(stride * side for side in size))]


def _se(fixed: Shape, free: Shape, options: Options) -> Timed:
    return ElasticSE(*free), [(*free, *fixed)]


def _gc(fixed: Shape, free: Shape, options: Options) -> Timed:
    return ElasticGC(*free), [(*free, *fixed)]


def _excitation(fixed: Shape, free: Shape, options: Options) -> Timed:
    act_cfg = dict(options.get('act_cfg', RELU))
    return (SqueezeExcitation(free[0], fixed[0],
                              act_cfg), [(*free, *fixed[1:])])


def _transformer(fixed: Shape, free: Shape, options: Options) -> Timed:
    source, out = fixed[:2]
    before, after = fixed[-4:-2], fixed[-2:]
    module = LightweightTransformer(source, free[0], out,
                                    1 if before == after else 2,
                                    transformer_of(fixed))
    return module, [(source, *before)]


def _upsampling(fixed: Shape, free: Shape, options: Options) -> Timed:
    mode = options.get('upsample', 'nearest')
    return _Upsampling(fixed[2:], mode), [(*free, *fixed[:2])]


MORE: Dict[str, Callable[[Shape, Shape, Options], Timed]] = dict(
    added=_added,
    joined=_joined,
    pooling=_pooling,
    plain_conv=_plain_conv,
    se=_se,
    gc=_gc,
    excitation=_excitation,
    transformer=_transformer,
    upsampling=_upsampling)
