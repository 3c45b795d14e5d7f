"""New architectures by propagation, for searchers and joint searches."""
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

from scalenas_mm.search import Objectives, Record
from scalenas_mm.spaces import Arch, CostModel, Space
from .features import choose_features
from .fit import fit_predictor
from .mlp import MultiMetricMLP
from .propagation import NetworkCodingPropagation
from .targets import Task

MOMENTS = 4  # of each trace that give an architecture, the last included


def genes_of(space: Space, records: Sequence[Record]) -> np.ndarray:
    """Gene vectors of candidates, ``(num, genes)``."""
    return np.stack(
        [space.encode(space.from_dict(record.arch)) for record in records])


def fit_records(space: Space, records: Sequence[Record], keys: Sequence[str],
                **options: Any) -> MultiMetricMLP:
    """A predictor of metrics and costs by name; options of
    :func:`fit_predictor`."""
    values = {
        key: np.array([r.value(key) for r in records], float)
        for key in keys
    }
    # by the space: a few candidates may not show what genes can be
    features = choose_features(space.gene_choices())
    return fit_predictor(
        genes_of(space, records), values, **{
            'features': features,
            **options
        })


def tradeoff(objectives: Objectives,
             weight: float) -> Dict[str, Dict[str, float]]:
    """Targets: metrics have weight 1, costs ``weight`` (NCP, eq. 3)."""
    return {
        key:
        dict(
            increment=1.0 if direction == 'max' else -1.0,
            weight=weight if key in objectives.costs else 1.0)
        for key, direction in objectives.directions.items()
    }


def propagate(costs: CostModel, tradeoffs: Sequence[List[Task]],
              starts: np.ndarray, limits: Mapping[str, float],
              **options: Any) -> Dict[Arch, int]:
    """Architectures met on the way from some starts.

    Args:
        costs (CostModel): Costs, and the space.
        tradeoffs (Sequence[list[Task]]): The tasks of each propagation.
        starts (np.ndarray): Members of the space, ``(num, genes)``.
        limits (Mapping[str, float]): Upper limits of costs.
        **options: Of :class:`NetworkCodingPropagation`.

    Returns:
        dict: For each architecture, without dead layers, the row of its
        start.
    """
    space = costs.space
    pool: Dict[Arch, int] = {}
    for tasks in tradeoffs:
        rule = NetworkCodingPropagation(
            space, tasks, limits=limits, costs=costs, **options)
        steps = rule.run(starts).rounded(space)
        moments = np.linspace(0, len(steps) - 1, MOMENTS + 1, dtype=int)[1:]
        for genes in steps[moments]:
            for start, code in enumerate(genes):
                pool.setdefault(space.live(space.decode(code)), start)
    return pool
