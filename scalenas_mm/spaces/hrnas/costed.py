"""Costs of a space of searching blocks, and of their search units."""
from abc import abstractmethod
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np

from ..choices import IndependentChoices
from ..cost import Complexity, Size
from ..errors import SettingError
from ..operators import Used
from ..space import ComplexityBatch, as_size
from .arch import HRNASArch
from .cost import Costs, costs, paper_costs
from .layout import BlockPlace
from .operators import hrnas_operators
from .polynomial import Polynomial, UnitCosts, evaluate
from .released import released_macs, released_normaliser, released_params


class Costed(IndependentChoices[HRNASArch]):
    """The part of :class:`HRNASSpace` that knows what networks cost."""

    def __init__(self) -> None:
        self._tables: Dict[Size, Costs] = {}

    @property
    @abstractmethod
    def places(self) -> Tuple[BlockPlace, ...]:
        """All searching blocks, in order."""

    def _costs(self, input_size: Size) -> Costs:
        size = as_size(input_size)
        if size not in self._tables:
            self._tables[size] = costs(self, size)
        return self._tables[size]

    def complexity(self,
                   arch: HRNASArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone in evaluation mode, its head included.

        MACs are those of convolutions, linear layers, and the products of
        attention (:meth:`attention_macs`).

        Args:
            arch (HRNASArch): A member of the space.
            input_size (tuple[int]): Height and width of the image.
            drop_dead (bool): Changes nothing, all blocks reach the output.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        cost = self.complexity_batch(self.encode(arch)[None], input_size)
        return Complexity(int(cost.params[0]), int(cost.macs[0]))

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of gene vectors, shape ``(num, genes)``."""
        table = self._costs(input_size)
        return ComplexityBatch(
            *evaluate([table.params, table.layers + table.attention], genes))

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        return hrnas_operators(self, genes, as_size(input_size))

    def attention_macs(self, arch: HRNASArch) -> int:
        """The part of the MACs that is products of attention, whatever the
        size of the image; the rest is convolutions and linear layers.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        table = self._costs((1, 1)).attention
        return int(evaluate([table], self.encode(arch)[None])[0, 0])

    def unit_costs(self,
                   arch: HRNASArch,
                   input_size: Size,
                   rule: str = 'paper') -> UnitCosts:
        """What one unit, or one token, of each block costs at ``arch``.

        Args:
            arch (HRNASArch): What is left; tokens get cheaper with it.
            input_size (tuple[int]): Height and width of the image.
            rule (str): ``macs`` and ``params``: by how much
                :meth:`complexity` falls without it. ``paper``: Eq. 6, see
                :func:`~scalenas_mm.spaces.hrnas.cost.paper_costs`.
                ``released``: by :func:`released_macs`; the released code
                divides it by :meth:`released_normaliser`.

        Raises:
            ArchError: ``arch`` is not in the space.
            SettingError: There is no such rule.
        """
        if rule not in RULES:
            raise SettingError('rule', f'one of {tuple(RULES)}', rule)
        counts = self.encode(arch).reshape(len(self.places), -1)
        return RULES[rule](self, as_size(input_size)).marginal(
            counts.astype(np.int64))

    def released_profile(self,
                         arch: HRNASArch,
                         input_size: Size,
                         fused: Optional[bool] = None) -> Complexity:
        """What the released profiler says that the backbone costs.

        It leaves out much of the transformers: see :func:`released_macs`,
        :func:`released_params`, also for ``fused``.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        tables = [
            released_params(self, fused),
            released_macs(self, as_size(input_size), fused)
        ]
        found = evaluate(tables, self.encode(arch)[None])[:, 0]
        return Complexity(*map(int, found))

    def released_normaliser(self, arch: HRNASArch, input_size: Size) -> float:
        """Mean cost of a unit of ``arch``, which divides the released
        penalties: of ``max_arch()`` at 224 x 224, whatever the task.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        self.check(arch)
        return released_normaliser(self, arch, as_size(input_size))


def _macs(space: Costed, input_size: Size) -> Polynomial:
    table = space._costs(input_size)
    return table.layers + table.attention


RULES: Dict[str, Callable[[Costed, Size], Polynomial]] = dict(
    paper=paper_costs,
    macs=_macs,
    released=released_macs,
    params=lambda space, size: space._costs(size).params)
