"""Archives of several searches of one supernet as a single one."""
import json
from dataclasses import replace

import pandas as pd
import pytest
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.search import (FAILED, ArchiveError, ListedSearch, Record,
                                merge_archives, merge_records, read_archive,
                                read_meta)
from scalenas_mm.spaces import SettingError
from scalenas_mm.visualization import load_records, plot_pareto
from .conformance import COSTS, OBJECTIVES, SPACE, finish

TOOL = 'analysis_tools/merge_archives.py'
META = dict(
    space=SPACE.to_dict(),
    searcher=dict(type='A', objectives=OBJECTIVES, seed=0),
    evaluation=dict(input_size=[64, 64], data=dict(data_root='here')),
    supernet='abc',
    versions=dict(torch='2'))


def good(id, digest, value=1.0, **fields):
    return Record(id, digest, {}, dict(mIoU=value),
                  dict(params=1, macs=id + 1), **fields)


def failed(id, digest, **fields):
    return Record(id, digest, {}, status=FAILED, error='out of luck', **fields)


def write(path, records, **changes):
    path.write_text(''.join(record.to_json() + '\n' for record in records))
    path.with_suffix('.meta.json').write_text(json.dumps({**META, **changes}))
    return path


@pytest.fixture
def two(tmp_path):
    """Files of three and two candidates with one architecture in both."""
    first = [
        good(0, 'x'),
        failed(1, 'y', parents=[0]),
        good(2, 'z', parents=[0, 1], generation=1)
    ]
    second = [
        good(0, 'w', 5.),
        replace(good(1, 'y', 3.), parents=[0], generation=4)
    ]
    return (write(tmp_path / 'a.jsonl', first),
            write(
                tmp_path / 'b.jsonl',
                second,
                searcher=dict(
                    type='B', objectives=dict(mIoU='max', params='min'))))


def test_each_once_with_new_ids(tmp_path, two):
    merged = merge_archives(tmp_path / 'new' / 'out.jsonl', two)
    records = read_archive(tmp_path / 'new' / 'out.jsonl')
    assert records == merged.records and merged.warnings == []
    assert merged.repeated == 1
    assert [r.digest for r in records] == ['x', 'y', 'z', 'w']
    # what failed first was measured later; its place and parents stay
    again = records[1]
    assert again.ok and again.metrics == dict(mIoU=3.) and again.error is None
    assert again.parents == [0] and again.generation == 0
    assert records[2].parents == [0, 1] and records[2].generation == 1
    meta = read_meta(tmp_path / 'new' / 'out.jsonl')
    assert meta['searcher']['objectives'] == dict(
        mIoU='max', macs='min', params='min')
    assert [(part['searcher']['type'], part['candidates'])
            for part in meta['searcher']['of']] == [('A', 3), ('B', 2)]
    assert {**meta, 'searcher': 0} == {**META, 'searcher': 0}
    names = {path.name for path in (tmp_path / 'new').iterdir()}
    assert names == {'out.jsonl', 'out.meta.json'}


@st.composite
def searches(draw):
    """Archives over few architectures; each has its own metric, always."""
    archives = []
    for _ in range(draw(st.integers(2, 4))):
        records = []
        for id in range(draw(st.integers(0, 8))):
            digest = draw(st.sampled_from('abcdef'))
            parents = draw(
                st.lists(st.integers(0, id -
                                     1), max_size=2) if id else st.just([]))
            make = good if draw(st.booleans()) else failed
            record = make(
                id,
                digest,
                parents=parents,
                generation=draw(st.integers(0, 3)))
            if record.ok:
                record = replace(
                    record,
                    metrics=dict(mIoU=float(ord(digest))),
                    cost=dict(params=1, macs=ord(digest)))
            records.append(record)
        archives.append(records)
    return archives


@settings(max_examples=100, deadline=None)
@given(searches())
def test_properties(archives):
    records, conflicts = merge_records(range(len(archives)), archives)
    every = [record for archive in archives for record in archive]
    assert conflicts == []
    assert [r.id for r in records] == list(range(len(records)))
    first = list(dict.fromkeys(record.digest for record in every))
    assert [record.digest for record in records] == first
    measured = {record.digest for record in every if record.ok}
    for record in records:
        assert record.ok == (record.digest in measured)
        assert all(parent < record.id for parent in record.parents)
        origin, old = next((archive, r) for archive in archives
                           for r in archive if r.digest == record.digest)
        assert [records[i].digest for i in record.parents
                ] == [origin[i].digest for i in old.parents]
        assert record.generation == old.generation
    # what is merged already stays as it is
    assert merge_records(['all', 'again'], [records, records])[0] == records


def test_other_metrics_of_one_architecture_are_told(tmp_path, two):
    write(tmp_path / 'b.jsonl', [good(0, 'x', 2.), good(1, 'z')])
    out = tmp_path / 'out.jsonl'
    code, text, error = run(TOOL, out, *two)
    assert code == 0
    lines = error.splitlines()
    assert len(lines) == 2
    assert f'x: mIoU is 1.0 in {two[0]} and 2.0 in {two[1]}' in lines[0]
    assert 'z: macs is 3 in' in lines[1]
    assert '3 candidates, 1 of them failed; 2 were in it already' in text
    assert read_archive(out)[0].metrics == dict(mIoU=1.)


