"""What several searches have to do with each other."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from scalenas_mm.search.contrast import rank_correlation
from scalenas_mm.search.objectives import Objectives
from scalenas_mm.search.pareto import (generational_distances, hypervolume,
                                       pareto_front)
from .sources import Source


def compare(sources: Sequence[Source]) -> Dict[str, Any]:
    """Numbers of each search, by objectives that all of them have.

    All objectives are scaled to [0, 1] over all searches. The hypervolume is a
    share of the whole cube; the distance (IGD+) is that from the front of all
    of them together.

    Returns:
        dict: ``objectives``, and a row for each search; ``both``, what the
        first two have measured both.
    """
    keys = _common(sources)
    out: Dict[str, Any] = dict(objectives=keys, rows=[], both=None)
    points = [_points(source, keys) for source in sources]
    every = np.concatenate(points) if keys else np.empty((0, 0))
    if keys and len(every):
        low, span = every.min(0), np.ptp(every, 0)
        scaled = [(x - low) / np.where(span > 0, span, 1) for x in points]
        together = np.concatenate(scaled)
        front = together[pareto_front(together)]
        out['rows'] = [_row(x, front) for x in scaled]
    out['both'] = _both(sources[0], sources[1], list(keys))
    return out


def _common(sources: Sequence[Source]) -> Dict[str, str]:
    """Objectives of the first search that all have measured."""
    known = [{
        key
        for record in source.records if record.ok
        for key in (*record.metrics, *record.cost)
    } for source in sources]
    return {
        key: way
        for key, way in sources[0].objectives().items()
        if way in ('max', 'min') and all(key in keys for keys in known)
    }


def _points(source: Source, keys: Dict[str, str]) -> np.ndarray:
    good = [
        record for record in source.records
        if record.ok and all(key in record.metrics or key in record.cost
                             for key in keys)
    ]
    if not keys or not good:
        return np.empty((0, len(keys)))
    return Objectives(keys).values(good)


def _row(points: np.ndarray, front: np.ndarray) -> Dict[str, Any]:
    if not len(points):
        return dict(front=0, hypervolume=None, distance=None, shared=0)
    own = points[pareto_front(points)]
    joined = {tuple(row) for row in front.tolist()}
    # the end of each axis would count nothing at 1
    volume = hypervolume(own, np.full(points.shape[1], 1.0 + 1e-9))
    return dict(
        front=len(own),
        hypervolume=round(volume, 5),
        distance=round(generational_distances(own, front)[1], 5),
        shared=sum(tuple(row) in joined for row in own.tolist()))


def _both(one: Source, other: Source,
          keys: List[str]) -> Optional[Dict[str, Any]]:
    """Architectures that two searches have measured, and whether they order
    them alike: rank correlation by objective."""
    first = {record.digest: record for record in one.records if record.ok}
    pairs = [(first[record.digest], record) for record in other.records
             if record.ok and record.digest in first]
    ranks: Dict[str, Any] = {}
    for key in keys:
        values = [(a.metrics[key], b.metrics[key]) for a, b in pairs
                  if key in a.metrics and key in b.metrics]
        if len(values) > 2:
            x, y = np.array(values, float).T
            rank = rank_correlation(x, y) if np.ptp(x) and np.ptp(y) else None
            ranks[key] = rank and round(rank, 3)
    return dict(num=len(pairs), ranks=ranks)
