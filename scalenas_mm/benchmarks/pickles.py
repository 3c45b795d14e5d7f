"""The released pickles: a list of dicts, one for each architecture."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from .._safe_pickle import load_plain
from .codes import BenchmarkError, as_code
from .settings import KNOWN

# of the rows, what describes the architecture once more
DESCRIPTION = {'embedding', 'input_channel', 'network_setting', 'last_channel'}


def read_pickle(path: Path, name: str) -> Tuple[List[str], np.ndarray]:
    """Header and numbers of a pickle of plain data, read safely.

    It holds a list of dicts: the code as ``embedding`` (the last channel may
    stand apart as ``last_channel``), and metrics by name.

    Raises:
        BenchmarkError: It asks for other code, is cut off or has another
            form; a row lacks a metric or is no code.
    """
    try:
        with open(path, 'rb') as file:
            data = load_plain(file)
    except ValueError as error:
        raise BenchmarkError(
            str(path), 'a pickle of numbers, lists and '
            'arrays', f'{error}') from None
    if not isinstance(data, list) or not all(
            isinstance(row, dict) and 'embedding' in row for row in data):
        raise BenchmarkError(
            str(path), 'a list of dicts with the code as embedding, as '
            'released', _kind(data))
    if not data:
        raise BenchmarkError(str(path), 'measured architectures', 'no rows')
    genes = KNOWN[name].genes if name in KNOWN else _genes(data[0])
    names = list(_metrics(data[0]))
    values = [[*_code(row, genes, where), *_values(row, names, where)]
              for where, row in ((f'{path}: row {i}', row)
                                 for i, row in enumerate(data, 1))]
    header = [f'c{i}' for i in range(genes)] + names
    return header, np.array(values, dtype=np.float64)


def _kind(data: Any) -> str:
    """What was found instead, in words."""
    kind = type(data).__name__
    if not isinstance(data, list):
        return kind
    others = (
        row for row in data
        if not isinstance(row, dict) or 'embedding' not in row)
    other = next(others)
    if isinstance(other, dict):
        return f'{kind} with a dict of {", ".join(map(str, other)) or "none"}'
    return f'{kind} with a {type(other).__name__}'


def _metrics(row: Mapping[str, Any]) -> Dict[str, float]:
    return {
        str(key): value
        for key, value in row.items()
        if key not in DESCRIPTION and isinstance(value, (int, float))
    }


def _genes(row: Mapping[str, Any]) -> int:
    """How many numbers the codes of an unknown setting have."""
    code = row['embedding']
    return len(code) if isinstance(code, (list, tuple, np.ndarray)) else 0


def _code(row: Mapping[str, Any], genes: int, where: str) -> List[int]:
    code = row['embedding']
    if isinstance(code, (list, tuple, np.ndarray)):
        code = list(code)
        if len(code) == genes - 1 and 'last_channel' in row:
            code.append(row['last_channel'])
    try:
        return as_code(code, genes).tolist()
    except BenchmarkError as error:
        raise BenchmarkError(f'{where}, {error}') from None


def _values(row: Mapping[str, Any], names: Sequence[str],
            where: str) -> List[float]:
    found = _metrics(row)
    if set(found) != set(names):
        raise BenchmarkError(where, ', '.join(names), ', '.join(found))
    return [found[key] for key in names]
