"""How much a network may cost when it has shrunk, and what goes for it.

Numpy only. The genes of the space must be numbers of units that can be taken
away one by one, such as those of
:class:`~scalenas_mm.spaces.hrnas.HRNASSpace`.
"""
from dataclasses import dataclass
from numbers import Real
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

from scalenas_mm.spaces import CostModel, SettingError
from scalenas_mm.spaces.settings import absolute

Groups = Sequence[np.ndarray]  # numbers of the units, for each gene


@dataclass(frozen=True)
class Budget:
    """An upper limit of one cost.

    Attributes:
        costs: Costs of the whole model and of its backbone.
        key: Which of them.
        limit: The most that it may be.
        tolerance: How far below it a network may end, relative.
    """
    costs: CostModel
    key: str
    limit: float
    tolerance: float = 0.02

    @classmethod
    def resolve(cls,
                value: Mapping[str, Any],
                costs: CostModel,
                tolerance: float = 0.02) -> 'Budget':
        """From a setting such as ``dict(macs='40%')``.

        Args:
            value (Mapping): One cost by name and its limit: a number, or a
                percentage of what the largest network costs.
            costs (CostModel): Gives the costs.
            tolerance (float): As the attribute.

        Raises:
            SettingError: Not one known cost, or no network of the space can
                have it; says what the smallest and the largest one cost.
        """
        if not isinstance(value, Mapping) or len(value) != 1 or next(
                iter(value)) not in costs.keys:
            raise SettingError(
                'target', 'one of ' + ', '.join(costs.keys) +
                ' and its limit, as a dict', value)
        (key, given), = value.items()
        field = f'target.{key}'
        least, most = cls(costs, key, 0).reach()
        limit = _number(field, given, most)
        if not least <= limit < most:
            raise SettingError(
                field, f'at least {least:g}, which the network of shortcuts '
                f'costs ({least / most:.1%}), and less than {most:g}, which '
                'the largest one does', given)
        if not _is_number(tolerance) or not 0 < tolerance < 1:
            raise SettingError('target.tolerance', 'a number between 0 and 1',
                               tolerance)
        return cls(costs, key, limit, tolerance)

    def reach(self) -> 'tuple[float, float]':
        """Cost of the smallest and of the largest network of the space."""
        space = self.costs.space
        least, most = self.of(
            np.stack([
                space.encode(arch)
                for arch in (space.min_arch(), space.max_arch())
            ]))
        return float(least), float(most)

    def of(self, genes: np.ndarray) -> np.ndarray:
        """The cost of gene vectors, shape ``(num, genes)``."""
        return np.asarray(self.costs.batch(genes)[self.key], np.float64)

    def unit_costs(self, genes: np.ndarray) -> np.ndarray:
        """What one unit of each gene costs; of those without units 0."""
        some = np.flatnonzero(genes)
        fewer = np.repeat(genes[None], len(some), 0)
        fewer[np.arange(len(some)), some] -= 1
        out = np.zeros(len(genes))
        out[some] = self.of(genes[None]) - self.of(fewer)
        return out

    def choose(self, scores: Groups, arch: Any, threshold: float,
               floor: float) -> Any:
        """``arch`` without units that are dead, as far as ``floor`` allows.

        Those of the least score for their cost go first: by the penalty, they
        would be the first to vanish.

        Args:
            scores (Sequence[np.ndarray]): Importance of the units of each
                gene.
            arch (Arch): What they are the units of.
            threshold (float): A unit is dead if its score is not above it.
            floor (float): Cost below which the network must not come.

        Returns:
            Arch: How many are left. The units of a gene all cost the same, so
            that those of the highest scores are meant.
        """
        genes, owners, dead = self._order(scores, arch, threshold)
        removed = self._most(genes, owners[:dead], floor)
        return self.costs.space.decode(_without(genes, owners[:removed]))

    def choose_last(self, scores: Groups, arch: Any, threshold: float) -> Any:
        """``arch`` within the budget.

        The dead ones go first, then those of the least score, whatever they
        cost. A unit is passed over if without it the network would be below
        the tolerance; if there is no other way, it goes.
        """
        genes, owners, _ = self._order(scores, arch, threshold, by_cost=False)
        if self.of(genes[None])[0] <= self.limit:
            return arch
        start = self._most(genes, owners, np.nextafter(self.limit, np.inf))
        fitting = within = _without(genes, owners[:start])
        low = self.limit * (1 - self.tolerance)
        fitted = False
        for owner in owners[start:].tolist():
            less = _without(within, [owner])
            cost = self.of(less[None])[0]
            if cost >= low:
                within = less
                if cost <= self.limit:
                    return self.costs.space.decode(within)
            elif not fitted:
                fitting, fitted = less, True
        return self.costs.space.decode(fitting)

    def _order(self,
               scores: Groups,
               arch: Any,
               threshold: float,
               by_cost: bool = True) -> 'tuple[np.ndarray, np.ndarray, int]':
        """Genes, the gene of each unit in the order of leaving, and how many
        of them are dead."""
        genes = self.costs.space.encode(arch)
        sizes = [len(group) for group in scores]
        if sizes != genes.tolist():
            raise ValueError(f'scores: expected those of {int(genes.sum())} '
                             f'units, got {sum(sizes)}')
        owners = np.repeat(np.arange(len(genes)), sizes)
        score = np.concatenate([*scores, np.zeros(0)])
        # a group costs nothing only if rounding hides it
        cost = np.maximum(self.unit_costs(genes), 1e-12)[owners]
        live = score > threshold
        order = np.lexsort((score / cost if by_cost else score, live))
        return genes, owners[order], int((score <= threshold).sum())

    def _most(self, genes: np.ndarray, owners: np.ndarray,
              floor: float) -> int:
        """How many of these units can go before the cost is below."""
        low, high = 0, len(owners)
        while low < high:
            middle = (low + high + 1) // 2
            left = _without(genes, owners[:middle])
            if self.of(left[None])[0] >= floor:
                low = middle
            else:
                high = middle - 1
        return low


