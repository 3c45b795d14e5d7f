"""Random ScaleNets: sampling, mutation, crossover (ScaleNAS, Sec. 4)."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ..errors import SettingError
from ..settings import only, probability
from ..space import GENE_DTYPE, Space
from .arch import ScaleNetArch
from .genes import GeneLayout


class ScaleNetVariation(Space[ScaleNetArch]):
    """The random operators of :class:`ScaleNetSpace`."""
    arch_type = ScaleNetArch
    branches: Tuple[int, ...]
    depths: Tuple[int, ...]
    layout: GeneLayout

    def sample_genes(self,
                     rng: np.random.Generator,
                     num: int,
                     depths: Optional[Sequence[int]] = None,
                     fusion: float = 0.5,
                     **options: Any) -> np.ndarray:
        """Random architectures: uniform depths, independent fusion bits.

        Args:
            rng (np.random.Generator): Source of randomness.
            num (int): How many.
            depths (Sequence[int], optional): Subset of the depths to draw
                from. Defaults to all.
            fusion (float): Probability of each fusion, the paper's fusion
                percentage.
        """
        only(options, 'depths', 'fusion')
        depths = self.depths if depths is None else self._subset(depths)
        probability('fusion', fusion)
        layout = self.layout
        genes = (rng.random((num, layout.length)) < fusion).astype(GENE_DTYPE)
        shape = (num, int((~layout.is_bit).sum()))
        genes[:, ~layout.is_bit] = rng.choice(np.array(depths), shape)
        return self.canonical_genes(genes)

    def _subset(self, depths: Any) -> Tuple[int, ...]:
        """Some of the depths of the space."""
        some = tuple(depths) if isinstance(depths, (list, tuple)) else ()
        if not some or not all(depth in self.depths for depth in some):
            raise SettingError('depths', f'a subset of {self.depths}', depths)
        return some

    def groups(self,
               depths: Optional[Sequence[Sequence[int]]] = None,
               fusion: Sequence[float] = (0.2, 0.5, 0.8),
               **options: Any) -> List[Tuple[str, Dict[str, Any]]]:
        """Sets of depths times fusion percentages (ScaleNAS, Sec. 4.1).

        Args:
            depths (Sequence[Sequence[int]], optional): Sets of depths.
                Defaults to neighbouring pairs of the space's depths, the
                paper's ``[2, 3], [3, 4], [4, 5]``.
            fusion (Sequence[float]): Fusion percentages.
        """
        only(options, 'depths', 'fusion')
        if depths is None:
            pairs = max(1, len(self.depths) - 1)
            depths = [self.depths[i:i + 2] for i in range(pairs)]
        for field, values in (('depths', depths), ('fusion', fusion)):
            if not isinstance(values, (list, tuple)) or not values:
                raise SettingError(field, 'a list, not empty', values)
        sets = [self._subset(group) for group in depths]
        return [(f'd{"".join(map(str, group))}_f{share}',
                 dict(depths=group, fusion=probability('fusion', share)))
                for group in sets for share in fusion]

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs.

        Each vector has a fusion probability and a range of depths of its
        own; independent bits alone would crowd around the mean cost.
        """
        layout = self.layout
        genes = self.sample_genes(rng, num)
        density = rng.random((num, 1))
        genes = np.where(layout.is_bit,
                         rng.random(genes.shape) < density, genes)
        bounds = np.sort(rng.choice(np.array(self.depths), (num, 2)))
        genes = np.where(layout.is_bit, genes,
                         np.clip(genes, bounds[:, :1], bounds[:, 1:]))
        return self.canonical_genes(genes)

    def step(self, arch: ScaleNetArch,
             rng: np.random.Generator) -> ScaleNetArch:
        """Change one random depth or fusion bit."""
        genes, layout = self.encode(arch), self.layout
        kind = layout.is_bit if rng.random() < 0.5 else ~layout.is_bit
        gene = rng.choice(np.flatnonzero(kind))
        genes[gene] = (1 - genes[gene] if layout.is_bit[gene] else rng.choice(
            np.array(self.depths)))
        return self.decode(genes)

    def mutate(self,
               arch: ScaleNetArch,
               rng: np.random.Generator,
               p_m: float = 0.5,
               p_bit: float = 0.2,
               p_depth: float = 0.0,
               keep_last: bool = False,
               **options: Any) -> ScaleNetArch:
        """Switch fusions of some modules on or off (ScaleNAS, Sec. 4.2).

        Args:
            arch (ScaleNetArch): The parent, which stays as it is.
            rng (np.random.Generator): Source of randomness.
            p_m (float): Probability that a module is mutated at all.
            p_bit (float): Probability that a fusion of a mutated module is
                flipped. Neither the paper nor its algorithm gives it; 0.2 is
                the released code's.
            p_depth (float): Probability that a branch of a mutated module
                gets a new random depth. The paper's mutation never does.
            keep_last (bool): Never mutate the last module, as the released
                code does.
        """
        only(options, 'p_m', 'p_bit', 'p_depth', 'keep_last')
        probability('p_bit', p_bit)
        probability('p_depth', p_depth)
        layout = self.layout
        chosen = rng.random(len(self.branches)) < probability('p_m', p_m)
        if keep_last:
            chosen[-1] = False
        draw = rng.random(layout.length)
        change = chosen[layout.module] & (
            draw < np.where(layout.is_bit, p_bit, p_depth))
        fresh = rng.choice(np.array(self.depths), layout.length)
        genes = self.encode(arch)
        return self.decode(
            np.where(change, np.where(layout.is_bit, 1 - genes, fresh), genes))

    def crossover(self,
                  first: ScaleNetArch,
                  second: ScaleNetArch,
                  rng: np.random.Generator,
                  p_c: float = 0.25,
                  **options: Any) -> ScaleNetArch:
        """Replace whole modules of ``first`` by those of ``second``.

        Args:
            p_c (float): Probability of each module to be replaced.
        """
        only(options, 'p_c')
        swap = rng.random(len(self.branches)) < probability('p_c', p_c)
        return ScaleNetArch(
            tuple(b if other else a
                  for a, b, other in zip(first.modules, second.modules, swap)))
