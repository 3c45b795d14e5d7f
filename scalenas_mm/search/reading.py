"""Reading archives, also while they are written."""
import gc
import hashlib
import json
from contextlib import contextmanager
from pathlib import Path
from typing import (Any, Dict, Iterator, List, Mapping, Optional, Sequence,
                    Tuple, Union)

from .meta import canonical, differences
from .record import Record

PathLike = Union[str, Path]

MANY = 1_000  # records


class ArchiveError(RuntimeError):
    """The archive cannot be read, or is not the one that was expected."""


def check_meta(path: PathLike, meta: Mapping[str, Any]) -> List[str]:
    """Check that an archive belongs to ``meta``; return what only warns.

    Raises:
        ArchiveError: It does not; names the first key that differs, what is
            expected and what is stored.
    """
    found = differences(read_meta(path), json.loads(canonical(meta)))
    wrong = [difference for difference in found if not difference.allowed]
    if wrong:
        first, *others = wrong
        key = first.key.partition('.')[0].partition('[')[0]
        more = f' ({len(others)} more differ)' if others else ''
        raise ArchiveError(f'{path} belongs to another {key}: {first}{more}')
    return [f'{path}: {difference}' for difference in found]


def read_archive(path: PathLike) -> List[Record]:
    """Candidates of an archive, for reading only; a torn line is left out.

    Raises:
        ArchiveError: There is no such file, or a line is not a candidate.
    """
    if not Path(path).is_file():
        raise ArchiveError(f'there is no archive {path}')
    return read_lines(Path(path))[0]


def check_archs(path: PathLike,
                records: Sequence[Record],
                once: bool = True) -> None:
    """Check that each architecture is that of its digest and, with ``once``,
    there once.

    Raises:
        ArchiveError: One is not, in a file that was edited; names its line.
    """
    lines: Dict[str, int] = {}
    for number, record in enumerate(records, 1):
        text = json.dumps(record.arch, sort_keys=True, separators=(',', ':'))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]  # as Arch's
        if digest != record.digest:
            raise ArchiveError(f'{path}, line {number}: digest: expected '
                               f'{digest} of its arch, got {record.digest}')
        if lines.setdefault(digest, number) != number and once:
            raise ArchiveError(f'{path}, line {number}: expected a new '
                               f'architecture, got that of line '
                               f'{lines[digest]}')


def read_meta(path: PathLike) -> Dict[str, Any]:
    """What the candidates of an archive depend on, from the file beside it.

    Raises:
        ArchiveError: That file is missing or broken.
    """
    meta = meta_path(Path(path))
    try:
        data = json.loads(meta.read_text(encoding='utf-8'))
        if not isinstance(data, dict):
            raise ValueError('expected an object')
    except (OSError, ValueError) as error:
        raise ArchiveError(f'{meta}, which belongs to {Path(path).name}, '
                           f'cannot be read ({error})') from None
    return data


def meta_path(path: Path) -> Path:
    """The file beside an archive that says what it belongs to."""
    return path.with_suffix('.meta.json')


def read_lines(path: Path) -> Tuple[List[Record], Optional[str], int]:
    """Candidates of a file, the torn last line if any, and where it begins."""
    data = path.read_bytes() if path.exists() else b''
    end = data.rfind(b'\n') + 1
    torn = data[end:].decode(errors='replace') or None
    with _no_garbage_collection():
        records = _parsed(path, data[:end])
    if len(records) >= MANY:
        gc.collect()  # now, and not again and again during the search
    return records, torn, end


def _parsed(path: Path, data: bytes) -> List[Record]:
    records: List[Record] = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            record = Record.from_json(line.decode())
        except ValueError as error:
            raise ArchiveError(
                f'{path}, line {number}: not a candidate ({error})') from None
        if record.id != len(records):
            raise ArchiveError(f'{path}, line {number}: expected candidate '
                               f'{len(records)}, got {record.id}')
        records.append(record)
    return records


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of small lists, none in a cycle, would be looked at often."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
