"""An archive whose process is killed, again and again, at any moment.

Each process is a fork of one that has only imported this, so that a hundred of
them take seconds; a fork of this one, which may be large, takes long. It
searches with a made-up metric, with ``seconds`` constant, so that archives are
compared byte by byte.
"""
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable, NamedTuple
from unittest import mock

import pytest

from scalenas_mm.search import (FAILED, Archive, Record, TopologyEvolution,
                                read_archive)
from .conformance import COSTS, OBJECTIVES, ask, measured

META = dict(space=dict(width=8), supernet='abc')
FORKS = multiprocessing.get_context('forkserver')
pytestmark = pytest.mark.skipif(
    not hasattr(os, 'fork'), reason='this system has no fork')


@pytest.fixture(scope='module', autouse=True)
def server():
    """What is imported once, for all processes."""
    FORKS.set_forkserver_preload([__name__])
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        assert survived(forked(int))  # from now on it starts at once


def forked(function, *args):
    """Run it in a process of its own."""
    process = FORKS.Process(target=function, args=args)
    process.start()
    return process


def survived(process):
    """Whether a process came to its end; the other end is SIGKILL."""
    process.join()
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL)
    return code == 0


def search(path):
    """Go on with a search until it is done."""
    searcher = TopologyEvolution(COSTS, OBJECTIVES, n0=6, k=5, N=16, seed=3)
    with Archive(path, META, resume=True) as archive:
        for record in archive:
            searcher.tell(record)
        while not searcher.finished:
            record = measured(searcher, ask(searcher))
            archive.append(record)
            searcher.tell(record)


RECORDS = [
    Record(
        i,
        f'd{i}', {},
        metrics=dict(mIoU=float(i)),
        weights='w' * random.Random(i).randrange(600)) for i in range(12)
]
BROKEN = [
    replace(r, status=FAILED, metrics={}, error='out of memory') if r.id %
    3 == 1 else r for r in RECORDS
]
OTHERS = [replace(r, digest=f'other {r.id}') for r in RECORDS]


def write(path, records):
    with Archive(path, META) as archive:
        for record in records:
            archive.append(record)


def mend(path):
    """Measure again what failed."""
    with Archive(path, META, resume=True) as archive:
        for record in list(archive):
            if not record.ok:
                archive.update(RECORDS[record.id])


def rewind(path):
    """Go back to four candidates and go on with others."""
    with Archive(path, META, resume=True) as archive:
        archive.cut_back(4)
        for record in OTHERS[4:]:
            archive.append(record)


WORK = dict(search=(search, []), mend=(mend, BROKEN), rewind=(rewind, RECORDS))


def beside(path):
    """Ids in files that hold what left the archive, all whole."""
    lines = [
        line for suffix in ('.failed.jsonl', '.superseded.jsonl')
        if path.with_suffix(suffix).exists()
        for line in path.with_suffix(suffix).read_text().splitlines()
    ]
    assert len(set(lines)) == len(lines)
    return [Record.from_json(line) for line in lines]


def seconds_of(function, *args):
    """How long it takes in a process of its own."""
    begin = time.perf_counter()
    assert survived(forked(function, *args))
    return time.perf_counter() - begin


class Undisturbed(NamedTuple):
    """Work that nothing disturbed.

    Attributes:
        name: What.
        work: A function of the archive's path.
        start: The folder as it was before.
        archive: It, afterwards.
        start_up: Seconds that a process takes that does nothing.
        seconds: How much longer it took.
    """
    name: str
    work: Callable
    start: Path
    archive: Path
    start_up: float
    seconds: float


@pytest.fixture(scope='module', params=list(WORK))
def undisturbed(request, tmp_path_factory):
    work, records = WORK[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    start, path = folder / 'start', folder / 'undisturbed' / 'archive.jsonl'
    write(start / path.name, records)
    shutil.copytree(start, path.parent)
    start_up = min(seconds_of(int) for _ in range(5))
    seconds = seconds_of(work, path) - start_up
    return Undisturbed(request.param, work, start, path, start_up, seconds)


def check(path, undisturbed):
    name, expected = undisturbed.name, undisturbed.archive
    assert path.read_bytes() == expected.read_bytes()
    meta = path.with_suffix('.meta.json')
    assert meta.read_bytes() == expected.with_suffix('.meta.json').read_bytes()
    assert not list(path.parent.glob('.*.part.*'))
    gone = {record.digest for record in beside(path)}
    if name == 'mend':
        assert gone == {record.digest for record in BROKEN if not record.ok}
    if name == 'rewind':  # and perhaps others that were made since
        assert gone >= {record.digest for record in RECORDS[4:]}


def disturb(undisturbed, folder, kills, run):
    """Kill and go on so many times; what is done begins again elsewhere."""
    rounds = 0
    while kills > 0:
        path = folder / str(rounds) / 'archive.jsonl'
        shutil.copytree(undisturbed.start, path.parent)
        while kills > 0 and run(path):
            kills -= 1
            seen = read_archive(path)
            assert [record.id for record in seen] == list(range(len(seen)))
        assert survived(forked(undisturbed.work, path))
        check(path, undisturbed)
        rounds += 1


def test_killed_at_random_moments(undisturbed, tmp_path):
    """A hundred in a search, of the clock."""
    moments = random.Random(undisturbed.name)

    def run(path):
        process = forked(undisturbed.work, path)
        soon = undisturbed.start_up
        time.sleep(moments.uniform(soon / 2, soon + undisturbed.seconds / 3))
        process.kill()
        return not survived(process)

    kills = 100 if undisturbed.name == 'search' else 10
    disturb(undisturbed, tmp_path, kills, run)


# -- between any two lines, and in the middle of a write ---------------------
FILES = ('archive.py', '_files.py', 'reading.py')


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function, path, lines, torn):
    """Do it until so many lines of code were run, or bytes were written."""
    left = dict(lines=lines, bytes=torn)

    def local(frame, event, _):
        if event == 'line':
            left['lines'] -= 1
            if left['lines'] < 0:
                die()
        return local

    def trace(frame, event, _):
        of_archive = os.path.basename(frame.f_code.co_filename) in FILES
        return local if of_archive else None

    def write(file, data):
        if len(data) > left['bytes']:
            file.write(data[:left['bytes']])
            die()
        left['bytes'] -= len(data)
        file.write(data)

    if torn is None:
        sys.settrace(trace)
    else:
        mock.patch('scalenas_mm.search.archive._write', write).start()
    function(path)


@pytest.mark.parametrize('torn', [False, True], ids=['lines', 'bytes'])
def test_killed_at_seeded_places(undisturbed, tmp_path, torn):
    """The same each time: after any line of code, or within a record."""
    places = random.Random(f'{undisturbed.name} {torn}')
    most = undisturbed.archive.stat().st_size // 3 if torn else 300

    def run(path):
        place = places.randrange(most)
        return not survived(
            forked(dying, undisturbed.work, path, place,
                   place if torn else None))

    disturb(undisturbed, tmp_path, 20, run)
