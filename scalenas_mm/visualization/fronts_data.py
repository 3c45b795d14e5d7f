"""What a comparison of the fronts of two metrics shows."""
from dataclasses import dataclass
from functools import singledispatch
from typing import Mapping, Sequence, Tuple

import numpy as np

from scalenas_mm.benchmarks.archives import space_from_dict
from scalenas_mm.search.contrast import Contrast, contrast
from scalenas_mm.search.reading import read_archive, read_meta
from scalenas_mm.spaces import Arch, ScaleNetSpace, SettingError, Space
from .figures import PathLike
from .pareto_data import unit_of
from .scalenet.shares import shares


@singledispatch
def choices_of(space: Space, archs: Sequence[Arch]) -> np.ndarray:
    """What architectures consist of, as numbers ``(num, ...)``: their genes,
    unless something better is registered by the type of the space."""
    return np.stack([space.encode(arch) for arch in archs]).astype(float)


choices_of.register(ScaleNetSpace, shares)


@dataclass
class Fronts:
    """Two metrics of the candidates of an archive.

    Attributes:
        ids: Of the candidates that have both.
        names: Of the metrics.
        metrics: Shape ``(num, 2)``, as recorded.
        cost: Shape ``(num, )``, in the unit of ``cost_name``.
        cost_name: With its unit.
        lower_is_better: Whether the metrics are errors.
        space: Of the architectures.
        choices: From :func:`choices_of`.
        result: What is on both fronts, and whether it differs.
    """
    ids: np.ndarray
    names: Tuple[str, str]
    metrics: np.ndarray
    cost: np.ndarray
    cost_name: str
    lower_is_better: bool
    space: Space
    choices: np.ndarray
    result: Contrast

    @property
    def differs(self) -> np.ndarray:
        """Choices that differ by more than chance; as :attr:`choices`."""
        return self.result.differs.reshape(self.choices.shape[1:])

    def lost(self) -> Tuple[float, float]:
        """What the best by the other metric lack in the first and in the
        second, at the cost of each that is best by it, on average.

        Beside what is real this holds luck: the best by a metric are also
        those whose measurement was lucky.
        """
        one, other = self.result.best
        return self._lost(0, one, other), self._lost(1, other, one)

    def _lost(self, metric: int, best: np.ndarray, other: np.ndarray) -> float:
        sign = -1 if self.lower_is_better else 1
        value = sign * self.metrics[:, metric]
        gaps = [
            value[row] -
            value[other[self.cost[other] <= self.cost[row]]].max()
            for row in best if self.cost[row] >= self.cost[other].min()
        ]
        return float(np.mean(gaps)) if gaps else 0.0


def read_fronts(path: PathLike,
                metrics: Sequence[str],
                cost: str = 'macs',
                lower_is_better: bool = False,
                top: int = 0,
                swaps: int = 2000) -> Fronts:
    """Compare the fronts of two metrics of an archive.

    Args:
        path (str | Path): The archive, with its description beside it.
        metrics (Sequence[str]): Names of two metrics.
        cost (str): Name of the cost.
        lower_is_better (bool): Whether both metrics are errors.
        top, swaps: As for :func:`scalenas_mm.search.contrast`.

    Raises:
        SettingError: A metric or the cost is missing, or there are too few
            candidates.
        ArchiveError: The archive cannot be read.
    """
    space = space_from_dict(read_meta(path).get('space'))
    good = [record for record in read_archive(path) if record.ok]
    if len(good) < 2:
        raise SettingError(
            str(path), 'at least 2 candidates that did not fail', len(good))
    values = np.array(
        [[_value(record.metrics, 'metrics', name) for name in metrics]
         for record in good], float)
    costs = np.array([_value(r.cost, 'cost', cost) for r in good], float)
    archs = [space.live(space.from_dict(record.arch)) for record in good]
    choices = choices_of(space, archs)
    sign = 1 if lower_is_better else -1
    result = contrast(sign * values, costs, choices.reshape(len(good), -1),
                      top, swaps)
    unit, label = unit_of(cost)
    ids = np.array([record.id for record in good])
    return Fronts(ids, (metrics[0], metrics[1]), values, costs / unit, label,
                  lower_is_better, space, choices, result)


def _value(values: Mapping[str, float], what: str, name: str) -> float:
    if name not in values:
        raise SettingError(what, f"one of {', '.join(values) or 'none'}", name)
    return values[name]
