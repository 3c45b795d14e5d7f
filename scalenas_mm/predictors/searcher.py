"""Network coding propagation as a searcher for any space."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from scipy.stats import kendalltau

from scalenas_mm.registry import SEARCHERS
from scalenas_mm.search import Draw, Record, TopologyEvolution, select
from scalenas_mm.spaces import Arch, SettingError
from .mlp import MultiMetricMLP
from .propagation import NetworkCodingPropagation
from .proposals import fit_records, genes_of, propagate, tradeoff
from .targets import Task

FIT_OPTIONS = ('epochs', 'batch_size', 'lr', 'weight_decay', 'seed', 'width',
               'metric_width', 'dropout', 'features', 'log_loss')
PROPAGATION_OPTIONS = ('iterations', 'lr', 'strategy', 'round_every', 'bounds')
SHORT = dict(iterations=20, lr=1.0)
HOLDOUT = 5  # one of so many of the initial population checks the first fit


@SEARCHERS.register_module()
class NCPSearcher(TopologyEvolution):
    """Proposes architectures by gradient on a predictor of the archive.

    Before each generation a :class:`MultiMetricMLP` is fitted to all
    candidates so far. :class:`NetworkCodingPropagation` edits the best of
    them, with genes relaxed to real numbers, once for every trade-off. The
    proposals with the best predicted metrics and exact costs fill a share of
    the generation; evolution fills the rest.

    The predictor is checked on what it has not seen: Kendall's tau between
    its predictions and the metrics of the newest generation, or of a fifth of
    the initial population before the first one. Below ``min_tau`` the next
    generation is evolution only.

    Args:
        share (float): Share of a generation that is proposed by propagation.
        lambdas (Sequence[float]): Weights of the costs, one for each trade-off
            (NCP, eq. 3); metrics have weight 1.
        starts (int): Starts of each propagation: the best candidates, and as
            many random ones if there are fewer.
        min_tau (float): Least Kendall's tau to trust the predictor.
        fit (Mapping[str, Any]): Options of :func:`fit_predictor`.
        propagation (Mapping[str, Any]): Options of
            :class:`NetworkCodingPropagation`. By default 20 iterations with a
            learning rate of 1: the predictor of few candidates is not to be
            followed as far as that of a benchmark.
        **kwargs: ``k``, ``n0``, ``N``, ``seed`` and others as for
            :class:`TopologyEvolution`.

    Raises:
        SettingError: A setting is out of range.
    """

    def __init__(self,
                 *args: Any,
                 share: float = 0.7,
                 lambdas: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 1.0),
                 starts: int = 16,
                 min_tau: float = 0.2,
                 fit: Optional[Mapping[str, Any]] = None,
                 propagation: Optional[Mapping[str, Any]] = None,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not 0 <= share <= 1:
            raise SettingError('share', 'a number in [0, 1]', share)
        if not isinstance(lambdas, (list, tuple)) or not lambdas or not all(
                weight >= 0 for weight in lambdas):
            raise SettingError('lambdas', 'numbers >= 0, at least one',
                               lambdas)
        if starts < 1:
            raise SettingError('starts', 'a positive integer', starts)
        if not -1 <= min_tau <= 1:
            raise SettingError('min_tau', 'a number in [-1, 1]', min_tau)
        if not self.objectives.metrics:
            raise SettingError('objectives',
                               'a metric to predict besides costs',
                               self.objectives.directions)
        self.share, self.starts, self.min_tau = share, starts, min_tau
        self.lambdas = tuple(lambdas)
        self.fit = dict(fit or {})
        self.propagation = {**SHORT, **(propagation or {})}
        self._check_options()
        self._taus: Dict[int, float] = {}
        self._fitted: Dict[int, MultiMetricMLP] = {}
        self._proposed: Tuple[int, List[Draw]] = (0, [])

    def _check_options(self) -> None:
        """Now, and not after the initial population was evaluated."""
        for name, known in (('fit', FIT_OPTIONS), ('propagation',
                                                   PROPAGATION_OPTIONS)):
            unknown = sorted(set(getattr(self, name)) - set(known))
            if unknown:
                raise SettingError(f'{name}.{unknown[0]}',
                                   'one of ' + ', '.join(known), unknown[0])
        blank = MultiMetricMLP(
            len(self.space.gene_choices()), list(self.objectives.directions))
        NetworkCodingPropagation(
            self.space,
            Task(blank, tradeoff(self.objectives, 1.0)),
            costs=self.costs,
            **self.propagation)

    def identity(self) -> Dict[str, Any]:
        return dict(
            super().identity(),
            share=self.share,
            lambdas=list(self.lambdas),
            starts=self.starts,
            min_tau=self.min_tau,
            fit=self.fit,
            propagation=self.propagation)

    def offspring(self, id: int, rng: np.random.Generator) -> Draw:
        generation = self.generation(id)
        slot = id - self.first_of(generation)
        proposals = self._proposals(generation)
        if slot < len(proposals):
            if proposals[slot][0].digest not in self._seen:
                return proposals[slot]
        return super().offspring(id, rng)

    def report(self, generation: int) -> str:
        """How well the newest generation was predicted, and what follows."""
        tau = self.tau(generation + 1)
        plan = 'evolution only'
        if self.share and self._trusted(tau):
            plan = 'propagation'
        return (f'predictor: Kendall tau {tau:.2f} on generation {generation},'
                f' next: {plan}')

    # -- the predictor ----------------------------------------------------
    def tau(self, generation: int) -> float:
        """Kendall's tau before this generation, on candidates not fitted.

        The mean over the metrics that vary; NaN if it cannot be told, for
        want of three such candidates or because everything is equal.
        """
        if generation not in self._taus:
            self._taus[generation] = self._tau(generation)
        return self._taus[generation]

    def _tau(self, generation: int) -> float:
        known = self._before(generation)
        if generation > 1:
            first = self.first_of(generation - 1)
            fresh = [r for r in known if r.id >= first]
            predictor = self._predictor(generation - 1)
        else:
            fresh = known[::HOLDOUT]
            rest = [r for i, r in enumerate(known) if i % HOLDOUT]
            predictor = self._fit(rest, 0)
        if predictor is None or len(fresh) < 3:
            return float('nan')
        predicted = predictor.predict(genes_of(self.space, fresh))
        taus = np.array([
            kendalltau(predicted[key], [r.value(key) for r in fresh]).statistic
            for key in self.objectives.metrics
        ])
        taus = taus[~np.isnan(taus)]
        return float(taus.mean()) if len(taus) else float('nan')

    def _trusted(self, tau: float) -> bool:
        return tau >= self.min_tau  # not if it is NaN

    def _before(self, generation: int) -> List[Record]:
        """Candidates that were measured before this generation."""
        return [r for r in self.history[:self.first_of(generation)] if r.ok]

    def _predictor(self, generation: int) -> Optional[MultiMetricMLP]:
        """Fitted to everything before this generation."""
        if generation not in self._fitted:
            model = self._fit(self._before(generation), generation)
            if model is None:
                return None
            self._fitted = {
                g: m
                for g, m in self._fitted.items() if g == generation - 1
            }
            self._fitted[generation] = model
        return self._fitted[generation]

    def _fit(self, records: Sequence[Record],
             seed: int) -> Optional[MultiMetricMLP]:
        if len(records) < 2:
            return None
        return fit_records(self.space, records,
                           list(self.objectives.directions), **{
                               'seed': self.seed + seed,
                               **self.fit
                           })

    # -- proposals --------------------------------------------------------
    def _proposals(self, generation: int) -> List[Draw]:
        """Of one generation, the best first; none without a good fit."""
        if self._proposed[0] != generation:
            self._proposed = generation, self._propose(generation)
        return self._proposed[1]

    def _propose(self, generation: int) -> List[Draw]:
        num = round(self.share * self.k)
        if not num or not self._trusted(self.tau(generation)):
            return []
        predictor = self._predictor(generation)
        assert predictor is not None  # there was enough to judge it
        pool = self._pool(generation, predictor)
        if not pool:
            return []
        archs = list(pool)
        genes = np.stack([self.space.encode(arch) for arch in archs])
        predicted = {**predictor.predict(genes), **self.costs.batch(genes)}
        values = np.stack([
            predicted[key] * (-1 if direction == 'max' else 1)
            for key, direction in self.objectives.directions.items()
        ], 1)
        return [(archs[i], pool[archs[i]]) for i in select(values, num)]

    def _pool(self, generation: int,
              predictor: MultiMetricMLP) -> Dict[Arch, Tuple[int, ...]]:
        """New architectures within the constraints, and their starts."""
        starts, parents = self._starts(generation)
        tradeoffs = [[Task(predictor, tradeoff(self.objectives, weight))]
                     for weight in self.lambdas]
        limits = {
            key: high
            for key, (_, high) in self.constraints.ranges.items()
            if np.isfinite(high)
        }
        found = propagate(self.costs, tradeoffs, starts, limits,
                          **self.propagation)
        seen = {r.digest for r in self.history[:self.first_of(generation)]}
        return {
            arch: parents[start]
            for arch, start in found.items()
            if arch.digest not in seen and self._fits(arch)
        }

    def _fits(self, arch: Arch) -> bool:
        return bool(self.constraints.violation(self.costs(arch)) == 0)

    def _starts(self,
                generation: int) -> Tuple[np.ndarray, List[Tuple[int, ...]]]:
        """The best candidates so far and, if need be, random ones."""
        best = self.parents(generation)[:self.starts]
        missing = self.starts - len(best)
        rng = np.random.default_rng([self.seed, generation, 1])
        genes = np.concatenate([
            genes_of(self.space, best),
            self.space.spread_genes(rng, missing)
        ]) if missing else genes_of(self.space, best)
        return genes, [(record.id, ) for record in best] + [()] * missing
