"""The archive: durable, exact, and picky about what it belongs to."""
import json
import resource
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd
import pytest

from scalenas_mm.search import (FAILED, Archive, ArchiveError, Candidate,
                                RandomSearch, Record, TopologyEvolution,
                                read_archive)
from scalenas_mm.search.reading import check_archs
from .conformance import COSTS, OBJECTIVES, SPACE, ask, finish, measured

META = dict(space=dict(width=8), supernet='abc', searcher=dict(k=10))


@pytest.fixture(scope='module')
def records():
    return finish(RandomSearch(COSTS, OBJECTIVES, N=6))


@pytest.fixture
def path(tmp_path, records):
    archive = Archive(tmp_path / 'archive.jsonl', META)
    for record in records:
        archive.append(record)
    archive.close()
    return archive.path


def test_reads_what_was_written(path, records):
    assert read_archive(path) == records
    archive = Archive(path, META, resume=True)
    assert archive.records == records and archive.dropped is None
    archive.close()


def test_is_on_disk_before_append_returns(tmp_path, records):
    archive = Archive(tmp_path / 'a.jsonl', META)
    for i, record in enumerate(records, 1):
        archive.append(record)
        assert len((tmp_path / 'a.jsonl').read_text().splitlines()) == i
    archive.close()


def test_pandas_reads_it_in_one_line(path, records):
    table = pd.read_json(path, lines=True)
    assert table.id.tolist() == [record.id for record in records]
    assert table.cost[0]['macs'] == records[0].cost['macs']


@pytest.mark.parametrize('torn', ['{"id": 6, "dig', '{"id"', ' '])
def test_a_torn_last_line_is_reported_and_dropped(path, records, torn):
    whole = path.read_bytes()
    with open(path, 'a') as file:
        file.write(torn)
    assert read_archive(path) == records
    archive = Archive(path, META, resume=True)
    assert archive.records == records
    assert archive.dropped == torn
    archive.close()
    assert path.read_bytes() == whole


def test_a_broken_line_in_the_middle_is_an_error(path):
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:40]
    path.write_text('\n'.join(lines) + '\n')
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match='line 3: not a candidate'):
        Archive(path, META, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize('change, message', [
    (dict(id=9), 'expected candidate 1, got 9'),
    (dict(status='maybe'), 'status: expected ok or failed'),
    (dict(metrics=dict(mIoU='high')), "mIoU: expected a number, got 'high'"),
    (dict(surprise=1), 'surprise'),
    (dict(digest=7), 'digest: expected str, got 7'),
    (dict(parents=None), 'parents: expected list, got None'),
    (dict(curves=[1]), 'curves: expected an object'),
    (dict(curves=dict(mIoU=[[1, 0.5], [2]])), 'curves.mIoU: expected pairs'),
    (dict(curves=dict(mIoU=[[1, 'high']])), 'curves.mIoU: expected pairs'),
    (dict(curves=dict(mIoU=3)), 'curves.mIoU: expected pairs of step'),
])
def test_wrong_fields_are_named(path, change, message):
    lines = path.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), **change})
    path.write_text('\n'.join(lines) + '\n')
    with pytest.raises(ArchiveError, match=message):
        read_archive(path)


