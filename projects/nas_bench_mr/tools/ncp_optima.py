"""Optima of network coding propagation (NCP, tables 2 to 4).

For every weight lambda of the FLOPs: the network that propagation ends at,
its predicted metrics and exact costs, the measured networks nearest to it,
and how often the predictor orders two of these as the measurement does.

    ncp_optima.py DATA                                  segmentation
    ncp_optima.py DATA --settings seg video seg+video   also jointly
    ncp_optima.py DATA --transfer-from video            from its optimum
"""
import argparse
from pathlib import Path

from _command import new_console, run, training_bars
from nas_bench_mr.options import (MAIN_STRATEGY, STRATEGIES,
                                  add_search_arguments, all_settings, goal,
                                  make_parser, search_settings, weight, whole)

FORMATS = ('.json', '.csv')
LAMBDAS = (0.1, 0.3, 0.5, 0.7)


def table_file(name):
    """An argument: the file of the tables."""
    if Path(name).suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(
            f'expected a file {" or ".join(FORMATS)}, got {name}')
    return Path(name)


def parse_args():
    parser = make_parser(__doc__)
    parser.add_argument(
        '--settings',
        type=goal,
        nargs='+',
        default=[goal('seg')],
        metavar='NAME',
        help='what to search for; NAME+NAME jointly (default: seg)')
    parser.add_argument(
        '--transfer-from',
        metavar='NAME',
        help='search also from the optimum of this setting')
    parser.add_argument(
        '--lambdas',
        type=weight,
        nargs='+',
        default=LAMBDAS,
        help='weights of the FLOPs (default: 0.1 0.3 0.5 0.7)')
    parser.add_argument(
        '--strategies',
        nargs='+',
        choices=STRATEGIES,
        default=[MAIN_STRATEGY],
        help='default: continuous')
    parser.add_argument(
        '--nearest',
        type=whole(2),
        default=10,
        metavar='K',
        help='how many measured networks near to each optimum to compare '
        '(default: 10)')
    parser.add_argument(
        '--out',
        type=table_file,
        help='file for all numbers: .json, or .csv for the optima only')
    add_search_arguments(parser)
    return parser.parse_args()


def main(args):
    from nas_bench_mr.fitted import fitted
    from nas_bench_mr.optima import goals_of, optimum, ranking
    from nas_bench_mr.search import Search
    from nas_bench_mr.tables import print_tables, write_tables
    console = new_console()
    goals = goals_of(args.settings, args.transfer_from)
    with training_bars() as shown:
        found = fitted(args.data, all_settings(goals), args.predictors,
                       **shown)
    search = Search(found, **search_settings(args))
    optima = [
        optimum(search, goal, lambda_, strategy, args.nearest)
        for goal in goals for strategy in dict.fromkeys(args.strategies)
        for lambda_ in args.lambdas
    ]
    ranks = ranking(search, optima, args.nearest)
    print_tables(console, search, optima, ranks, args.nearest)
    if args.out:
        write_tables(args.out, search, optima, ranks)
        console.print(f'wrote {args.out}')


if __name__ == '__main__':
    run(main, parse_args())
