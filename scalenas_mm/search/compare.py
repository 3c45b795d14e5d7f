"""Searches of one space at an equal budget."""
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from scalenas_mm.spaces import SettingError
from .pareto import hypervolume
from .reading import PathLike, read_archive, read_meta


@dataclass
class Method:
    """What one method reached, by seed.

    Attributes:
        volumes: Hypervolume of cost and metric, both scaled to [0, 1] over
            all searches, as a share of the whole square.
        best: The best metric; infinite where all candidates failed.
    """
    volumes: List[float] = field(default_factory=list)
    best: List[float] = field(default_factory=list)

    @property
    def volume(self) -> float:
        """The median."""
        return statistics.median(self.volumes)


def compare_searches(
        archives: Sequence[Tuple[str, PathLike]],
        metric: str,
        cost: str = 'macs',
        lower_is_better: bool = False,
        budget: Optional[int] = None) -> Tuple[int, Dict[str, Method]]:
    """Hypervolumes of methods after as many candidates.

    Args:
        archives (Sequence[tuple]): Name of the method, and a file. Several
            of one name are one method with several seeds.
        metric (str): Name of the metric.
        cost (str): Name of the cost.
        lower_is_better (bool): Whether the metric is an error.
        budget (int, optional): Candidates of each archive to count. Defaults
            to as many as the shortest one has.

    Returns:
        tuple: The budget, and the methods by name.

    Raises:
        SettingError: Archives are of different spaces or input sizes, as far
            as their descriptions say, lack the metric, or are too short.
        ArchiveError: An archive cannot be read.
    """
    names, paths = zip(*archives)
    sign = 1 if lower_is_better else -1
    points = [_points(path, metric, cost) for path in paths]
    _check_same(paths)
    budget = _budget(points, budget)
    points = [rows[:budget] * [1, sign] for rows in points]
    every = np.concatenate(points)
    if np.isnan(every).all():
        raise SettingError('archives', 'a candidate that did not fail',
                           f'none in the first {budget} of each')
    low, high = np.nanmin(every, 0), np.nanmax(every, 0)
    span = np.where(high > low, high - low, 1)
    methods: Dict[str, Method] = {}
    for name, rows in zip(names, points):
        good = rows[~np.isnan(rows).any(1)]
        method = methods.setdefault(name, Method())
        method.volumes.append(hypervolume((good - low) / span, np.ones(2)))
        method.best.append(sign * good[:, 1].min(initial=np.inf))
    return budget, methods


def _points(path: PathLike, metric: str, cost: str) -> np.ndarray:
    """Cost and metric of each candidate; NaN where it failed."""
    rows: List[Tuple[float, float]] = []
    for record in read_archive(path):
        if not record.ok:
            rows.append((np.nan, np.nan))
            continue
        for what, values, key in (('metric', record.metrics, metric),
                                  ('cost', record.cost, cost)):
            if key not in values:
                raise SettingError(f'{path}: {what}',
                                   f"one of {', '.join(values) or 'none'}",
                                   key)
        rows.append((record.cost[cost], record.metrics[metric]))
    if not rows:
        raise SettingError(str(path), 'at least one candidate', 'none')
    return np.array(rows, float)


def _budget(archives: Sequence[np.ndarray], budget: Optional[int]) -> int:
    shortest = min(map(len, archives))
    if budget is None:
        return shortest
    if not 1 <= budget <= shortest:
        raise SettingError('budget',
                           f'at least 1 and at most {shortest} candidates',
                           budget)
    return budget


def _check_same(paths: Sequence[PathLike]) -> None:
    first: Dict[str, Tuple[PathLike, Any]] = {}
    for path in paths:
        if not Path(path).with_suffix('.meta.json').is_file():
            continue
        meta = read_meta(path)
        found = dict(
            space=meta.get('space'),
            input_size=meta.get('evaluation', meta).get('input_size'))
        for key, value in found.items():
            other, expected = first.setdefault(key, (path, value))
            if value != expected:
                raise SettingError(f'{path}: {key}',
                                   f'{expected} as in {other}', value)
