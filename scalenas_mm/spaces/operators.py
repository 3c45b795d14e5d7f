"""What networks are made of, for costs that are measured and not counted.

A space says which operators its networks run and how often
(:meth:`~scalenas_mm.spaces.Space.operators`). Their parameters and MACs add up
to what the space counts; their times, from a table of a machine, to the
latency.
"""
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from .cost import ComplexityBatch, Size

Numbers = Tuple[Any, ...]
ACTIVATIONS = ('none', 'ReLU', 'HSwish')  # by their number


class Operator(NamedTuple):
    """A layer, or a few that always run together, on maps of one size.

    Attributes:
        kind: One of :data:`KINDS`.
        fixed: Numbers that are compared as they are, such as sizes. The last
            two are height and width of the map that comes out.
        free: Numbers of channels or tokens. Times of others than were
            measured lie between those that were. In the list of a space they
            may be arrays: one number for each architecture.
    """
    kind: str
    fixed: Tuple[int, ...]
    free: Numbers


class Used(NamedTuple):
    """An operator and how often it runs, a number or one of each
    architecture."""
    operator: Operator
    times: Any = 1


# -- kinds ----------------------------------------------------------------
def conv(source: Any,
         width: Any,
         size: Size,
         kernel: int = 3,
         stride: int = 1,
         groups: int = 1,
         act: int = 1) -> Operator:
    """Convolution, batch norm and activation; ``size`` is that of the output.

    ``act`` is the place among :data:`ACTIVATIONS`, or True or False. Where
    there are groups, there are as many channels before as behind. ``groups``
    is their number, 0 for a depthwise one, ``-n`` for groups of ``n``
    channels.
    """
    return Operator('conv', (kernel, stride, groups, int(act), *size),
                    (source, width) if groups == 1 else (source, ))


def plain_conv(source: Any,
               width: Any,
               size: Size,
               stride: int = 1,
               groups: int = 1,
               bias: bool = True) -> Operator:
    """1x1 convolution without norm; ``size`` is that of the output."""
    return Operator('plain_conv', (stride, groups, int(bias), *size),
                    (source, width))


def added(channels: Any, size: Size, act: bool = False) -> Operator:
    """Sum of two maps and, with ``act``, ReLU."""
    return Operator('added', (int(act), *size), (channels, ))


def joined(channels: Any, size: Size) -> Operator:
    """Two maps of half of the channels one after the other."""
    return Operator('joined', size, (channels, ))


def pooling(channels: Any, size: Size) -> Operator:
    """3x3 max-pooling of stride 2; ``size`` is that of the output."""
    return Operator('pooling', size, (channels, ))


def basic_block(width: Any, size: Size) -> Operator:
    """Two 3x3 convolutions and the sum with the input."""
    return Operator('basic_block', size, (width, ))


def bottleneck(source: Any, planes: Any, size: Size) -> Operator:
    """1x1, 3x3, 1x1 to ``4 * planes``, and the sum with the input, which is
    projected unless it has as many channels."""
    return Operator('bottleneck', size, (source, planes))


def upward(source: Any, width: Any, small: Size, size: Size) -> Operator:
    """1x1 convolution and norm, enlarging from ``small`` to ``size``, and the
    sum with a map."""
    return Operator('upward', (*small, *size), (source, width))


def downward(source: Any, width: Any, sizes: Tuple[Size, ...]) -> Operator:
    """Strided 3x3 convolutions, all but the last keep the channels, and the
    sum with a map; ``sizes`` are those of the maps from first to last."""
    return Operator('downward', tuple(sum(sizes, ())), (source, width))


def resizing(channels: Any, small: Size, size: Size) -> Operator:
    """Of a map, bilinear."""
    return Operator('resizing', (*small, *size), (channels, ))


def _conv_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    kernel, _, groups, _, height, width = fixed
    source, out = free[0], free[-1]
    weights = grouped_weights(source, out, groups)
    weights = weights if kernel == 1 else kernel**2 * weights
    return weights + 2 * out, weights * (height * width)


def grouped_weights(source: Any, width: Any, groups: int) -> Any:
    """Of a 1x1 convolution; ``groups`` as of :func:`conv`."""
    if groups > 1:
        source = source // groups
    return width * (source if groups > 0 else max(1, -groups))


def _plain_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    _, groups, bias, height, width = fixed
    source, out = free
    weights = grouped_weights(source, out, groups)
    return weights + out if bias else weights, weights * (height * width)


def _block_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    width, = free
    weights = 18 * width * width
    return weights + 4 * width, weights * fixed[0] * fixed[1]


def _bottleneck_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    source, planes = free
    wide, projects = 4 * planes, 1 * (source != 4 * planes)
    weights = planes * (source + 9 * planes + wide) + projects * source * wide
    norms = 2 * (2 * planes + wide) + projects * 2 * wide
    return weights + norms, weights * fixed[0] * fixed[1]


def _upward_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    source, width = free
    return (source * width + 2 * width, source * width * fixed[0] * fixed[1])


def _downward_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    source, width = free
    areas = [a * b for a, b in zip(fixed[2::2], fixed[3::2])]
    weights = 9 * source * width
    params, macs = weights + 2 * width, weights * areas[-1]
    if len(areas) > 1:
        weights = 9 * source * source
        params = params + (len(areas) - 1) * (weights + 2 * source)
        macs = macs + weights * sum(areas[:-1])
    return params, macs


def no_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    """Of what has no parameters and multiplies nothing."""
    return 0, 0


# Parameters and MACs of each kind; spaces add their own kinds
KINDS: Dict[str, Callable[[Tuple[int, ...], Numbers], Tuple[Any, Any]]] = dict(
    conv=_conv_cost,
    plain_conv=_plain_cost,
    added=no_cost,
    joined=no_cost,
    pooling=no_cost,
    basic_block=_block_cost,
    bottleneck=_bottleneck_cost,
    upward=_upward_cost,
    downward=_downward_cost,
    resizing=no_cost)


def operators_cost(used: List[Used], num: int) -> ComplexityBatch:
    """Parameters and MACs of ``num`` architectures, arrays of ``int64``."""
    params, macs = np.zeros((2, num), np.int64)
    for (kind, fixed, free), times in used:
        cost = KINDS[kind](fixed, free)
        params += times * cost[0]
        macs += times * cost[1]
    return ComplexityBatch(params, macs)
