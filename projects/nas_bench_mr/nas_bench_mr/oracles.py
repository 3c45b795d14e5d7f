"""Searchers whose queries are answered from a table."""
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import numpy as np

from scalenas_mm.benchmarks import ArchTable, BenchmarkError
from scalenas_mm.predictors import MultiMetricMLP, NCPSearcher
from scalenas_mm.search import (Archive, RandomSearch, Record, Searcher,
                                TopologyEvolution, hypervolume)
from scalenas_mm.spaces import GENE_DTYPE, CostModel

SIZE = (128, 128)
Oracle = Callable[[Any], Tuple[Any, float]]


@dataclass(frozen=True)
class Budget:
    """How much is asked.

    Attributes:
        budget: All queries.
        initial: The random ones among them.
        generation: Queries of a generation.
    """
    budget: int = 200
    initial: int = 50
    generation: int = 25

    def check(self, table: ArchTable, nearest: bool) -> None:
        """Raise BenchmarkError if the searches could not be run, or not end.

        Args:
            table (ArchTable): What answers.
            nearest (bool): Whether every answer is another row of it.
        """
        if self.initial > self.budget:
            raise BenchmarkError('--initial',
                                 f'at most the --budget of {self.budget}',
                                 self.initial)
        if table.space is None:
            raise BenchmarkError(table.name, 'a setting of a known space',
                                 'another')
        if nearest and self.budget > len(table):
            raise BenchmarkError(
                '--budget', f'at most {len(table)}, the architectures that '
                'the oracle nearest can answer with', self.budget)


class Nearest:
    """Answers with the nearest measured architecture not yet queried."""

    def __init__(self, table: ArchTable) -> None:
        self.table = table
        self.left = np.ones(len(table), bool)

    def __call__(self, arch: Any) -> Tuple[Any, float]:
        distance = self.table.distances(arch)
        row = int(np.where(self.left, distance, np.inf).argmin())
        self.left[row] = False
        arch = self.table.space.decode(self.table.codes[row])
        return arch, float(self.table.main_values[row])


class Predicted:
    """Answers with a prediction."""

    def __init__(self, predictor: MultiMetricMLP, table: ArchTable) -> None:
        self.predictor, self.table = predictor, table

    def __call__(self, arch: Any) -> Tuple[Any, float]:
        values = self.predictor.predict(self.table.space.encode(arch))
        return arch, float(values[self.table.main][0])


def spend(searcher: Searcher, oracle: Oracle, main: str) -> np.ndarray:
    """Spend the budget; metrics and MACs in G, shape ``(budget, 2)``."""
    while not searcher.finished:
        candidate, = searcher.ask()
        searcher.withdraw()  # the oracle may answer for another one
        arch, value = oracle(candidate.arch)
        searcher.tell(
            Record(
                id=candidate.id,
                digest=arch.digest,
                arch=arch.to_dict(),
                metrics={main: value},
                cost=searcher.costs(arch),
                parents=list(candidate.parents),
                generation=candidate.generation))
    return np.array([[r.metrics[main], r.cost['macs'] / 1e9]
                     for r in searcher.history])


def searchers(budget: Budget, costs: CostModel,
              main: str) -> Dict[str, Callable[[int], Searcher]]:
    """One builder per method, by seed; random search is the baseline."""
    objectives = {main: 'max', 'macs': 'min'}
    grown = dict(n0=budget.initial, k=budget.generation, N=budget.budget)
    return {
        'random':
        lambda seed: RandomSearch(
            costs, objectives, N=budget.budget, seed=seed),
        'evolution':
        lambda seed: TopologyEvolution(costs, objectives, seed=seed, **grown),
        'NCP':
        lambda seed: NCPSearcher(costs, objectives, seed=seed, **grown),
    }


def volume(points: np.ndarray, table: ArchTable, costs: CostModel) -> float:
    """Hypervolume above the worst measurement, of the table's whole box."""
    macs = costs.batch(table.codes.astype(GENE_DTYPE))['macs'] / 1e9
    low, high = table.main_values.min(), table.main_values.max()
    scaled = np.stack([(high - points[:, 0]) /
                       (high - low), points[:, 1] / macs.max()], 1)
    return hypervolume(scaled, np.ones(2))


def keep(searcher: Searcher, path: Path, oracle: str) -> None:
    """Write what was answered as an archive.

    Raises:
        ArchiveError: There is one with candidates.
    """
    meta = dict(
        space=searcher.space.to_dict(),
        searcher=searcher.identity(),
        evaluation=dict(oracle=oracle, input_size=list(SIZE)))
    with Archive(path, meta) as archive:
        for record in searcher.history:
            archive.append(record)


def compare(
        table: ArchTable,
        budget: Budget,
        seeds: int,
        predictor: Optional[MultiMetricMLP] = None,
        folder: Optional[Path] = None) -> Iterator[Tuple[str, float, float]]:
    """Run every searcher with every seed, equal questions for all.

    Args:
        table (ArchTable): Answers with the nearest measurement.
        budget (Budget): How much is asked.
        seeds (int): How many runs of each searcher.
        predictor (MultiMetricMLP, optional): Answers instead.
        folder (Path, optional): For an archive of each run.

    Yields:
        tuple[str, float, float]: Searcher, hypervolume and seconds of a run.
    """
    costs = CostModel(table.space, SIZE)
    for method, build in searchers(budget, costs, table.main).items():
        for seed in range(seeds):
            oracle = Predicted(predictor,
                               table) if predictor else Nearest(table)
            begin = time.perf_counter()
            searcher = build(seed)
            points = spend(searcher, oracle, table.main)
            seconds = time.perf_counter() - begin
            if folder:
                keep(searcher, folder / f'{method}-{seed}.jsonl',
                     f'{table.name}, {type(oracle).__name__.lower()}')
            yield method, volume(points, table, costs), seconds
