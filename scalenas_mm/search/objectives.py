"""What a search optimises, and within which limits."""
from typing import Any, Dict, Mapping, Sequence, Tuple

import numpy as np

from scalenas_mm.spaces import COST_KEYS, ArchError, CostModel
from .record import Record


class Objectives:
    """Metrics and costs to maximise or minimise.

    Args:
        directions (Mapping[str, str]): ``max`` or ``min`` for each key. A key
            is one of the costs (``params``, ``macs``, ``backbone_params``,
            ``backbone_macs``) or any metric of the task's evaluator.

    Raises:
        ArchError: A direction is neither, or there is no objective.
    """

    def __init__(self, directions: Mapping[str, str]) -> None:
        if not directions or not isinstance(directions, Mapping):
            raise ArchError('objectives', 'at least one, as a dict',
                            directions)
        for key, direction in directions.items():
            if direction not in ('max', 'min'):
                raise ArchError(f'objectives.{key}', 'max or min', direction)
        self.directions = dict(directions)

    @property
    def metrics(self) -> Tuple[str, ...]:
        """Keys that have to be measured."""
        return tuple(key for key in self.directions if key not in COST_KEYS)

    def check(self, metrics: Mapping[str, float]) -> None:
        """Raise :class:`ArchError` if an objective was not measured."""
        for key in self.metrics:
            if key not in metrics:
                raise ArchError(
                    f'objectives.{key}',
                    'one of ' + ', '.join([*sorted(metrics), *COST_KEYS]), key)

    def values(self, records: Sequence[Record]) -> np.ndarray:
        """Matrix (records, objectives), every column to be minimised."""
        return np.array([[
            record.value(key) * (-1 if direction == 'max' else 1)
            for key, direction in self.directions.items()
        ] for record in records], float).reshape(-1, len(self.directions))


class Constraints:
    """Ranges that costs must stay in, both ends included.

    Args:
        ranges (Mapping[str, Sequence]): ``(low, high)`` per cost; ``None``
            leaves an end open.
        costs (CostModel): Gives the costs.

    Raises:
        ArchError: A key is no cost, a range is empty, or no architecture of
            the space can meet it.
    """

    def __init__(self, ranges: Mapping[str, Sequence[Any]],
                 costs: CostModel) -> None:
        self.costs = costs
        self.ranges: Dict[str, Tuple[float, float]] = {}
        for key, pair in ranges.items():
            if key not in COST_KEYS:
                raise ArchError(f'constraints.{key}',
                                'one of ' + ', '.join(COST_KEYS), key)
            self.ranges[key] = self._range(key, pair)

    def _range(self, key: str, pair: Sequence[Any]) -> Tuple[float, float]:
        field = f'constraints.{key}'
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ArchError(field, '(low, high)', pair)
        low = -np.inf if pair[0] is None else float(pair[0])
        high = np.inf if pair[1] is None else float(pair[1])
        space = self.costs.space
        least = self.costs(space.live(space.min_arch()))[key]
        most = self.costs(space.live(space.max_arch()))[key]
        if not low <= high or high < least or low > most:
            raise ArchError(
                field, f'a range that meets [{least}, {most}], the least and '
                'most that the space has', pair)
        return low, high

    def violation(self, costs: Mapping[str, Any]) -> Any:
        """How far outside the costs lie, relative; 0 inside."""
        total: Any = 0.0
        for key, (low, high) in self.ranges.items():
            value = costs[key]
            total = total + np.maximum(0, low - value) / value
            total = total + np.maximum(0, value - high) / value
        return total
