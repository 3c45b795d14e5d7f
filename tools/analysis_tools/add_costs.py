"""Add latencies of machines to the archive of a search, and recommend.

    add_costs.py ARCHIVE TABLE.json ... [--limit NAME=MS]

No candidate is measured anew. For every table, the Pareto front of the metric
and latency@NAME is printed, with the network at its knee and, with --limit,
the best one that is fast enough. Tables are those of build_latency_table.py;
without one, the recommendations of an archive that has latencies are printed.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, readable_errors


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('archive', metavar='ARCHIVE')
    parser.add_argument('tables', nargs='*', metavar='TABLE')
    parser.add_argument(
        '--metric', help="default: the search's first objective that is one")
    parser.add_argument(
        '--limit',
        nargs='+',
        default=[],
        metavar='NAME=MS',
        help='milliseconds on the machine NAME')
    args = parser.parse_args()
    limits = {}
    for word in args.limit:
        name, _, most = word.rpartition('=')
        try:
            limits[name] = float(most)
        except ValueError:
            limits[name] = 0.0
        if not 0 < limits[name] < float('inf'):
            parser.error('--limit: expected NAME=MS, milliseconds above 0, '
                         f'got {word!r}')
    args.limit = limits
    return args


def chosen_metric(name, records, meta):
    """Name of the metric, and whether higher is better."""
    wanted = meta.get('searcher', {}).get('objectives', {})
    metrics = next((record.metrics for record in records if record.ok), {})
    name = name or next((key for key in wanted if key in metrics), None)
    if name not in metrics:
        fail(f'--metric: expected one of {", ".join(metrics)}, got {name}')
    return name, wanted.get(name, 'max') == 'max'


def check_wishes(args, records, costs, meta):
    """The metric and whether higher is better; exits with code 2, before
    anything is written, if nothing can be shown."""
    if not any(record.ok for record in records):
        fail(f'{args.archive}: expected candidates, ' +
             ('all failed' if records else 'there are none'))
    if not costs:
        fail(f'{args.archive} has no latencies: name tables')
    unknown = [name for name in args.limit if f'latency@{name}' not in costs]
    if unknown:
        fail(f'--limit: expected a machine of {", ".join(costs)}, got '
             f'{unknown[0]}')
    return chosen_metric(args.metric, records, meta)


def show(records, metric, higher, cost, most):
    """The front of a machine, and what to take of it."""
    from rich.console import Console
    from rich.table import Table

    from scalenas_mm.search.latency import recommended
    found = recommended(records, metric, cost, higher, most)
    table = Table(title=f'{metric} and {cost}: {len(found["front"])} networks')
    for column in ('id', metric, 'ms', 'GMACs', ''):
        table.add_column(column, justify='right')
    for record in found['front']:
        marks = [
            text
            for text, one in (('recommended', found['knee']),
                              (f'best within {most} ms', found.get('within')))
            if one is record
        ]
        table.add_row(f'#{record.id}', f'{record.value(metric):.4g}',
                      f'{record.cost[cost]:.3f}',
                      f'{record.cost["macs"] / 1e9:.4g}', ', '.join(marks))
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(table)
    if most is not None and found['within'] is None:
        console.print(f'no candidate takes at most {most} ms')


def main():
    args = parse_args()
    with readable_errors():
        from scalenas_mm.evaluation.latency import check_options
        from scalenas_mm.registry import SPACES
        from scalenas_mm.search import read_archive, read_meta
        from scalenas_mm.search.latency import add_latencies
        from scalenas_mm.spaces.latency import read_tables
        meta = read_meta(args.archive)
        if 'space' not in meta:
            fail(f'{args.archive}: expected the archive of one space')
        records, tables = read_archive(args.archive), read_tables(args.tables)
        costs = list(
            dict.fromkeys([
                *(key for record in records
                  for key in record.cost if key.startswith('latency@')),
                *(table.cost for table in tables)
            ]))
        metric, higher = check_wishes(args, records, costs, meta)
        if tables:
            if 'model' in meta.get('evaluation', {}):
                check_options(tables, meta['evaluation']['model'])
            records = add_latencies(args.archive, SPACES.build(meta['space']),
                                    tables)
    for cost in costs:
        show(records, metric, higher, cost,
             args.limit.get(cost.partition('@')[2]))


if __name__ == '__main__':
    main()
