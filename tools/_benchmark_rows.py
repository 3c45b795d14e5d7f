"""What tools/build_benchmark.py wrote: rows by process, and the table."""
import json
import re
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from math import inf

import numpy as np

from scalenas_mm._files import lock, write_atomic
from scalenas_mm.benchmarks import BenchmarkError, read_table
from scalenas_mm.search import Archive, ArchiveError, read_archive, read_meta
from scalenas_mm.spaces import GENE_DTYPE

# The table is made of all rows: too much work after each of thousands.
TABLE_SECONDS = 30


def main_first(metrics, main):
    """The main metric is the one that tables and figures show."""
    return {main: metrics[main], **metrics} if main in metrics else metrics


class Rows:
    """Rows of all processes, of which this one appends to its own.

    Args:
        root (Path): Where the folder of the table is.
        name (str): Of the table and its folder.
        meta (dict): What the rows depend on.
        archs (list): All architectures, in order of the table.
        rank (int): Of this process.
        world (int): How many processes there are.
        resume (bool): Go on with rows that are there.
        main (str, optional): The metric that is to come first, also in rows
            that are there.

    Raises:
        ArchiveError: Rows are there and ``resume`` is not given, or they are
            of something else or without the main metric.
    """

    def __init__(self,
                 root,
                 name,
                 meta,
                 archs,
                 rank,
                 world,
                 resume,
                 main=None):
        self.name, self.archs, self.rank, self.world = name, archs, rank, world
        self.main, self._written = main, -inf
        self.folder, self.table = root / name, root / name / f'{name}.csv'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.label = f'rank {rank}: ' if world > 1 else ''
        with self._locked():
            self._check_others(json.loads(json.dumps(meta)), resume)
            Archive(self._path(rank), meta, resume).close()  # checks it
            for record in self.all().values():
                self.check_main(record)
            self._put_main_first()
            self._own = Archive(self._path(rank), meta, resume)

    def _path(self, rank):
        return self.folder / f'rows_{rank}.jsonl'

    def _files(self):
        return sorted(self.folder.glob('rows_*.jsonl'))

    @contextmanager
    def _locked(self):
        """One process at a time reads the rows of all."""
        with open(self.folder / 'lock', 'w') as file:
            lock(file, wait=True)
            yield

    def _check_others(self, meta, resume):
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
            stored = read_meta(path)
            for key, value in meta.items():
                if stored.get(key) != value:
                    raise ArchiveError(f'{path} belongs to another {key}')

    def check_main(self, record):
        """Raise ArchiveError if the main metric was not measured."""
        if self.main is None or not record.ok:
            return
        if self.main not in record.metrics:
            raise ArchiveError('main_metric: expected one of '
                               f"{', '.join(record.metrics)}, got {self.main}")

    def _put_main_first(self):
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

    def __len__(self):
        """Number of rows that this process wrote, now or before."""
        return len(self._own)

    def all(self):
        """Records of all processes by digest; a success hides failures."""
        found = {}
        for path in self._files():
            for record in read_archive(path):
                if record.ok or record.digest not in found:
                    found[record.digest] = record
        return found

    def missing(self, retry_failed):
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

    def append(self, record):
        """Store a row; write the table anew if it is old."""
        self._own.append(record)
        if time.monotonic() - self._written >= TABLE_SECONDS:
            self.write_table()

    def write_table(self):
        """Write the successful rows of all processes in order.

        Returns False, and prints why, if they make no table.
        """
        with self._locked():
            written = self._write_table()
        self._written = time.monotonic()
        return written

    def _write_table(self):
        try:
            table = read_table(self.name, self.folder)
        except BenchmarkError as error:
            print(f'{self.label}no table: {error}')
            return False
        order = {
            table.space.encode(arch).tobytes(): index
            for index, arch in enumerate(self.archs)
        }
        places = [
            order.get(code.astype(GENE_DTYPE).tobytes(), len(order))
            for code in table.codes
        ]
        table.take(np.argsort(places, kind='stable')).to_csv(self.table)
        return True

    def count(self):
        """How many of the networks are measured and how many failed."""
        found = self.all()
        states = [
            found[arch.digest].ok for arch in self.archs
            if arch.digest in found
        ]
        return sum(states), len(states) - sum(states)

    def close(self):
        self._own.close()


def _replace(path, records):
    """Put ``records`` in the place of the file, all or none."""
    write_atomic(path, ''.join(f'{record.to_json()}\n' for record in records))
