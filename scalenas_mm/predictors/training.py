"""Train the predictors of a benchmark's settings and store them."""
import hashlib
import inspect
import os
import time
from pathlib import Path
from typing import (Any, Dict, List, Mapping, NamedTuple, Optional, Sequence,
                    Tuple, Union)

import numpy as np

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.version import __version__
from .checkpoint import save_predictor
from .fit import Metrics, Progress, fit_predictor, judge, resolve_recipe
from .mlp import MultiMetricMLP

NUM_TRAIN, NUM_VAL = 2000, 500  # NCP, Sec. 4
THREADS = 1  # more wait for each other beside other work
RECIPE = ('features', 'epochs', 'weight_decay', 'log_loss')
# of fit_predictor, what is said elsewhere or decides nothing
UNSAID = ('codes', 'metrics', 'seed', 'threads', 'progress')


class TrainedSetting(NamedTuple):
    """What the training of a setting gave.

    Attributes:
        main: The metric that scores are shown of.
        runs: For each seed ``seed``, ``split``, ``scores`` of every metric
            (as :func:`judge`) and ``seconds``.
    """
    main: str
    runs: List[Dict[str, Any]]

    def mean(self, score: str) -> float:
        """Mean of a score of the main metric over the seeds."""
        return float(np.mean(self._values(score)))

    def deviation(self, score: str) -> float:
        """Standard deviation of a score over the seeds, of a sample; 0 for a
        single seed."""
        values = self._values(score)
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    def _values(self, score: str) -> List[float]:
        return [run['scores'][self.main][score] for run in self.runs]


def predictor_file(folder: Union[str, Path], setting: str) -> Path:
    """Where the predictor of a setting is stored."""
    return Path(folder) / f'{setting}.pth'


def prepare_folder(folder: Union[str, Path],
                   settings: Sequence[str],
                   force: bool = False) -> None:
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


def data_sha256(table: ArchTable) -> str:
    """Tells tables apart: SHA-256 of the codes and the main metric."""
    digest = hashlib.sha256(table.codes.astype('<i8').tobytes())
    digest.update(table.main_values.astype('<f8').tobytes())
    return digest.hexdigest()


def columns_of(table: ArchTable,
               names: Optional[Sequence[str]] = None) -> Metrics:
    """The metrics to predict, in the order of ``names`` or of the table.

    Raises:
        BenchmarkError: The table has none of such a name.
    """
    return {name: table.column(name) for name in names or table.columns}


def split_sizes(num: int) -> Tuple[int, int]:
    """How many of ``num`` rows to train on and to validate on: the usual
    numbers, or of fewer rows a fifth for validation."""
    num_val = max(min(NUM_VAL, num // 5), 1)
    return min(NUM_TRAIN, num - num_val), num_val


def train_setting(table: ArchTable,
                  folder: Union[str, Path],
                  metrics: Optional[Sequence[str]] = None,
                  num_train: int = NUM_TRAIN,
                  num_val: int = NUM_VAL,
                  seeds: Sequence[int] = (0, ),
                  threads: int = THREADS,
                  progress: Optional[Progress] = None,
                  **fit: Any) -> TrainedSetting:
    """Train a predictor for each seed; the first one is stored.

    Args:
        table (ArchTable): The measured architectures.
        folder (str | Path): Where the predictor is stored, with its split,
            scores and what it was made from.
        metrics (Sequence[str], optional): What to predict; all by default.
        num_train (int): Rows to train on.
        num_val (int): Others to validate on.
        seeds (Sequence[int]): Each has a split of its own.
        threads (int): As :func:`fit_predictor`.
        progress (Callable, optional): As :func:`fit_predictor`.
        **fit: Settings of :func:`fit_predictor`.

    Raises:
        InputError: There are not so many rows or metrics, or a setting of
            the training is wrong.
    """
    columns = columns_of(table, metrics)
    settings = fit_settings(table, **fit)
    runs: List[Dict[str, Any]] = []
    for seed in seeds:
        rows = table.split(num_train, num_val, seed)
        predictor, run = _train(table, columns, rows, seed, threads, progress,
                                settings)
        if not runs:
            save_predictor(
                predictor_file(folder, table.name), predictor,
                provenance(table, settings, run))
        runs.append(run)
    main = table.main if table.main in columns else next(iter(columns))
    return TrainedSetting(main, runs)


def _train(table: ArchTable, columns: Metrics, rows: Tuple[np.ndarray,
                                                           np.ndarray],
           seed: int, threads: int, progress: Optional[Progress],
           fit: Mapping[str, Any]) -> Tuple[MultiMetricMLP, Dict[str, Any]]:
    """One predictor, its split and its scores."""
    train, val = rows
    start = time.perf_counter()
    predictor = fit_predictor(
        table.codes[train], {
            name: c[train]
            for name, c in columns.items()
        },
        seed=seed,
        threads=threads,
        progress=progress,
        **fit)
    seconds = time.perf_counter() - start
    scores = judge(predictor, table.codes[val], {
        name: c[val]
        for name, c in columns.items()
    })
    return predictor, dict(
        seed=seed,
        split=dict(train=train.tolist(), val=val.tolist()),
        scores=scores,
        seconds=round(seconds, 2))


def provenance(table: ArchTable, settings: Mapping[str, Any],
               run: Mapping[str, Any]) -> Dict[str, Any]:
    """What a stored predictor was made from, JSON values."""
    return dict(
        setting=table.name,
        main=table.main,
        rows=len(table),
        data_sha256=data_sha256(table),
        space=table.space.to_dict() if table.space else None,
        training=dict(settings),
        version=__version__,
        **run)


def fit_settings(table: ArchTable, **told: Any) -> Dict[str, Any]:
    """All settings of :func:`fit_predictor` that a result depends on.

    Features are chosen by the space of the table, if it is known.

    Args:
        table (ArchTable): The measured architectures.
        **told: What is not left to the defaults.

    Raises:
        SettingError: A setting of the recipe is out of range.
    """
    choices = table.space.gene_choices() if table.space else table.codes.T
    recipe = {name: told[name] for name in RECIPE if name in told}
    return {**fit_defaults(), **told, **resolve_recipe(choices, **recipe)}


def fit_defaults() -> Dict[str, Any]:
    """Settings of :func:`fit_predictor` that the result depends on."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(
            fit_predictor).parameters.items()
        if parameter.default is not parameter.empty and name not in UNSAID
    }
