"""Time that a search itself takes, beside the measuring of candidates.

TopologyEvolution with its defaults goes on with an archive of so many random
architectures of the default ScaleNet space, with a made-up metric. Times of a
candidate are means over whole generations, in processor time, which other
processes disturb less. ``record`` is making a record, exact costs included;
``append`` includes writing it, but not waiting for the disk. ``replay`` is
reading the archive and telling all of it to a new searcher. The baseline of
ranking is to compare each row with all others, front by front.
"""
import argparse


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'expected at least 1, got {text}')
    return number


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--records',
        type=positive,
        nargs='+',
        default=[2000, 100000],
        help='after how many (default: 2000 100000)')
    parser.add_argument(
        '--generations',
        type=positive,
        default=3,
        help='to take the means over (default: 3)')
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports that take long

import os
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from scalenas_mm.search import Archive, Record, TopologyEvolution, select
from scalenas_mm.spaces import CostModel, ScaleNetSpace

COSTS = CostModel(ScaleNetSpace(), (512, 1024))
BASELINE = 2000


def searcher(num):
    return TopologyEvolution(COSTS, dict(mIoU='max', macs='min'), N=num)


def record_of(id, arch, parents=(), generation=0):
    """A record with a metric that grows with cost, and noise."""
    cost = COSTS(arch)
    noise = int(arch.digest[:6], 16) / 16**6
    metric = 10 * np.log10(cost['macs']) + noise
    return Record(id, arch.digest, arch.to_dict(), dict(mIoU=float(metric)),
                  cost, list(parents), generation)


def fill(path, num):
    """Random candidates in the place of an earlier search."""
    rng = np.random.default_rng(0)
    genes = COSTS.space.sample_genes(rng, num)
    with Archive(path, {}) as archive:
        for id, code in enumerate(
                track(genes, f'{num:,} records', transient=True)):
            archive.append(record_of(id, COSTS.space.decode(code)))


class Stopwatch(defaultdict):
    """Seconds by name."""

    def __init__(self):
        super().__init__(float)

    @contextmanager
    def __call__(self, name):
        begin = time.process_time()
        yield
        self[name] += time.process_time() - begin


def search(path, generations):
    """Go on with an archive.

    Returns seconds of each part for a candidate, seconds of what is done
    once, and the values of all candidates.
    """
    once, each = Stopwatch(), Stopwatch()
    with once('replay: read'):
        archive = Archive(path, {}, resume=True)
    evolution = searcher(10**9)
    with once('replay: tell'):
        for record in archive:
            evolution.tell(record)
        evolution.measured()
    num = generations * evolution.k
    with archive:
        for _ in range(num):
            with each('ask'):
                candidate, = evolution.ask()
            with each('record'):
                record = record_of(*candidate)
            with each('append'):
                archive.append(record)
            with each('tell'):
                evolution.tell(record)
    _, values = evolution.measured()
    with once('select'):
        select(values, evolution.k)
    return {
        name: seconds / num
        for name, seconds in each.items()
    }, once, values


def peeled(costs, num):
    """The first ``num`` rows by fronts, each row compared with all others."""
    left, chosen = np.arange(len(costs)), []
    while len(chosen) < num:
        rows = costs[left]
        beaten = np.array([((rows <= row).all(1) & (rows < row).any(1)).any()
                           for row in rows])
        chosen += left[~beaten].tolist()
        left = left[beaten]
    return chosen


def baseline(values):
    """Seconds of ``select`` and of the baseline, on the same rows."""
    watch = Stopwatch()
    rows = values[:BASELINE]
    with watch('select'):
        select(rows, len(rows))
    with watch('peel'):
        peeled(rows, len(rows))
    return watch['select'], watch['peel']


def measure(num, generations):
    """A column of the table, by name of the row."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(
            os, 'fsync', lambda file: None):
        path = Path(folder) / 'archive.jsonl'
        fill(path, num)
        each, once, values = search(path, generations)
    each['together'] = sum(each.values())
    fast, slow = baseline(values)
    return {
        **{
            f'{name}, a candidate': f'{seconds * 1e3:.3f} ms'
            for name, seconds in each.items()
        },
        **{
            name: f'{seconds:.3f} s'
            for name, seconds in once.items()
        }, f'all fronts of {BASELINE:,} rows': f'{fast * 1e3:.3f} ms',
        'baseline of that': f'{slow * 1e3:.0f} ms',
        'ratio': f'{slow / fast:,.0f}'
    }


def main(args):
    table = Table('', title='Time of a search', box=box.SIMPLE)
    columns = [measure(num, args.generations) for num in args.records]
    for num in args.records:
        table.add_column(f'{num:,} records', justify='right')
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    Console(width=None if sys.stdout.isatty() else 100).print(table)


if __name__ == '__main__':
    main(ARGS)
