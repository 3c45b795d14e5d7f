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

from _ncp import fitted, make_parser, new_console, run
from _ncp_ranking import agreement, judged, nearest_rows
from _ncp_search import (MAIN_STRATEGY, STRATEGIES, Goal, Search,
                         add_search_arguments, all_settings, goal, weight)
from _ncp_tables import FORMATS, print_tables, write_tables

from scalenas_mm.spaces import NCPArch

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
        type=int,
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


def goals_of(args):
    """What to search for, in order of the table."""
    goals = list(dict.fromkeys(args.settings))
    source = args.transfer_from
    if not source:
        return goals
    first = Goal((source, ))
    moved = [Goal(g.settings, source) for g in goals if g != first]
    return [first, *(g for g in goals if g != first), *moved]


def optimum(search, goal, lambda_, strategy, num):
    """A row of the tables: one network and what is known of it."""
    code = search(goal, lambda_, strategy).codes[0]
    params, gmacs = search.exact(code)
    predicted = {
        name: first_values(one.predictor.predict(code))
        for name, one in search.found.items()
    }
    return dict(
        goal=goal.name,
        settings=list(goal.settings),
        source=goal.source,
        strategy=strategy,
        code=code.tolist(),
        arch=str(NCPArch.from_code(code)),
        predicted=predicted,
        params=params,
        gmacs=gmacs,
        nearest=nearest(search, goal, code),
        pairs={
            name: pairs_near(search.found[name], code, num)
            for name in goal.settings
        },
        **{'lambda': lambda_})


def first_values(columns):
    return {name: float(values[0]) for name, values in columns.items()}


def nearest(search, goal, code):
    """The nearest network that the goal's first setting measured."""
    one = search.found[goal.settings[0]]
    (row, ), (distance, ) = nearest_rows(one.table, code)
    found = one.table.codes[row]
    measured, predicted = {}, {}
    for name, other in search.found.items():
        place = other.table.find(found)
        if place is not None:
            measured[name] = first_values(other.table.take([place]).columns)
        predicted[name] = first_values(other.predictor.predict(found))
    return dict(
        row=int(row),
        arch=str(NCPArch.from_code(found)),
        distance=float(distance),
        trained_on=bool(row in one.train),
        measured=measured,
        predicted=predicted)


def pairs_near(one, code, num):
    return judged(one, nearest_rows(one.table, code, num=num)[0])


def ranking(search, optima, num):
    """By setting, how well pairs near to all of its optima are ordered."""
    out = {}
    for name, one in search.found.items():
        codes = [row['code'] for row in optima if name in row['settings']]
        if codes:
            out[name] = agreement(one, codes, num)
    return out


def main(args):
    if args.nearest < 2:
        raise ValueError(f'--nearest: expected at least 2, got {args.nearest}')
    console = new_console()
    goals = goals_of(args)
    search = Search(args,
                    fitted(args.data, all_settings(goals), args.predictors))
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
