"""Latency tables by the command lines, and what a search makes of them."""
import json
import os
import shutil

import pytest
from commands import TOOLS, run

from scalenas_mm.evaluation.latency import build as building
from scalenas_mm.search import read_archive, read_baselines, read_meta
from scalenas_mm.search.latency import recommended
from scalenas_mm.search.record import Record

N = ['train_cfg.searcher.n0=4', 'train_cfg.searcher.N=6']

FAST = """\
_base_ = './tiny_search.py'
train_cfg = dict(
    latency=[{table!r}],
    searcher=dict(
        objectives=dict(
            _delete_=True, mIoU='max', **{{'latency@desk': 'min'}}),
        constraints={{'latency@desk': '90%'}},
        n0=4,
        N=6))
"""


@pytest.fixture(scope='module')
def table(tiny, tmp_path_factory):
    """A table of the tiny space, made by the command."""
    path = tmp_path_factory.mktemp('latency') / 'desk.json'
    result = run('analysis_tools/build_latency_table.py',
                 tiny / 'tiny_search.py', '--name', 'desk', '--out', path,
                 '--rounds', '1')
    assert result.code == 0, result.err
    assert 'latency@desk' in result.out and 'Spearman' in result.out
    return path


def search(tiny, folder, *options, resume=()):
    return run('search.py', tiny / 'tiny_search.py',
               tiny / 'supernet/iter_4.pth', '--work-dir', folder, *resume,
               '--cfg-options', *N, *options)


@pytest.fixture(scope='module')
def searched(tiny, table, tmp_path_factory):
    """A search for networks that are fast on this machine."""
    folder = tmp_path_factory.mktemp('fast')
    config = tiny / 'fast_search.py'
    config.write_text(FAST.format(table=str(table)))
    result = run('search.py', config, tiny / 'supernet/iter_4.pth',
                 '--work-dir', folder)
    return folder, result


def test_a_table_is_not_overwritten(tiny, table):
    before = table.read_bytes()
    result = run('analysis_tools/build_latency_table.py',
                 tiny / 'tiny_search.py', '--name', 'desk', '--out', table)
    assert result.code == 2 and '--force' in result.err
    assert table.read_bytes() == before


def test_interrupted(tiny, tmp_path, monkeypatch):

    def interleaved(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, 'interleaved', interleaved)
    words = ['analysis_tools/build_latency_table.py', tiny / 'tiny_search.py']
    result = run(*words, '--name', 'desk', '--out', tmp_path / 'desk.json')
    assert 'interrupted; the same command goes on' in str(result.code)
    result = run(*words, '--name', 'desk', '--out', tmp_path / ('a' * 300))
    assert result.code == 2 and 'File name too long' in result.err


def test_what_is_older_than_its_table_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS / 'analysis_tools'))
    from build_latency_table import forget_older
    path, part = tmp_path / 'a.json', tmp_path / 'a.json.part.jsonl'
    part.touch()
    forget_older(path)  # of a table that was never done
    assert part.exists()
    path.touch()
    os.utime(part, (1, 1))
    forget_older(path)
    assert not part.exists()
    part.touch()
    os.utime(path, (1, 1))
    forget_older(path)  # of one that --force began and was interrupted
    assert part.exists()


@pytest.mark.parametrize('options, message', [
    (['--name', 'a b'], '--name: expected letters'),
    (['--name', 'a', '--batch', '0'], '--batch: expected at least 1'),
    (['--name', 'a', '--seed', '-1'], '--seed: expected at least 0'),
    (['--name', 'a', '--threads', '999999'], '--threads: expected at most'),
    (['--name', 'a', '--backend', 'tvm'], 'backend: expected torch'),
    (['--name', 'a', '--precision', 'int4'], 'precision: expected fp32'),
])
def test_wrong_options(tiny, tmp_path, options, message):
    result = run('analysis_tools/build_latency_table.py',
                 tiny / 'tiny_search.py', '--out', tmp_path / 'a.json',
                 *options)
    assert result.code == 2 and message in result.err
    assert not list(tmp_path.iterdir())


