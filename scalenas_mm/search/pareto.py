"""Pareto fronts; every column of ``costs`` is minimised.

Arrays have the shape ``(num, objectives)``; ``num`` may be 0. Infinite values
are values like others, except in hypervolumes. All functions raise
:class:`ValueError` for another shape or for NaN.
"""
from bisect import bisect_left
from typing import List, Tuple

import moocore
import numpy as np


def pareto_front(costs: np.ndarray) -> np.ndarray:
    """Sorted row indices of ``costs`` that no row beats.

    A row beats another if it is nowhere worse and somewhere better. Equal
    rows do not beat each other.
    """
    return np.flatnonzero(_unbeaten(_finite(costs)))


def select(costs: np.ndarray, num: int) -> np.ndarray:
    """Indices of the best ``num`` rows by peeling fronts.

    Front by front, each in order of the rows. The last front that does not
    fit whole gives its least crowded rows.
    """
    costs = _finite(costs)
    num = min(num, len(costs))
    if num < 1:
        return np.empty(0, int)
    front = _fronts(costs, num)
    last = np.partition(front, num - 1)[num - 1]
    better, rest = np.flatnonzero(front < last), np.flatnonzero(front == last)
    if len(better) + len(rest) > num:
        order = np.argsort(-crowding_distance(costs[rest]), kind='stable')
        rest = np.sort(rest[order[:num - len(better)]])
    order = np.argsort(front[better], kind='stable')
    return np.concatenate([better[order], rest])


