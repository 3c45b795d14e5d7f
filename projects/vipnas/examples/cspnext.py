"""A small CSPNeXt with elastic depth, width and kernel size.

An example of a space and a backbone of one's own, from elastic layers: see
docs/elastic.md. As RTMPose's CSPNeXt, but small: a stem, and four stages of a
strided convolution, two 1x1 branches, blocks on one of them, and a 1x1
convolution over both.
"""
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from scalenas_mm.backbones import SearchableBackbone
from scalenas_mm.ops import ElasticConvNorm, ElasticMobileBlock, joined
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import Arch, ArchError, Complexity, ComplexityBatch
from scalenas_mm.spaces.arch import check_keys
from scalenas_mm.spaces.choices import IndependentChoices
from scalenas_mm.spaces.cost import half
from scalenas_mm.spaces.space import GENE_DTYPE, as_size

STEM = 8  # channels
STAGES = 4
CHOICES = ((1, 2, 3), (8, 16), (3, 5))  # depth, half of the width, kernel
LAST = 16  # width of the last stage, on which a head is built
BN = dict(type='BN')


# -- the space ------------------------------------------------------------
@dataclass(frozen=True)
class CSPArch(Arch):
    """Depth, half of the width and kernel size of each stage, in a row."""
    code: Tuple[int, ...]

    def to_dict(self) -> Dict[str, Any]:
        return dict(code=list(self.code))

    @classmethod
    def from_dict(cls, data: Any) -> 'CSPArch':
        check_keys('arch', data, ('code', ))
        return cls(tuple(data['code']))


class CSPSpace(IndependentChoices[CSPArch]):
    """Every number is free; genes are the code itself."""
    arch_type = CSPArch

    def __init__(self) -> None:
        rows = [*CHOICES] * STAGES
        rows[3 * STAGES - 2] = (LAST, )
        self.choices = tuple(np.array(row, GENE_DTYPE) for row in rows)
        self.parts = np.repeat(np.arange(STAGES), 3)

    def to_dict(self):
        return dict(type='CSPSpace')

    def max_arch(self):
        return CSPArch(tuple(int(row[-1]) for row in self.choices))

    def min_arch(self):
        return CSPArch(tuple(int(row[0]) for row in self.choices))

    def canonical(self, arch):
        self.check(arch)
        return arch

    def check(self, arch):
        if not isinstance(arch, CSPArch) or len(arch.code) != 3 * STAGES:
            raise ArchError('arch', f'a CSPArch of {3 * STAGES} numbers', arch)
        for i, (value, row) in enumerate(zip(arch.code, self.choices)):
            if value not in row:
                raise ArchError(f'code[{i}]', f'one of {row.tolist()}', value)

    def gene_choices(self):
        return self.choices

    def genes_of(self, values):
        return values.astype(GENE_DTYPE)

    def values_of(self, genes):
        return genes

    def encode(self, arch):
        self.check(arch)
        return np.array(arch.code, GENE_DTYPE)

    def decode(self, genes):
        arch = CSPArch(tuple(np.asarray(genes).tolist()))
        self.check(arch)
        return arch

    def output_channels(self, arch):
        self.check(arch)
        return (2 * arch.code[-2], )

    def complexity(self, arch, input_size, drop_dead=False):
        self.check(arch)
        return Complexity(*_cost(arch.code, as_size(input_size)))

    def complexity_batch(self, genes, input_size, drop_dead=False):
        columns = np.asarray(genes).T.astype(np.int64)
        cost = _cost(list(columns), as_size(input_size))
        return ComplexityBatch(*(c + np.zeros(len(genes), np.int64)
                                 for c in cost))


