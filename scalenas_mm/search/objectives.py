"""What a search optimises, and within which limits."""
from typing import Any, Dict, Iterable, Mapping, Sequence, Tuple

import numpy as np

from scalenas_mm.spaces import CostModel, SettingError
from scalenas_mm.spaces.settings import absolute
from .record import Record


class Objectives:
    """Metrics and costs to maximise or minimise.

    Args:
        directions (Mapping[str, str]): ``max`` or ``min`` for each key. A key
            is one of the costs or any metric of the task's evaluator.
        cost_keys (Iterable[str]): Names of the costs, such as
            :attr:`CostModel.keys`. All other keys are metrics.

    Raises:
        SettingError: A direction is neither, or there is no objective.
    """

    def __init__(
            self,
            directions: Mapping[str, str],
            cost_keys: Iterable[str] = (),
    ) -> None:
        if not directions or not isinstance(directions, Mapping):
            raise SettingError('objectives', 'at least one, as a dict',
                               directions)
        for key, direction in directions.items():
            if direction not in ('max', 'min'):
                raise SettingError(f'objectives.{key}', 'max or min',
                                   direction)
        self.directions = dict(directions)
        self.cost_keys = tuple(cost_keys)

    @property
    def metrics(self) -> Tuple[str, ...]:
        """Keys that have to be measured."""
        return tuple(key for key in self.directions
                     if key not in self.cost_keys)

    @property
    def costs(self) -> Tuple[str, ...]:
        """Keys that are costs."""
        return tuple(key for key in self.directions if key in self.cost_keys)

    def check(self, metrics: Mapping[str, float]) -> None:
        """Raise :class:`SettingError` if an objective was not measured."""
        for key in self.metrics:
            if key not in metrics:
                raise SettingError(
                    f'objectives.{key}',
                    'one of ' + ', '.join([*sorted(metrics), *self.cost_keys]),
                    key)

    def values(self, records: Sequence[Record]) -> np.ndarray:
        """Matrix (records, objectives), every column to be minimised."""
        columns = [[record.value(key) for record in records]
                   for key in self.directions]
        signs = [
            -1.0 if direction == 'max' else 1.0
            for direction in self.directions.values()
        ]
        return np.array(columns, float).T * signs


EXPECTED = "(low, high), numbers, None or a percentage such as '60%'"


class Constraints:
    """Ranges that costs must stay in, both ends included.

    Args:
        ranges (Mapping[str, Sequence | str]): ``(low, high)`` per cost;
            ``None`` leaves an end open, ``'60%'`` is relative to what the
            largest architecture costs. ``'60%'`` alone is the high end.
        costs (CostModel): Gives the costs.

    Raises:
        SettingError: A key is no cost, a range is empty, or no architecture of
            the space can meet it.
    """

    def __init__(self, ranges: Mapping[str, Sequence[Any]],
                 costs: CostModel) -> None:
        if not isinstance(ranges, Mapping):
            raise SettingError('constraints', 'a range per cost, as a dict',
                               ranges)
        self.costs = costs
        self.ranges: Dict[str, Tuple[float, float]] = {}
        for key, pair in ranges.items():
            if key not in costs.keys:
                raise SettingError(f'constraints.{key}',
                                   'one of ' + ', '.join(costs.keys), key)
            self.ranges[key] = self._range(key, pair)

    def _range(self, key: str, pair: Any) -> Tuple[float, float]:
        field, space = f'constraints.{key}', self.costs.space
        least = self.costs(space.live(space.min_arch()))[key]
        most = self.costs(space.live(space.max_arch()))[key]
        ends = (None, pair) if isinstance(pair, str) else pair
        if not isinstance(ends, (list, tuple)) or len(ends) != 2:
            raise SettingError(field, EXPECTED, pair)
        ends = [absolute(end, most) for end in ends]
        if any(not isinstance(end, (int, float, type(None))) for end in ends):
            raise SettingError(field, EXPECTED, pair)
        low = -np.inf if ends[0] is None else float(ends[0])
        high = np.inf if ends[1] is None else float(ends[1])
        if not low <= high or high < least or low > most:
            raise SettingError(
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
