"""Compare searches of one space at an equal budget.

    compare_searches.py random=A.jsonl random=B.jsonl NCP=C.jsonl NCP=D.jsonl

Archives of one name are one method with several seeds. The hypervolume is
that of cost and metric, both scaled to [0, 1] over all archives, as a share of
the whole square. Ratios are to the first name.
"""
import argparse
import statistics
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, readable_errors
from rich import box
from rich.console import Console
from rich.table import Table

from scalenas_mm.search import hypervolume, read_archive
from scalenas_mm.spaces import COST_KEYS, ArchError


def named_archive(text):
    name, sign, path = text.partition('=')
    if not (name and sign and path):
        raise argparse.ArgumentTypeError(f'expected NAME=ARCHIVE, got {text}')
    return name, path


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'archives', nargs='+', type=named_archive, metavar='NAME=ARCHIVE')
    parser.add_argument('--metric', default='mIoU', help='default: mIoU')
    parser.add_argument('--cost', choices=COST_KEYS, default='macs')
    parser.add_argument(
        '--budget',
        type=int,
        help='candidates of each archive to count (default: as many as the '
        'shortest one has)')
    return parser.parse_args()


def points_of(path, metric, cost):
    """Cost and negative metric of each candidate; NaN where it failed."""
    rows = []
    for record in read_archive(path):
        if record.ok and metric not in record.metrics:
            raise ArchError(f'{path}: metric',
                            f"one of {', '.join(record.metrics)}", metric)
        rows.append((record.cost[cost],
                     -record.metrics[metric]) if record.ok else (np.nan,
                                                                 np.nan))
    return np.array(rows, float).reshape(-1, 2)


def volumes(archives, budget):
    """Hypervolume of each archive and the budget, scaled over all."""
    budget = budget or min(map(len, archives))
    short = [len(points) for points in archives if len(points) < budget]
    if short or budget < 1:
        raise ArchError('budget', f'at most {min(map(len, archives))} '
                        'candidates', budget)
    parts = [points[:budget] for points in archives]
    every = np.concatenate(parts)
    low, high = np.nanmin(every, 0), np.nanmax(every, 0)
    span = np.where(high > low, high - low, 1)
    out = []
    for points in parts:
        good = points[~np.isnan(points).any(1)]
        out.append((hypervolume((good - low) / span,
                                np.ones(2)), -good[:, 1].min()))
    return out, budget


def show(names, results, budget, args):
    table = Table(
        title=f'{budget} candidates each; {args.metric} and {args.cost}',
        box=box.SIMPLE)
    for column in ('method', 'seeds', 'hypervolume, median', 'by seed',
                   'ratio', f'best {args.metric}, median'):
        left = column == 'method'
        table.add_column(column, justify='left' if left else 'right')
    groups = {}
    for name, result in zip(names, results):
        groups.setdefault(name, []).append(result)
    baseline = None
    for name, group in groups.items():
        found = [volume for volume, _ in group]
        median = statistics.median(found)
        baseline = baseline or median
        table.add_row(name, str(len(group)), f'{median:.4f}',
                      ' '.join(f'{v:.4f}'
                               for v in found), f'{median / baseline:.4f}',
                      f'{statistics.median(best for _, best in group):.2f}')
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def main():
    args = parse_args()
    names = [name for name, _ in args.archives]
    with readable_errors():
        archives = [
            points_of(path, args.metric, args.cost)
            for _, path in args.archives
        ]
        if not all(map(len, archives)):
            fail('an archive holds no candidates')
        results, budget = volumes(archives, args.budget)
    show(names, results, budget, args)


if __name__ == '__main__':
    main()
