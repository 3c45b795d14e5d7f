"""Closed-form cost of ScaleNets for one input size."""
from itertools import product
from typing import Dict, List, Tuple

import numpy as np

from ..cost import Complexity, Size, conv_bn, half, total
from .arch import Row, ScaleNetArch
from .genes import GeneLayout


class ScaleNetCost:
    """Cost tables of a ScaleNet family at one input size.

    The cost of an architecture is linear in its depths and fusion bits, so
    that one table entry per block and per row of bits is enough.

    Args:
        width (int): Channels of the branch with the highest resolution.
        stem_width (int): Channels of the stem.
        stage1_blocks (int): Number of bottlenecks of stage 1.
        in_channels (int): Channels of the input image.
        num_modules (tuple[int]): Modules of each stage from stage 2 on.
        input_size (tuple[int]): Height and width of the image in pixels.
    """

    def __init__(self, width: int, stem_width: int, stage1_blocks: int,
                 in_channels: int, num_modules: Tuple[int, ...],
                 input_size: Size) -> None:
        branches = len(num_modules) + 1
        self.stem_width = stem_width
        self.in_channels = in_channels
        self.stage1_blocks = stage1_blocks
        self.stem_size = half(input_size)
        self.widths = [width * 2**j for j in range(branches)]
        self.sizes = [half(self.stem_size)]
        for _ in range(branches - 1):
            self.sizes.append(half(self.sizes[-1]))

        self.fixed = total(
            [self._stem(), self._stage1(), *self._transitions()])
        self.block = [
            conv_bn(width, width, 3, size) * 2
            for width, size in zip(self.widths, self.sizes)
        ]
        self.fusion = [[self._fusion(j, k) for k in range(branches)]
                       for j in range(branches)]
        self._rows = {
            n: [self._row_table(n, j) for j in range(n)]
            for n in range(2, branches + 1)
        }

    def __call__(self, arch: ScaleNetArch) -> Complexity:
        params, macs = self.fixed.params, self.fixed.macs
        for module in arch.modules:
            tables = self._rows[len(module.depth)]
            for j, (depth,
                    rows) in enumerate(zip(module.depth, module.fusion)):
                block = self.block[j]
                params += depth * block.params
                macs += depth * block.macs
                table = tables[j]
                for row in rows:
                    row_params, row_macs = table[row]
                    params += row_params
                    macs += row_macs
        return Complexity(params, macs)

    def batch(self, genes: np.ndarray,
              layout: GeneLayout) -> Tuple[np.ndarray, np.ndarray]:
        """Parameters and MACs of gene vectors, shape ``(num, genes)``.

        Sums are taken in double precision, which is exact below 2**53.
        """
        parts = [
            self.block[j] if level < 0 else self.fusion[j][k]
            for j, level, k in zip(layout.target, layout.level, layout.source)
        ]
        weights = np.array([[part.params, part.macs] for part in parts],
                           np.float64)
        out = np.empty((len(genes), 2), np.int64)
        chunk = 2048  # keeps the floating-point copy of the genes in cache
        for start in range(0, len(genes), chunk):
            part = genes[start:start + chunk].astype(np.float64) @ weights
            out[start:start + chunk] = np.rint(part)
        return out[:, 0] + self.fixed.params, out[:, 1] + self.fixed.macs

    def _stem(self) -> Complexity:
        stem = self.stem_width
        return (conv_bn(self.in_channels, stem, 3, self.stem_size) +
                conv_bn(stem, stem, 3, self.sizes[0]))

    def _stage1(self) -> Complexity:
        """Bottlenecks; the first one projects its residual path."""
        size, planes, wide = (self.sizes[0], self.stem_width,
                              4 * self.stem_width)
        tail = conv_bn(planes, planes, 3, size) + conv_bn(
            planes, wide, 1, size)
        blocks = [
            conv_bn(wide if i else planes, planes, 1, size) + tail
            for i in range(self.stage1_blocks)
        ]
        return total([*blocks, conv_bn(planes, wide, 1, size)])

    def _transitions(self) -> List[Complexity]:
        wide, widths, sizes = 4 * self.stem_width, self.widths, self.sizes
        first = conv_bn(wide, widths[0], 3, sizes[0]) + conv_bn(
            wide, widths[1], 3, sizes[1])
        return [first] + [
            conv_bn(widths[j - 1], widths[j], 3, sizes[j])
            for j in range(2, len(widths))
        ]

    def _fusion(self, target: int, source: int) -> Complexity:
        """f_jk: 1x1 before upsampling, or a chain of strided 3x3."""
        widths, sizes = self.widths, self.sizes
        if source == target:
            return Complexity()
        if source > target:
            return conv_bn(widths[source], widths[target], 1, sizes[source])
        return total([
            conv_bn(widths[source],
                    widths[target] if j == target else widths[source], 3,
                    sizes[j]) for j in range(source + 1, target + 1)
        ])

    def _row_table(self, branches: int,
                   target: int) -> Dict[Row, Tuple[int, int]]:
        table = {}
        for row in product((0, 1), repeat=branches):
            cost = total(
                [self.fusion[target][k] for k, bit in enumerate(row) if bit])
            table[row] = (cost.params, cost.macs)
        return table
