"""Costs of whole pose estimators of ViPNAS."""
from dataclasses import dataclass
from typing import Any, Dict, Tuple

import numpy as np

from ..cost import Complexity, ComplexityBatch, Size
from ..cost_model import CostModel
from .cost import Sums, area, deconvs


@dataclass(frozen=True)
class ElasticHeadCost:
    """Cost of transposed convolutions and a 1x1 convolution, which follow the
    architecture.

    Args:
        space (ViPNASSpace): The space.
        out_channels (int): Heatmaps that the 1x1 convolution puts out.
    """
    space: Any
    out_channels: int

    def _sums(self, columns: Any, input_size: Size) -> Tuple[Sums, Any]:
        """Of all layers, and MACs of the transposed convolutions."""
        sums = Sums()
        pixels = area(self.space.output_size(input_size))
        source = columns.stages[-1].branches[0].width
        if columns.head is not None:
            pixels = deconvs(sums, source, columns.head, pixels)
            source = columns.head.width
        elastic = sums.macs + 0  # a copy: sums change in place
        sums.conv(source * self.out_channels, pixels, 0)
        sums.params = sums.params + self.out_channels  # bias
        return sums, elastic

    def complexity(self, arch: Any, input_size: Size) -> Complexity:
        """Of one member of the space."""
        sums, _ = self._sums(arch, input_size)
        return Complexity(sums.params, sums.macs)

    def complexity_batch(self, genes: np.ndarray,
                         input_size: Size) -> ComplexityBatch:
        """Of many canonical gene vectors."""
        columns = self.space.layout.columns(genes)
        sums, _ = self._sums(columns, input_size)
        return ComplexityBatch(sums.params, sums.macs)

    def deconv_macs(self, columns: Any, input_size: Size) -> Any:
        """MACs of the transposed convolutions alone."""
        return self._sums(columns, input_size)[1]


@dataclass(frozen=True)
class ViPNASCostModel(CostModel):
    """Adds ``paper_gflops``, the FLOPs that ViPNAS's tables print.

    They are multiply-accumulates of the whole model in units of 2**30, with
    each weight of the transposed convolutions at every pixel that comes out,
    four times as many as come in. (S-ViPNAS-MobileNetV3: 0.691, the paper has
    0.69; S-ViPNAS-Res50: 1.430, the paper has 1.44.) Only a model with an
    elastic head has them: what others do is not known in closed form.
    """

    @property
    def heads(self) -> Tuple[ElasticHeadCost, ...]:
        """Costs of elastic heads."""
        return tuple(
            part for part in self.followers
            if isinstance(part, ElasticHeadCost))

    @property
    def keys(self) -> Tuple[str, ...]:
        keys = super().keys
        return (*keys, 'paper_gflops') if self.heads else keys

    def __call__(self, arch: Any) -> Dict[str, Any]:
        return self._with_paper(super().__call__(arch), arch)

    def batch(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        space: Any = self.space
        columns = space.layout.columns(genes)
        return self._with_paper(super().batch(genes), columns)

    def _with_paper(self, costs: Dict[str, Any],
                    columns: Any) -> Dict[str, Any]:
        if self.heads:
            surplus = 3 * sum(
                head.deconv_macs(columns, self.input_size)
                for head in self.heads)
            costs['paper_gflops'] = (costs['macs'] + surplus) / 2**30
        return costs
