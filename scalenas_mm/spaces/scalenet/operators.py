"""The operators of ScaleNets."""
from typing import Any, List, Sequence, Tuple

import numpy as np

from ..cost import Size
from ..operators import (Operator, Used, basic_block, bottleneck, conv,
                         downward, upward)
from .cost import ScaleNetCost
from .genes import GeneLayout

Columns = Sequence[Sequence[Any]]


def fixed_operators(cost: ScaleNetCost) -> List[Used]:
    """Stem and stage 1, of what the cost knows of a family at a size."""
    stem, size = cost.stem_width, cost.sizes[0]
    return [
        Used(conv(cost.in_channels, stem, cost.stem_size, stride=2)),
        Used(conv(stem, stem, size, stride=2)),
        Used(bottleneck(stem, stem, size)),
        Used(bottleneck(4 * stem, stem, size), cost.stage1_blocks - 1)
    ]


def fusion(source: int, target: int, widths: Tuple[Any, Any],
           sizes: Sequence[Size]) -> Operator:
    """From one branch to another; ``widths`` are those of both."""
    if source > target:
        return upward(*widths, sizes[source], sizes[target])
    return downward(*widths, tuple(sizes[source:target + 1]))


def plain_operators(cost: ScaleNetCost, genes: np.ndarray,
                    layout: GeneLayout) -> List[Used]:
    """Of gene vectors without dead layers, shape ``(num, genes)``."""
    sizes, widths, wide = cost.sizes, cost.widths, 4 * cost.stem_width
    used = fixed_operators(cost)
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


def wide_operators(cost: ScaleNetCost, depths: Columns,
                   counts: Sequence[Columns], widths: Columns) -> List[Used]:
    """With elastic widths; the columns are those of :class:`.WideCost`."""
    sizes, used = cost.sizes, fixed_operators(cost)
    before: List[Any] = []
    for depth, count, width in zip(depths, counts, widths):
        for j in range(len(before), len(width)):  # transitions
            source = before[j - 1] if j > 1 else 4 * cost.stem_width
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
