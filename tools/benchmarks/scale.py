"""The driver of a search with 1 to 10,000 workers that sleep.

Searcher, archive and the handing out of candidates are those of a real search
by workers (``tools/ray_search.py``); the workers are simulated, on a clock
that goes on with the driver's work as a real one does. Prints, for each number
of workers,

- utilisation: the share of the workers' time that is spent on candidates, from
  the start until the last result;
- the driver's share: how much of the time it works, 100 % being the limit;
- the driver's time and the bytes that go to and fro for a candidate.
"""
import argparse


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--workers', type=int, nargs='+', default=[1, 10, 100, 1000, 10000])
    parser.add_argument(
        '--seconds',
        type=float,
        default=10,
        help='that a candidate takes on average (default: 10)')
    parser.add_argument(
        '--times',
        metavar='ARCHIVE',
        help='draw from the times of this search, scaled to the average '
        '(default: a log-normal distribution with a deviation of 0.3)')
    parser.add_argument(
        '--each',
        type=int,
        default=40,
        help='candidates for each worker (default: 40)')
    parser.add_argument(
        '--most',
        type=int,
        default=100000,
        help='candidates at most (default: 100000)')
    parser.add_argument(
        '--generation',
        type=int,
        metavar='K',
        help='topology evolution with so many candidates in a generation '
        '(default: random search, which waits for nothing)')
    parser.add_argument(
        '--delay',
        type=float,
        default=0.01,
        help='seconds that the messages of a job take (default: 0.01)')
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports that take long

import pickle
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))
from _simulated_pool import SimulatedPool

from scalenas_mm.engine.outcomes import record_of
from scalenas_mm.evaluation.base import Outcome
from scalenas_mm.evaluation.elastic import Elastic, in_order
from scalenas_mm.search import (Archive, RandomSearch, TopologyEvolution,
                                read_archive)
from scalenas_mm.spaces import CostModel, ScaleNetSpace

OBJECTIVES = dict(mIoU='max', macs='min')


def drawn_times(args):
    """A function that gives how long the next candidate takes."""
    rng = np.random.default_rng(0)
    if args.times:
        known = np.array([r.seconds for r in read_archive(args.times) if r.ok])
        known *= args.seconds / known.mean()
        return lambda arch: float(rng.choice(known))
    shift = np.log(args.seconds) - 0.3**2 / 2
    return lambda arch: float(rng.lognormal(shift, 0.3))


def searcher_of(costs, num, generation):
    if generation is None:
        return RandomSearch(costs, OBJECTIVES, N=num)
    first = min(num, generation)
    return TopologyEvolution(costs, OBJECTIVES, N=num, n0=first, k=generation)


def simulate(costs, workers, num, args):
    """Run one search; what came of it."""
    searcher = searcher_of(costs, num, args.generation)
    pool = SimulatedPool(
        workers,
        drawn_times(args),
        lambda arch: dict(mIoU=float(int(arch.digest, 16) % 1000)),
        delay=args.delay)
    evaluation = Elastic(pool)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, \
            Archive(Path(folder, 'archive.jsonl'), {}) as archive:
        pool.left = time.perf_counter()
        for candidate, outcome in in_order(evaluation.stream(searcher.ask), 0):
            record = record_of(candidate, outcome, costs, searcher.objectives)
            archive.append(record)
            searcher.tell(record)
        size = archive.path.stat().st_size
    return dict(
        workers=workers,
        candidates=num,
        hours=pool.clock / 3600,
        utilisation=pool.worked / (workers * pool.clock),
        driver=pool.busy / pool.clock,
        ms=1000 * (time.perf_counter() - start) / num,
        message=len(pickle.dumps(candidate.arch.to_dict())) +
        len(pickle.dumps(tuple(Outcome(record.metrics)))),
        line=size / num)


def main(args):
    costs = CostModel(ScaleNetSpace(width=48), (512, 1024))
    print(f'{"workers":>8}{"candidates":>12}{"hours":>8}{"utilisation":>13}'
          f'{"driver":>9}{"ms each":>9}{"bytes sent":>12}{"on disk":>9}')
    for workers in args.workers:
        num = min(args.most, args.each * workers)
        row = simulate(costs, workers, num, args)
        print(
            f'{row["workers"]:>8}{row["candidates"]:>12}{row["hours"]:>8.2f}'
            f'{row["utilisation"]:>13.1%}{row["driver"]:>9.1%}'
            f'{row["ms"]:>9.2f}{row["message"]:>12}{row["line"]:>9.0f}',
            flush=True)


if __name__ == '__main__':
    main(ARGS)
