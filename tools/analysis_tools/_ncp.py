"""What the commands on NCP's tables and figures share."""
import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _cli import fail, readable_errors
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from train_predictor import (data_sha256, parse_args, predictor_file,
                             prepare_folder, train_setting)

from scalenas_mm.benchmarks import ArchTable, BenchmarkError, NASBenchMR
from scalenas_mm.predictors import (MultiMetricMLP, PredictorError,
                                    load_predictor)
from scalenas_mm.spaces import NCPSpace

__all__ = [
    'Fitted', 'figure_file', 'fitted', 'make_parser', 'new_console', 'run',
    'space_of'
]
PICTURES = ('.png', '.svg', '.pdf')


class Fitted(NamedTuple):
    """Measured architectures of a setting and a predictor of them.

    Attributes:
        train: Rows that the predictor was trained on.
        val: Rows that it was validated on.
    """
    table: ArchTable
    predictor: MultiMetricMLP
    train: np.ndarray
    val: np.ndarray

    @property
    def unseen(self):
        """All rows that the predictor was not trained on."""
        return np.setdiff1d(np.arange(len(self.table)), self.train)


def make_parser(description, predictors=True):
    """A parser with what all of the commands take."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'data', help='folder of tables (NAS-Bench-MR), or one table')
    if predictors:
        parser.add_argument(
            '--predictors',
            metavar='FOLDER',
            default='work_dirs/predictors',
            help='where train_predictor.py stored SETTING.pth; those missing '
            'are trained and stored there (default: %(default)s)')
    return parser


def figure_file(name):
    """An argument: the file of a figure."""
    if Path(name).suffix.lower() not in PICTURES:
        raise argparse.ArgumentTypeError(
            f'expected a file {", ".join(PICTURES)}, got {name}')
    return Path(name)


def new_console():
    """Tables are not squeezed where nobody looks at a terminal."""
    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def run(main, *args):
    """Run a command; what the user can mend becomes one line."""
    try:
        with readable_errors():
            main(*args)
    except (PredictorError, ValueError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit('\ninterrupted')


def space_of(table):
    """The space of a table's codes.

    Raises:
        BenchmarkError: They are not NCP's.
    """
    space = table.space
    if not isinstance(space, NCPSpace):
        raise BenchmarkError(
            f'setting {table.name}', 'codes of NCPSpace',
            f'{table.codes.shape[1]} numbers of '
            f'{type(space).__name__ if space else "an unknown space"}')
    return space


def fitted(data, settings, folder):
    """Tables and predictors by setting; trains those that are missing.

    Args:
        data (str): Folder of tables, or one table.
        settings (Sequence[str]): Which.
        folder (str): Where predictors are and where new ones go.

    Returns:
        dict[str, Fitted]: In the order of ``settings``.
    """
    bench = NASBenchMR(data)
    tables = {name: bench.table(name) for name in settings}
    for table in tables.values():
        space_of(table)
    missing = [
        table for name, table in tables.items()
        if not predictor_file(folder, name).is_file()
    ]
    _train(missing, folder)
    return {name: _load(table, folder) for name, table in tables.items()}


def _train(tables, folder):
    """Train predictors as train_predictor.py does, and store them."""
    if not tables:
        return
    prepare_folder(folder, [table.name for table in tables])
    columns = (TextColumn('{task.description:<14}'), BarColumn(),
               TextColumn('epoch {task.completed:.0f} of {task.total:.0f}'))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for table in tables:
            args = parse_args(['DATA'])  # the defaults
            args.out = folder
            args.num_val = max(min(args.num_val, len(table) // 5), 1)
            args.num_train = min(args.num_train, len(table) - args.num_val)
            _, (result, ) = train_setting(table, args, progress)
            score = result['scores'][table.main]
            tau = f"Kendall's tau {score['kendall']:.3f}"
            progress.console.print(
                f'{table.name}: trained on {args.num_train} networks; on '
                f'{args.num_val} others {table.main} has an L1 error of '
                f"{score['l1']:.3f}, {tau}; stored in {folder}",
                soft_wrap=True)


def _load(table, folder):
    """The predictor of a table, which must be of this very table."""
    path = predictor_file(folder, table.name)
    predictor, origin = load_predictor(path)
    if origin.get('data_sha256') != data_sha256(table):
        raise PredictorError(
            f'{path}: expected a predictor of these very data, got one of '
            f"{origin.get('rows', 'unknown')} rows that differ from these "
            f'{len(table)}; train it anew (train_predictor.py --force) or '
            'choose another folder (--predictors)')
    split = origin.get('split')
    if not isinstance(split, dict) or not {'train', 'val'} <= set(split):
        raise PredictorError(
            f'{path}: expected the split into training and validation that '
            'train_predictor.py stores, got none')
    if table.main not in predictor.metrics:
        raise PredictorError(f'{path}: expected a predictor of {table.main}, '
                             f'got {", ".join(predictor.metrics)}')
    rows = [np.array(split[key], int) for key in ('train', 'val')]
    if max(part.max(initial=0) for part in rows) >= len(table):
        raise PredictorError(f'{path}: expected rows below {len(table)} in '
                             'its split, got others')
    return Fitted(table, predictor, *rows)
