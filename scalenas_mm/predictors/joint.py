"""Joint search for several tasks over one space (NCP, Sec. 3.1, eq. 7)."""
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

from scalenas_mm.benchmarks import space_from_dict
from scalenas_mm.search import Objectives, Record, select
from scalenas_mm.search.joint import Tasks, require
from scalenas_mm.spaces import Arch, Complexity, CostModel, SettingError
from .mlp import MultiMetricMLP
from .proposals import fit_records, genes_of, propagate, tradeoff
from .targets import Task

# whose differences are the cost of what is not backbone
COSTS = ('params', 'macs', 'backbone_params', 'backbone_macs')


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

    def to_dict(self) -> Dict[str, Any]:
        """A line for ``ListedSearch``."""
        return dict(
            digest=self.arch.digest,
            arch=self.arch.to_dict(),
            predicted=self.predicted,
            cost=self.cost)


def joint_costs(archives: Tasks, meta: Mapping[str, Any],
                metrics: Mapping[str, str]) -> CostModel:
    """Costs of whole models of the first task.

    Args:
        archives (Mapping[str, Sequence[Record]]): Candidates by task.
        meta (Mapping[str, Any]): Description of the first archive, that of a
            search.
        metrics (Mapping[str, str]): Of each task, what a predictor is to be
            fitted to.

    Raises:
        SettingError: A predictor cannot be fitted, for want of candidates, of
            the metric or of costs; or the description lacks something.
    """
    for name, records in archives.items():
        _check_measured(name, records, metrics[name])
    name, records = next(iter(archives.items()))
    where = f'{name}: .meta.json (of the archive of a search)'
    require(meta, ['evaluation'], where)
    require(meta['evaluation'], ['input_size'], f'{where}: evaluation')
    rests = {(r.cost['params'] - r.cost['backbone_params'],
              r.cost['macs'] - r.cost['backbone_macs'])
             for r in records if r.ok}
    if len(rests) > 1:
        raise SettingError(
            name, 'candidates that differ in their backbone only (this '
            'search has a head that follows the architecture)',
            f'{len(rests)} costs of the rest of the model')
    rest = Complexity(*rests.pop())
    height, width = meta['evaluation']['input_size']
    return CostModel(space_from_dict(meta['space']), (height, width), rest)


def _check_measured(name: str, records: Sequence[Record], metric: str) -> None:
    good = [r for r in records if r.ok]
    if len(good) < 2:
        raise SettingError(name, 'at least two measured candidates',
                           f'{len(good)} among {len(records)}')
    for record in good:
        require(record.metrics, [metric],
                f'{name}: metrics of candidate {record.id}')
        require(record.cost, COSTS, f'{name}: costs of candidate {record.id}')


def propose_jointly(costs: CostModel,
                    archives: Tasks,
                    metrics: Mapping[str, str],
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
        metrics (Mapping[str, str]): Of each task, the metric to raise.
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
    objectives = {
        name: Objectives({
            metrics[name]: 'max',
            cost: 'min'
        }, costs.keys)
        for name in archives
    }
    good = {
        name: [r for r in records if r.ok]
        for name, records in archives.items()
    }
    predictors = {
        name:
        fit_records(
            space, records, list(objectives[name].directions), seed=seed)
        for name, records in good.items()
    }
    tradeoffs = [[
        Task(predictor, tradeoff(objectives[name], weight))
        for name, predictor in predictors.items()
    ] for weight in lambdas]
    codes = np.concatenate([
        genes_of(space, [
            records[i]
            for i in select(objectives[name].values(records), starts)
        ]) for name, records in good.items()
    ])
    known = {r.digest for records in archives.values() for r in records}
    pool = [
        arch for arch in propagate(costs, tradeoffs, codes, limits, **options)
        if arch.digest not in known
    ]
    if not pool:
        return []
    found = _proposals(pool, predictors, metrics, costs)
    values = [[*(-v for v in p.predicted.values()), p.cost[cost]]
              for p in found]
    return [found[i] for i in select(np.array(values), num)]


def _proposals(pool: List[Arch], predictors: Mapping[str, MultiMetricMLP],
               metrics: Mapping[str, str], costs: CostModel) -> List[Proposal]:
    genes = np.stack([costs.space.encode(arch) for arch in pool])
    predicted = {
        f'{name}.{metrics[name]}': predictor.predict(genes)[metrics[name]]
        for name, predictor in predictors.items()
    }
    return [
        Proposal(arch, {
            key: float(v[i])
            for key, v in predicted.items()
        }, costs(arch)) for i, arch in enumerate(pool)
    ]
