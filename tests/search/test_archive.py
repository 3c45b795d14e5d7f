"""The archive: durable, exact, and picky about what it belongs to."""
import json

import pandas as pd
import pytest

from scalenas_mm.search import (Archive, ArchiveError, RandomSearch, Record,
                                read_archive)
from .conformance import COSTS, OBJECTIVES, finish

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


def test_an_existing_archive_is_not_overwritten(path):
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match='holds 6 candidates; resume'):
        Archive(path, META)
    assert path.read_bytes() == before


@pytest.mark.parametrize('key, value, message', [
    ('supernet', 'xyz', "another supernet: expected supernet = 'xyz', "
     "got supernet = 'abc'"),
    ('space', dict(width=9), 'another space: expected space.width = 9, got '
     'space.width = 8'),
    ('searcher', dict(k=10, p_c=1), 'another searcher: expected '
     'searcher.p_c = 1, got searcher.p_c = None'),
])
def test_an_archive_of_something_else_is_refused_by_name(
        path, key, value, message):
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match=message):
        Archive(path, {**META, key: value}, resume=True)
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
