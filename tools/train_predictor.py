"""Train NCP's predictor on measured architectures.

DATA is NAS-Bench-MR, or a benchmark of your own made by build_benchmark.py:
a folder of tables, or one table. Every setting gives OUT/<setting>.pth with
weights, normalisation, split and provenance. With several seeds each one has
a split of its own, scores are their mean, and the first is kept.
"""
import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

import numpy as np
from _cli import fail
from rich import box
from rich.console import Console
from rich.progress import (BarColumn, MofNCompleteColumn, Progress, TextColumn,
                           TimeRemainingColumn)
from rich.table import Table

from scalenas_mm import __version__
from scalenas_mm.benchmarks import PAPER, NASBenchMR
from scalenas_mm.predictors import fit_predictor, judge, save_predictor


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


def parse_args(argv=None):
    """Of the command line, or of ``argv``: ``['DATA']`` gives the defaults."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', help='folder of tables, or one table')
    parser.add_argument(
        '--settings',
        nargs='+',
        metavar='NAME',
        help='which settings (default: all)')
    parser.add_argument(
        '--metrics',
        nargs='+',
        metavar='NAME',
        help='which columns to predict (default: all)')
    parser.add_argument(
        '--num-train', type=int, default=2000, help='default: 2000')
    parser.add_argument('--num-val', type=int, default=500, help='default 500')
    parser.add_argument('--epochs', type=positive(int), default=200)
    parser.add_argument('--batch-size', type=positive(int), default=128)
    parser.add_argument(
        '--threads', type=positive(int), default=2, help='default: 2')
    parser.add_argument('--lr', type=positive(float), default=0.01)
    parser.add_argument(
        '--weight-decay',
        type=float,
        default=3e-5,
        help='default: 3e-5; 1e-7 in the paper')
    parser.add_argument('--dropout', type=float, default=0.5)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--out', default='work_dirs/predictors')
    parser.add_argument(
        '--force', action='store_true', help='overwrite predictors in OUT')
    return parser.parse_args(argv)


def columns_of(table, names):
    """The metrics to predict, in the order of ``names`` or of the table.

    Raises:
        BenchmarkError: The table has none of such a name.
    """
    names = names or list(table.columns)
    for name in names:
        table.column(name)
    return {name: table.columns[name] for name in names}


def train(table, metrics, args, seed, progress):
    """One predictor, its split and its scores."""
    train_rows, val_rows = table.split(args.num_train, args.num_val, seed)
    start = time.perf_counter()
    predictor = fit_predictor(
        table.codes[train_rows], {
            name: values[train_rows]
            for name, values in metrics.items()
        },
        epochs=args.epochs,
        batch_size=args.batch_size,
        lr=args.lr,
        weight_decay=args.weight_decay,
        dropout=args.dropout,
        seed=seed,
        threads=args.threads,
        progress=progress)
    seconds = time.perf_counter() - start
    scores = judge(predictor, table.codes[val_rows], {
        name: values[val_rows]
        for name, values in metrics.items()
    })
    return predictor, dict(
        seed=seed,
        split=dict(train=train_rows.tolist(), val=val_rows.tolist()),
        scores=scores,
        seconds=round(seconds, 2))


def data_sha256(table):
    """Tells tables apart: SHA-256 of the codes and the main metric."""
    digest = hashlib.sha256(table.codes.astype('<i8').tobytes())
    digest.update(table.main_values.astype('<f8').tobytes())
    return digest.hexdigest()


def provenance(table, args, run):
    """What a stored predictor was made from."""
    return dict(
        setting=table.name,
        main=table.main,
        rows=len(table),
        data_sha256=data_sha256(table),
        space=table.space.to_dict() if table.space else None,
        training=dict(
            epochs=args.epochs,
            batch_size=args.batch_size,
            lr=args.lr,
            weight_decay=args.weight_decay),
        version=__version__,
        **run)


def predictor_file(folder, setting):
    return Path(folder) / f'{setting}.pth'


def prepare_folder(folder, settings, force=False):
    """Make the folder, before any training.

    Raises:
        OSError: It cannot be written to, or holds a predictor of a setting
            and ``force`` is false.
    """
    for name in settings:
        path = predictor_file(folder, name)
        if path.exists() and not force:
            raise FileExistsError(f'{path} exists; --force overwrites it')
    Path(folder).mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f'{folder} cannot be written to')


def train_setting(table, args, progress):
    """All seeds of one setting; the first one is stored."""
    metrics = columns_of(table, args.metrics)
    task = progress.add_task(table.name, total=args.epochs * len(args.seeds))
    runs = []
    for seed in args.seeds:
        predictor, run = train(table, metrics, args, seed,
                               lambda *_: progress.advance(task))
        if not runs:
            save_predictor(
                predictor_file(args.out, table.name), predictor,
                provenance(table, args, run))
        runs.append(run)
    main = table.main if table.main in metrics else next(iter(metrics))
    return main, runs


def row(name, main, runs):
    """Mean scores of one setting beside the published error."""
    means = {
        key: np.mean([run['scores'][main][key] for run in runs])
        for key in ('l1', 'kendall', 'spearman')
    }
    paper = PAPER[name].loss if name in PAPER else None
    seconds = np.median([run['seconds'] for run in runs])
    return (name, main, f"{means['l1']:.3f}", f'{paper:.2f}' if paper else '-',
            f"{means['l1'] / paper:.3f}" if paper else '-',
            f"{means['kendall']:.3f}", f"{means['spearman']:.3f}",
            f'{seconds:.1f}')


def main():
    args = parse_args()
    console = Console(width=None if sys.stdout.isatty() else 100)
    summary = Table(
        title=f'Validation, mean of {len(args.seeds)} seed(s)', box=box.SIMPLE)
    for column in ('setting', 'metric', 'L1', 'paper', 'ratio', "Kendall's τ",
                   "Spearman's ρ", 'seconds'):
        left = column in ('setting', 'metric')
        summary.add_column(column, justify='left' if left else 'right')
    try:
        bench = NASBenchMR(args.data)
        tables = [bench.table(n) for n in args.settings or bench.settings]
        for table in tables:  # every wrong argument before any training
            columns_of(table, args.metrics)
            for seed in args.seeds:
                table.split(args.num_train, args.num_val, seed)
        prepare_folder(args.out, [table.name for table in tables], args.force)
        with Progress(
                TextColumn('{task.description:<14}'),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn('epochs'),
                TimeRemainingColumn(),
                console=console) as progress:
            for table in tables:
                main, runs = train_setting(table, args, progress)
                summary.add_row(*row(table.name, main, runs))
    except (ValueError, OSError) as error:
        fail(str(error))
    console.print(summary)
    console.print(f'predictors are in {args.out}')


if __name__ == '__main__':
    main()
