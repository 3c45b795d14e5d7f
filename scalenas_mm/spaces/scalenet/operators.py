"""The operators of ScaleNets."""
from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

import numpy as np

from ..cost import Size, half
from ..operators import (Operator, Used, basic_block, bottleneck, conv,
                         downward, upward)

if TYPE_CHECKING:
    from .space import ScaleNetSpace

Columns = Sequence[Sequence[Any]]


def map_sizes(space: 'ScaleNetSpace', input_size: Size) -> List[Size]:
    """Of the stem's first map, then of all branches."""
    sizes = [half(input_size)]
    for _ in range(len(space.num_modules) + 1):
        sizes.append(half(sizes[-1]))
    return sizes


def fixed_operators(space: 'ScaleNetSpace', input_size: Size) -> List[Used]:
    """Stem and stage 1."""
    first, size, *_ = map_sizes(space, input_size)
    stem = space.stem_width
    return [
        Used(conv(space.in_channels, stem, first, stride=2)),
        Used(conv(stem, stem, size, stride=2)),
        Used(bottleneck(stem, stem, size)),
        Used(bottleneck(4 * stem, stem, size), space.stage1_blocks - 1)
    ]


def fusion(source: int, target: int, widths: Tuple[Any, Any],
           sizes: Sequence[Size]) -> Operator:
    """From one branch to another; ``widths`` are those of both."""
    if source > target:
        return upward(*widths, sizes[source], sizes[target])
    return downward(*widths, tuple(sizes[source:target + 1]))


def plain_operators(space: 'ScaleNetSpace', genes: np.ndarray,
                    input_size: Size) -> List[Used]:
    """Of gene vectors without dead layers, shape ``(num, genes)``."""
    sizes = map_sizes(space, input_size)[1:]
    widths = [space.width * 2**j for j in range(len(sizes))]
    wide, layout = 4 * space.stem_width, space.layout
    used = fixed_operators(space, input_size)
    used.append(Used(conv(wide, widths[0], sizes[0])))
    for j, size in enumerate(sizes[1:], 1):
        source = widths[j - 1] if j > 1 else wide
        used.append(Used(conv(source, widths[j], size, stride=2)))
    # genes are numbers of blocks of a branch, or of fusions into it from one
    num = len(sizes)
    source = np.where(layout.is_bit, layout.source, layout.target)
    places = layout.target * num + source
    chosen = (places[:, None] == np.arange(num**2)).astype(np.float64)
    counts = np.rint(genes.astype(np.float64) @ chosen).astype(np.int64)
    for j, (width, size) in enumerate(zip(widths, sizes)):
        for k, other in enumerate(widths):
            operator = basic_block(width, size) if k == j else fusion(
                k, j, (other, width), sizes)
            used.append(Used(operator, counts[:, j * num + k]))
    return used


def wide_operators(space: 'ScaleNetSpace', depths: Columns,
                   counts: Sequence[Columns], widths: Columns,
                   input_size: Size) -> List[Used]:
    """With elastic widths; arguments as of ``WideCost._sum``."""
    sizes = map_sizes(space, input_size)[1:]
    used, before = fixed_operators(space, input_size), []  # type: Any, Any
    for depth, count, width in zip(depths, counts, widths):
        for j in range(len(before), len(width)):  # transitions
            source = before[j - 1] if j > 1 else 4 * space.stem_width
            used.append(
                Used(conv(source, width[j], sizes[j], stride=2 if j else 1)))
        first = [*before, *width[len(before):]]
        for j, (w, size) in enumerate(zip(width, sizes)):
            used += [
                Used(conv(first[j], w, size)),
                Used(conv(w, w, size)),
                Used(
                    conv(first[j], w, size, 1, act=False),
                    1 * (first[j] != w)),
                Used(basic_block(w, size), depth[j] - 1),
                *(Used(fusion(k, j, (source, w), sizes), count[j][k])
                  for k, source in enumerate(width) if k != j)
            ]
        before = list(width)
    return used
