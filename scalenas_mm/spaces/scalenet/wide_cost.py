"""Closed-form cost of ScaleNets with elastic widths."""
from typing import TYPE_CHECKING, Any, List, Sequence, Tuple

import numpy as np

from ..cost import Complexity, Size
from .cost import ScaleNetCost

if TYPE_CHECKING:
    from .space import ScaleNetSpace
    from .wide import WideScaleNetArch

CHUNK = 4096  # keeps all intermediate columns in cache
Rows = Sequence[Sequence[Any]]


class WideCost:
    """Costs at one input size; arithmetic on whole numbers, or on arrays.

    Args:
        space (ScaleNetSpace): The space without widths.
        input_size (tuple[int]): Height and width of the image in pixels.
    """

    def __init__(self, space: 'ScaleNetSpace', input_size: Size) -> None:
        self.layout = space.layout
        self.branches = space.branches
        self.plain = plain = ScaleNetCost(space.width, space.stem_width,
                                          space.stage1_blocks,
                                          space.in_channels, space.num_modules,
                                          input_size)
        self.areas = [size[0] * size[1] for size in plain.sizes]
        self.wide = 4 * space.stem_width
        self.fixed = plain._stem() + plain._stage1()

    def __call__(self, arch: 'WideScaleNetArch') -> Complexity:
        depths = [module.depth for module in arch.modules]
        counts = [[[sum(row[k] for row in rows) for k in range(len(rows[0]))]
                   for rows in module.fusion] for module in arch.modules]
        return Complexity(*self._sum(depths, counts, arch.widths))

    def batch(self, genes: np.ndarray,
              widths: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Parameters and MACs of gene vectors of the plain space, and the
        widths of all modules in a row."""
        return self._sum(*self.columns(genes, widths))

    def columns(self, genes: np.ndarray,
                widths: np.ndarray) -> Tuple[Any, Any, Any]:
        """Depths, numbers of fusions and widths of each module, as
        :meth:`_sum` takes them."""
        columns = list(np.asarray(widths).T.astype(np.int64))
        depths: List[Any] = []
        counts: List[Any] = []
        rows: List[Any] = []
        layout = self.layout
        for m, n in enumerate(self.branches):
            start = int(layout.starts[m])
            depths.append(
                [genes[:, start + j].astype(np.int64) for j in range(n)])
            mine = layout.is_bit & (layout.module == m)
            counts.append([[
                genes[:,
                      mine & (layout.target == j) & (layout.source == k)].sum(
                          1, dtype=np.int64) for k in range(n)
            ] for j in range(n)])
            rows.append(columns[:n])
            columns = columns[n:]
        return depths, counts, rows

    def _sum(self, depths: Rows, counts: Sequence[Rows],
             widths: Rows) -> Tuple[Any, Any]:
        """Of all layers: ``counts[module][target][source]`` fusions."""
        out = _Sum(self.fixed)
        before: List[Any] = []
        for depth, count, width in zip(depths, counts, widths):
            for j in range(len(before), len(width)):  # transitions
                source = before[j - 1] if j > 1 else self.wide
                out.conv(9, source, width[j], self.areas[j])
            first = [*before, *width[len(before):]]
            for j, (w, area) in enumerate(zip(width, self.areas)):
                out.conv(9, first[j], w, area)
                out.conv(9, w, w, area, 2 * depth[j] - 1)
                out.conv(1, first[j], w, area, 1 * (first[j] != w))
                for k, source in enumerate(width):
                    if k != j:
                        self._fusion(out, j, k, w, source, count[j][k])
            before = list(width)
        return out.params, out.macs

    def _fusion(self, out: '_Sum', target: int, source: int, width: Any,
                source_width: Any, times: Any) -> None:
        """1x1 before enlarging, or a chain of strided 3x3 of which all but
        the last keep the channels."""
        if source > target:
            out.conv(1, source_width, width, self.areas[source], times)
        for step in range(source + 1, target + 1):
            last = width if step == target else source_width
            out.conv(9, source_width, last, self.areas[step], times)


class _Sum:

    def __init__(self, start: Complexity) -> None:
        self.params: Any = start.params
        self.macs: Any = start.macs

    def conv(self,
             taps: int,
             source: Any,
             width: Any,
             area: int,
             times: Any = 1) -> None:
        """Convolutions with norms, on maps of so many pixels."""
        weights = taps * source * width
        self.params = self.params + times * (weights + 2 * width)
        self.macs = self.macs + times * weights * area
