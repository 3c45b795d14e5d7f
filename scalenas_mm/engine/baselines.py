"""Measure what a search is compared with."""
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List, Mapping, Sequence

from scalenas_mm.evaluation import from_main
from scalenas_mm.search import Archive, Candidate, Record
from scalenas_mm.spaces import Arch

Measure = Callable[[Sequence[Candidate]], List[Record]]


def measure_baselines(archs: Mapping[str, Arch], path: Path,
                      meta: Mapping[str, Any], measure: Measure,
                      again: bool) -> List[Record]:
    """Records of the baselines; those that were measured before are read.

    It is called on all ranks. Where all fail, none is stored: they are
    measured again the next time.

    Args:
        archs (Mapping[str, Arch]): By name.
        path (Path): Their archive.
        meta (Mapping): What they depend on.
        measure (Callable): Measures candidates.
        again (bool): Whether those that failed are measured again.

    Raises:
        ArchiveError: The file is of something else, or in use.
    """
    if not archs:
        return []
    wanted = [Candidate(id, arch) for id, arch in enumerate(archs.values())]
    names = list(archs)
    meta = dict(meta, baselines={n: arch.digest for n, arch in archs.items()})
    known = from_main(lambda: _stored(path, meta))
    missing = wanted[len(known):]
    failed = [wanted[r.id] for r in known if again and not r.ok]
    for record in measure([*failed, *missing]) if failed or missing else ():
        record = replace(record, name=names[record.id])
        known[record.id:record.id + 1] = [record]
    if any(record.ok for record in known):  # it may not be their fault
        from_main(lambda: _store(path, meta, known))
    return known


def _stored(path: Path, meta: Mapping[str, Any]) -> List[Record]:
    with Archive(path, meta, resume=True) as archive:
        return list(archive)


def _store(path: Path, meta: Mapping[str, Any],
           records: Sequence[Record]) -> None:
    with Archive(path, meta, resume=True) as archive:
        for old, new in zip(list(archive), records):
            if not old.ok and new.ok:
                archive.update(new)
        for record in records[len(archive):]:
            archive.append(record)
