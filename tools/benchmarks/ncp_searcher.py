"""NCP, topology evolution and random search at an equal budget.

Queries are answered from NAS-Bench-MR, in one of two ways:

  nearest     by the nearest architecture that was measured and not yet
              queried; the searcher is told that architecture. Every number is
              a measurement, but searchers only see 2507 points.
  predictor   by a predictor that was trained on all measurements and that no
              searcher sees. Any architecture can be queried, but numbers are
              predictions.

Prints the hypervolume of (metric, MACs) after the budget, for every seed, and
the ratio of its median to that of random search, the baseline.
"""
import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.predictors import NCPSearcher, fit_predictor
from scalenas_mm.search import (RandomSearch, Record, TopologyEvolution,
                                hypervolume)
from scalenas_mm.spaces import GENE_DTYPE, CostModel

SIZE = (128, 128)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', help='folder of NAS-Bench-MR')
    parser.add_argument('--setting', default='seg')
    parser.add_argument(
        '--oracles',
        nargs='+',
        default=['nearest', 'predictor'],
        choices=['nearest', 'predictor'])
    parser.add_argument('--budget', type=int, default=200)
    parser.add_argument('--initial', type=int, default=50)
    parser.add_argument('--generation', type=int, default=25)
    parser.add_argument('--seeds', type=int, default=5)
    return parser.parse_args()


def check(args, table):
    """Exit with code 2 if the searches could not be run, or not end."""
    for name in ('budget', 'initial', 'generation', 'seeds'):
        if getattr(args, name) < 1:
            fail(f'--{name}: expected at least 1, got {getattr(args, name)}')
    if args.initial > args.budget:
        fail(f'--initial: expected at most the --budget of {args.budget}, '
             f'got {args.initial}')
    if table.space is None:
        fail(f'{table.name}: expected a setting of a known space, got another')
    if 'nearest' in args.oracles and args.budget > len(table):
        fail(f'--budget: expected at most {len(table)}, the architectures '
             f'that the oracle nearest can answer with, got {args.budget}')


class Nearest:
    """Answers with the nearest measured architecture not yet queried."""

    def __init__(self, table, costs):
        self.table, self.costs = table, costs
        self.left = np.ones(len(table), bool)

    def __call__(self, arch):
        distance = self.table.distances(arch)
        row = int(np.where(self.left, distance, np.inf).argmin())
        self.left[row] = False
        arch = self.table.space.decode(self.table.codes[row])
        return arch, float(self.table.main_values[row])


class Predicted:
    """Answers with a prediction."""

    def __init__(self, predictor, main, space):
        self.predictor, self.main, self.space = predictor, main, space

    def __call__(self, arch):
        values = self.predictor.predict(self.space.encode(arch))
        return arch, float(values[self.main][0])


def run(searcher, oracle, main):
    """Spend the budget; return metrics and MACs in G."""
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


def searchers(args, costs, main):
    """One builder per method, by seed."""
    objectives = {main: 'max', 'macs': 'min'}
    grown = dict(n0=args.initial, k=args.generation, N=args.budget)
    return {
        'random':
        lambda seed: RandomSearch(costs, objectives, N=args.budget, seed=seed),
        'evolution':
        lambda seed: TopologyEvolution(costs, objectives, seed=seed, **grown),
        'NCP':
        lambda seed: NCPSearcher(costs, objectives, seed=seed, **grown),
    }


def volume(points, table, costs):
    """Hypervolume above the worst measurement, of the table's whole box."""
    macs = costs.batch(table.codes.astype(GENE_DTYPE))['macs'] / 1e9
    low, high = table.main_values.min(), table.main_values.max()
    scaled = np.stack([(high - points[:, 0]) /
                       (high - low), points[:, 1] / macs.max()], 1)
    return hypervolume(scaled, np.ones(2))


def compare(name, table, costs, predictor, args):
    """Hypervolumes and seconds of every method with one oracle."""
    out = {}
    for method, build in searchers(args, costs, table.main).items():
        volumes, seconds = [], []
        for seed in track(
                range(args.seeds), f'{name}, {method}', transient=True):
            oracle = Nearest(table, costs) if name == 'nearest' else Predicted(
                predictor, table.main, table.space)
            begin = time.perf_counter()
            points = run(build(seed), oracle, table.main)
            seconds.append(time.perf_counter() - begin)
            volumes.append(volume(points, table, costs))
        out[method] = volumes, statistics.median(seconds)
    return out


def show(name, results, console):
    table = Table(title=f'oracle: {name}', box=box.SIMPLE)
    for column in ('searcher', 'hypervolume, median', 'by seed',
                   'ratio to random', 'seconds, median'):
        table.add_column(
            column, justify='left' if column == 'searcher' else 'right')
    baseline = statistics.median(results['random'][0])
    for method, (volumes, seconds) in results.items():
        median = statistics.median(volumes)
        table.add_row(method, f'{median:.4f}', ' '.join(f'{v:.4f}'
                                                        for v in volumes),
                      f'{median / baseline:.4f}' if baseline else '-',
                      f'{seconds:.1f}')
    console.print(table)


def main():
    args = parse_args()
    try:
        table = NASBenchMR(args.data).table(args.setting)
    except ValueError as error:
        fail(str(error))
    check(args, table)
    console = Console(width=None if sys.stdout.isatty() else 100)
    costs = CostModel(table.space, SIZE)
    predictor = None
    if 'predictor' in args.oracles:
        predictor = fit_predictor(
            table.codes, {table.main: table.main_values}, seed=12345)
    console.print(f'{args.setting}: {args.budget} queries, {args.seeds} seeds')
    for name in args.oracles:
        show(name, compare(name, table, costs, predictor, args), console)


if __name__ == '__main__':
    main()
