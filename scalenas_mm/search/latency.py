"""Times on further machines for candidates that were measured before."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from scalenas_mm._files import write_atomic
from scalenas_mm.spaces import ArchError, Space
from scalenas_mm.spaces.latency import LatencyTable, tables_identity
from .archive import Archive
from .baselines import baselines_path
from .meta import canonical
from .pareto import pareto_front
from .reading import (ArchiveError, PathLike, check_archs, meta_path,
                      read_archive, read_meta)
from .record import Record


def add_latencies(archive: PathLike, space: Space,
                  tables: Sequence[LatencyTable]) -> List[Record]:
    """Write ``latency@NAME`` of each table into an archive.

    Nothing is measured anew; candidates, baselines and metrics stay. A cost
    that is there already is computed again. A search is resumed afterwards
    with the same tables.

    Args:
        archive (str | Path): Of a search that does not run.
        space (Space): Of the search, as the file beside the archive has it.
        tables (Sequence[LatencyTable]): Of its space and size of images.

    Returns:
        list[Record]: The candidates.

    Raises:
        ArchiveError: The archive cannot be read, or is in use.
        SettingError: A table is of another space or size.
    """
    path = Path(archive)
    meta = read_meta(path)
    size = meta.get('evaluation', {}).get('input_size')
    if size is None:
        raise ArchiveError(f'{meta_path(path)}: expected '
                           'evaluation.input_size')
    for table in tables:
        table.check_fits(space, tuple(size))
    with Archive(path, meta, resume=True) as held:
        check_archs(path, held.records)
        files: Dict[Path, List[Record]] = {path: list(held.records)}
        beside = baselines_path(path)
        if beside.is_file():
            files[beside] = read_archive(beside)
        more = {**meta.get('latency', {}), **tables_identity(tables)}
        for file, records in files.items():
            files[file] = _with_latencies(records, space, tables)
        for file, records in files.items():
            write_atomic(
                file, ''.join(record.to_json() + '\n' for record in records))
            about = dict(read_meta(file), latency=more)
            write_atomic(meta_path(file), canonical(about))
    return files[path]


def _with_latencies(records: Sequence[Record], space: Space,
                    tables: Sequence[LatencyTable]) -> List[Record]:
    if not records:
        return []
    try:
        archs = [space.from_dict(record.arch) for record in records]
    except ArchError as error:
        raise ArchiveError(f'an architecture of the archive: {error}') from (
            error)
    genes = np.stack([space.encode(arch) for arch in archs])
    times = {table.cost: table.batch_ms(space, genes) for table in tables}
    return [
        replace(
            record,
            cost={
                **record.cost,
                **{
                    key: float(column[i])
                    for key, column in times.items()
                }
            }) for i, record in enumerate(records)
    ]


def front_of(records: Sequence[Record],
             metric: str,
             cost: str,
             higher: bool = True) -> List[Record]:
    """Candidates that no other beats in a metric and a cost, cheapest first.

    Raises:
        KeyError: A candidate lacks one of them.
    """
    found = [record for record in records if record.ok]
    sign = -1 if higher else 1
    values = np.array([[sign * record.value(metric),
                        record.value(cost)] for record in found])
    front = pareto_front(values.reshape(-1, 2))
    return sorted((found[i] for i in front),
                  key=lambda record: record.value(cost))


def knee(front: Sequence[Record], metric: str, cost: str) -> Optional[Record]:
    """The candidate of a front from which a better metric costs much and a
    lesser cost loses much: the farthest from the line that joins its ends,
    both axes scaled to what the front spans (Das 1999, Struct. Optim. 18).

    Args:
        front (Sequence[Record]): As :func:`front_of` gives; None of none.
    """
    if not front:
        return None
    points = np.array([[record.value(cost),
                        record.value(metric)] for record in front])
    span = points[-1] - points[0]
    if not span.all():
        return front[0]
    x, y = ((points - points[0]) / span).T
    return front[int(np.argmax(y - x))]


def best_within(front: Sequence[Record], cost: str,
                most: float) -> Optional[Record]:
    """The best candidate of a front that costs at most so much."""
    fits = [record for record in front if record.value(cost) <= most]
    return fits[-1] if fits else None


def recommended(records: Sequence[Record],
                metric: str,
                cost: str,
                higher: bool = True,
                most: Optional[float] = None) -> Dict[str, Any]:
    """What to take for a device: ``knee`` and, with a limit, ``within``;
    and the ``front`` they are of."""
    front = front_of(records, metric, cost, higher)
    out: Dict[str, Any] = dict(front=front, knee=knee(front, metric, cost))
    if most is not None:
        out['within'] = best_within(front, cost, most)
    return out
