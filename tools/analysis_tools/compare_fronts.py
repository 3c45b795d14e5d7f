"""Are the best networks by one metric others than the best by another?

    compare_fronts.py archive.jsonl mIoU_small mIoU_large --out fronts.png

Both metrics are of one search. Says how many networks stand on both fronts (of
the cost and each metric) and how many of their choices (for ScaleNets: blocks
and fusions by target, source and level) differ by more than chance: than if
each candidate's ranks by both metrics are swapped at random. And what is lost
by searching for the other metric, the mean over limits of the cost with a 90%
interval; without --again that holds luck, as the same measurement picks and
judges.
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
        '--again',
        metavar='ARCHIVE',
        help='where the same candidates were measured again, as by search.py '
        '--archs on other data')
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
    print(f'rank correlation of both: {fronts.result.correlation:.2f}')
    for name, value in zip(fronts.names, fronts.reliability() or ()):
        print(f'rank correlation of {name}, measured again: {value:.2f}')
    for name, other, (mean, low, high) in zip(fronts.names, fronts.names[::-1],
                                              fronts.lost()):
        print(f'{name} is worse by {mean:.2f} ({low:.2f} to {high:.2f}) if '
              f'{other} picks the network')


def main():
    args = parse_args()
    from scalenas_mm.visualization import plot_fronts, read_fronts
    with readable_errors():
        fronts = read_fronts(args.archive, args.metrics, args.cost,
                             args.lower_is_better, args.top, args.swaps,
                             args.again)
    show(fronts)
    if args.out:
        plot_fronts(fronts, args.out, args.title)


if __name__ == '__main__':
    main()
