"""Train NCP's predictor on measured architectures.

DATA is NAS-Bench-MR, or a benchmark of your own made by build_benchmark.py:
a folder of tables, or one table. Every setting gives OUT/<setting>.pth with
weights, normalisation, split and provenance. With several seeds each one has
a split of its own, scores are their mean, and the first is kept.
"""
import argparse
import sys
from statistics import median

from _cli import fail

SCORES = ('setting', 'metric', 'L1', 'paper', 'ratio', "Kendall's τ",
          "Spearman's ρ", 'seconds')


def positive(kind):
    """An argument: a number above 0."""

    def convert(text):
        value = kind(text)
        if not 0 < value < float('inf'):
            raise argparse.ArgumentTypeError(
                f'expected a positive number, got {text}')
        return value

    convert.__name__ = kind.__name__  # argparse names it
    return convert


def parse_args():
    """What is not said is as the library has it."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS)
    parser.add_argument('data', help='folder of tables, or one table')
    parser.add_argument(
        '--settings',
        nargs='+',
        metavar='NAME',
        default=None,
        help='which settings (default: all)')
    parser.add_argument('--out', default='work_dirs/predictors')
    parser.add_argument(
        '--force',
        action='store_true',
        default=False,
        help='overwrite predictors in OUT')
    group = parser.add_argument_group('training')
    group.add_argument(
        '--metrics',
        nargs='+',
        metavar='NAME',
        help='which columns to predict (default: all)')
    group.add_argument(
        '--num-train', type=int, help='rows to train on (default: 2000)')
    group.add_argument(
        '--num-val', type=int, help='rows to validate on (default: 500)')
    group.add_argument(
        '--seeds', type=int, nargs='+', default=[0], help='default: 0')
    group.add_argument(
        '--epochs',
        type=positive(int),
        help='by default those of the features: 100, or 200 for codes alone')
    group.add_argument('--batch-size', type=positive(int), help='default: 128')
    group.add_argument('--threads', type=positive(int), help='default: 1')
    group.add_argument(
        '--lr', type=positive(float), help='learning rate (default: 0.01)')
    group.add_argument(
        '--features',
        choices=('auto', 'code', 'log', 'code+log'),
        help='what the predictor is fed: the code, logarithms of it, or both '
        '(default: auto, by the values of each gene; code in the paper)')
    group.add_argument(
        '--weight-decay',
        type=float,
        help='by default that of the features; 1e-7 in the paper')
    group.add_argument('--dropout', type=float, help='default: 0.5')
    return parser.parse_args()


def read_tables(data, settings, options):
    """All tables; every wrong argument is found before any training."""
    from scalenas_mm.benchmarks import NASBenchMR
    from scalenas_mm.predictors.training import NUM_TRAIN, NUM_VAL, columns_of
    bench = NASBenchMR(data)
    tables = [bench.table(name) for name in settings or bench.settings]
    for table in tables:
        columns_of(table, options.get('metrics'))
        for seed in options['seeds']:
            table.split(
                options.get('num_train', NUM_TRAIN),
                options.get('num_val', NUM_VAL), seed)
    return tables


def row(name, trained):
    """Mean scores of one setting beside the published error."""
    from scalenas_mm.benchmarks import PAPER
    paper = PAPER[name].loss if name in PAPER else None
    l1 = trained.mean('l1')
    error = f'{l1:.3f}'
    if len(trained.runs) > 1:
        error += f"±{trained.deviation('l1'):.3f}"
    return (name, trained.main, error, f'{paper:.2f}' if paper else '-',
            f'{l1 / paper:.3f}' if paper else '-',
            f"{trained.mean('kendall'):.3f}",
            f"{trained.mean('spearman'):.3f}",
            f"{median(run['seconds'] for run in trained.runs):.1f}")


def train(tables, out, options, console):
    """Train every setting; the rows of the printed table."""
    from rich.progress import (BarColumn, Progress, TextColumn,
                               TimeRemainingColumn)

    from scalenas_mm.predictors.training import fit_settings, train_setting
    told = {k: options[k] for k in ('features', 'epochs') if k in options}
    columns = (TextColumn('{task.description:<14}'), BarColumn(),
               TextColumn('{task.completed:.0f} of {task.total:.0f} epochs'),
               TimeRemainingColumn())
    rows = []
    with Progress(*columns, console=console) as progress:
        for table in tables:
            epochs = fit_settings(table, **told)['epochs']
            task = progress.add_task(
                table.name, total=epochs * len(options['seeds']))
            trained = train_setting(
                table,
                out,
                progress=lambda *_: progress.advance(task),
                **options)
            rows.append(row(table.name, trained))
    return rows


def main():
    options = vars(parse_args())
    data, settings, out, force = map(options.pop,
                                     ('data', 'settings', 'out', 'force'))
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scalenas_mm.predictors.training import prepare_folder
    console = Console(width=None if sys.stdout.isatty() else 100)
    try:
        tables = read_tables(data, settings, options)
        prepare_folder(out, [table.name for table in tables], force)
        rows = train(tables, out, options, console)
    except (ValueError, OSError) as error:
        fail(str(error))
    summary = Table(
        title=f"Validation, mean of {len(options['seeds'])} seed(s)",
        box=box.SIMPLE)
    for column in SCORES:
        summary.add_column(
            column,
            justify='left' if column in ('setting', 'metric') else 'right')
    for values in rows:
        summary.add_row(*values)
    console.print(summary)
    console.print(f'predictors are in {out}')


if __name__ == '__main__':
    main()
