"""Searches of one space at an equal budget."""
import math
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from scalenas_mm.spaces import SettingError
from .meta import differences
from .pareto import generational_distances, pareto_front, running_hypervolume
from .reading import ArchiveError, PathLike, read_archive, read_meta
from .significance import mann_whitney


@dataclass
class Method:
    """What one method reached, by seed.

    Cost and metric are both scaled to [0, 1] over all searches.

    Attributes:
        volumes: Hypervolume, as a share of the whole square.
        igd: Inverted generational distance to the front of all searches
            together; infinite where all candidates failed.
        igd_plus: The same as IGD+.
        best: The best metric; infinite where all candidates failed.
        curves: Hypervolume after each candidate.
    """
    volumes: List[float] = field(default_factory=list)
    igd: List[float] = field(default_factory=list)
    igd_plus: List[float] = field(default_factory=list)
    best: List[float] = field(default_factory=list)
    curves: List[np.ndarray] = field(default_factory=list)

    @property
    def volume(self) -> float:
        """The median."""
        return statistics.median(self.volumes)


def mean_and_deviation(values: Sequence[float]) -> Tuple[float, float]:
    """Mean and standard deviation over seeds, NaN if there is none: of one
    seed, or of infinite values."""
    if not np.isfinite(values).all():
        return math.inf, math.nan
    several = len(values) > 1
    return (statistics.fmean(values),
            statistics.stdev(values) if several else math.nan)


def p_values(methods: Dict[str, Method]) -> Dict[str, float]:
    """Of the hypervolumes of each method against those of the first.

    See :func:`mann_whitney`; NaN for the first itself.
    """
    first, *others = methods
    return {
        first: math.nan,
        **{
            name: mann_whitney(methods[name].volumes, methods[first].volumes)
            for name in others
        }
    }


def compare_searches(
        archives: Sequence[Tuple[str, PathLike]],
        metric: str,
        cost: str = 'macs',
        lower_is_better: bool = False,
        budget: Optional[int] = None) -> Tuple[int, Dict[str, Method]]:
    """Hypervolumes and distances of methods after as many candidates.

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
    _check_same(paths, cost)
    budget = _budget(points, budget)
    scaled = _scaled([rows[:budget] * [1, sign] for rows in points])
    every = _good(np.concatenate(scaled))
    front = every[pareto_front(every)]
    methods: Dict[str, Method] = {}
    for name, rows, raw in zip(names, scaled, points):
        _add(methods.setdefault(name, Method()), rows, front)
        metrics = sign * _good(raw[:budget])[:, 1]
        methods[name].best.append(sign * metrics.min(initial=np.inf))
    return budget, methods


def _scaled(archives: Sequence[np.ndarray]) -> List[np.ndarray]:
    """Both columns from 0 to 1 over all archives, to be minimised."""
    every = np.concatenate(archives)
    if np.isnan(every).all():
        raise SettingError('archives', 'a candidate that did not fail',
                           f'none in the first {len(archives[0])} of each')
    low, high = np.nanmin(every, 0), np.nanmax(every, 0)
    span = np.where(high > low, high - low, 1)
    return [(rows - low) / span for rows in archives]


def _good(rows: np.ndarray) -> np.ndarray:
    return rows[~np.isnan(rows).any(1)]


def _add(method: Method, rows: np.ndarray, front: np.ndarray) -> None:
    """Add a seed: its candidates, and the front of all searches."""
    # what failed stands at the reference point, where it counts nothing
    curve = running_hypervolume(np.nan_to_num(rows, nan=1.0), np.ones(2))
    igd, igd_plus = generational_distances(_good(rows), front)
    method.curves.append(curve)
    method.volumes.append(float(curve[-1]))
    method.igd.append(igd)
    method.igd_plus.append(igd_plus)


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


def _check_same(paths: Sequence[PathLike], cost: str) -> None:
    first: Dict[str, Tuple[PathLike, Any]] = {}
    for path in paths:
        if not Path(path).with_suffix('.meta.json').is_file():
            continue
        meta = read_meta(path)
        found = dict(
            space=meta.get('space'),
            input_size=meta.get('evaluation', meta).get('input_size'))
        kind, _, machine = cost.partition('@')
        if kind == 'latency':
            found['latency table'] = meta.get('latency', {}).get(machine)
        for key, value in found.items():
            other, expected = first.setdefault(key, (path, value))
            if value != expected:
                raise SettingError(f'{path}: {key}',
                                   f'{expected} as in {other}', value)


def check_evaluation(paths: Sequence[PathLike]) -> None:
    """Raise :class:`ArchiveError` unless all were measured alike."""
    first, *others = paths
    expected = read_meta(first).get('evaluation')
    for path in others:
        for found in differences(read_meta(path).get('evaluation'), expected):
            if not found.allowed:
                raise ArchiveError(f'{path} was measured in another way than '
                                   f'{first}: evaluation.{found}')


def comparison_dict(budget: int, methods: Dict[str, Method],
                    **facts: Any) -> Dict[str, Any]:
    """All numbers of :func:`compare_searches` as JSON values.

    What is infinite or not a number is ``None``.

    Args:
        budget (int): Candidates that count.
        methods (dict): Methods by name.
        **facts: What else there is to say, JSON values.
    """
    tests = p_values(methods)
    return dict(
        facts,
        budget=budget,
        baseline=next(iter(methods)),
        methods={
            name:
            dict(
                hypervolume=_summary(method.volumes),
                igd=_summary(method.igd),
                igd_plus=_summary(method.igd_plus),
                best=_summary(method.best),
                p_value=_number(tests[name]),
                curves=[curve.tolist() for curve in method.curves])
            for name, method in methods.items()
        })


def _summary(values: Sequence[float]) -> Dict[str, Any]:
    mean, deviation = mean_and_deviation(values)
    return dict(
        by_seed=[_number(value) for value in values],
        median=_number(statistics.median(values)),
        mean=_number(mean),
        deviation=_number(deviation))


def _number(value: float) -> Optional[float]:
    return float(value) if math.isfinite(value) else None