def crowding_distance(costs: np.ndarray) -> np.ndarray:
    """Distance to the neighbours along each objective, infinite at the ends.

    NSGA-II's measure (Deb et al. 2002, Sec. III-B). Along an objective with
    infinite values it is counted in places.
    """
    costs = _finite(costs)
    out = np.zeros(len(costs))
    for column in costs.T if len(costs) else ():
        order = np.argsort(column, kind='stable')
        span = column[order[-1]] - column[order[0]]
        out[order[[0, -1]]] = np.inf
        if span > 0:
            out[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return out


def crowded_ranks(costs: np.ndarray) -> np.ndarray:
    """Places of the rows by NSGA-II's comparison (Deb et al. 2002, Sec.
    III-B): the number of the front, then the larger crowding distance in it.
    Equal ones have different places."""
    costs = _finite(costs)
    front = _fronts(costs, len(costs))
    crowding = np.zeros(len(costs))
    for number in np.unique(front):
        rows = front == number
        crowding[rows] = crowding_distance(costs[rows])
    out = np.empty(len(costs), int)
    out[np.lexsort((-crowding, front))] = np.arange(len(costs))
    return out


def hypervolume(costs: np.ndarray, reference: np.ndarray) -> float:
    """Volume between the front and a reference point, infinite if a row is.

    Rows that are not better than the reference everywhere count nothing.

    Args:
        costs (np.ndarray): Shape ``(num, objectives)``.
        reference (np.ndarray): Finite, shape ``(objectives, )``.
    """
    inside = _inside(costs, reference)
    if not np.isfinite(inside).all():
        return float('inf')
    return float(moocore.hypervolume(inside, ref=reference))


def generational_distances(costs: np.ndarray,
                           reference: np.ndarray) -> Tuple[float, float]:
    """How far a front is from the points of another one, IGD and IGD+.

    Of each reference point the distance to the nearest row, as a mean. IGD+
    (Ishibuchi et al. 2015) counts only where the row is worse. Infinite
    without a row.

    Args:
        costs (np.ndarray): Finite, shape ``(num, objectives)``. Rows that
            another one beats count nothing.
        reference (np.ndarray): The other front, finite, at least one row.
    """
    costs, reference = _numbers(costs), _numbers(reference)
    if costs.shape[1] != reference.shape[1] or not len(reference):
        raise ValueError(f'expected reference points of {costs.shape[1]} '
                         f'numbers, got the shape {reference.shape}')
    if not (np.isfinite(costs).all() and np.isfinite(reference).all()):
        raise ValueError('expected finite numbers')
    if not len(costs):
        return float('inf'), float('inf')
    front = costs[pareto_front(costs)]
    return (float(moocore.igd(front, ref=reference)),
            float(moocore.igd_plus(front, ref=reference)))


def running_hypervolume(costs: np.ndarray,
                        reference: np.ndarray) -> np.ndarray:
    """Hypervolume of the first row, of the first two, and so on.

    Args:
        costs (np.ndarray): Finite, shape ``(num, 2)``.
        reference (np.ndarray): Finite, shape ``(2, )``.

    Returns:
        np.ndarray: Shape ``(num, )``.
    """
    if not np.isfinite(costs := _numbers(costs)).all():
        raise ValueError('expected finite numbers')
    _inside(costs, reference)  # checks the reference
    # the front in order, between the ends of the reference's quadrant
    xs, ys = [-np.inf, float(reference[0])], [float(reference[1]), -np.inf]
    gains = [_gain(xs, ys, x, y) for x, y in costs.tolist()]
    return np.cumsum(gains)


def _gain(xs: List[float], ys: List[float], x: float, y: float) -> float:
    """Put a point into a front; return the area that it adds."""
    first = last = bisect_left(xs, x)
    if ys[first - 1] <= y or (xs[first] == x
                              and ys[first] <= y) or (first == len(xs) - 1
                                                      and xs[first] <= x):
        return 0.0
    while ys[last] >= y:
        last += 1
    corner = np.array([xs[last], ys[first - 1]])
    beaten = np.array([xs[first:last], ys[first:last]]).T
    area = (corner[0] - x) * (corner[1] - y) - hypervolume(beaten, corner)
    xs[first:last], ys[first:last] = [x], [y]
    return max(0.0, area)


def _inside(costs: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The rows that are better than the reference everywhere."""
    costs, reference = _numbers(costs), np.asarray(reference, float)
    if reference.shape != costs.shape[1:] or not np.isfinite(reference).all():
        raise ValueError(f'expected a reference of {costs.shape[1]} finite '
                         f'numbers, got {reference}')
    return costs[(costs < reference).all(1)]


def _fronts(costs: np.ndarray, num: int) -> np.ndarray:
    """To which front each row belongs, from 0.

    Only as far as needed for ``num`` rows: a number for all others is
    larger.
    """
    if costs.shape[1] <= 2:
        return moocore.pareto_rank(costs)
    # with more objectives it takes quadratic time to rank all rows
    out = np.full(len(costs), len(costs))
    left, front = np.arange(len(costs)), 0
    while len(costs) - len(left) < num:
        unbeaten = _unbeaten(costs[left])
        out[left[unbeaten]] = front
        left, front = left[~unbeaten], front + 1
    return out


def _unbeaten(costs: np.ndarray) -> np.ndarray:
    return moocore.is_nondominated(costs, keep_weakly=True)


def _finite(costs: np.ndarray) -> np.ndarray:
    """Columns with infinite values become ranks, which are ordered alike.

    moocore is wrong about infinite values, or ends the process.
    """
    costs = _numbers(costs)
    infinite = np.isinf(costs).any(0)
    if infinite.any():
        costs = costs.copy()
        for i in np.flatnonzero(infinite):
            costs[:, i] = np.unique(costs[:, i], return_inverse=True)[1]
    return costs


def _numbers(costs: np.ndarray) -> np.ndarray:
    costs = np.asarray(costs, float)
    if costs.ndim != 2 or not costs.shape[1]:
        raise ValueError('expected an array of shape (num, objectives), got '
                         f'{costs.shape}')
    if np.isnan(costs).any():
        raise ValueError('expected numbers, got NaN in row '
                         f'{int(np.isnan(costs).any(1).argmax())}')
    return costs
