"""Compare searches of one space at an equal budget.

    compare_searches.py random=A.jsonl random=B.jsonl NCP=C.jsonl NCP=D.jsonl

Archives of one name are one method with several seeds. The hypervolume is
that of cost and metric, both scaled to [0, 1] over all archives, as a share of
the whole square. Ratios are to the first name. Archives must be of one space
and input size, as far as the .meta.json files beside them say.
"""
import argparse
import math
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import named_file, readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'archives', nargs='+', type=named_file, metavar='NAME=ARCHIVE')
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


def show(methods, budget, args):
    from rich import box
    from rich.console import Console
    from rich.table import Table
    table = Table(
        title=f'{budget} candidates each; {args.metric} and {args.cost}',
        box=box.SIMPLE)
    for column in ('method', 'seeds', 'hypervolume, median', 'by seed',
                   'ratio', f'best {args.metric}, median'):
        left = column == 'method'
        table.add_column(column, justify='left' if left else 'right')
    baseline = next(iter(methods.values())).volume
    for name, method in methods.items():
        best = statistics.median(method.best)
        table.add_row(name, str(len(method.volumes)), f'{method.volume:.4f}',
                      ' '.join(f'{v:.4f}' for v in method.volumes),
                      f'{method.volume / baseline:.4f}' if baseline else '-',
                      f'{best:#.4g}' if math.isfinite(best) else '-')
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def main():
    args = parse_args()
    from scalenas_mm.search import compare_searches
    with readable_errors():
        budget, methods = compare_searches(args.archives, args.metric,
                                           args.cost, args.lower_is_better,
                                           args.budget)
    show(methods, budget, args)


if __name__ == '__main__':
    main()