@pytest.mark.parametrize('order, message', [
    ([0, 2, 1, 3], 'line 2: expected candidate 1, got 2'),
    ([0, 1, 3], 'line 3: expected candidate 2, got 3'),
    ([0, 1, 1, 2], 'line 3: expected candidate 2, got 1'),
])
def test_lines_that_moved_are_refused(path, order, message):
    """Swapped, missing, or there twice."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join(lines[i] for i in order))
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match=message):
        Archive(path, META, resume=True)
    assert path.read_bytes() == before


def test_an_architecture_that_was_edited_is_named(path, records):
    check_archs(path, records)
    for change in (dict(arch=records[3].arch), dict(digest='f' * 16)):
        edited = [records[0], replace(records[1], **change)]
        with pytest.raises(
                ArchiveError, match='line 2: digest: expected .* of its arch'):
            check_archs(path, edited)
    twice = [*records, replace(records[2], id=6)]
    with pytest.raises(
            ArchiveError, match='line 7: expected a new .* that of line 3'):
        check_archs(path, twice)


@pytest.mark.parametrize('where', ['archive', 'meta'])
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, monkeypatch,
                                                     where):
    if where == 'archive':
        tmp_path.joinpath('folder').write_text('a file')
    else:

        def full(*args):
            raise OSError(28, 'No space left on device')

        monkeypatch.setattr('scalenas_mm.search.archive.write_atomic', full)
    path = tmp_path / 'folder' / 'archive.jsonl'
    for _ in range(2):  # the lock is free
        with pytest.raises(ArchiveError, match='jsonl cannot be opened'):
            Archive(path, META)


def test_files_beside_it_are_whole_after_an_interruption(path, records):
    """A line that was torn, and what was kept already."""
    failed = [replace(r, status=FAILED, metrics={}) for r in records]
    path.write_text(''.join(r.to_json() + '\n' for r in failed))
    beside = path.with_suffix('.failed.jsonl')
    kept = [r.to_json() + '\n' for r in failed[:3]]
    beside.write_text(kept[0] + kept[1] + kept[2][:50])
    litter = path.with_name(f'.123.part.{path.name}')
    litter.write_text('torn')
    with Archive(path, META, resume=True) as archive:
        assert not litter.exists()
        for record in records[1:3]:
            archive.update(record)
    assert beside.read_text() == ''.join(kept)


def test_an_existing_archive_is_not_overwritten(path):
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match='holds 6 candidates; resume'):
        Archive(path, META)
    assert path.read_bytes() == before


def test_two_searches_cannot_share_an_archive(path):
    first = Archive(path, META, resume=True)
    with pytest.raises(ArchiveError, match='in use by another search'):
        Archive(path, META, resume=True)
    first.close()
    Archive(path, META, resume=True).close()


def test_without_its_description_it_is_refused(path):
    path.with_suffix('.meta.json').unlink()
    with pytest.raises(
            ArchiveError, match='meta.json, which belongs to archive'):
        Archive(path, META, resume=True)


@pytest.mark.parametrize('text', ['{"space":', '[1]', ''])
def test_with_a_broken_description_it_is_refused_and_free(path, text):
    whole = path.with_suffix('.meta.json').read_text()
    path.with_suffix('.meta.json').write_text(text)
    with pytest.raises(ArchiveError, match='meta.json, which belongs to'):
        Archive(path, META, resume=True)
    path.with_suffix('.meta.json').write_text(whole)
    Archive(path, META, resume=True).close()


def test_the_lock_is_given_back_whatever_happens(path, monkeypatch):
    for error in (KeyboardInterrupt, MemoryError):

        def fail(text, error=error):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(Record, 'from_json', fail)
            with pytest.raises(error):
                Archive(path, META, resume=True)
    with pytest.raises(TypeError):
        Archive(path, dict(space=object()), resume=True)
    with pytest.raises(RuntimeError, match='mine'):
        with Archive(path, META, resume=True):
            raise RuntimeError('mine')
    Archive(path, META, resume=True).close()


def test_a_refused_archive_is_not_created(tmp_path):
    with pytest.raises(TypeError):
        Archive(tmp_path / 'a.jsonl', dict(space=object()))
    assert not list(tmp_path.glob('a.*'))


@contextmanager
def disk_full(path, room):
    """Files can grow only so far beyond the size of this one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE,
                       (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize('room', [0, 1, 100])
def test_a_full_disk_leaves_the_archive_as_it_was(tmp_path, records, room):
    with Archive(tmp_path / 'a.jsonl', META) as archive:
        for record in records[:3]:
            archive.append(record)
        before = archive.path.read_bytes()
        with disk_full(archive.path, room):
            with pytest.raises(ArchiveError, match='candidate 3 cannot be'):
                archive.append(records[3])
            assert archive.path.read_bytes() == before
        assert archive.records == read_archive(archive.path) == records[:3]
        for record in records[3:]:
            archive.append(record)
    assert read_archive(archive.path) == records


def test_a_torn_line_that_stays_is_the_last(path, records, monkeypatch):
    """Nothing may follow it, so that it can be dropped."""

    class Full:

        def __init__(self, file):
            self.file = file

        def write(self, data):
            if len(data) > 20:
                return self.file.write(data[:20])
            raise OSError('no space left')

        def truncate(self, size):
            raise OSError('broken')

        def __getattr__(self, name):
            return getattr(self.file, name)

    archive = Archive(path, META, resume=True)
    archive._file = Full(archive._file)
    record = replace(records[0], id=6)
    with pytest.raises(ArchiveError, match='no space left'):
        archive.append(record)
    with pytest.raises(ArchiveError, match='is closed'):
        archive.append(record)
    assert read_archive(path) == records
    with Archive(path, META, resume=True) as archive:
        assert archive.records == records and archive.dropped


def test_readers_may_look_while_it_is_written(path, records):
    with Archive(path, META, resume=True) as archive:
        archive.append(replace(records[0], id=6))
        assert read_archive(path) == archive.records
        assert pd.read_json(path, lines=True).id.tolist() == list(range(7))


# -- measuring again ---------------------------------------------------------
@pytest.fixture
def failed(tmp_path, records):
    """An archive whose candidates 1 and 3 failed."""
    with Archive(tmp_path / 'failed.jsonl', META) as archive:
        for record in records:
            if record.id in (1, 3):
                record = replace(
                    record, status=FAILED, metrics={}, error='out of memory')
            archive.append(record)
    return archive.path


def test_a_failure_can_be_replaced_in_its_place(failed, records):
    with Archive(failed, META, resume=True) as archive:
        archive.update(records[3])
        again = replace(archive.records[1], error='again')
        archive.update(again)
        archive.update(records[1])
        assert read_archive(failed) == archive.records == records
        archive.append(replace(records[0], id=6))
        with pytest.raises(ArchiveError, match='in use by another search'):
            Archive(failed, META, resume=True)
    assert len(read_archive(failed)) == 7
    kept = pd.read_json(failed.with_suffix('.failed.jsonl'), lines=True)
    assert kept.id.tolist() == [3, 1, 1]
    assert kept.error.tolist() == ['out of memory', 'out of memory', 'again']
    Archive(failed, META, resume=True).close()


def test_a_search_goes_on_from_the_better_history(tmp_path):
    """The same each time: what was proposed since then is in the archive."""

    def build():
        return TopologyEvolution(COSTS, OBJECTIVES, n0=10, k=5, N=30, seed=3)

    searcher = build()
    with Archive(tmp_path / 'a.jsonl', META) as archive:
        while len(searcher.history) < 17:  # in the middle of a generation
            candidate = ask(searcher)
            changes = dict(
                status=FAILED, metrics={}) if candidate.id == 4 else {}
            record = measured(searcher, candidate, **changes)
            archive.append(record)
            searcher.tell(record)
    failed = searcher.history[4]
    mended = measured(
        searcher, Candidate(4, SPACE.from_dict(failed.arch)), generation=0)
    with Archive(archive.path, META, resume=True) as archive:
        archive.update(mended)
    ends = []
    for _ in range(2):
        again = build()
        for record in read_archive(archive.path):
            again.tell(record)
        ends.append(finish(again))
    assert ends[0] == ends[1]
    assert [r.digest
            for r in ends[0][:17]] == [r.digest for r in searcher.history]
    assert ends[0][4] == mended


@pytest.mark.parametrize('change, message', [
    (dict(id=6), 'expected one of 6 candidates, got 6'),
    (dict(id=-1), 'expected one of 6 candidates, got -1'),
    (dict(id=0), 'candidate 0 to be .* in the place of ok'),
    (dict(digest='f'), 'candidate 1 to be .* got f in the place of failed'),
])
def test_only_the_same_failed_candidate_is_replaced(failed, records, change,
                                                    message):
    before = failed.read_bytes()
    with Archive(failed, META, resume=True) as archive:
        with pytest.raises(ArchiveError, match=message):
            archive.update(replace(records[1], **change))
    assert failed.read_bytes() == before


def test_a_replacement_on_a_full_disk_changes_nothing(failed, records):
    with Archive(failed, META, resume=True) as archive:
        before = archive.records.copy()
        with disk_full(failed, -1000):
            with pytest.raises(ArchiveError, match='1 cannot be replaced'):
                archive.update(records[1])
        assert archive.records == read_archive(failed) == before
        archive.append(replace(records[0], id=6))
        archive.update(records[1])
    assert read_archive(failed)[1] == records[1]


def test_missing_archive(tmp_path):
    with pytest.raises(ArchiveError, match='there is no archive'):
        read_archive(tmp_path / 'none.jsonl')


def test_numbers_survive_exactly(records):
    record = Record(
        id=0, digest='d', arch={}, metrics=dict(mIoU=0.1 + 0.2), seconds=1e-9)
    assert Record.from_json(record.to_json()) == record
    with pytest.raises(ValueError):
        Record(
            id=0, digest='d', arch={}, metrics=dict(x=float('nan'))).to_json()


def test_curves(records):
    curves = dict(mIoU=[[500, 0.1], [1000, 0.25]], loss=[])
    record = Record(id=0, digest='d', arch={}, curves=curves)
    assert Record.from_json(record.to_json()) == record
    assert 'curves' not in records[0].to_json()


def test_unknown_value_lists_what_there_is(records):
    with pytest.raises(KeyError, match="'AP' is not among .*'mIoU'"):
        records[0].value('AP')


def test_cut_back(tmp_path):
    """Later candidates are kept beside, once, and others follow."""
    path = tmp_path / 'archive.jsonl'
    with Archive(path, {}) as archive:
        for i in range(4):
            archive.append(Record(i, f'd{i}', {}, step=i, weights='w'))
        gone = archive.cut_back(2)
        assert [r.id for r in gone] == [2, 3] and len(archive) == 2
        archive.append(Record(2, 'again', {}))
        assert archive.cut_back(3) == []
    assert [r.digest for r in read_archive(path)] == ['d0', 'd1', 'again']
    beside = path.with_suffix('.superseded.jsonl')
    assert len(beside.read_text().splitlines()) == 2
    assert read_archive(path)[0].weights == 'w'
    assert '"step"' not in path.read_text().splitlines()[2]


def test_cut_back_again_after_an_interruption(tmp_path, monkeypatch):
    path = tmp_path / 'archive.jsonl'
    with Archive(path, {}) as archive:
        for i in range(3):
            archive.append(Record(i, f'd{i}', {}))
        with monkeypatch.context() as patch:
            patch.setattr(archive, '_rewrite', lambda _:
                          (_ for _ in ()).throw(OSError('full')))
            with pytest.raises(ArchiveError, match='2 candidates cannot be'):
                archive.cut_back(1)
        assert len(archive) == 3
        archive.cut_back(1)
    beside = path.with_suffix('.superseded.jsonl')
    assert len(beside.read_text().splitlines()) == 2
