"""From a header and numbers to a table: nothing wrong slips through."""
from typing import Dict, List, Optional, Sequence

import numpy as np

from ..spaces import Space
from .codes import BenchmarkError, code_text, is_whole
from .settings import KNOWN, space_of
from .table import ArchTable

COST_NAMES = {'flops', 'params', 'macs'}


def table_of(name: str,
             header: Sequence[str],
             values: np.ndarray,
             where: str,
             main: Optional[str] = None) -> ArchTable:
    """The table of a setting from all columns of a file.

    Args:
        name (str): The setting.
        header (Sequence[str]): ``c0``, ``c1``, ... and then the metrics.
        values (np.ndarray): All columns, shape ``(rows, columns)``.
        where (str): The file, for messages.
        main (str, optional): Name of the main metric. By default the
            published one, or the first column that is not a cost.

    Raises:
        BenchmarkError: Names the row and column, or the missing column.
    """
    genes = check_header(name, header, where)
    if not len(values):
        raise BenchmarkError(where, 'measured architectures', 'no rows')
    _check_cells(header, values, genes, where)
    codes = values[:, :genes].astype(np.int64)
    columns = {
        key: np.ascontiguousarray(values[:, genes + i])
        for i, key in enumerate(header[genes:])
    }
    space = space_of(name)
    if space is not None:
        _check_choices(codes, space, where)
    if main is None and name in KNOWN:
        main = KNOWN[name].main
    return checked_table(name, codes, columns, where, main, space)


def checked_table(name: str, codes: np.ndarray, columns: Dict[str, np.ndarray],
                  where: str, main: Optional[str],
                  space: Optional[Space]) -> ArchTable:
    """A table in which every code stands once and ``main`` exists.

    By default ``main`` is the published one if it is there, or else the
    first column that is not a cost.
    """
    if main is None and name in KNOWN and KNOWN[name].main in columns:
        main = KNOWN[name].main
    if main is None:
        metrics = [key for key in columns if key not in COST_NAMES]
        main = [*metrics, *columns, 'a metric'][0]
    if main not in columns:
        raise BenchmarkError(f'{where}: columns', f'the main metric {main}',
                             ', '.join(columns) or 'none')
    _check_once(codes, where)
    return ArchTable(name, codes, columns, main, space)


def check_header(name: str, header: Sequence[str], where: str) -> int:
    """How many genes there are; raises if columns are missing."""
    genes = KNOWN[name].genes if name in KNOWN else _leading_genes(header)
    expected = [f'c{i}' for i in range(genes)]
    missing = [column for column in expected if column not in header]
    if missing or not genes:
        raise BenchmarkError(f'{where}: columns',
                             f'c0 to c{max(genes, 1) - 1} and then metrics',
                             f'no {", ".join(missing) or "c0"}')
    if list(header[:genes]) != expected:
        raise BenchmarkError(f'{where}: columns',
                             f'c0 to c{genes - 1} first, in order',
                             list(header))
    metrics = list(header[genes:])
    if not metrics:
        raise BenchmarkError(f'{where}: columns', 'metrics after the code',
                             'none')
    for column in metrics:
        if metrics.count(column) > 1 or not column or is_gene(column):
            raise BenchmarkError(f'{where}: columns',
                                 'a name of its own for each metric', column)
    return genes


def is_gene(column: str) -> bool:
    """Whether a column holds a number of the codes."""
    return column[:1] == 'c' and column[1:].isdigit()


def selected(names: Sequence[str], wanted: Sequence[str],
             where: str) -> List[str]:
    """``wanted``, which must all be among ``names``."""
    missing = [column for column in wanted if column not in names]
    if missing:
        raise BenchmarkError(f'{where}: columns', ', '.join(wanted),
                             f'no {", ".join(missing)}')
    return list(wanted)


def _leading_genes(header: Sequence[str]) -> int:
    """How many genes a file of an unknown setting has."""
    numbers = [int(c[1:]) for c in header if is_gene(c)]
    return max(numbers, default=-1) + 1


def _check_cells(header: Sequence[str], values: np.ndarray, genes: int,
                 where: str) -> None:
    good = np.isfinite(values)
    good[:, :genes] = is_whole(values[:, :genes])
    bad = np.argwhere(~good)
    if len(bad):
        row, column = bad[0]
        raise BenchmarkError(
            f'{where}: row {row + 1}, {header[column]}',
            'a whole number' if column < genes else 'a finite number',
            float(values[row, column]))


def _check_choices(codes: np.ndarray, space: Space, where: str) -> None:
    bad = np.argwhere(codes != space.round_genes(codes))
    if len(bad):
        row, gene = bad[0]
        value = int(codes[row, gene])
        choices = space.gene_choices()[gene].tolist()
        expected = f'one of {", ".join(map(str, choices))}'
        if value in choices:
            expected = f'a code of {type(space).__name__}'
        raise BenchmarkError(f'{where}: row {row + 1}, c{gene}', expected,
                             value)


def _check_once(codes: np.ndarray, where: str) -> None:
    _, first, inverse = np.unique(
        codes, axis=0, return_index=True, return_inverse=True)
    firsts = first[inverse.ravel()]
    again = np.flatnonzero(firsts != np.arange(len(codes)))
    if len(again):
        row = int(again[0])
        raise BenchmarkError(
            f'{where}: row {row + 1}', 'every architecture once',
            f'{code_text(codes[row])} as in row {int(firsts[row]) + 1}')
