"""NCP, topology evolution and random search at an equal budget.

Queries are answered from NAS-Bench-MR, in one of two ways:

  nearest     by the nearest architecture that was measured and not yet
              queried; the searcher is told that architecture. Every number is
              a measurement, but searchers only see 2507 points.
  predictor   by a predictor that was trained on all measurements and that no
              searcher sees. Any architecture can be queried, but numbers are
              predictions.

Prints the hypervolume of (metric, MACs) after the budget, for every seed, and
the ratio of its median to that of random search, the baseline. With --archives
tools/analysis_tools/compare_searches.py can say more.
"""
from pathlib import Path
from statistics import median

from _command import new_console, run
from nas_bench_mr.options import make_parser, whole

ORACLES = ('nearest', 'predictor')
BUDGET = ('budget', 'initial', 'generation')


def parse_args():
    parser = make_parser(__doc__, predictors=False)
    parser.add_argument('--setting', default='seg')
    parser.add_argument(
        '--oracles', nargs='+', default=ORACLES, choices=ORACLES)
    parser.add_argument('--budget', type=whole(1), default=200)
    parser.add_argument('--initial', type=whole(1), default=50)
    parser.add_argument('--generation', type=whole(1), default=25)
    parser.add_argument('--seeds', type=whole(1), default=5)
    parser.add_argument(
        '--archives',
        type=Path,
        metavar='FOLDER',
        help='for an archive of each search, FOLDER/ORACLE/SEARCHER-SEED.jsonl'
    )
    return parser.parse_args()


def compared(name, table, budget, args, predictor):
    """Hypervolumes and seconds of every searcher with one oracle."""
    from nas_bench_mr.oracles import compare
    from rich.progress import track
    runs = compare(table, budget, args.seeds,
                   predictor if name == 'predictor' else None, args.archives
                   and args.archives / name)
    out = {}
    for method, volume, seconds in track(
            runs, name, total=3 * args.seeds, transient=True):
        out.setdefault(method, []).append((volume, seconds))
    return out


def show(name, results, console):
    from rich import box
    from rich.table import Table
    table = Table(title=f'oracle: {name}', box=box.SIMPLE)
    for column in ('searcher', 'hypervolume, median', 'by seed',
                   'ratio to random', 'seconds, median'):
        table.add_column(
            column, justify='left' if column == 'searcher' else 'right')
    baseline = median(volume for volume, _ in results['random'])
    for method, runs in results.items():
        volumes, seconds = zip(*runs)
        table.add_row(method, f'{median(volumes):.4f}',
                      ' '.join(f'{v:.4f}' for v in volumes),
                      f'{median(volumes) / baseline:.4f}' if baseline else '-',
                      f'{median(seconds):.1f}')
    console.print(table)


def main(args):
    from nas_bench_mr.oracles import Budget

    from scalenas_mm.benchmarks import NASBenchMR
    from scalenas_mm.predictors import fit_predictor
    table = NASBenchMR(args.data).table(args.setting)
    budget = Budget(**{name: getattr(args, name) for name in BUDGET})
    budget.check(table, 'nearest' in args.oracles)
    predictor = None
    if 'predictor' in args.oracles:
        predictor = fit_predictor(
            table.codes, {table.main: table.main_values}, seed=12345)
    console = new_console(100)
    console.print(f'{args.setting}: {args.budget} queries, {args.seeds} seeds')
    for name in args.oracles:
        show(name, compared(name, table, budget, args, predictor), console)


if __name__ == '__main__':
    run(main, parse_args())
