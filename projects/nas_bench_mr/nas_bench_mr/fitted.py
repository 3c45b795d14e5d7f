"""Tables of settings and predictors of them."""
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from scalenas_mm.benchmarks import ArchTable, BenchmarkError, NASBenchMR
from scalenas_mm.predictors import (MultiMetricMLP, PredictorError,
                                    load_predictor)
from scalenas_mm.predictors.training import (data_sha256, fit_settings,
                                             predictor_file, prepare_folder,
                                             split_sizes, train_setting)
from scalenas_mm.spaces import NCPSpace

# name of the setting, number of epochs -> what to call after each epoch
Watch = Callable[[str, int], Callable[[int, float], None]]


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
    def unseen(self) -> np.ndarray:
        """All rows that the predictor was not trained on."""
        return np.setdiff1d(np.arange(len(self.table)), self.train)


def space_of(table: ArchTable) -> NCPSpace:
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


def fitted(data: str,
           settings: Sequence[str],
           folder: str,
           watch: Optional[Watch] = None,
           tell: Callable[[str], None] = print) -> Dict[str, Fitted]:
    """Tables and predictors by setting; trains those that are missing.

    Args:
        data (str): Folder of tables, or one table.
        settings (Sequence[str]): Which, and their order.
        folder (str): Where predictors are and where new ones go.
        watch (Callable, optional): Told of every training and its epochs.
        tell (Callable): Told in a line what was trained.
    """
    bench = NASBenchMR(data)
    tables = {name: bench.table(name) for name in settings}
    for table in tables.values():
        space_of(table)
    missing = [
        table for name, table in tables.items()
        if not predictor_file(folder, name).is_file()
    ]
    if missing:
        _train(missing, folder, watch, tell)
    return {name: _load(table, folder) for name, table in tables.items()}


def _train(tables: List[ArchTable], folder: str, watch: Optional[Watch],
           tell: Callable[[str], None]) -> None:
    """Train predictors as train_predictor.py does, and store them."""
    prepare_folder(folder, [table.name for table in tables])
    for table in tables:
        num_train, num_val = split_sizes(len(table))
        trained = train_setting(
            table,
            folder,
            num_train=num_train,
            num_val=num_val,
            progress=watch and watch(table.name,
                                     fit_settings(table)['epochs']))
        tell(f'{table.name}: trained on {num_train} networks; on {num_val} '
             f"others {trained.main} has an L1 error of "
             f"{trained.mean('l1'):.3f}, Kendall's tau "
             f"{trained.mean('kendall'):.3f}; stored in {folder}")


def _load(table: ArchTable, folder: str) -> Fitted:
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