def test_many_warnings_are_counted(tmp_path):
    pair = [
        write(tmp_path / f'{value}.jsonl',
              [good(i, f'{i}', value) for i in range(25)]) for value in (1, 2)
    ]
    _, _, error = run(TOOL, tmp_path / 'out.jsonl', *pair)
    assert error.splitlines()[-1] == 'and 15 warnings more'


@pytest.mark.parametrize('changes, message', [
    (dict(space=dict(META['space'], width=16)),
     'space.width: expected 8, got 16'),
    (dict(supernet='def'), "supernet: expected 'abc', got 'def'"),
    (dict(evaluation=dict(input_size=[32, 64])), 'evaluation.data: expected'),
    (dict(kind='shrinking'), "kind: expected nothing, got 'shrinking'"),
    (dict(searcher=dict(objectives=dict(mIoU='min'))),
     "objectives.mIoU: expected max, got 'min'"),
])
def test_of_something_else(tmp_path, two, changes, message):
    write(two[1], [good(0, 'v')], **changes)
    before = sorted(tmp_path.iterdir())
    code, _, error = run(TOOL, tmp_path / 'out.jsonl', *two)
    assert code == 2 and message in error and 'b.jsonl' in error
    assert len(error.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_versions_and_folders_of_data_may_differ(tmp_path, two):
    write(
        two[1], [good(0, 'v')],
        versions=dict(torch='3'),
        evaluation=dict(input_size=[64, 64], data=dict(data_root='there')))
    merged = merge_archives(tmp_path / 'out.jsonl', two)
    assert len(merged.records) == 4
    assert [w.partition('jsonl: ')[2] for w in merged.warnings] == [
        "evaluation.data.data_root: expected 'here', got 'there'",
        "versions.torch: expected '2', got '3'"
    ]


def test_what_is_there_is_not_overwritten(tmp_path, two):
    for name in ('out.jsonl', 'out.meta.json'):
        (tmp_path / name).write_text('mine')
        before = sorted(tmp_path.iterdir())
        with pytest.raises(ArchiveError, match=f'{name} exists'):
            merge_archives(tmp_path / 'out.jsonl', two)
        assert sorted(tmp_path.iterdir()) == before
        assert (tmp_path / name).read_text() == 'mine'
        (tmp_path / name).unlink()
    with pytest.raises(ArchiveError, match='a.jsonl exists'):
        merge_archives(two[0], two)


def test_a_failure_leaves_nothing(tmp_path, two, monkeypatch):
    from scalenas_mm.search import merge

    def full(path, text):
        if str(path).endswith('out.jsonl'):
            raise OSError('no space left on device')
        path.write_text(text)

    monkeypatch.setattr(merge, 'write_atomic', full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError):
        merge_archives(tmp_path / 'out.jsonl', two)
    assert sorted(tmp_path.iterdir()) == before


def test_broken_files(tmp_path, two):
    with open(two[1], 'a') as file:
        file.write('{"id": 2, "dig')  # torn, as of a search that was killed
    assert len(merge_archives(tmp_path / 'out.jsonl', two).records) == 4
    with open(two[1], 'a') as file:
        file.write('\n')
    with pytest.raises(ArchiveError, match='b.jsonl, line 3: not a candidate'):
        merge_archives(tmp_path / 'more.jsonl', two)
    meta = two[1].with_suffix('.meta.json')
    meta.write_text('{')
    with pytest.raises(ArchiveError, match='b.meta.json, which belongs to'):
        merge_archives(tmp_path / 'more.jsonl', two)
    meta.write_text('{"space": {}}')
    with pytest.raises(SettingError, match='b.meta.json: expected evaluation'):
        merge_archives(tmp_path / 'more.jsonl', two)
    write(tmp_path / 'c.jsonl', []).unlink()
    with pytest.raises(ArchiveError, match='there is no'):
        merge_archives(tmp_path / 'more.jsonl', [two[0], tmp_path / 'c.jsonl'])
    with pytest.raises(SettingError, match='at least two'):
        merge_archives(tmp_path / 'more.jsonl', two[:1])


@pytest.mark.parametrize('record, message', [
    (good(0, 'v', weights='0f'), 'weights of its own'),
    (good(0, 'v', parents=[0]), r'parents before it, got \[0\]'),
    (good(0, 'v', parents=[-1]), r'parents before it, got \[-1\]'),
])
def test_candidates_that_cannot_be_merged(tmp_path, two, record, message):
    write(two[1], [record])
    with pytest.raises(ArchiveError, match=f'b.jsonl: candidate 0.*{message}'):
        merge_archives(tmp_path / 'out.jsonl', two)


def test_whatever_reads_archives_reads_it(tmp_path):
    """Two random searches of a space: plots, tables, and measuring again."""
    from scalenas_mm.search import RandomSearch
    pair = [
        write(tmp_path / f'{seed}.jsonl',
              finish(RandomSearch(COSTS, OBJECTIVES, N=6, seed=seed)))
        for seed in (0, 1)
    ]
    out = tmp_path / 'out.jsonl'
    merge_archives(out, pair)
    assert len(pd.read_json(out, lines=True)) == 12
    figure = plot_pareto(load_records(out), tmp_path / 'out.png', 'mIoU')
    assert '12 candidates' in figure.texts[-1].get_text()
    listed = ListedSearch(COSTS, OBJECTIVES, archs=str(out))
    assert [a.digest for a in listed.archs
            ] == [record.digest for record in read_archive(out)]
