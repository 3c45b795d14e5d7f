"""Times on further machines for candidates that were measured before."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from scalenas_mm._files import write_atomic
from scalenas_mm.spaces import ArchError, SettingError, Space
from scalenas_mm.spaces.latency import LatencyTable, tables_identity
from .archive import Archive
from .baselines import baselines_path
from .meta import SHRINKING_RUN, canonical
from .pareto import pareto_front
from .reading import (ArchiveError, PathLike, check_archs, meta_path,
                      read_archive, read_meta)
from .record import Record


def add_latencies(archive: PathLike, space: Space,
                  tables: Sequence[LatencyTable]) -> List[Record]:
    """Write ``latency@NAME`` of each table into an archive.

    Nothing is measured anew; candidates, baselines and metrics stay. A cost
    that is there already is computed again. A search is resumed afterwards
    with the same tables; training that shrinks a network knows none, and its
    later networks have no such cost.

    Args:
        archive (str | Path): Of a search that does not run.
        space (Space): Of the search, as the file beside the archive has it.
        tables (Sequence[LatencyTable]): Of its space and size of images.

    Returns:
        list[Record]: The candidates.

    Raises:
        ArchiveError: The archive cannot be read, or is in use.
        SettingError: A table is of another space or size, two have the same
            name, or the search went by another table of this name. Nothing
            is written.
    """
    path = Path(archive)
    meta = read_meta(path)
    searched = meta.get('searcher', {}).get('type') != SHRINKING_RUN
    size = meta.get('evaluation', {}).get('input_size')
    if size is None:
        raise ArchiveError(f'{meta_path(path)}: expected '
                           'evaluation.input_size')
    for table in tables:
        table.check_fits(space, tuple(size))
    _check_names(meta, tables)
    with Archive(path, meta, resume=True) as held:
        check_archs(path, held.records, once=searched)
        found = _with_latencies(held.records, space, tables)
        texts = {path: _lines(found)}
        beside = baselines_path(path)
        if beside.is_file():
            texts[beside] = _lines(
                _with_latencies(read_archive(beside), space, tables))
        if searched:
            more = {**meta.get('latency', {}), **tables_identity(tables)}
            for file in list(texts):
                about = read_meta(file) if meta_path(file).is_file() else {}
                if about:
                    texts[meta_path(file)] = canonical(
                        dict(about, latency=more))
        for file, text in texts.items():  # of which all are known
            write_atomic(file, text)
    return found


def _check_names(meta: Mapping[str, Any],
                 tables: Sequence[LatencyTable]) -> None:
    """Each table has a name of its own, which is none of another table that
    the search went by."""
    names = [table.name for table in tables]
    if len(set(names)) < len(names):
        raise SettingError('latency tables', 'different names', names)
    searcher = meta.get('searcher', {})
    used = {
        **searcher.get('objectives', {}),
        **searcher.get('constraints', {})
    }
    for table in tables:
        before = meta.get('latency', {}).get(table.name)
        if table.cost in used and before not in (None, table.digest):
            raise SettingError(
                f'latency table {table.name!r}',
                'a name other than that of the table that the search went by',
                table.name)


def _lines(records: Sequence[Record]) -> str:
    return ''.join(record.to_json() + '\n' for record in records)


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

    Candidates that lack one of them are left out.
    """
    found = [
        record for record in records
        if record.ok and {metric, cost} <= {*record.metrics, *record.cost}
    ]
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
