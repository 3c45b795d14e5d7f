"""A benchmark that is being made: rows by process, and the table."""
import json
import re
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import (Any, Dict, Iterator, List, Mapping, Optional, Sequence,
                    Tuple)

import numpy as np

from .._files import lock, write_atomic
from ..search import (Archive, ArchiveError, Record, check_meta, read_archive,
                      read_meta)
from ..spaces import Arch, SettingError
from .codes import BenchmarkError
from .readers import read_table

# The table is made of all rows: too much work after each of thousands.
TABLE_SECONDS = 30


def main_first(metrics: Mapping[str, float],
               main: Optional[str]) -> Dict[str, float]:
    """The main metric is the one that tables and figures show."""
    if main is None or main not in metrics:
        return dict(metrics)
    return {main: metrics[main], **metrics}


class Rows:
    """Rows of all processes, of which this one appends to its own.

    ``root/NAME/rows_RANK.jsonl`` are archives of trained networks, and
    ``root/NAME/NAME.csv`` is the table of those that succeeded.

    Args:
        root (str | Path): Where the folder of the table is.
        name (str): Of the table and its folder.
        meta (Mapping[str, Any]): What the rows depend on, JSON values.
        archs (Sequence[Arch]): All architectures, in order of the table.
        rank (int): Of this process.
        world (int): How many processes there are.
        resume (bool): Go on with rows that are there.
        main (str, optional): The metric that is to come first, also in rows
            that are there.

    Attributes:
        warnings (list[str]): What differs from rows that are there and may.

    Raises:
        ArchiveError: Rows are there and ``resume`` is not given, or they are
            of something else.
        SettingError: They are without the main metric.
    """

    def __init__(self,
                 root: Any,
                 name: str,
                 meta: Mapping[str, Any],
                 archs: Sequence[Arch],
                 rank: int = 0,
                 world: int = 1,
                 resume: bool = False,
                 main: Optional[str] = None) -> None:
        self.name, self.archs, self.rank, self.world = name, archs, rank, world
        self.main, self._written = main, -inf
        self.meta: Dict[str, Any] = json.loads(json.dumps(meta))
        self.folder = Path(root) / name
        self.table = self.folder / f'{name}.csv'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.warnings: List[str] = []
        with self._locked():
            self._check_others(resume)
            Archive(self._path(rank), self.meta, resume).close()  # checks it
            for record in self.all().values():
                self.check_main(record)
            self._put_main_first()
            self._own = Archive(self._path(rank), self.meta, resume)
        self.warnings += self._own.warnings

    def _path(self, rank: int) -> Path:
        return self.folder / f'rows_{rank}.jsonl'

    def _files(self) -> List[Path]:
        return sorted(self.folder.glob('rows_*.jsonl'))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time reads the rows of all."""
        with open(self.folder / 'lock', 'w') as file:
            lock(file, wait=True)
            yield

    def _check_others(self, resume: bool) -> None:
        for path in self._files():
            digits = re.fullmatch('rows_(0|[1-9][0-9]*)', path.stem)
            if digits is None:  # would be read as a part of the table
                raise ArchiveError(f'{path}: expected only rows_NUMBER.jsonl '
                                   'here, move it elsewhere')
            rank = int(digits[1])
            if rank == self.rank:
                continue
            if not read_archive(path):
                if rank >= self.world:  # of a run that came to nothing
                    path.unlink()
                continue
            if not resume and rank >= self.world:
                raise ArchiveError(
                    f'{path} holds networks; --resume or choose '
                    'another folder')
            self.warnings += check_meta(path, self.meta)

    def check_main(self, record: Record) -> None:
        """Raise :class:`SettingError` if the main metric was not measured."""
        if self.main is None or not record.ok:
            return
        if self.main not in record.metrics:
            raise SettingError('main_metric',
                               f"one of {', '.join(record.metrics)}",
                               self.main)

    def _put_main_first(self) -> None:
        """In rows that are there: readers take the first for the main one.

        The rows may be from before ``main_metric`` was corrected.
        """
        for path in self._files():
            if not any(
                    list(record.metrics)[0] != self.main
                    for record in read_archive(path)
                    if self.main in record.metrics):
                continue
            try:
                archive = Archive(path, read_meta(path), True)
            except ArchiveError:  # in use by a process that did it
                continue
            with closing(archive):
                _replace(path, [
                    replace(r, metrics=main_first(r.metrics, self.main))
                    for r in archive
                ])

    def __len__(self) -> int:
        """Number of rows that this process wrote, now or before."""
        return len(self._own)

    def all(self) -> Dict[str, Record]:
        """Records of all processes by digest; a success hides failures."""
        found: Dict[str, Record] = {}
        for path in self._files():
            for record in read_archive(path):
                if record.ok or record.digest not in found:
                    found[record.digest] = record
        return found

    def missing(self, retry_failed: bool = False) -> List[Tuple[int, Arch]]:
        """Index and architecture of what this process is to train.

        A network belongs to one rank, whatever is done already: the
        processes do not see the rows at the same moment.
        """
        found = self.all()
        done = {
            digest
            for digest, record in found.items()
            if record.ok or not retry_failed
        }
        return [(index, arch) for index, arch in enumerate(self.archs)
                if index % self.world == self.rank and arch.digest not in done]

    def append(self, record: Record) -> None:
        """Store a row; write the table anew if it is old."""
        self._own.append(record)
        if time.monotonic() - self._written >= TABLE_SECONDS:
            with suppress(BenchmarkError):  # no network succeeded so far
                self.write_table()

    def write_table(self) -> None:
        """Write the successful rows of all processes in order.

        Raises:
            BenchmarkError: They make no table.
        """
        self._written = time.monotonic()
        with self._locked():
            table = read_table(self.name, self.folder)
            drawn = [table.find(arch) for arch in self.archs]
            first = [row for row in drawn if row is not None]
            rest = np.setdiff1d(np.arange(len(table)), first)
            rows = np.concatenate([first, rest]).astype(int)
            table.take(rows).to_csv(self.table)

    def count(self) -> Tuple[int, int]:
        """How many of the networks are measured and how many failed."""
        found = self.all()
        states = [
            found[arch.digest].ok for arch in self.archs
            if arch.digest in found
        ]
        return sum(states), len(states) - sum(states)

    def close(self) -> None:
        self._own.close()


def _replace(path: Path, records: Sequence[Record]) -> None:
    """Put ``records`` in the place of the file, all or none."""
    write_atomic(path, ''.join(f'{record.to_json()}\n' for record in records))
