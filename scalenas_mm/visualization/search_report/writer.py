"""The report of a search, written while it runs."""
import time
from pathlib import Path
from typing import Any, Dict, Sequence

from scalenas_mm._files import PathLike
from scalenas_mm.search.record import Record
from .page import render_page, write_page
from .sources import read_beside

SHARE = 0.05  # of the time of a search that its report may take


class ReportWriter:
    """Writes ``report.html`` beside an archive, again and again.

    What was computed for earlier candidates is kept. A report that was due too
    soon after the last one is left out, so that all of them together take a
    twentieth of the time at most, however long the archive has become.

    Args:
        archive (str | Path): The archive.

    Attributes:
        path: The report.
    """

    def __init__(self, archive: PathLike) -> None:
        self.archive = Path(archive)
        self.path = self.archive.with_name('report.html')
        self._cache: Dict[str, Any] = {}
        self._took = 0.0
        self._done = float('-inf')

    def write(self, records: Sequence[Record], last: bool = False) -> bool:
        """Write it unless that is too soon; whether it was written.

        Args:
            records (Sequence[Record]): The candidates of the archive.
            last (bool): Whether there are no more to come.

        Raises:
            ReportError: There is another file of its name.
            OSError: It cannot be written.
        """
        begin = time.monotonic()
        if not last and begin - self._done < self._took / SHARE:
            return False
        source = read_beside(self.archive, records)
        write_page(self.path, render_page([source], cache=self._cache))
        self._done = time.monotonic()
        self._took = self._done - begin
        return True
