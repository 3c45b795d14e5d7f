"""What a space holds and costs, before anything is trained.

For each cost the smallest and the largest architecture, those with a name and
quantiles of random ones; how many architectures there are; and what share of
random ones meets the constraints of the config's search, one by one and all
together. Takes the config of a supernet or of a search.
"""
import argparse
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1]),
    str(Path(__file__).resolve().parent)
]
from _cli import add_cfg_options, add_shape, read_config, readable_errors

QUANTILES = (5, 50, 95)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    add_shape(parser)
    parser.add_argument(
        '--samples',
        type=int,
        default=10000,
        help='random architectures (default: 10000)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--limit',
        nargs='+',
        default=[],
        metavar='COST=MOST',
        help="further constraints, such as macs=60%% (of the largest) or "
        'params=5e6')
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.samples < 1:
        parser.error(f'--samples: expected at least 1, got {args.samples}')
    return args


def limits(config, words):
    """Constraints of the search, and those of the command line."""
    searcher = (config.get('train_cfg') or {}).get('searcher') or {}
    out = dict(searcher.get('constraints') or {})
    for word in words:
        cost, _, most = word.partition('=')
        try:
            out[cost] = most if most.endswith('%') else (None, float(most))
        except ValueError:
            out[cost] = most  # an error that says what is expected
    return out


def columns(space, costs, batch):
    """Names of architectures, and their costs."""
    for name, make in space.named().items():
        yield name, costs(space.live(make()))
    import numpy as np
    for quantile in QUANTILES:
        yield f'random, {quantile} %', {
            key: np.percentile(values, quantile)
            for key, values in batch.items()
        }


def limit(key, low, high):
    """A constraint in words."""
    from scalenas_mm.engine.search_status import short_number as short
    least = '' if low == float('-inf') else f'{short(low)} <= '
    most = '' if high == float('inf') else f' <= {short(high)}'
    return f'{least}{key}{most}'


def shares(constraints, costs, batch):
    """What share of the samples meets each constraint, and all of them."""
    from scalenas_mm.search import Constraints
    for key in constraints:
        one = Constraints({key: constraints[key]}, costs)
        low, high = one.ranges[key]
        yield limit(key, low, high), (one.violation(batch) == 0).mean()
    if len(constraints) > 1:
        every = Constraints(constraints, costs)
        yield 'all of them', (every.violation(batch) == 0).mean()


def profile(config, args):
    """Print the tables that the arguments ask for."""
    import numpy as np
    from get_flops import build, costs_on_a_blank_image, input_size
    from rich.console import Console
    from rich.table import Table

    from scalenas_mm.backbones import find_searchable
    from scalenas_mm.engine.search_status import short_number as short
    from scalenas_mm.evaluation.latency import check_options
    from scalenas_mm.spaces.latency import read_tables
    model = build(config)
    backbone, shape = find_searchable(model), input_size(config, args.shape)
    space = backbone.space
    costs = costs_on_a_blank_image(model, shape) or space.cost_model(shape)
    tables = read_tables((config.get('train_cfg') or {}).get('latency') or [])
    check_options(tables, config.model)
    costs = replace(costs, tables=tuple(tables))
    genes = space.sample_genes(np.random.default_rng(args.seed), args.samples)
    batch = costs.batch(genes)
    table = Table(title=f'{Decimal(space.size()):.3g} architectures, '
                  f'one image of {shape[0]} x {shape[1]}')
    found = dict(columns(space, costs, batch))
    table.add_column('cost')
    for name in found:
        table.add_column(name, justify='right')
    for key in costs.keys:
        table.add_row(key, *(short(one[key]) for one in found.values()))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    found = limits(config, args.limit)
    for text, share in shares(found, costs, batch):
        console.print(f'{text}: met by {100 * share:.3g} % of '
                      f'{args.samples} random architectures')


def main():
    args = parse_args()
    config = read_config(args.config, args.cfg_options)
    with readable_errors():
        profile(config, args)


if __name__ == '__main__':
    main()
