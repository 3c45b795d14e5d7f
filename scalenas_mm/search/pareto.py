"""Pareto fronts of small sets; every column of ``costs`` is minimised."""
from typing import List

import numpy as np


def pareto_front(costs: np.ndarray) -> np.ndarray:
    """Sorted row indices of ``costs`` (num, objectives) that no row beats.

    A row beats another if it is nowhere worse and somewhere better. Equal
    rows do not beat each other.
    """
    return np.flatnonzero(~_dominated(np.asarray(costs, float)))


def _dominated(costs: np.ndarray) -> np.ndarray:
    out = np.zeros(len(costs), bool)
    for i, row in enumerate(costs):
        out[i] = ((costs <= row).all(1) & (costs < row).any(1)).any()
    return out


def peel(costs: np.ndarray) -> List[np.ndarray]:
    """Row indices of the first front, of the front without it, and so on."""
    costs = np.asarray(costs, float)
    left = np.arange(len(costs))
    fronts = []
    while len(left):
        beaten = _dominated(costs[left])
        fronts.append(left[~beaten])
        left = left[beaten]
    return fronts


def crowding_distance(costs: np.ndarray) -> np.ndarray:
    """Distance to the neighbours along each objective, infinite at the ends.

    NSGA-II's measure (Deb et al. 2002, Sec. III-B).
    """
    costs = np.asarray(costs, float)
    out = np.zeros(len(costs))
    for column in costs.T:
        order = np.argsort(column, kind='stable')
        span = column[order[-1]] - column[order[0]]
        out[order[[0, -1]]] = np.inf
        if span > 0:
            out[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return out


def select(costs: np.ndarray, num: int) -> np.ndarray:
    """Indices of the best ``num`` rows by peeling fronts.

    The last front that does not fit whole gives its least crowded rows.
    """
    chosen: List[int] = []
    for front in peel(costs):
        if len(chosen) + len(front) > num:
            distance = crowding_distance(np.asarray(costs)[front])
            order = np.argsort(-distance, kind='stable')
            front = front[order[:num - len(chosen)]]
        chosen += sorted(front.tolist())
        if len(chosen) == num:
            break
    return np.array(chosen, int)


def hypervolume(costs: np.ndarray, reference: np.ndarray) -> float:
    """Area between the front of two objectives and a reference point."""
    costs = np.asarray(costs, float)
    if costs.ndim != 2 or costs.shape[1] != 2:
        raise ValueError('expected two objectives, got an array of shape '
                         f'{costs.shape}')
    costs = costs[(costs < reference).all(1)]
    front = costs[pareto_front(costs)]
    area, top = 0.0, float(reference[1])
    for x, y in front[np.lexsort(front.T[::-1])]:
        area += (reference[0] - x) * max(0.0, top - y)
        top = min(top, y)
    return area
