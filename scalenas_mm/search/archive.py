"""The product of a search: a file of candidates.

One JSON object a line, on disk before the next candidate begins;
``pandas.read_json(path, lines=True)`` reads it. A second file beside it says
which space, search and supernet it belongs to.
"""
import os
from contextlib import ExitStack, contextmanager
from glob import escape
from pathlib import Path
from typing import IO, Any, Iterator, List, Mapping

from scalenas_mm._files import lock, sync_folder, whole_file, write_atomic
from .meta import canonical
from .reading import ArchiveError, PathLike, check_meta, meta_path, read_lines
from .record import Record


class Archive:
    """Candidates of one search, in order of evaluation.

    It is locked until it is closed; others may read it. As a context manager
    it closes itself.

    Args:
        path (str | Path): The JSON lines file.
        meta (Mapping[str, Any]): What the candidates depend on, by name,
            JSON values. It is stored whole in a file of its own, which stays
            as it is on resuming. Then the two must be equal; the order of
            keys does not matter. Keys named ``data_root``, and ``versions``
            at the top, may differ with a warning.
        resume (bool): Go on with an existing file. Otherwise one that holds
            candidates is refused.

    Attributes:
        records (list[Record]): The candidates.
        dropped (str | None): A torn last line that was dropped, if any.
        warnings (list[str]): What differs and may.

    Raises:
        ArchiveError: The file is in use, unreadable, of something else, or
            exists without ``resume``.
    """

    def __init__(self,
                 path: PathLike,
                 meta: Mapping[str, Any],
                 resume: bool = False) -> None:
        self.path = Path(path)
        self.warnings: List[str] = []
        with ExitStack() as stack, self._on_disk():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(self._locked())
            self._tidy()
            self.records, self.dropped, self._end = read_lines(self.path)
            if self.records and not resume:
                raise ArchiveError(
                    f'{self.path} holds {len(self.records)} candidates; '
                    'resume the search (--resume) or choose another folder')
            if self.records:
                self.warnings = check_meta(self.path, meta)
            else:
                write_atomic(self.meta_path, canonical(meta))
            self._file = stack.enter_context(self._opened())
            self._stack = stack.pop_all()

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """Whatever the disk does not allow is an error of the archive."""
        try:
            yield
        except OSError as error:
            raise ArchiveError(
                f'{self.path} cannot be opened ({error})') from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Of a file beside it: the archive itself may be replaced."""
        beside = self.path.with_name(f'.{self.path.name}.lock')
        with open(beside, 'ab') as file:
            try:
                lock(file)
            except OSError:
                raise ArchiveError(
                    f'{self.path} is in use by another search') from None
            yield

    def _tidy(self) -> None:
        """Remove what a killed process left of whole files; ours, as we have
        the lock."""
        for path in (self.path, self.meta_path):
            for part in path.parent.glob(f'.*.part.{escape(path.name)}'):
                part.unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """For appending, without buffer: a record is one write."""
        with open(self.path, 'ab', buffering=0) as file:
            file.truncate(self._end)
            os.fsync(file.fileno())
            sync_folder(self.path.parent)
            yield file

    @property
    def meta_path(self) -> Path:
        return meta_path(self.path)

    def append(self, record: Record) -> None:
        """Write ``record`` and wait until it is on disk.

        Raises:
            ArchiveError: It is not the next one, or cannot be written. Then
                the archive is as it was.
        """
        self._check_open()
        if record.id != len(self.records):
            raise ArchiveError(f'expected candidate {len(self.records)}, got '
                               f'{record.id}')
        line = record.to_json().encode() + b'\n'
        try:
            _write(self._file, line)
        except BaseException as error:
            self._undo()
            if not isinstance(error, OSError):
                raise
            raise ArchiveError(
                f'{self.path}: candidate {record.id} cannot be written '
                f'({error}); the {record.id} before it are') from error
        self._end += len(line)
        self.records.append(record)

    def _check_open(self) -> None:
        if self._file.closed:
            raise ArchiveError(f'{self.path} is closed')

    def _undo(self) -> None:
        """Remove what was written of a line."""
        try:
            self._file.truncate(self._end)
            os.fsync(self._file.fileno())
        except OSError:  # readers leave a torn line out
            self.close()  # but another one must not follow it

    def update(self, record: Record) -> None:
        """Put a new measurement in the place of one that failed.

        The whole file is replaced, or stays as it is. The failure is kept in
        ``.failed.jsonl`` beside it. Candidates that were proposed since then
        stay as they are: what was asked for is in the archive, so that a
        resumed search goes on from the better history, the same each time.

        Raises:
            ArchiveError: There is no such candidate, it has another
                architecture or did not fail, or it cannot be written.
        """
        self._check_open()
        if not 0 <= record.id < len(self.records):
            raise ArchiveError(f'expected one of {len(self.records)} '
                               f'candidates, got {record.id}')
        old = self.records[record.id]
        if old.ok or old.digest != record.digest:
            raise ArchiveError(
                f'expected candidate {old.id} to be {old.digest} and to have '
                f'failed, got {record.digest} in the place of {old.status}')
        line = record.to_json().encode() + b'\n'
        try:
            self._keep('.failed.jsonl', [old.to_json().encode() + b'\n'])
            self._replace(record.id, line)
        except OSError as error:
            raise ArchiveError(f'{self.path}: candidate {record.id} cannot be '
                               f'replaced ({error})') from error
        self.records[record.id] = record

    def _keep(self, suffix: str, lines: List[bytes]) -> None:
        """Have lines in a file beside it, once, also if this was interrupted
        before; a torn last line goes."""
        path = self.path.with_suffix(suffix)
        data = path.read_bytes() if path.exists() else b''
        end = data.rfind(b'\n') + 1
        known = set(data[:end].splitlines(keepends=True))
        with open(path, 'ab', buffering=0) as file:
            file.truncate(end)
            _write(file, b''.join(x for x in lines if x not in known))

    def _replace(self, id: int, line: bytes) -> None:
        lines = self.path.read_bytes()[:self._end].splitlines(keepends=True)
        lines[id] = line
        self._rewrite(lines)

    def _rewrite(self, lines: List[bytes]) -> None:
        with whole_file(self.path) as part:
            part.write_bytes(b''.join(lines))
            self._file.close()  # a file in use cannot be replaced on Windows
        self._end = sum(map(len, lines))
        self._file = self._stack.enter_context(self._opened())

    def cut_back(self, num: int) -> List[Record]:
        """Keep the first ``num`` candidates only.

        The others go to ``.superseded.jsonl`` beside it, before they leave
        the archive. For runs that go on from an earlier moment, and will
        make them again.

        Returns:
            list[Record]: Those that went.

        Raises:
            ArchiveError: It cannot be written.
        """
        self._check_open()
        lines = self.path.read_bytes()[:self._end].splitlines(keepends=True)
        gone = self.records[num:]
        if not gone:
            return []
        suffix = '.superseded.jsonl'
        try:
            self._keep(suffix, lines[num:])
            self._rewrite(lines[:num])
        except OSError as error:
            raise ArchiveError(
                f'{self.path}: {len(gone)} candidates cannot be moved to '
                f'{self.path.with_suffix(suffix).name} ({error})') from error
        del self.records[num:]
        return gone

    def close(self) -> None:
        """Give the lock back; the archive cannot be written any more."""
        self._stack.close()

    def __enter__(self) -> 'Archive':
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


def _write(file: IO[bytes], data: bytes) -> None:
    """Write all of it to an unbuffered file; wait until it is on disk."""
    while data:  # at once, unless the disk is full
        data = data[file.write(data):]
    os.fsync(file.fileno())
