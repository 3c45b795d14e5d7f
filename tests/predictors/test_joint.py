"""Joint search for several tasks."""
import json
import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from search.conformance import COSTS, OBJECTIVES, SPACE, finish

from scalenas_mm.predictors import propose_jointly
from scalenas_mm.search import (RandomSearch, of_task, read_archive, read_meta,
                                task_meta)
from scalenas_mm.spaces import InputError

TOOLS = Path(__file__).parents[2] / 'tools'


def history(seed, better):
    """Random candidates of a task whose metric is a function of them."""
    records = finish(RandomSearch(COSTS, OBJECTIVES, N=80, seed=seed))
    return [
        replace(
            r,
            metrics=dict(
                mIoU=float(better(SPACE.encode(SPACE.from_dict(r.arch))))))
        for r in records
    ]


def early(genes):
    return genes[:len(genes) // 2].sum()


def late(genes):
    return genes[len(genes) // 2:].sum()


METRICS = dict(early='mIoU', late='coco/AP (M)')


@pytest.fixture(scope='module')
def archives():
    return dict(early=history(0, early), late=history(1, late))


@pytest.fixture(scope='module')
def unlike(archives):
    """The same; metrics of the tasks have different names."""
    return {
        name: [
            replace(r, metrics={METRICS[name]: r.metrics['mIoU']})
            for r in records
        ]
        for name, records in archives.items()
    }


def test_proposals_are_new_and_good_for_both(archives, unlike):
    found = propose_jointly(
        COSTS, unlike, METRICS, 10, lambdas=(0.1, ), iterations=40)
    digests = {p.arch.digest for p in found}
    known = {r.digest for records in archives.values() for r in records}
    assert 0 < len(digests) == len(found) <= 10 and not digests & known
    for proposal in found:
        assert proposal.cost == COSTS(proposal.arch)
        assert list(proposal.predicted) == ['early.mIoU', 'late.coco/AP (M)']
    genes = [SPACE.encode(p.arch) for p in found]
    best = {
        name: sorted(r.metrics['mIoU'] for r in records)[-8]
        for name, records in archives.items()
    }  # the best tenth
    assert any(
        early(g) >= best['early'] and late(g) >= best['late'] for g in genes)


def test_limits_are_kept(archives):
    limit = 1.2 * COSTS(SPACE.min_arch())['macs']
    found = propose_jointly(
        COSTS,
        archives,
        dict.fromkeys(archives, 'mIoU'),
        5,
        limits=dict(macs=limit),
        lambdas=(0.3, ),
        iterations=10)
    assert found and all(p.cost['macs'] <= limit for p in found)


# -- the tool ----------------------------------------------------------------
def write(folder, name, records, **space):
    path = folder / f'{name}.jsonl'
    path.write_text(''.join(r.to_json() + '\n' for r in records))
    meta = dict(
        space={
            **SPACE.to_dict(),
            **space
        },
        evaluation=dict(input_size=[64, 64]))
    path.with_suffix('.meta.json').write_text(json.dumps(meta))
    return f'{name}={path}'


@pytest.fixture
def joint_search(monkeypatch, capsys):
    """Run the tool in this process; exit code, output and errors."""

    def run(*args):
        argv = ['joint_search.py', *map(str, args)]
        monkeypatch.setattr(sys, 'argv', argv)
        monkeypatch.syspath_prepend(str(TOOLS))
        code = 0
        try:
            runpy.run_path(str(TOOLS / 'joint_search.py'), run_name='__main__')
        except SystemExit as exit:
            code = exit.code
        return (code, *capsys.readouterr())

    return run


def test_tool_proposes_and_joins(unlike, tmp_path, joint_search):
    first, *rest = unlike['early']  # costs are those of the second
    failed = replace(first, status='failed', metrics={}, cost={})
    pairs = [
        write(tmp_path, 'early', [failed, *rest]),
        write(tmp_path, 'late', unlike['late'])
    ]
    metrics = ['--metric', *(f'{k}={v}' for k, v in METRICS.items())]
    out = tmp_path / 'new' / 'archs.jsonl'
    code, text, error = joint_search('propose', *pairs, '--out', out, '--num',
                                     3, *metrics)
    assert code == 0, error
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == 3 and 'late.coco/AP (M)' in text
    found = [SPACE.from_dict(x['arch']) for x in lines]
    assert [arch.digest for arch in found] == [x['digest'] for x in lines]
    assert [COSTS(arch) for arch in found] == [x['cost'] for x in lines]
    code, _, error = joint_search('propose', *pairs, '--out', out)
    assert code == 2 and '--force overwrites' in error

    part = [
        replace(record, id=i, metrics=dict(AP=i), cost=dict(macs=7, params=i))
        for i, record in enumerate(unlike['early'][20:50])
    ]
    joined = tmp_path / 'joint.jsonl'
    _, text, error = joint_search('front', pairs[0],
                                  write(tmp_path, 'other', part), '--out',
                                  joined, '--metric', 'early=mIoU', 'other=AP')
    assert '30 architectures measured in all tasks' in text, error
    records, meta = read_archive(joined), read_meta(joined)
    assert len(records) == 30
    for record, source in zip(records, part, strict=True):
        assert record.cost['macs'] == record.cost['early.macs'] != 7
        own = of_task(record, 'other')
        assert own.digest == source.digest
        assert (own.metrics, own.cost) == (source.metrics, source.cost)
    assert meta['searcher']['objectives'] == {
        'early.mIoU': 'max',
        'other.AP': 'max',
        'macs': 'min'
    }
    assert task_meta(meta, 'other') == read_meta(tmp_path / 'other.jsonl')
    for name in None, 'late':
        with pytest.raises(InputError, match='expected early or other, got'):
            task_meta(meta, name)


def test_tool_names_what_is_wrong(archives, tmp_path, joint_search):
    first = write(tmp_path, 'a', archives['early'])
    other = write(tmp_path, 'b', archives['late'], width=16)
    for pairs, message in (
        ([first, other], 'b: space.width: expected that of a, '),
        ([first, first], 'two or more, of different names'),
        ([first, other, '--metric', 'a=x', 'c=y'],
         '--metric: expected one for all tasks or NAME=METRIC for each of '
         'a, b, got a=x c=y'),
    ):
        code, _, error = joint_search('front', *pairs, '--out',
                                      tmp_path / 'out.jsonl')
        assert code == 2 and message in error
        assert len(error.splitlines()) == 1
    assert not (tmp_path / 'out.jsonl').exists()


def change_meta(pair, **changes):
    path = Path(pair.partition('=')[2]).with_suffix('.meta.json')
    meta = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in meta.items() if v}))


