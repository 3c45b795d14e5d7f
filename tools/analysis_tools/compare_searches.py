"""Compare searches of one space at an equal budget.

    compare_searches.py random=A.jsonl random=B.jsonl NCP=C.jsonl NCP=D.jsonl

Archives of one name are one method with several seeds. The hypervolume is
that of cost and metric, both scaled to [0, 1] over all archives, as a share of
the whole square. Ratios are to the first name. Archives must be of one space
and input size, as far as the .meta.json files beside them say.
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

from scalenas_mm.search import hypervolume, read_archive, read_meta
from scalenas_mm.spaces import ArchError


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
    parser.add_argument(
        '--lower-is-better',
        action='store_true',
        help='the metric is an error (default: higher is better)')
    parser.add_argument('--cost', default='macs', help='default: macs')
    parser.add_argument(
        '--budget',
        type=int,
        help='candidates of each archive to count (default: as many as the '
        'shortest one has)')
    return parser.parse_args()


def check_same(paths):
    """Archives are of one space and input size, as far as that is known.

    Raises:
        ArchError: They are not; says which archive differs in what.
    """
    first = {}
    for path in paths:
        if not Path(path).with_suffix('.meta.json').is_file():
            continue
        meta = read_meta(path)
        found = dict(
            space=meta.get('space'),
            input_size=meta.get('evaluation', meta).get('input_size'))
        for key, value in found.items():
            other, expected = first.setdefault(key, (path, value))
            if value != expected:
                raise ArchError(f'{path}: {key}', f'{expected} as in {other}',
                                value)


def points_of(path, metric, cost, sign):
    """Cost and signed metric of each candidate; NaN where it failed."""
    rows = []
    for record in read_archive(path):
        if not record.ok:
            rows.append((np.nan, np.nan))
            continue
        for what, values, key in (('metric', record.metrics, metric),
                                  ('cost', record.cost, cost)):
            if key not in values:
                raise ArchError(f'{path}: {what}',
                                f"one of {', '.join(values) or 'none'}", key)
        rows.append((record.cost[cost], sign * record.metrics[metric]))
    return np.array(rows, float).reshape(-1, 2)


def volumes(archives, budget):
    """Hypervolume and best signed metric of each archive, and the budget;
    zero and infinity where all candidates failed."""
    shortest = min(map(len, archives))
    budget = shortest if budget is None else budget
    if not 1 <= budget <= shortest:
        raise ArchError('budget', f'at least 1 and at most {shortest} '
                        'candidates', budget)
    parts = [points[:budget] for points in archives]
    every = np.concatenate(parts)
    if np.isnan(every).all():
        raise ArchError('archives', 'a candidate that did not fail',
                        f'none in the first {budget} of each')
    low, high = np.nanmin(every, 0), np.nanmax(every, 0)
    span = np.where(high > low, high - low, 1)
    out = []
    for points in parts:
        good = points[~np.isnan(points).any(1)]
        out.append((hypervolume((good - low) / span,
                                np.ones(2)), good[:, 1].min(initial=np.inf)))
    return out, budget


def show(names, results, budget, sign, args):
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
        baseline = median if baseline is None else baseline
        best = sign * statistics.median(best for _, best in group)
        table.add_row(name, str(len(group)), f'{median:.4f}',
                      ' '.join(f'{v:.4f}' for v in found),
                      f'{median / baseline:.4f}' if baseline else '-',
                      f'{best:.2f}' if np.isfinite(best) else '-')
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def main():
    args = parse_args()
    names, paths = zip(*args.archives)
    sign = 1 if args.lower_is_better else -1
    with readable_errors():
        archives = [
            points_of(path, args.metric, args.cost, sign) for path in paths
        ]
        check_same(paths)
        if not all(map(len, archives)):
            fail('an archive holds no candidates')
        results, budget = volumes(archives, args.budget)
    show(names, results, budget, sign, args)


if __name__ == '__main__':
    main()
