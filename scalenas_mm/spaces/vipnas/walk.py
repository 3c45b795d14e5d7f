"""What ViPNAS's networks run, told layer by layer.

A visitor is told each operator and how often it runs: :class:`~.cost.Sums`
adds up costs, :class:`~.operators.Operators` lists them. Numbers are whole
ones, or arrays of them for many networks at once.
"""
from typing import Any, List, Sequence, Tuple

from ..cost import Size, half
from ..operators import ACTIVATIONS, added, conv, downward, pooling, upward
from .arch import ViPNASStage
from .attention import attention
from .settings import MODULE_BLOCKS, StageChoices

BOTTLENECK_EXPANSION = dict(bottleneck=1, hrnet=4)
Choices = Sequence[StageChoices]
RELU, HSWISH = map(ACTIVATIONS.index, ('ReLU', 'HSwish'))


def bottlenecks(visit: Any, kind: str, source: Any, stage: ViPNASStage,
                choice: StageChoices, expansion: int,
                sizes: Tuple[Size, Size]) -> Any:
    """The bottlenecks of a stage; returns the channels that come out."""
    depth, (branch, ) = stage
    width, out = branch.width, branch.width * expansion
    (before, after), stride = sizes, choice.stride
    projects = 1 if stride != 1 else 1 * (source != out)
    visit.run(conv(source, width, before, 1))
    visit.run(conv(out, width, after, 1), depth - 1)
    visit.grouped(width, after, branch, choice.branches[0], (RELU, ), depth,
                  stride)
    visit.run(conv(width, out, after, 1, act=0), depth)
    visit.run(conv(source, out, after, 1, stride, act=0), projects)
    visit.run(attention(kind, out, after), depth * branch.attention)
    visit.run(added(out, after, True), depth)
    return out


def mobile_blocks(visit: Any, kind: str, source: Any, stage: ViPNASStage,
                  choice: StageChoices, sizes: Tuple[Size, Size]) -> Any:
    """The mobile blocks of a stage; returns the channels that come out."""
    depth, (branch, ) = stage
    later = depth - 1
    width, mid = branch.width, branch.middle
    (before, after), stride = sizes, choice.stride
    act = ACTIVATIONS.index(choice.activation)
    if choice.branches[0].expansion != (1, ):
        visit.run(conv(source, mid, before, 1, act=act))
        visit.run(conv(width, mid, after, 1, act=act), later)
    visit.grouped(mid, after, branch, choice.branches[0], (act, ), depth,
                  stride)
    visit.run(attention(kind, mid, after), depth * branch.attention)
    visit.run(conv(mid, width, after, 1, act=0), depth)
    stays = 0 if stride != 1 else 1 * (source == width)
    visit.run(added(width, after), later)
    visit.run(added(width, after), stays)
    return width


def chain(visit: Any, block: str, kind: str, in_channels: int, stem: Any,
          stages: Sequence[ViPNASStage], choices: Choices,
          input_size: Size) -> None:
    """A ResNet or a MobileNet."""
    size = half(input_size)
    if block == 'bottleneck':
        visit.run(conv(in_channels, stem, size, 7, 2))
        size = half(size)
        visit.run(pooling(stem, size))
    else:
        visit.run(conv(in_channels, stem, size, 3, 2, act=HSWISH))
    source = stem
    for stage, choice in zip(stages, choices):
        after = half(size) if choice.stride == 2 else size
        if block == 'bottleneck':
            source = bottlenecks(visit, kind, source, stage, choice,
                                 BOTTLENECK_EXPANSION[block], (size, after))
        else:
            source = mobile_blocks(visit, kind, source, stage, choice,
                                   (size, after))
        size = after


def hrnet(visit: Any, kind: str, in_channels: int, stem: Any,
          stages: Sequence[ViPNASStage], choices: Choices, input_size: Size,
          multi_scale: bool) -> None:
    """An HRNet; with ``multi_scale`` all of its branches are read."""
    first = half(input_size)
    sizes = [half(first)]
    while len(sizes) < len(stages):
        sizes.append(half(sizes[-1]))
    visit.run(conv(in_channels, stem, first, 3, 2))
    visit.run(conv(stem, stem, sizes[0], 3, 2))
    wide = bottlenecks(visit, kind, stem, stages[0], choices[0],
                       BOTTLENECK_EXPANSION['hrnet'], (sizes[0], sizes[0]))
    before: List[Any] = [wide]
    for i, (depth, branches) in enumerate(stages[1:], 1):
        widths = [branch.width for branch in branches]
        _transitions(visit, before, widths, sizes, always=i == 1)
        for branch, choice, size in zip(branches, choices[i].branches, sizes):
            width = branch.width
            visit.grouped(width, size, branch, choice, (RELU, 0), depth)
            visit.run(attention(kind, width, size), depth * branch.attention)
            visit.run(added(width, size, True), depth)
        modules = depth // MODULE_BLOCKS
        last = i == len(stages) - 1 and not multi_scale
        _fusions(visit, widths, sizes, range(len(widths)), modules - last)
        if last:
            _fusions(visit, widths, sizes, range(1), 1)
        before = widths


def _transitions(visit: Any, before: Sequence[Any], widths: Sequence[Any],
                 sizes: Sequence[Size], always: bool) -> None:
    """To the widths of a stage: a 3x3 convolution where the width changes,
    a strided one for the new branch."""
    for source, width, size in zip(before, widths, sizes):
        visit.run(
            conv(source, width, size), 1 if always else 1 * (source != width))
    visit.run(
        conv(before[-1], widths[-1], sizes[len(widths) - 1], 3, stride=2))


def _fusions(visit: Any, widths: Sequence[Any], sizes: Sequence[Size],
             targets: Sequence[int], times: Any) -> None:
    """Of a module: 1x1 before enlarging, or a chain of strided 3x3 of which
    all but the last keep the channels."""
    with visit.repeated(times) as inner:
        for j in targets:
            for k, width in enumerate(widths):
                if k > j:
                    inner.run(upward(width, widths[j], sizes[k], sizes[j]))
                elif k < j:
                    inner.run(
                        downward(width, widths[j], tuple(sizes[k:j + 1])))