def test_tool_names_what_a_proposal_lacks(archives, tmp_path, joint_search):
    good = write(tmp_path, 'good', archives['late'])
    failed = [
        replace(r, status='failed', metrics={}, cost={})
        for r in archives['early'][:3]
    ]
    mixed = failed[:1] + archives['early'][1:3]
    for records, meta, args, message in (
        ([], {}, [], 'a: expected at least two measured candidates'),
        (failed, {}, [], "two measured candidates, got '0 among 3'"),
        (mixed, {}, ['--metric', 'foo'], 'expected foo, got .mIoU'),
        (mixed, {}, ['--num', 0], '--num: expected at least 1'),
        (mixed, dict(space=None), [], 'a: .meta.json: expected space'),
        (mixed, dict(evaluation=None), [], 'a search.*: expected evaluation'),
        (mixed, dict(evaluation=dict(a=1)), [], 'expected input_size'),
        ([replace(r, cost=dict(macs=1)) for r in archives['early'][:2]],
         {}, [], "costs of candidate 0: expected params, got 'macs'"),
        (mixed, {}, ['--out', tmp_path / 'a.jsonl' / 'b', '--num', 1],
         '--out: '),
    ):  # yapf: disable
        pair = write(tmp_path, 'a', records)
        change_meta(pair, **meta)
        out = tmp_path / 'out.jsonl'
        code, text, error = joint_search('propose', pair, good, '--out', out,
                                         *args)
        assert code == 2 and re.search(message, error), error
        assert len(error.splitlines()) == 1
    assert not out.exists()
