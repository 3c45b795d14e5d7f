"""Closed-form cost of ViPNAS's networks.

All arithmetic is on whole numbers, or on arrays of them for many networks at
once; :class:`~.arch.ViPNASArch` and the columns of gene vectors have the same
attributes.
"""
from typing import Any, List, Sequence, Tuple

from ..cost import Size, half
from .arch import ViPNASBranch, ViPNASHead, ViPNASStage
from .settings import MODULE_BLOCKS, StageChoices

BOTTLENECK_EXPANSION = dict(bottleneck=1, hrnet=4)


def at_least(value: Any, least: int) -> Any:
    """The larger of the two; also for arrays."""
    return value + (least - value) * (value < least)


def se_width(channels: Any) -> Any:
    """Channels inside squeeze-and-excitation: a fourth."""
    return at_least(channels // 4, 1)


def gc_width(channels: Any) -> Any:
    """Channels inside a global context block (mmcv's with the ratio of
    mmpose's ViPNAS)."""
    return at_least(channels // 16, 16)


def area(size: Size) -> int:
    """Pixels of a map."""
    return size[0] * size[1]


class Sums:
    """What layers add up to.

    Attributes:
        params: Parameters: weights, biases, scales and shifts of norms.
        macs: Multiply-accumulates of convolutions for one image.
    """

    def __init__(self) -> None:
        self.params: Any = 0
        self.macs: Any = 0

    def conv(self,
             weights: Any,
             pixels: int,
             normed: Any,
             times: Any = 1) -> None:
        """Convolutions, whose weights work at so many pixels each, and norms
        over so many channels."""
        self.params = self.params + times * (weights + 2 * normed)
        self.macs = self.macs + times * weights * pixels

    def attention(self, kind: str, channels: Any, pixels: int,
                  times: Any) -> None:
        """Attention over a map, in so many blocks."""
        if kind == 'se':
            hidden = se_width(channels)
            weights = 2 * channels * hidden
            self.params = self.params + times * (weights + channels + hidden)
            self.macs = self.macs + times * weights
        else:
            hidden = gc_width(channels)
            weights = 2 * channels * hidden
            self.params = self.params + times * (2 * channels + 1 + weights +
                                                 3 * hidden)
            self.macs = self.macs + times * (weights + channels * pixels)


def bottlenecks(sums: Sums, kind: str, source: Any, depth: Any,
                branch: ViPNASBranch, expansion: int, stride: int,
                sizes: Tuple[Size, Size]) -> Any:
    """Add the bottlenecks of a stage; returns the channels that come out."""
    width, out = branch.width, branch.width * expansion
    before, after = map(area, sizes)
    middle = branch.kernel**2 * width * (width // branch.groups)
    projects = 1 if stride != 1 else 1 * (source != out)
    sums.conv(source * width, before, width)
    sums.conv(projects * source * out, after, projects * out)
    sums.conv(middle + width * out, after, width + out, depth)
    sums.conv(out * width, after, width, depth - 1)
    sums.attention(kind, out, after, depth * branch.attention)
    return out


def mobile_blocks(sums: Sums, kind: str, source: Any, depth: Any,
                  branch: ViPNASBranch, expands: bool, stride: int,
                  sizes: Tuple[Size, Size]) -> Any:
    """Add the mobile blocks of a stage; returns the channels that come
    out."""
    width, mid = branch.width, branch.width * branch.expansion
    before, after = map(area, sizes)
    middle = branch.kernel**2 * mid * (mid // branch.groups)
    if expands:
        sums.conv(source * mid, before, mid)
        sums.conv(width * mid, after, mid, depth - 1)
    sums.conv(middle + mid * width, after, mid + width, depth)
    sums.attention(kind, mid, after, depth * branch.attention)
    return width


def chain(sums: Sums, block: str, kind: str, in_channels: int, stem: Any,
          stages: Sequence[ViPNASStage], choices: Sequence[StageChoices],
          input_size: Size) -> None:
    """Add a ResNet or a MobileNet."""
    size = half(input_size)
    kernel = 7 if block == 'bottleneck' else 3
    sums.conv(kernel**2 * in_channels * stem, area(size), stem)
    if block == 'bottleneck':
        size = half(size)  # max-pooling
    source = stem
    for (depth, (branch, )), choice in zip(stages, choices):
        after = half(size) if choice.stride == 2 else size
        if block == 'bottleneck':
            source = bottlenecks(sums, kind, source, depth, branch,
                                 BOTTLENECK_EXPANSION[block], choice.stride,
                                 (size, after))
        else:
            source = mobile_blocks(sums, kind, source, depth, branch,
                                   choice.branches[0].expansion != (1, ),
                                   choice.stride, (size, after))
        size = after


def hrnet(sums: Sums, kind: str, in_channels: int, stem: Any,
          stages: Sequence[ViPNASStage], input_size: Size,
          multi_scale: bool) -> None:
    """Add an HRNet; with ``multi_scale`` all of its branches are read."""
    first = half(input_size)
    pixels = [half(first)]
    while len(pixels) < len(stages):
        pixels.append(half(pixels[-1]))
    areas = [area(size) for size in pixels]
    sums.conv(9 * in_channels * stem, area(first), stem)
    sums.conv(9 * stem * stem, areas[0], stem)
    depth, (branch, ) = stages[0]
    wide = bottlenecks(sums, kind, stem, depth, branch,
                       BOTTLENECK_EXPANSION['hrnet'], 1,
                       (pixels[0], pixels[0]))
    before: List[Any] = [wide]
    for i, (depth, branches) in enumerate(stages[1:], 1):
        widths = [branch.width for branch in branches]
        _transitions(sums, before, widths, areas, always=i == 1)
        for branch, pixel in zip(branches, areas):
            conv = branch.kernel**2 * branch.width * (
                branch.width // branch.groups)
            sums.conv(conv, pixel, branch.width, 2 * depth)
            sums.attention(kind, branch.width, pixel, depth * branch.attention)
        modules = depth // MODULE_BLOCKS
        last = i == len(stages) - 1 and not multi_scale
        _fusions(sums, widths, areas, range(len(widths)), modules - last)
        if last:
            _fusions(sums, widths, areas, range(1), 1)
        before = widths


def _transitions(sums: Sums, before: Sequence[Any], widths: Sequence[Any],
                 areas: Sequence[int], always: bool) -> None:
    """To the widths of a stage: a 3x3 convolution where the width changes,
    a strided one for the new branch."""
    for source, width, pixels in zip(before, widths, areas):
        changes = 1 if always else 1 * (source != width)
        sums.conv(changes * 9 * source * width, pixels, changes * width)
    sums.conv(9 * before[-1] * widths[-1], areas[len(widths) - 1], widths[-1])


def _fusions(sums: Sums, widths: Sequence[Any], areas: Sequence[int],
             targets: Sequence[int], times: Any) -> None:
    """Of a module: 1x1 before enlarging, or a chain of strided 3x3 of which
    all but the last keep the channels."""
    params: Any = 0
    macs: Any = 0
    for target in targets:
        out = widths[target]
        for source in range(target + 1, len(widths)):
            weights = widths[source] * out
            params += weights + 2 * out
            macs += weights * areas[source]
        for source, width in enumerate(widths[:target]):
            steps, inner = target - source - 1, 9 * width * width
            weights = 9 * width * out
            params += steps * (inner + 2 * width) + weights + 2 * out
            macs += inner * sum(
                areas[source + 1:target]) + weights * areas[target]
    sums.params = sums.params + times * params
    sums.macs = sums.macs + times * macs


def deconvs(sums: Sums, source: Any, head: ViPNASHead, pixels: int) -> int:
    """Add transposed convolutions of stride 2 behind a map of so many
    pixels: each weight works at every pixel that comes in. Returns the pixels
    that come out."""
    for groups in head.groups:
        sums.conv(head.kernel**2 * source * (head.width // groups), pixels,
                  head.width)
        source, pixels = head.width, 4 * pixels
    return pixels
