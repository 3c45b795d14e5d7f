"""Fixed-length gene vectors of ScaleNets.

Per module: the depth of every branch, then for every target branch and every
level one bit per other branch.
"""
from typing import List, Tuple

import numpy as np

from ..arch import ArchError
from ..space import GENE_DTYPE
from .arch import ScaleNetArch, ScaleNetModule


class GeneLayout:
    """Where each choice of a ScaleNet stands in its gene vector.

    Args:
        branches (tuple[int]): Number of branches of each module.
        max_depth (int): Number of levels a branch can have.

    Attributes:
        module, target, level, source: Arrays with one entry a gene; level
            and source are -1 for a depth.
        depth_of: For every gene, the position of the depth of its target.
    """

    def __init__(self, branches: Tuple[int, ...], max_depth: int) -> None:
        self.branches = branches
        self.max_depth = max_depth
        self.starts = np.cumsum([0] + [self._length(n) for n in branches])
        rows: List[Tuple[int, int, int, int]] = []
        for module, n in enumerate(branches):
            rows += [(module, j, -1, -1) for j in range(n)]
            rows += [(module, j, level, k) for j in range(n)
                     for level in range(max_depth) for k in range(n) if k != j]
        self.module, self.target, self.level, self.source = np.array(rows).T
        self.is_bit = self.level >= 0
        self.depth_of = self.starts[self.module] + self.target
        self.length = len(rows)

    def _length(self, branches: int) -> int:
        return branches * (1 + self.max_depth * (branches - 1))

    def encode(self, arch: ScaleNetArch) -> np.ndarray:
        genes: List[int] = []
        for module in arch.modules:
            genes += module.depth
            for j, rows in enumerate(module.fusion):
                for row in rows:
                    genes += row[:j]
                    genes += row[j + 1:]
                padding = (self.max_depth - len(rows)) * (
                    len(module.depth) - 1)
                genes += [0] * padding
        return np.array(genes, GENE_DTYPE)

    def decode(self, genes: np.ndarray) -> ScaleNetArch:
        """Architecture of one canonical gene vector."""
        values = genes.tolist()
        return ScaleNetArch(
            tuple(
                self._decode_module(values[start:], n)
                for start, n in zip(self.starts, self.branches)))

    def _decode_module(self, genes: List[int], n: int) -> ScaleNetModule:
        depth = tuple(genes[:n])
        fusion = []
        for j in range(n):
            start = n + j * self.max_depth * (n - 1)
            rows = [
                genes[start + t * (n - 1):start + (t + 1) * (n - 1)]
                for t in range(depth[j])
            ]
            fusion.append(tuple((*row[:j], 0, *row[j:]) for row in rows))
        return ScaleNetModule(depth, tuple(fusion))

    def check(self, genes: np.ndarray, depths: Tuple[int, ...]) -> np.ndarray:
        """``genes`` as :data:`GENE_DTYPE` if every value is a choice."""
        genes = np.asarray(genes)
        if genes.shape != (self.length, ):
            raise ArchError('genes', f'shape ({self.length},)', genes.shape)
        if not np.isin(genes[~self.is_bit], depths).all():
            raise ArchError('genes', f'depths in {depths}',
                            genes[~self.is_bit].tolist())
        if not np.isin(genes[self.is_bit], (0, 1)).all():
            raise ArchError('genes', 'bits 0 or 1',
                            genes[self.is_bit].tolist())
        return genes.astype(GENE_DTYPE)
