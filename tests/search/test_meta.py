"""What an archive belongs to: compared by value, named by key."""
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalenas_mm.search import (Archive, ArchiveError, RandomSearch,
                                check_meta, read_meta)
from scalenas_mm.search.meta import canonical, differences
from .conformance import COSTS, OBJECTIVES, finish

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    dict(type='PackSegInputs')
]
META = dict(
    space=dict(width=8),
    supernet='abc',
    searcher=dict(type='TopologyEvolution', k=10, archs=list('abcdefghijkl')),
    evaluation=dict(
        val_dataloader=dict(
            dataset=dict(data_root='data/cityscapes', pipeline=PIPELINE)),
        seed=0,
        lr=float('nan')),
    versions=dict(torch='2.1', numpy='1.26'))


@pytest.fixture
def path(tmp_path):
    with Archive(tmp_path / 'archive.jsonl', META) as archive:
        for record in finish(RandomSearch(COSTS, OBJECTIVES, N=2)):
            archive.append(record)
    return archive.path


def changed(place, value, *missing):
    """META with another value at a place, or without it."""
    meta = copy.deepcopy(META)
    *parents, last = place
    inner = meta
    for key in parents:
        inner = inner[key]
    if missing:
        del inner[last]
    else:
        inner[last] = value
    return meta


def test_it_is_stored_whole(path):
    stored = read_meta(path)
    dataset = stored['evaluation']['val_dataloader']['dataset']
    assert dataset['pipeline'][2] == {**PIPELINE[2], 'scale': [2048, 1024]}
    text = path.with_suffix('.meta.json').read_text()
    assert list(stored) == sorted(META) and text.endswith('}\n')


def reverse(value):
    if isinstance(value, dict):
        return {key: reverse(value[key]) for key in reversed(value)}
    return [reverse(v) for v in value] if isinstance(value, list) else value


def test_the_order_of_keys_does_not_matter(path):
    with Archive(path, reverse(META), resume=True) as archive:
        assert len(archive) == 2 and archive.warnings == []


PLACE = ('evaluation', 'val_dataloader', 'dataset', 'pipeline')
NAME = r'evaluation\.val_dataloader\.dataset\.pipeline'


@pytest.mark.parametrize('place, value, message', [
    (['supernet'
      ], 'xyz', "another supernet: supernet: expected 'xyz', got 'abc'"),
    (['space', 'width'], 9, r'another space: space\.width: expected 9, got 8'),
    (['searcher', 'p_c'], 1, r'searcher\.p_c: expected 1, got nothing'),
    (['searcher', 'archs', 7], 'z', r"archs\[7\]: expected 'z', got 'h'"),
    (['searcher', 'archs'], list('abc'), 'expected 3 entries, got 12 entries'),
    (['evaluation', 'seed'], False, 'seed: expected False, got 0'),
    ([*PLACE, 2, 'scale'], (512, 512),
     NAME + r'\[2\]\.scale: expected \[512, 512\], got \[2048, 1024\]'),
    ([*PLACE, 2, 'scale'
      ], [512], NAME + r'\[2\]\.scale: expected \[512\], got \[2048, 1024\]'),
    (PLACE, PIPELINE[:2], NAME + ': expected 2 entries, got 4 entries'),
    (PLACE, 'x' * 99, NAME + ": expected 'x{56}[.]{3}, got \\[{'type'"),
])
def test_another_one_is_refused_by_key(path, place, value, message):
    before = path.read_bytes(), path.with_suffix('.meta.json').read_bytes()
    with pytest.raises(ArchiveError, match=message):
        Archive(path, changed(place, value), resume=True)
    assert before == (path.read_bytes(),
                      path.with_suffix('.meta.json').read_bytes())
    Archive(path, META, resume=True).close()


def test_what_is_too_much_is_named_too(path):
    with pytest.raises(ArchiveError, match='seed: expected nothing, got 0'):
        Archive(path, changed(['evaluation', 'seed'], 0, 'no'), resume=True)


def test_of_many_differences_the_first_is_named(path):
    meta = dict(META, space=dict(width=9), supernet='x', searcher=dict(k=1))
    with pytest.raises(ArchiveError, match=r'\.archs.*\(4 more differ\)'):
        check_meta(path, meta)


def test_an_older_archive_is_refused(path):
    """It says too little about what its candidates depend on."""
    stored = read_meta(path)
    del stored['evaluation']
    path.with_suffix('.meta.json').write_text(json.dumps(stored))
    with pytest.raises(ArchiveError, match='evaluation: expected .* nothing'):
        Archive(path, META, resume=True)


def test_folders_of_data_and_versions_only_warn(path):
    place = ['evaluation', 'val_dataloader', 'dataset', 'data_root']
    meta = changed(place, '/mnt/cityscapes')
    meta['versions'] = dict(torch='2.2', numpy='1.26', scalenas_mm='1')
    before = path.with_suffix('.meta.json').read_bytes()
    with Archive(path, meta, resume=True) as archive:
        data, package, torch = archive.warnings
    assert "data_root: expected '/mnt/cityscapes', got 'data/city" in data
    assert "versions.scalenas_mm: expected '1', got nothing" in package
    assert "versions.torch: expected '2.2', got '2.1'" in torch
    assert path.with_suffix('.meta.json').read_bytes() == before
    # further down `versions` is a setting like any other
    with pytest.raises(ArchiveError, match='evaluation.versions: expected'):
        check_meta(path, changed(['evaluation', 'versions'], 1))


def test_without_candidates_it_belongs_to_nothing(tmp_path):
    Archive(tmp_path / 'a.jsonl', META).close()
    meta = changed(['supernet'], 'xyz')
    Archive(tmp_path / 'a.jsonl', meta).close()
    assert read_meta(tmp_path / 'a.jsonl')['supernet'] == 'xyz'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats()
    | st.text('ab', max_size=3), lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text('abc', min_size=1, max_size=2), inner))
METAS = st.dictionaries(st.text('abc', min_size=1, max_size=2), VALUES)


@given(METAS)
def test_nothing_differs_from_itself(meta):
    text = canonical(meta)
    stored = json.loads(text)
    assert canonical(stored) == canonical(reverse(stored)) == text
    assert differences(stored, json.loads(canonical(reverse(meta)))) == []


@given(METAS, METAS)
def test_whatever_differs_is_found(one, two):
    one, two = (json.loads(canonical(meta)) for meta in (one, two))
    if one != two and 'NaN' not in canonical(one) + canonical(two):
        assert differences(one, two)
