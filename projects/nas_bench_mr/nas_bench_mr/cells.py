"""NCP on the cells of NAS-Bench-201 (Sec. C.3)."""
import time
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from scalenas_mm.benchmarks import ArchTable, BenchmarkError
from scalenas_mm.predictors import (MultiMetricMLP, NetworkCodingPropagation,
                                    Task, efficiency_targets, fit_predictor)

GOAL, LIMIT = 46.8, 90.36  # %, MFLOPs: what the paper reaches
ROUNDING = 0.005  # of the table's second decimal
SETTING = 'nas-bench-201'


@dataclass(frozen=True)
class CellSearch:
    """How to search.

    Attributes:
        starts: Cells to start from, one batch.
        steps: How often the argmax is taken.
        lookups: How many cells are looked up in the table.
        predictors: How many, which differ in their seed.
        lambdas: Weights of the FLOPs.
        num_train: Rows that the predictors are trained on.
    """
    starts: int = 128
    steps: int = 6
    lookups: int = 30
    predictors: int = 3
    lambdas: Sequence[float] = (0.1, 0.3)
    num_train: int = 2000

    def check(self, table: ArchTable) -> None:
        """Raise BenchmarkError if a number is too low, or there are not so
        many cells."""
        ranges = dict(
            starts=(1, len(bad_cells(table))),
            steps=(1, float('inf')),
            lookups=(1, len(cheap_cells(table))),
            predictors=(1, 100),
            num_train=(2, len(table)))
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise BenchmarkError('--' + name.replace('_', '-'),
                                     f'a number from {low} to {high}', value)


def cheap_cells(table: ArchTable) -> np.ndarray:
    """Rows within the limit."""
    return np.flatnonzero(table.columns['Flops'] <= LIMIT + ROUNDING)


def bad_cells(table: ArchTable) -> np.ndarray:
    """Rows to start from: below the median accuracy, above the limit."""
    accuracy, flops = table.columns['Acc'], table.columns['Flops']
    return np.flatnonzero((accuracy < np.median(accuracy))
                          & (flops > LIMIT + ROUNDING))


def good_cells(table: ArchTable) -> np.ndarray:
    """Rows within the limit that are as good as the paper's."""
    rows = cheap_cells(table)
    return rows[table.columns['Acc'][rows] >= GOAL - ROUNDING]


def fit_some(table: ArchTable, rows: np.ndarray,
             num: int) -> List[MultiMetricMLP]:
    """Predictors that differ in their seed, with the paper's weight decay."""
    metrics = {name: table.columns[name][rows] for name in ('Acc', 'Flops')}
    return [
        fit_predictor(
            table.codes[rows], metrics, weight_decay=1e-7, seed=seed)
        for seed in range(num)
    ]


def visited(table: ArchTable, predictors: Sequence[MultiMetricMLP],
            starts: np.ndarray, how: CellSearch) -> np.ndarray:
    """Rows of the table on the way, nearest cells of all iterations."""
    rows = []
    for weight in how.lambdas:
        tasks = [
            Task(
                predictor,
                efficiency_targets('Acc', weight, 'Flops'),
                weight=1 / len(predictors)) for predictor in predictors
        ]
        rule = NetworkCodingPropagation(
            table.space, tasks, iterations=10 * how.steps, round_every=10)
        cells = rule.run(starts).rounded(table.space)
        cells = np.unique(cells.reshape(-1, cells.shape[-1]), axis=0)
        rows += [table.find(cell) for cell in cells]
    return np.array(rows)


def best_of(table: ArchTable, predictors: Sequence[MultiMetricMLP],
            rows: np.ndarray, lookups: int) -> Tuple[int, int]:
    """Best row of those looked up; the first is the best predicted one."""
    rows = np.unique(rows[table.columns['Flops'][rows] <= LIMIT + ROUNDING])
    predicted = sum(p.predict(table.codes[rows])['Acc'] for p in predictors)
    tried = rows[np.argsort(-predicted)[:lookups]]
    return tried[table.columns['Acc'][tried].argmax()], tried[0]


def run_seed(table: ArchTable, predictors: Sequence[MultiMetricMLP], seed: int,
             how: CellSearch) -> Dict[str, float]:
    """Results of one batch of starts and of the baseline: ``start`` (their
    mean), ``found`` with its ``flops``, ``first`` (of the best prediction),
    ``random`` and ``seconds``."""
    accuracy, flops = table.columns['Acc'], table.columns['Flops']
    rng = np.random.default_rng(seed)
    starts = rng.choice(bad_cells(table), how.starts, replace=False)
    begin = time.perf_counter()
    rows = visited(table, predictors, table.codes[starts], how)
    seconds = time.perf_counter() - begin
    found, first = best_of(table, predictors, rows, how.lookups)
    chance = accuracy[rng.choice(
        cheap_cells(table), how.lookups, replace=False)].max()
    return dict(
        start=accuracy[starts].mean(),
        found=accuracy[found],
        flops=flops[found],
        first=accuracy[first],
        random=chance,
        seconds=seconds)