def _cost(code, size):
    """Parameters and MACs, of numbers or arrays."""
    size, weights = half(size), 9 * (3 * STEM + STEM * STEM)
    params: Any = weights + 2 * 2 * STEM
    macs: Any = weights * size[0] * size[1]
    source: Any = STEM
    for i in range(STAGES):
        depth, w, k = code[3 * i:3 * i + 3]
        size = half(size)
        # the strided 3x3, two 1x1, the blocks, the 1x1 over both
        for weights, channels, times in ((9 * source * 2 * w, 2 * w,
                                          1), (2 * w * w, w, 2),
                                         (k * k * w + w * w, 2 * w,
                                          depth), (4 * w * w, 2 * w, 1)):
            params = params + times * (weights + 2 * channels)
            macs = macs + times * weights * size[0] * size[1]
        source = 2 * w
    return params, macs


# -- the backbone ---------------------------------------------------------
class CSPStage(nn.Module):
    """A stage, built for the most of everything."""

    def __init__(self, source: int, depth: int, width: int, kernel: int):
        super().__init__()
        self.down = ElasticConvNorm(BN, source, 2 * width, 3, 2)
        self.main = ElasticConvNorm(BN, 2 * width, width, 1)
        self.short = ElasticConvNorm(BN, 2 * width, width, 1)
        # a depthwise and a pointwise convolution, added to what comes in
        self.blocks = nn.ModuleList(
            ElasticMobileBlock(
                width, width, width, kernel, width, act_cfg=dict(type='SiLU'))
            for _ in range(depth))
        self.final = ElasticConvNorm(BN, 2 * width, 2 * width, 1)
        self.act = nn.SiLU()

    def forward(self, x: Tensor, depth: int, width: int,
                kernel: int) -> Tensor:
        x = self.act(self.down(x, 2 * width))
        out = self.act(self.main(x, width))
        for block in self.blocks[:depth]:
            out = block(out, width, width, kernel, width)
        x = torch.cat([out, self.act(self.short(x, width))], 1)
        return self.act(self.final(x, 2 * width))

    def slices(self, source: int, depth: int, width: int, kernel: int):
        parts = dict(
            down=self.down.slices(source, 2 * width),
            main=self.main.slices(2 * width, width),
            short=self.short.slices(2 * width, width),
            final=self.final.slices(2 * width, 2 * width))
        for i, block in enumerate(self.blocks[:depth]):
            parts[f'blocks.{i}'] = block.slices(width, width, width, kernel,
                                                width)
        return joined(parts)


@MODELS.register_module()
class ElasticCSPNeXt(SearchableBackbone):
    """The supernet without ``arch``, one network with it."""

    def __init__(self, arch: Any = None, init_cfg: Optional[dict] = None):
        super().__init__(CSPSpace(), arch, init_cfg)
        self.stem = nn.Sequential(
            ElasticConvNorm(BN, 3, STEM, 3, 2), nn.SiLU(),
            ElasticConvNorm(BN, STEM, STEM, 3), nn.SiLU())
        source = STEM
        for i, (depth, width, kernel) in enumerate(self._rows(self._built)):
            self.add_module(f'stage{i}', CSPStage(source, depth, width,
                                                  kernel))
            source = 2 * width

    @staticmethod
    def _rows(arch: CSPArch):
        return [arch.code[3 * i:3 * i + 3] for i in range(STAGES)]

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        """Map ``(N, 3, H, W)`` to one map, a 32nd of the size."""
        x = self.stem(x)
        for i, row in enumerate(self._rows(self.arch)):
            x = getattr(self, f'stage{i}')(x, *row)
        return (x, )

    def parts(self, arch: CSPArch) -> Dict[str, Any]:
        """The stem as it is, and of each stage what its numbers say."""
        self.space.check(arch)
        parts, source = {
            'stem': {
                k: ...
                for k in self.stem.state_dict()
            }
        }, STEM
        for i, row in enumerate(self._rows(arch)):
            parts[f'stage{i}'] = getattr(self,
                                         f'stage{i}').slices(source, *row)
            source = 2 * row[1]
        return joined(parts)
