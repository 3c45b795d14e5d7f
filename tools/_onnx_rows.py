"""Rows of measurements in a file, one JSON object a line: each is on disk
before the next one is measured, and none is measured twice.

Standard library only at the top, as in ``_cli``.
"""
import json
import os
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List, Optional

from _cli import fail


class Rows:
    """The rows of a file, which this process alone may write.

    Args:
        path: It may exist; its last line may be torn. Exits with code 2 if it
            holds something else, or another process writes to it.
    """

    def __init__(self, path: Path):
        from scalenas_mm._files import lock
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file: IO[str] = open(path, 'a+', encoding='utf-8')
        try:
            lock(self.file)
        except OSError:
            fail(f'{path}: another process is writing to it')
        self.rows: List[Dict[str, Any]] = self._read()

    def _read(self) -> List[Dict[str, Any]]:
        self.file.seek(0)
        try:
            text = self.file.read()
        except UnicodeDecodeError:
            fail(f'{self.path}: no rows of this tool')
        whole, _, torn = text.rpartition('\n')
        rows = list(self._parsed(whole))
        if torn:
            if not rows and not torn.startswith('{'):
                fail(f'{self.path}: no rows of this tool')
            # a row that was cut off is measured again
            self.file.truncate(len((whole + '\n' * bool(whole)).encode()))
        return rows

    def _parsed(self, whole: str) -> Iterator[Dict[str, Any]]:
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                row = json.loads(line)
                row['key'], row['kind']
            except (ValueError, KeyError, TypeError):
                fail(f'{self.path}: line {number} is no row of this tool')
            yield row

    def find(self, **wanted: Any) -> Optional[Dict[str, Any]]:
        """The row that has all these values, if there is one."""
        return next((row for row in self.rows if all(
            row.get(key) == value for key, value in wanted.items())), None)

    def add(self, **row: Any) -> Dict[str, Any]:
        """Append a row; it is on disk when this returns."""
        self.file.write(json.dumps(row) + '\n')
        self.file.flush()
        os.fsync(self.file.fileno())
        self.rows.append(row)
        return row
