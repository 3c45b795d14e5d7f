"""Are the best networks by one metric others than the best by another?

    compare_fronts.py archive.jsonl mIoU_small mIoU_large --out fronts.png

Both metrics are of one search. Prints what stands on the two fronts (of the
cost and each metric), what it costs to search by the other metric, and which
choices (for ScaleNets: blocks and fusions by target, source and level) differ
by more than chance. Chance is what comes out if each candidate's ranks by both
metrics are swapped at random.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('archive', help='archive.jsonl of a search')
    parser.add_argument('metrics', nargs=2, metavar='METRIC')
    parser.add_argument(
        '--lower-is-better',
        action='store_true',
        help='the metrics are errors (default: higher is better)')
    parser.add_argument('--cost', default='macs', help='default: macs')
    parser.add_argument(
        '--top',
        type=int,
        default=0,
        metavar='N',
        help='the best N by peeling fronts instead of the fronts alone')
    parser.add_argument(
        '--swaps', type=int, default=2000, help='default: 2000')
    parser.add_argument('--title', help='heading of the picture')
    parser.add_argument('--out', help='the picture, by its suffix')
    return parser.parse_args()


def show(fronts):
    from scalenas_mm.visualization.fronts import verdict
    print(verdict(fronts))
    print(f'rank correlation {fronts.result.correlation:.2f}')
    for name, other, lost in zip(fronts.names, fronts.names[::-1],
                                 fronts.lost()):
        print(f'{name}: the best by {other} have {lost:.2f} less at equal '
              'cost')


def main():
    args = parse_args()
    from scalenas_mm.visualization import plot_fronts, read_fronts
    with readable_errors():
        fronts = read_fronts(args.archive, args.metrics, args.cost,
                             args.lower_is_better, args.top, args.swaps)
    show(fronts)
    if args.out:
        plot_fronts(fronts, args.out, args.title)


if __name__ == '__main__':
    main()
