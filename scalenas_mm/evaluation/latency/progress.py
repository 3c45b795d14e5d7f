"""What was measured so far, on disk."""
import json
from pathlib import Path
from typing import Any, Dict, Mapping

import numpy as np

from scalenas_mm._files import lock
from scalenas_mm.spaces import SettingError


def _checked(row: Any) -> Any:
    """A line whose times are pairs of milliseconds."""
    times = np.array(row['times'], float)
    if not (times.size and times.shape[1:] == (2, )
            and np.isfinite(times).all() and (times > 0).all()):
        raise ValueError(f"times of {row['key']}")
    return row


class Progress:
    """Lines of what was measured, so that it can go on; one process at a time
    may write them. As a context manager it is closed at the end.

    Args:
        path (Path): Of the lines; the last one may be torn.
        settings (dict): What they depend on.

    Attributes:
        rows: By their key.

    Raises:
        SettingError: They were measured otherwise, are no such lines, or
            another process writes them.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.rows: Dict[str, Any] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(path, 'a+', encoding='utf-8')
        try:
            self._read(settings)
        except BaseException:
            self.file.close()
            raise

    def _read(self, settings: Mapping[str, Any]) -> None:
        try:
            lock(self.file)
        except OSError:
            raise SettingError(
                str(self.path), 'no other process that measures',
                'one that does') from None
        self.file.seek(0)
        try:
            whole, _, torn = self.file.read().rpartition('\n')
            if not whole:
                if torn and not torn.startswith('{'):
                    raise ValueError(torn[:40])
                self.file.truncate(0)
                self._append(settings)
                return
            before, *rows = map(json.loads, whole.splitlines())
            self.rows = {row['key']: _checked(row) for row in rows}
            keys = {**before, **settings}
        except (KeyError, TypeError, ValueError) as error:
            raise self._no_lines(error) from None
        # what is behind the last whole line was torn
        self.file.truncate(len(whole.encode()) + 1)
        for key in keys:
            if before.get(key) != settings.get(key):
                raise SettingError(
                    f'{key} (of {self.path}, which is not finished; remove it '
                    'to begin anew)', repr(before.get(key)), settings.get(key))

    def _no_lines(self, error: Exception) -> SettingError:
        return SettingError(
            str(self.path), 'lines of an unfinished table', repr(error))

    def add(self, rows: Mapping[str, Any]) -> None:
        """Store what was measured, by key."""
        for key, row in rows.items():
            self.rows[key] = json.loads(json.dumps(dict(row, key=key)))
            self._append(self.rows[key])

    def _append(self, row: Any) -> None:
        self.file.write(json.dumps(row) + '\n')
        self.file.flush()

    def __enter__(self) -> 'Progress':
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()