def test_tables_of_a_finished_archive(tiny, table, tmp_path):
    """Costs are added, nothing is measured, and the search goes on only
    with the same tables."""
    folder = tmp_path / 'plain'
    assert search(tiny, folder).code == 0
    archive = folder / 'archive.jsonl'
    before = read_archive(archive)
    result = run('analysis_tools/add_costs.py', archive, table)
    assert result.code == 0, result.err
    assert 'recommended' in result.out
    after = read_archive(archive)
    for old, new in zip(before, after, strict=True):
        assert new.cost.pop('latency@desk') > 0
        assert new == old
    for record in read_baselines(archive):
        assert record.cost['latency@desk'] > 0
    assert set(read_meta(archive)['latency']) == {'desk'}
    text = archive.read_bytes()
    result = run('analysis_tools/add_costs.py', archive, table, '--limit',
                 'phone=3')
    assert result.code == 2 and 'a machine of latency@desk' in result.err
    assert archive.read_bytes() == text  # a second time changes nothing
    phone = edited(table, tmp_path / 'phone.json', name='phone')
    for wrong in (['--metric', 'AP'], ['--limit', 'tv=3']):
        result = run('analysis_tools/add_costs.py', archive, phone, *wrong)
        assert result.code == 2 and f'{wrong[0]}: expected' in result.err
        assert archive.read_bytes() == text
    more = ['train_cfg.searcher.N=7']
    result = search(tiny, folder, *more, resume=['--resume', '--extend', '1'])
    assert result.code == 2 and 'latency' in result.err
    assert archive.read_bytes() == text


def test_a_table_of_another_size(tiny, table, tmp_path, searched):
    folder, _ = searched
    other = tmp_path / 'other.json'
    data = json.loads(table.read_text())
    other.write_text(json.dumps(dict(data, input_size=[32, 32])))
    archive = folder / 'archive.jsonl'
    text = archive.read_bytes()
    result = run('analysis_tools/add_costs.py', archive, other)
    assert result.code == 2 and 'input_size of latency table' in result.err
    assert archive.read_bytes() == text


def test_a_table_of_another_backbone(tiny, table, tmp_path, searched):
    """Its space is the same, its operators are not."""
    other = edited(
        table, tmp_path / 'other.json', options=dict(upsample='nearest'))
    archive = searched[0] / 'archive.jsonl'
    for words in (['analysis_tools/add_costs.py', archive, other], [
            'search.py', tiny / 'fast_search.py', tiny / 'supernet/iter_4.pth',
            '--work-dir', tmp_path / 'none', '--cfg-options',
            f"train_cfg.latency=['{other}']"
    ]):
        result = run(*words)
        assert result.code == 2
        assert 'upsample of latency table \'desk\': expected bilinear' in (
            result.err)


def test_profile_of_a_space_with_latency(tiny, table, searched):
    result = run('analysis_tools/profile_space.py', tiny / 'fast_search.py',
                 '--samples', 50)
    assert result.code == 0, result.err
    assert 'latency@desk' in result.out and 'met by' in result.out


def edited(table, path, **changes):
    path.write_text(json.dumps(dict(json.loads(table.read_text()), **changes)))
    return path


def test_names_are_of_one_table(table, tmp_path, searched):
    """A search that went by a table keeps its times; nothing is written."""
    folder, _ = searched
    archive = folder / 'archive.jsonl'
    text = archive.read_bytes()
    slower = edited(table, tmp_path / 'slower.json', correction=dict(factor=9))
    result = run('analysis_tools/add_costs.py', archive, slower)
    assert result.code == 2 and 'the search went by' in result.err
    result = run('analysis_tools/add_costs.py', archive, table, slower)
    assert result.code == 2 and 'different names' in result.err
    assert archive.read_bytes() == text


