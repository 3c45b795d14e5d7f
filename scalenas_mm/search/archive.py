"""The product of a search: an append-only file of candidates.

One JSON object a line, on disk before the next candidate begins;
``pandas.read_json(path, lines=True)`` reads it. A second file beside it says
which space, search and supernet it belongs to.
"""
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from scalenas_mm._files import lock, write_atomic
from .record import Record


class ArchiveError(RuntimeError):
    """The archive cannot be read, or is not the one that was expected."""


class Archive:
    """Candidates of one search, in order of evaluation.

    Args:
        path (str | Path): The JSON lines file.
        meta (Mapping[str, Any]): What the candidates depend on, by name,
            JSON values. On resuming it must equal what is stored.
        resume (bool): Go on with an existing file. Otherwise one that holds
            candidates is refused.

    Attributes:
        dropped (str | None): A torn last line that was dropped, if any.

    Raises:
        ArchiveError: The file is in use, unreadable, of something else, or
            exists without ``resume``.
    """

    def __init__(self,
                 path: Union[str, Path],
                 meta: Mapping[str, Any],
                 resume: bool = False) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, 'ab')
        try:
            self._lock()
            self.records, self.dropped, end = _read(self.path)
            if self.records and not resume:
                raise ArchiveError(
                    f'{self.path} holds {len(self.records)} candidates; '
                    'resume the search (--resume) or choose another folder')
            self._check_meta(json.loads(json.dumps(meta)))
        except BaseException:
            self._file.close()
            raise
        self._file.truncate(end)

    def _lock(self) -> None:
        try:
            lock(self._file)
        except OSError:
            raise ArchiveError(
                f'{self.path} is in use by another search') from None

    @property
    def meta_path(self) -> Path:
        return self.path.with_suffix('.meta.json')

    def _check_meta(self, meta: Dict[str, Any]) -> None:
        if not self.records:
            write_atomic(self.meta_path, json.dumps(meta, indent=2) + '\n')
            return
        stored = read_meta(self.path)
        for key in sorted({*meta, *stored}):
            if stored.get(key) != meta.get(key):
                was, now = _difference(key, stored.get(key), meta.get(key))
                raise ArchiveError(f'{self.path} belongs to another {key}: '
                                   f'expected {now}, got {was}')

    def append(self, record: Record) -> None:
        """Write ``record`` and wait until it is on disk."""
        if record.id != len(self.records):
            raise ArchiveError(f'expected candidate {len(self.records)}, got '
                               f'{record.id}')
        self._file.write(record.to_json().encode() + b'\n')
        self._file.flush()
        os.fsync(self._file.fileno())
        self.records.append(record)

    def close(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


def read_archive(path: Union[str, Path]) -> List[Record]:
    """Candidates of an archive, for reading only; a torn line is left out.

    Raises:
        ArchiveError: There is no such file, or a line is not a candidate.
    """
    if not Path(path).is_file():
        raise ArchiveError(f'there is no archive {path}')
    return _read(Path(path))[0]


def read_meta(path: Union[str, Path]) -> Dict[str, Any]:
    """What the candidates of an archive depend on, from the file beside it.

    Raises:
        ArchiveError: That file is missing or broken.
    """
    meta = Path(path).with_suffix('.meta.json')
    try:
        return json.loads(meta.read_text())
    except (OSError, ValueError) as error:
        raise ArchiveError(f'{meta}, which belongs to {Path(path).name}, '
                           f'cannot be read ({error})') from None


def _read(path: Path) -> Tuple[List[Record], Optional[str], int]:
    """Candidates, the torn last line if any, and where it begins."""
    data = path.read_bytes()
    end = data.rfind(b'\n') + 1
    torn = data[end:].decode(errors='replace') or None
    records: List[Record] = []
    for number, line in enumerate(data[:end].splitlines(), 1):
        try:
            record = Record.from_json(line.decode())
        except ValueError as error:
            raise ArchiveError(
                f'{path}, line {number}: not a candidate ({error})') from None
        if record.id != len(records):
            raise ArchiveError(f'{path}, line {number}: expected candidate '
                               f'{len(records)}, got {record.id}')
        records.append(record)
    return records, torn, end


def _difference(key: str, was: Any, now: Any) -> Tuple[str, str]:
    """The first place where two JSON values differ, as text."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                return _difference(f'{key}.{name}', was.get(name),
                                   now.get(name))
    return f'{key} = {was!r}', f'{key} = {now!r}'
