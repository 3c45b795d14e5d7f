"""NCP on NAS-Bench-201 (ImageNet-16): from bad starts to the best cells.

As in Sec. C.3 of the paper: one-hot codes, targets +1 accuracy and -1 FLOPs,
the argmax taken every 10 iterations, 6 steps. Starts are cells of less than
the median accuracy that cost more than the limit. Gradients of a few
predictors that differ in their seed are added, since one alone may miss the
last tenth of a per cent. A seed's starts are one batch; of all cells that it
visits within the limit, the --lookups with the highest predicted accuracy are
looked up in the table. Accuracies printed are the table's. The baseline is as
many lookups of random cells within the limit.
"""
import argparse
import time
from statistics import median

from _command import new_console, run
from nas_bench_mr.options import whole

SEARCH = ('starts', 'steps', 'lookups', 'predictors', 'lambdas', 'num_train')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', help='folder with nas-bench-201.csv')
    parser.add_argument('--seeds', type=whole(1), default=20)
    parser.add_argument('--starts', type=int, default=128)
    parser.add_argument('--steps', type=int, default=6)
    parser.add_argument('--lookups', type=int, default=30)
    parser.add_argument('--predictors', type=int, default=3)
    parser.add_argument('--lambdas', type=float, nargs='+', default=[0.1, 0.3])
    parser.add_argument(
        '--num-train',
        type=int,
        default=2000,
        help='rows the predictors are trained on')
    return parser.parse_args()


def main(args):
    from nas_bench_mr.cells import SETTING, CellSearch, fit_some, run_seed

    from scalenas_mm.benchmarks import NASBenchMR
    table = NASBenchMR(args.data).table(SETTING)
    how = CellSearch(**{name: getattr(args, name) for name in SEARCH})
    how.check(table)
    train = table.sample(how.num_train, seed=0)
    begin = time.perf_counter()
    predictors = fit_some(table, train, how.predictors)
    seconds = time.perf_counter() - begin
    results = [
        run_seed(table, predictors, seed, how) for seed in range(args.seeds)
    ]
    report(table, train, results, args, seconds)


def report(table, train, results, args, fit):
    import numpy as np
    from nas_bench_mr.cells import GOAL, LIMIT, ROUNDING, good_cells
    from rich import box
    from rich.table import Table
    console = new_console(100)
    out = Table(title='NAS-Bench-201, accuracies of the table', box=box.SIMPLE)
    names = ('seed', 'mean start', 'found', 'MFLOPs', 'best predicted',
             'random lookups')
    for name in names:
        out.add_column(name, justify='right')
    for seed, result in enumerate(results):
        keys = ('start', 'found', 'flops', 'first', 'random')
        out.add_row(str(seed), *(f'{result[key]:.2f}' for key in keys))
    console.print(out)
    hits = {
        key: sum(r[key] >= GOAL - ROUNDING for r in results)
        for key in ('found', 'random')
    }
    good = good_cells(table)
    console.print(
        f'>= {GOAL} % at <= {LIMIT} MFLOPs: {hits["found"]} of {args.seeds} '
        f'seeds within {args.steps} steps; random {hits["random"]}.\n'
        f'{len(good)} of {len(table)} cells are that good, '
        f'{np.isin(good, train).sum()} of them among the {len(train)} rows '
        'the predictors were trained on.\n'
        f'fit {fit:.1f} s, propagation of {args.starts} starts '
        f'{median(r["seconds"] for r in results):.2f} s (median)')


if __name__ == '__main__':
    run(main, parse_args())
