"""Joint search for several tasks over one space (NCP, Sec. 3.1, eq. 7)."""
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

from scalenas_mm.search import Objectives, Record, select
from scalenas_mm.spaces import Arch, CostModel
from .mlp import MultiMetricMLP
from .proposals import fit_records, genes_of, propagate, tradeoff
from .targets import Task


@dataclass(frozen=True)
class Proposal:
    """An architecture that is good for all tasks, as far as predicted.

    Attributes:
        arch: The architecture.
        predicted: Metrics, with the task's name in front.
        cost: Exact costs.
    """
    arch: Arch
    predicted: Dict[str, float]
    cost: Dict[str, int]


def propose_jointly(costs: CostModel,
                    archives: Mapping[str, Sequence[Record]],
                    metric: str,
                    num: int,
                    cost: str = 'macs',
                    lambdas: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 1.0),
                    starts: int = 16,
                    limits: Mapping[str, float] = {},
                    seed: int = 0,
                    **options: Any) -> List[Proposal]:
    """Fit a predictor to each archive and propagate by the sum of gradients.

    The archives need not hold the same architectures.

    Args:
        costs (CostModel): Costs, and the space of all archives.
        archives (Mapping[str, Sequence[Record]]): Candidates by task.
        metric (str): Metric to raise in every task.
        num (int): How many architectures.
        cost (str): Cost to lower.
        lambdas (Sequence[float]): Weights of the cost, the trade-offs.
        starts (int): Starts from the best candidates of each archive.
        limits (Mapping[str, float]): Upper limits of costs.
        seed (int): Of the predictors.
        **options: Of :class:`NetworkCodingPropagation`.

    Returns:
        list: New architectures, at most ``num``: the best fronts of all
        predicted metrics and the exact cost.
    """
    space = costs.space
    objectives = Objectives({metric: 'max', cost: 'min'}, costs.keys)
    good = {
        name: [r for r in records if r.ok]
        for name, records in archives.items()
    }
    predictors = {
        name:
        fit_records(space, records, list(objectives.directions), seed=seed)
        for name, records in good.items()
    }
    tradeoffs = [[
        Task(predictor, tradeoff(objectives, weight))
        for predictor in predictors.values()
    ] for weight in lambdas]
    codes = np.concatenate([
        genes_of(
            space,
            [records[i] for i in select(objectives.values(records), starts)])
        for records in good.values()
    ])
    known = {r.digest for records in archives.values() for r in records}
    pool = [
        arch for arch in propagate(costs, tradeoffs, codes, limits, **options)
        if arch.digest not in known
    ]
    if not pool:
        return []
    found = _proposals(pool, predictors, metric, costs)
    values = [[*(-v for v in p.predicted.values()), p.cost[cost]]
              for p in found]
    return [found[i] for i in select(np.array(values), num)]


def _proposals(pool: List[Arch], predictors: Mapping[str, MultiMetricMLP],
               metric: str, costs: CostModel) -> List[Proposal]:
    genes = np.stack([costs.space.encode(arch) for arch in pool])
    predicted = {
        f'{name}.{metric}': predictor.predict(genes)[metric]
        for name, predictor in predictors.items()
    }
    return [
        Proposal(arch, {
            key: float(v[i])
            for key, v in predicted.items()
        }, costs(arch)) for i, arch in enumerate(pool)
    ]