def test_archives_that_are_not_whole(tiny, table, tmp_path, searched):
    """Baselines without their description, a search that says no objectives,
    candidates without a latency."""
    folder = tmp_path / 'copy'
    shutil.copytree(searched[0], folder)
    archive = folder / 'archive.jsonl'
    baselines = folder / 'archive.baselines.meta.json'
    baselines.unlink()
    phone = edited(table, tmp_path / 'phone.json', name='phone')
    result = run('analysis_tools/add_costs.py', archive, phone)
    assert result.code == 0, result.err
    assert not baselines.exists()
    first, *rest = archive.read_text().splitlines()
    data = json.loads(first)
    del data['cost']['latency@phone']
    archive.write_text('\n'.join([json.dumps(data), *rest]) + '\n')
    result = run('analysis_tools/add_costs.py', archive)
    assert result.code == 0, result.err
    meta = json.loads((folder / 'archive.meta.json').read_text())
    del meta['searcher']['objectives']
    (folder / 'archive.meta.json').write_text(json.dumps(meta))
    result = run('analysis_tools/add_costs.py', archive, phone)
    assert result.code == 2 and '--metric: expected one of' in result.err
    result = run('analysis_tools/add_costs.py', archive, '--metric', 'mIoU')
    assert result.code == 0, result.err


def test_a_network_that_shrank(table, tmp_path, searched):
    """It may be there twice, and training goes on without tables."""
    folder = tmp_path / 'copy'
    shutil.copytree(searched[0], folder)
    archive, path = folder / 'archive.jsonl', folder / 'archive.meta.json'
    meta = json.loads(path.read_text())
    meta['searcher']['type'] = 'Shrinking'
    path.write_text(json.dumps(meta))
    last = json.loads(archive.read_text().splitlines()[-1])
    with open(archive, 'a') as file:
        file.write(json.dumps(dict(last, id=last['id'] + 1)) + '\n')
    phone = edited(table, tmp_path / 'phone.json', name='phone')
    result = run('analysis_tools/add_costs.py', archive, phone)
    assert result.code == 0, result.err
    assert all('latency@phone' in one.cost for one in read_archive(archive))
    assert json.loads(path.read_text()) == meta


@pytest.mark.parametrize('limit', ['desk=nan', 'desk=-1', 'desk', 'desk=x'])
def test_limits_that_are_none(searched, limit):
    result = run('analysis_tools/add_costs.py', searched[0] / 'archive.jsonl',
                 '--limit', limit)
    assert result.code == 2 and '--limit: expected NAME=MS' in result.err


def record(id, metric, ms):
    return Record(
        id=id,
        digest=str(id),
        arch={},
        metrics=dict(mIoU=metric),
        cost={
            'macs': 1,
            'latency@a': ms
        },
        parents=(),
        generation=0)


def test_recommended():
    records = [
        record(0, 50.0, 1.0),
        record(1, 60.0, 2.0),
        record(2, 58.0, 3.0),  # beaten
        record(3, 62.0, 9.0),
    ]
    found = recommended(records, 'mIoU', 'latency@a', most=5.0)
    assert [one.id for one in found['front']] == [0, 1, 3]
    assert found['knee'].id == 1 and found['within'].id == 1
    found = recommended(records, 'mIoU', 'latency@a', most=0.5)
    assert found['within'] is None
    assert recommended([], 'mIoU', 'latency@a')['knee'] is None
    # an error, of which less is better
    found = recommended(records, 'mIoU', 'latency@a', higher=False)
    assert [one.id for one in found['front']] == [0]


def test_a_search_for_latency(searched):
    folder, result = searched
    assert result.code == 0, result.err
    records = read_archive(folder / 'archive.jsonl')
    assert len(records) == 6
    biggest = next(
        one for one in read_baselines(folder / 'archive.jsonl')
        if one.name == 'max')
    most = 0.9 * biggest.cost['latency@desk']
    assert all(one.cost['latency@desk'] <= most for one in records)
