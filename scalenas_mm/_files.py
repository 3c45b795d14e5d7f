"""Files that are whole or not there, on disk before the next step, and locks.

Standard library only; every room may use it.
"""
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Iterator, Union

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PathLike = Union[str, Path]


@contextmanager
def whole_file(path: PathLike) -> Iterator[Path]:
    """Give a path to write to; ``path`` is replaced when all went well.

    Folders are made. What was written is on disk (fsync) before it takes the
    place of ``path``; after an exception ``path`` is as it was. The path
    given has the suffix of ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{os.getpid()}.part.{path.name}')
    try:
        yield part
        with open(part, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_atomic(path: PathLike, text: str) -> None:
    """Write a whole text file or nothing, as :func:`whole_file`."""
    with whole_file(path) as part:
        part.write_text(text, encoding='utf-8')


def sync_folder(folder: PathLike) -> None:
    """Put new names in a folder on disk; where that is known, on POSIX."""
    if os.name != 'posix':
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(file: IO[Any], wait: bool = False) -> None:
    """Lock an open file for this process until it is closed.

    Args:
        file: An open file.
        wait: Wait for the process that holds the lock.

    Raises:
        OSError: Another process holds it and ``wait`` is not given.
    """
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return
    import msvcrt
    handle = file.fileno()
    position = os.lseek(handle, 0, os.SEEK_CUR)
    # of one byte beyond the end: reading the file stays allowed. Offsets are
    # of 32 bits in some of Microsoft's libraries.
    os.lseek(handle, 2**31 - 2, os.SEEK_SET)
    try:
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                if not wait:
                    raise
                time.sleep(0.1)
    finally:
        os.lseek(handle, position, os.SEEK_SET)
