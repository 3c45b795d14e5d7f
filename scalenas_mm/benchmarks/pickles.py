"""Released pickles, in all the forms that people pickle a table in."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from .._safe_pickle import load_plain
from .checks import default_columns
from .codes import BenchmarkError, as_code
from .settings import KNOWN

# of the released rows, what describes the architecture once more
DESCRIPTION = {'embedding', 'input_channel', 'network_setting', 'last_channel'}
Row = Tuple[Any, Any]  # code; metrics, in order or by name


def read_pickle(
        path: Path,
        name: str,
        columns: Optional[Sequence[str]] = None
) -> Tuple[List[str], np.ndarray]:
    """Header and numbers of a pickle of plain data, read safely.

    Forms: a list of dicts with the code as ``embedding`` (the released one);
    rows, a list or an array, of the code and then the metrics; a pair of
    codes and metrics; a dict from codes to metrics, a list or dict each.

    Raises:
        BenchmarkError: It asks for other code, is cut off or has none of
            these forms.
    """
    try:
        with open(path, 'rb') as file:
            data = load_plain(file)
    except ValueError as error:
        raise BenchmarkError(
            str(path), 'a pickle of numbers, lists and '
            'arrays', f'{error}') from None
    genes = KNOWN[name].genes if name in KNOWN else 27
    rows = _rows(data, genes, str(path))
    if not rows:
        raise BenchmarkError(str(path), 'measured architectures', 'no rows')
    names = _names(rows, name, columns, str(path))
    values = [[*_code(code, genes, path, i), *_metrics(m, names, path, i)]
              for i, (code, m) in enumerate(rows, 1)]
    header = [f'c{i}' for i in range(genes)] + names
    return header, np.array(values, dtype=np.float64)


def _rows(data: Any, genes: int, where: str) -> List[Row]:
    if isinstance(data, dict):
        return list(data.items())
    if isinstance(data, (list, tuple, np.ndarray)):
        if all(isinstance(row, dict) and 'embedding' in row for row in data):
            return [_released(row, genes) for row in data]
        if len(data) == 2 and _is_table(data[0]) and _is_table(data[1]):
            codes, metrics = data
            if len(codes) != len(metrics):
                raise BenchmarkError(where, f'metrics of {len(codes)} codes',
                                     len(metrics))
            return list(zip(codes, metrics))
        if _is_table(data):
            return [(row[:genes], row[genes:]) for row in data]
    raise BenchmarkError(
        where, 'rows, a pair of codes and metrics, or a dict from codes to '
        'metrics',
        type(data).__name__)


def _is_table(data: Any) -> bool:
    """Whether this is a list or array of lists or arrays."""
    sequence = (list, tuple, np.ndarray)
    return isinstance(data, sequence) and np.ndim(data[:1]) > 0 and all(
        isinstance(row, sequence) and np.ndim(row) == 1 for row in data)


def _released(row: Mapping[str, Any], genes: int) -> Row:
    code = list(row['embedding'])
    if len(code) == genes - 1 and 'last_channel' in row:
        code.append(row['last_channel'])
    metrics = {
        key: value
        for key, value in row.items()
        if key not in DESCRIPTION and isinstance(value, (int, float))
    }
    return code, metrics


def _names(rows: List[Row], name: str, columns: Optional[Sequence[str]],
           where: str) -> List[str]:
    metrics = rows[0][1]
    if isinstance(metrics, dict):
        return [str(key) for key in metrics]
    num = len(metrics) if isinstance(metrics, (list, tuple, np.ndarray)) else 1
    if columns is None:
        return list(default_columns(name, num, where))
    if len(columns) != num:
        raise BenchmarkError(f'{where}: columns', f'names of its {num} '
                             'metrics', ', '.join(columns))
    return list(columns)


def _code(code: Any, genes: int, path: Path, row: int) -> List[int]:
    try:
        return as_code(code, genes).tolist()
    except BenchmarkError as error:
        raise BenchmarkError(f'{path}: row {row}, {error}') from None


def _metrics(metrics: Any, names: List[str], path: Path,
             row: int) -> List[float]:
    values: Any = metrics
    if isinstance(metrics, dict):
        by_name: Dict[str, Any] = {str(k): v for k, v in metrics.items()}
        if set(by_name) != set(names):
            raise BenchmarkError(f'{path}: row {row}', ', '.join(names),
                                 ', '.join(by_name))
        values = [by_name[key] for key in names]
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (len(names), ):
        raise BenchmarkError(f'{path}: row {row}',
                             f'{len(names)} metrics ({", ".join(names)})',
                             values)
    return array.tolist()