def _without(genes: np.ndarray, owners: Sequence[int]) -> np.ndarray:
    """Genes with a unit less for each time that one is named."""
    out = genes.copy()
    np.subtract.at(out, np.asarray(owners, np.intp), 1)
    return out


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _number(field: str, value: Any, most: float) -> float:
    """A limit as a number; percentages are of ``most``."""
    number = absolute(value, most)
    if number is not value:
        return number
    if not _is_number(value) or not 0 < value < np.inf:
        raise SettingError(field, "a number, or a percentage such as '40%'",
                           value)
    return float(value)


def groups_of(factors: Mapping[str, np.ndarray], space: Any,
              arch: Any) -> List[np.ndarray]:
    """Numbers of units by the name of a parameter, for each gene.

    Args:
        factors (Mapping): As ``HRNAS.gammas()`` names them: for each block
            those of its convolutions, kernel by kernel, and of its tokens.
        space (HRNASSpace): The space.
        arch (HRNASArch): What is left.

    Raises:
        KeyError: A block's numbers are missing.
        ValueError: A block has another number of units.
    """
    out: List[np.ndarray] = []
    for place, row, tokens in zip(space.places, arch.channels, arch.tokens):
        for name, sizes in ((f'{place.name}.mix.norm.weight', row),
                            (f'{place.name}.transformer.input_norm.weight',
                             (tokens, ))):
            values = factors[name] if sum(sizes) else np.zeros(0)
            if len(values) != sum(sizes):
                raise ValueError(f'{name}: expected {sum(sizes)} units, got '
                                 f'{len(values)}')
            out += np.split(np.asarray(values), np.cumsum(sizes)[:-1])
    return out


def profile(costs: CostModel) -> Dict[str, Any]:
    """What the smallest and the largest network cost, by cost."""
    return {key: Budget(costs, key, 0).reach() for key in costs.keys}
