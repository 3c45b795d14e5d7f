"""What tools/build_benchmark.py wrote: rows by process, and the table."""
import fcntl
import json
from contextlib import contextmanager

import numpy as np

from scalenas_mm.benchmarks import BenchmarkError, read_table
from scalenas_mm.search import Archive, ArchiveError, read_archive, read_meta


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

    Raises:
        ArchiveError: Rows are there and ``resume`` is not given, or they are
            of something else.
    """

    def __init__(self, root, name, meta, archs, rank, world, resume):
        self.name, self.archs, self.rank, self.world = name, archs, rank, world
        self.folder, self.table = root / name, root / name / f'{name}.csv'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.label = f'rank {rank}: ' if world > 1 else ''
        with self._locked():
            self._check_others(json.loads(json.dumps(meta)), resume)
            self._own = Archive(self._path(rank), meta, resume)

    def _path(self, rank):
        return self.folder / f'rows_{rank}.jsonl'

    @contextmanager
    def _locked(self):
        """One process at a time reads the rows of all."""
        with open(self.folder / 'lock', 'w') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check_others(self, meta, resume):
        for path in self.folder.glob('rows_*.jsonl'):
            rank = int(path.stem[5:])
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

    def __len__(self):
        """Number of rows that this process wrote, now or before."""
        return len(self._own)

    def all(self):
        """Records of all processes by digest; a success hides failures."""
        found = {}
        for path in self.folder.glob('rows_*.jsonl'):
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
        """Store a row and write the table anew."""
        self._own.append(record)
        with self._locked():
            self.write_table()

    def write_table(self):
        """Write the successful rows of all processes in order."""
        try:
            table = read_table(self.name, self.folder)
        except BenchmarkError as error:
            print(f'{self.label}no table: {error}')
            return
        order = {
            table.space.encode(arch).tobytes(): index
            for index, arch in enumerate(self.archs)
        }
        places = [
            order.get(code.astype(np.uint8).tobytes(), len(order))
            for code in table.codes
        ]
        table.take(np.argsort(places, kind='stable')).to_csv(self.table)

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
