"""Files of measured architectures: one function reads each kind."""
import csv
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import pandas as pd

from .archives import read_archives
from .checks import is_gene, selected, table_of
from .codes import BenchmarkError
from .pickles import read_pickle
from .table import ArchTable, require_parquet

# header and all columns
Numbers = Tuple[List[str], np.ndarray]


def read_table(name: str,
               path: Path,
               columns: Optional[Sequence[str]] = None,
               main: Optional[str] = None) -> ArchTable:
    """The table of one setting.

    Args:
        name (str): The setting.
        path (Path): ``.csv``, ``.parquet``, ``.pkl``, ``.pickle``,
            ``.jsonl`` (the archive of a search) or a folder of archives
            ``rows_*.jsonl``.
        columns (Sequence[str], optional): Which of the metrics to keep.
        main (str, optional): Name of the main metric.

    Raises:
        BenchmarkError: The file is missing, torn or not what it should be.
    """
    if path.is_dir() or path.suffix == '.jsonl':
        return read_archives(name, path, columns, main)
    read = READERS.get(path.suffix)
    if read is None or not path.is_file():
        raise BenchmarkError(
            str(path), f'a file {", ".join(READERS)}, .jsonl or a folder of '
            'rows_*.jsonl', 'no such file' if read else path.suffix)
    if path.stat().st_size == 0:
        raise BenchmarkError(str(path), 'a table', 'an empty file')
    header, values = read(path, name)
    if columns is not None:
        genes = [column for column in header if is_gene(column)]
        names = genes + selected(header, columns, str(path))
        values = values[:, [header.index(column) for column in names]]
        header = names
    return table_of(name, header, values, str(path), main)


def read_csv(path: Path, *_: object) -> Numbers:
    """Header and numbers of a CSV file.

    Not by pandas, which fills what is missing at the end of a row.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
        if not text:  # of a byte order mark only
            raise BenchmarkError(str(path), 'a table', 'an empty file')
        header, *rows = csv.reader(text.splitlines())
    except (UnicodeDecodeError, csv.Error) as error:
        raise BenchmarkError(
            str(path), 'a text file', f'other bytes ({error})') from None
    if not text.endswith('\n'):
        raise BenchmarkError(
            str(path), 'a line end after the last row',
            f'{text[-40:]!r}, a file that is cut off')
    for i, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise BenchmarkError(f'{path}: row {i}', f'{len(header)} cells',
                                 len(row))
    try:
        values = np.array(rows, dtype=np.float64)
    except ValueError:
        raise _wrong_cell(path, header, rows) from None
    return header, values.reshape(len(rows), len(header))


def _wrong_cell(path: Path, header: List[str],
                rows: List[List[str]]) -> BenchmarkError:
    for i, row in enumerate(rows, 1):
        for name, cell in zip(header, row):
            try:
                float(cell)
            except ValueError:
                return BenchmarkError(f'{path}: row {i}, {name}', 'a number',
                                      cell)
    return BenchmarkError(str(path), 'numbers', 'something else')


def read_parquet(path: Path, *_: object) -> Numbers:
    """Header and numbers of a Parquet file."""
    require_parquet(path)
    try:
        frame = pd.read_parquet(path, engine='pyarrow')
    except (OSError, ValueError) as error:
        raise BenchmarkError(
            str(path), 'a whole Parquet file',
            str(error).splitlines()[0]) from None
    for column in frame:
        if frame[column].dtype.kind not in 'iuf':
            raise BenchmarkError(f'{path}: {column}', 'numbers',
                                 str(frame[column].dtype))
    return list(map(str, frame.columns)), frame.to_numpy(np.float64)


READERS: Dict[str, Callable[..., Numbers]] = {
    '.csv': read_csv,
    '.parquet': read_parquet,
    '.pkl': read_pickle,
    '.pickle': read_pickle,
}
