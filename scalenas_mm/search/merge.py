"""Several searches of one supernet: their archives as a single one."""
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import (Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence,
                    Tuple)

from scalenas_mm._files import write_atomic
from scalenas_mm.spaces import SettingError
from .joint import require
from .meta import canonical, differences
from .reading import ArchiveError, PathLike, meta_path, read_archive, read_meta
from .record import Record

NEEDED = ('space', 'evaluation', 'supernet', 'searcher')


class Merged(NamedTuple):
    """What came of :func:`merge_archives`.

    Attributes:
        records: All candidates.
        repeated: How many more there were, of architectures among these.
        warnings: What differs and may, and architectures that have other
            metrics in another archive.
    """
    records: List[Record]
    repeated: int
    warnings: List[str]


def merge_archives(out: PathLike, paths: Sequence[PathLike]) -> Merged:
    """Write the candidates of several searches to a new archive.

    The archives must be of one space, supernet and evaluation; searchers may
    differ. A search cannot be resumed from the new one; whatever reads
    archives reads it.

    Args:
        out (str | Path): The new archive. Its description stands beside it,
            with that of each searcher. Both are whole or not there.
        paths (Sequence[str | Path]): Archives, at least two.

    Raises:
        ArchiveError: ``out`` exists, or an archive cannot be read or belongs
            to something else; says what differs first.
        SettingError: There are fewer than two archives, or they want the
            opposite of one objective.
    """
    if len(paths) < 2:
        raise SettingError('archives', 'at least two', list(map(str, paths)))
    metas = [read_meta(path) for path in paths]
    warnings = _check_metas(paths, metas)
    archives = [read_archive(path) for path in paths]
    records, conflicts = merge_records(paths, archives)
    meta = canonical(_merged_meta(paths, metas, archives))
    text = ''.join(record.to_json() + '\n' for record in records)
    with _claimed(Path(out), meta_path(Path(out))):
        write_atomic(meta_path(Path(out)), meta)
        write_atomic(out, text)
    repeated = sum(map(len, archives)) - len(records)
    return Merged(records, repeated, warnings + conflicts)


def merge_records(
        names: Sequence[PathLike], archives: Sequence[Sequence[Record]]
) -> Tuple[List[Record], List[str]]:
    """Each architecture once, in order, with new ids.

    A candidate keeps its generation and its parents, under their new ids. One
    that failed takes what was measured of it in a later archive.

    Args:
        names (Sequence[str | Path]): Of the archives, for messages.
        archives (Sequence[Sequence[Record]]): Candidates.

    Returns:
        tuple: The candidates, and a text for each that has other metrics or
        costs when it comes again.

    Raises:
        ArchiveError: Candidates have weights of their own, or parents that do
            not come before them.
    """
    merged: Dict[str, Record] = {}
    origin: Dict[str, PathLike] = {}
    conflicts: List[str] = []
    for name, records in zip(names, archives):
        ids: List[int] = []  # new ones by old ones
        for record in records:
            _check(name, record)
            digest = record.digest
            known = merged.get(digest)
            new = known or record
            if known is None:
                new = replace(
                    record,
                    id=len(merged),
                    parents=[ids[i] for i in record.parents])
            elif record.ok and not known.ok:
                # it keeps its place, so that parents come before children
                new = replace(
                    record,
                    id=known.id,
                    parents=known.parents,
                    generation=known.generation)
            elif record.ok:
                conflicts += _conflicts(origin[digest], known, name, record)
            if new is not known:
                merged[digest], origin[digest] = new, name
            ids.append(new.id)
    return list(merged.values()), conflicts


def _check(name: PathLike, record: Record) -> None:
    if record.weights is not None or record.step is not None:
        raise ArchiveError(f'{name}: candidate {record.id} has weights of its '
                           'own, so that metrics are not those of a supernet')
    if not all(
            isinstance(i, int) and 0 <= i < record.id for i in record.parents):
        raise ArchiveError(f'{name}: candidate {record.id}: expected parents '
                           f'before it, got {record.parents}')


def _conflicts(where: PathLike, known: Record, name: PathLike,
               again: Record) -> List[str]:
    """What was measured differently, the first value of it."""
    for kind in ('metrics', 'cost'):
        one, other = getattr(known, kind), getattr(again, kind)
        for key in (*one, *(key for key in other if key not in one)):
            if one.get(key) != other.get(key):
                return [
                    f'{again.digest}: {key} is {one.get(key)} in {where} and '
                    f'{other.get(key)} in {name}; the first is kept'
                ]
    return []


def _check_metas(paths: Sequence[PathLike],
                 metas: Sequence[Mapping[str, Any]]) -> List[str]:
    """Raise unless all belong to the same; return what only warns."""
    warnings = []
    first, *others = [{
        k: v
        for k, v in meta.items() if k != 'searcher'
    } for meta in metas]
    for path, meta in zip(paths, metas):
        require(meta, NEEDED, f'{meta_path(Path(path))}')
    for path, other in zip(paths[1:], others):
        for found in differences(other, first):
            if not found.allowed:
                raise ArchiveError(f'{path} does not go with {paths[0]}: '
                                   f'{found}')
            warnings.append(f'{path}: {found}')
    return warnings


def _merged_meta(paths: Sequence[PathLike], metas: Sequence[Mapping[str, Any]],
                 archives: Sequence[Sequence[Record]]) -> Dict[str, Any]:
    objectives: Dict[str, str] = {}
    for path, meta in zip(paths, metas):
        for key, way in meta['searcher'].get('objectives', {}).items():
            if objectives.setdefault(key, way) != way:
                raise SettingError(f'{path}: objectives.{key}',
                                   objectives[key], way)
    parts = [
        dict(
            archive=Path(path).as_posix(),
            candidates=len(records),
            searcher=meta['searcher'])
        for path, meta, records in zip(paths, metas, archives)
    ]
    return dict(
        metas[0],
        searcher=dict(type='merged', objectives=objectives, of=parts))


@contextmanager
def _claimed(*paths: Path) -> Iterator[None]:
    """Make files that nobody else has; they go again if this fails.

    Raises:
        ArchiveError: One of them exists.
    """
    with ExitStack() as stack:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                open(path, 'x').close()
            except FileExistsError:
                raise ArchiveError(
                    f'{path} exists; choose another name') from None
            stack.callback(path.unlink, missing_ok=True)
        yield
        stack.pop_all()
