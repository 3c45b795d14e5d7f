"""Own benchmarks: the archives of searches that trained architectures."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from .. import spaces
from ..search import ArchiveError, Record, read_archive, read_meta
from ..spaces import ArchError, InputError, Space
from .checks import checked_table, selected
from .codes import BenchmarkError
from .table import ArchTable


def space_from_dict(data: Any) -> Space:
    """The space that :meth:`Space.to_dict` describes.

    Raises:
        BenchmarkError: It names no space of this package, or its arguments
            are wrong.
    """
    options = dict(data) if isinstance(data, Mapping) else {}
    kind = getattr(spaces, str(options.pop('type', None)), None)
    if not isinstance(kind, type) or not issubclass(kind, Space):
        known = [n for n in spaces.__all__ if n.endswith('Space')]
        raise BenchmarkError('space', f'type: one of {", ".join(known)}', data)
    try:
        return kind(**options)
    except (TypeError, InputError) as error:
        raise BenchmarkError('space', f'arguments of {kind.__name__}',
                             str(error)) from None


def archive_files(path: Path) -> List[Path]:
    """The archives of one setting: the file, or those of the folder that
    hold something (a process may have just begun its own)."""
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.glob('rows_*.jsonl') if p.stat().st_size)


def read_archives(name: str,
                  path: Path,
                  columns: Optional[Sequence[str]] = None,
                  main: Optional[str] = None) -> ArchTable:
    """Table of the candidates that were evaluated; failed ones are left out.

    The codes are the genes of the space. Beside the metrics there are
    ``flops``, the MACs of the space in G, and ``params`` in M.

    Raises:
        BenchmarkError: An archive cannot be read, or they do not fit.
    """
    files = archive_files(path)
    try:
        space = _common_space(files)
        records = [(file, record) for file in files
                   for record in read_archive(file) if record.ok]
    except ArchiveError as error:
        raise BenchmarkError(str(error)) from None
    if not records:
        raise BenchmarkError(str(path), 'evaluated candidates', 'none')
    names = list(_values(records[0][1]))
    rows, codes = [], []
    for file, record in records:
        where = f'{file}: candidate {record.id}'
        rows.append(_row(_values(record), names, where))
        codes.append(_genes(record, space, where))
    values = np.array(rows, dtype=np.float64)
    kept = names if columns is None else selected(names, columns, str(path))
    table = {key: values[:, names.index(key)] for key in kept}
    return checked_table(name, np.array(codes, dtype=np.int64), table,
                         str(path), main, space)


def _common_space(files: Sequence[Path]) -> Space:
    stored = [read_meta(file).get('space') for file in files]
    for file, other in zip(files, stored):
        if other != stored[0]:
            raise BenchmarkError(f'{file}: space', str(stored[0]), other)
    return space_from_dict(stored[0])


def _values(record: Record) -> Dict[str, float]:
    cost = record.cost
    units = {'flops': ('macs', 1e9), 'params': ('params', 1e6)}
    return {
        **record.metrics,
        **{
            key: cost[of] / unit
            for key, (of, unit) in units.items() if of in cost
        }
    }


def _row(values: Dict[str, float], names: List[str],
         where: str) -> List[float]:
    if set(values) != set(names):
        raise BenchmarkError(where, ', '.join(names), ', '.join(values))
    return [values[key] for key in names]


def _genes(record: Record, space: Space, where: str) -> np.ndarray:
    try:
        return space.encode(space.from_dict(record.arch))
    except ArchError as error:
        raise BenchmarkError(f'{where}: {error}') from None
