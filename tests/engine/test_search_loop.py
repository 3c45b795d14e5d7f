"""A search on a tiny supernet, through the runner."""
import json
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import run
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from tiny_search import runner_of

from scalenas_mm.engine.stopping import SearchStopped
from scalenas_mm.evaluation import Outcome, Sequential
from scalenas_mm.registry import EVALUATIONS
from scalenas_mm.search import ArchiveError, read_archive, read_baselines
from scalenas_mm.spaces import SettingError

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = 'supernet/iter_4.pth'
ONE_BY_ONE = dict(train_cfg__evaluation=dict(type='Sequential'))


def searcher(tiny, work_dir, **options):
    options.setdefault('load_from', str(tiny / CHECKPOINT))
    options.setdefault('train_cfg__baselines', False)
    return runner_of(tiny / 'tiny_search.py', work_dir, **options)


def timeless(path):
    return [replace(record, seconds=0.0) for record in read_archive(path)]


@pytest.fixture(scope='module')
def finished(tiny, tmp_path_factory):
    """Records and work directory of an undisturbed search."""
    folder = tmp_path_factory.mktemp('finished')
    runner = searcher(tiny, folder, train_cfg__baselines=True)
    before = {
        key: value.clone()
        for key, value in runner.model.state_dict().items()
    }
    runner.train()
    return runner, folder, before


def test_archive_holds_every_candidate(finished):
    runner, folder, _ = finished
    records = read_archive(folder / 'archive.jsonl')
    assert [record.id for record in records] == list(range(8))
    assert [r.generation for r in records] == [0] * 4 + [1, 1, 2, 2]
    assert len({record.digest for record in records}) == 8
    for record in records:
        arch = runner.train_loop.backbone.space.from_dict(record.arch)
        assert record.cost == runner.train_loop.costs(arch)
        assert record.ok and 0 <= record.metrics['mIoU'] <= 100
        assert record.seconds > 0


def test_baselines_are_measured_as_candidates(tiny, finished, tmp_path):
    runner, folder, _ = finished
    loop, archive = runner.train_loop, folder / 'archive.jsonl'
    known = read_baselines(archive)
    assert [record.name for record in known] == ['max', 'min']
    assert known == loop.baselines
    for record in known:
        arch = loop.backbone.space.resolve(record.name)
        outcome, = loop.evaluation([arch])
        assert outcome.metrics == record.metrics
        assert record.cost == loop.costs(arch)
    # they change no candidate, and are not measured again
    for name in ('baselines.jsonl', 'baselines.meta.json'):
        source = folder / f'archive.{name}'
        (tmp_path / source.name).write_text(source.read_text())
    Three.sizes.clear()
    searcher(
        tiny,
        tmp_path,
        train_cfg__baselines=True,
        train_cfg__evaluation=dict(type='Three')).train()
    assert Three.sizes == [3, 1, 2, 2]
    assert timeless(tmp_path / 'archive.jsonl') == timeless(archive)
    assert read_baselines(tmp_path / 'archive.jsonl') == known


def test_a_baseline_may_fail(tiny, tmp_path, monkeypatch):
    plain, failing = Sequential._measure, [True]

    def measure(self, arch):
        if failing and arch == self.backbone.space.min_arch():
            return Outcome(error='nothing found')
        return plain(self, arch)

    monkeypatch.setattr(Sequential, '_measure', measure)
    options = dict(
        ONE_BY_ONE,
        train_cfg__baselines=['min', 'max'],
        train_cfg__searcher__N=4)
    searcher(tiny, tmp_path, **options).train()
    archive = tmp_path / 'archive.jsonl'
    assert [r.error
            for r in read_baselines(archive)] == ['nothing found', None]
    failing.clear()
    searcher(tiny, tmp_path, resume=True, **options).train()
    assert not read_baselines(archive)[0].ok  # unless that is asked for
    options.update(train_cfg__retry_failed=True)
    searcher(tiny, tmp_path, **options).train()
    assert [r.ok for r in read_baselines(archive)] == [True, True]


def test_a_baseline_without_a_name(tiny, tmp_path):
    with pytest.raises(SettingError, match='baselines: .* max, min, got'):
        searcher(tiny, tmp_path, train_cfg__baselines=['x']).train()


def test_supernet_stays_exactly_as_it_was(tiny, finished):
    runner, _, _ = finished
    stored = torch.load(tiny / CHECKPOINT, weights_only=True)['state_dict']
    now = runner.model.state_dict()
    assert stored.keys() == now.keys()
    assert all(torch.equal(stored[key], now[key]) for key in now)
    assert runner.train_loop.backbone.arch == (
        runner.train_loop.backbone.space.max_arch())


def test_plots_and_scalars_are_written(finished):
    _, folder, _ = finished
    assert (folder / 'pareto.png').stat().st_size > 5000
    scalars, = folder.rglob('scalars.json')
    steps = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert [s['step'] for s in steps if 'search/mIoU' in s] == list(range(8))


@pytest.mark.parametrize('kept', [0, 1, 5, 7])
def test_resumed_search_gives_the_same_archive(tiny, finished, tmp_path, kept):
    whole = finished[1] / 'archive.jsonl'
    lines = whole.read_text().splitlines(keepends=True)
    (tmp_path / 'archive.jsonl').write_text(''.join(lines[:kept]) +
                                            lines[kept][:30])
    (tmp_path / 'archive.meta.json').write_text(
        whole.with_suffix('.meta.json').read_text())
    # --resume of tools/train.py and mim sets it at the top level
    searcher(tiny, tmp_path, resume=True).train()
    assert timeless(tmp_path / 'archive.jsonl') == timeless(whole)


@EVALUATIONS.register_module(force=True)
class Three(Sequential):
    """Is given three candidates at once, or what a generation has left."""
    size = 3
    sizes = []

    def __call__(self, archs):
        self.sizes.append(len(archs))
        return super().__call__(archs)


def test_how_many_are_measured_at_once_changes_nothing(tiny, finished,
                                                       tmp_path):
    Three.sizes.clear()
    searcher(tiny, tmp_path, train_cfg__evaluation=dict(type='Three')).train()
    assert Three.sizes == [3, 1, 2, 2]
    assert timeless(tmp_path / 'archive.jsonl') == timeless(finished[1] /
                                                            'archive.jsonl')


def test_random_validation_measures_the_same_again(finished, monkeypatch):
    """As where a test pipeline draws points."""
    loop = finished[0].train_loop
    plain, drawn = type(loop.model).val_step, []

    def noisy(self, data):
        drawn.append((torch.rand(1).item(), np.random.rand(), random.random()))
        return plain(self, data)

    monkeypatch.setattr(type(loop.model), 'val_step', noisy)
    loop.evaluation([loop.backbone.space.max_arch()] * 2)
    half = len(drawn) // 2
    # batch by batch, both of them
    assert drawn[::2] == drawn[1::2] and len(set(drawn)) == half > 1
    together = drawn[::2]
    drawn.clear()
    val = loop.runner.val_loop
    Sequential(
        loop.model,
        val.dataloader,
        val.evaluator,
        loop.evaluation.batches,
        seed=loop.evaluation.seed)([loop.backbone.space.max_arch()])
    assert drawn == together


def test_a_candidate_measures_the_same_again(finished):
    runner, folder, _ = finished
    for record in read_archive(folder / 'archive.jsonl')[::-3]:
        arch = runner.train_loop.backbone.space.from_dict(record.arch)
        outcome, = runner.train_loop.evaluation([arch])
        assert outcome.metrics == record.metrics


@pytest.mark.parametrize('metrics, error', [
    (dict(mIoU=float('nan'), aAcc=1.0), 'mIoU is not finite'),
    (dict(aAcc=1.0), "objectives.mIoU: expected one of aAcc, .*, got 'mIoU'"),
])
def test_an_objective_that_is_missing_is_a_failure(tiny, tmp_path, monkeypatch,
                                                   metrics, error):
    """Or that is no number."""
    plain, calls = Sequential.__call__, []

    def sometimes(self, archs):
        calls.append(archs)
        if len(calls) == 3:
            return [Outcome(metrics)]
        return plain(self, archs)

    monkeypatch.setattr(Sequential, '__call__', sometimes)
    searcher(tiny, tmp_path, **ONE_BY_ONE).train()
    records = read_archive(tmp_path / 'archive.jsonl')
    assert [record.id for record in records if not record.ok] == [2]
    assert re.fullmatch(error, records[2].error)
    assert records[2].metrics == dict(aAcc=1.0)
    assert len(calls) == 9  # one of them to see that others still work


def test_the_smallest_network_may_detect_nothing(tiny, tmp_path, monkeypatch):
    """And have no metric, as the first candidate; the largest has one."""
    plain, largest = Sequential.__call__, []

    def blind(self, archs):
        if not largest:
            largest.append(self.backbone.space.max_arch())
            return [Outcome({})]
        if archs == [self.backbone.space.min_arch()]:
            return [Outcome({})]
        return plain(self, archs)

    monkeypatch.setattr(Sequential, '__call__', blind)
    searcher(
        tiny,
        tmp_path,
        train_cfg__searcher__N=2,
        train_cfg__searcher__n0=2,
        train_cfg__searcher__k=1,
        **ONE_BY_ONE).train()
    records = read_archive(tmp_path / 'archive.jsonl')
    assert [record.ok for record in records] == [False, True]


def test_another_supernet_is_refused(tiny, finished, tmp_path):
    checkpoint = torch.load(tiny / CHECKPOINT, weights_only=True)
    key = 'architecture.decode_head.conv_seg.bias'
    checkpoint['state_dict'][key] += 1
    torch.save(checkpoint, tmp_path / 'other.pth')
    before = (finished[1] / 'archive.jsonl').read_bytes()
    with pytest.raises(ArchiveError, match='another supernet'):
        searcher(
            tiny,
            finished[1],
            load_from=str(tmp_path / 'other.pth'),
            train_cfg__resume=True).train()
    assert (finished[1] / 'archive.jsonl').read_bytes() == before


@pytest.mark.parametrize('options, message', [
    (dict(), 'holds 8 candidates; resume'),
    (dict(train_cfg__resume=True, train_cfg__seed=5),
     'another evaluation: evaluation.seed: expected 5'),
    (dict(train_cfg__resume=True, val_dataloader__num_batch_per_epoch=1),
     'another evaluation: evaluation.val_dataloader.num_batch_per_epoch'),
    (dict(train_cfg__resume=True, train_cfg__searcher__k=3),
     'another searcher: searcher.k: expected 3'),
    (dict(
        train_cfg__resume=True,
        model__architecture__backbone__upsample='nearest'),
     'another evaluation: evaluation.model.backbone.upsample'),
])
def test_other_settings_are_refused_by_name(tiny, finished, options, message):
    with pytest.raises(ArchiveError, match=message):
        searcher(tiny, finished[1], **options).train()


def test_a_finished_search_can_be_extended(tiny, finished, tmp_path):
    for path in finished[1].glob('archive*'):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    searcher(
        tiny, tmp_path, train_cfg__resume=True,
        train_cfg__searcher__N=10).train()
    records = timeless(tmp_path / 'archive.jsonl')
    assert records[:8] == timeless(finished[1] / 'archive.jsonl')
    assert len(records) == 10


def test_unknown_objective_lists_the_metrics(tiny, tmp_path):
    with pytest.raises(
            SearchStopped, match='objectives.AP: expected one.*mIoU'):
        searcher(
            tiny, tmp_path,
            train_cfg__searcher__objectives=dict(AP='max')).train()


@HOOKS.register_module(force=True)
class EventHook(Hook):
    """A user's hook: every method is optional."""
    events = []

    def before_search(self, runner):
        self.events.append(('before', len(runner.train_loop.searcher.history)))

    def after_candidate(self, runner, record):
        self.events.append(('candidate', record.id))

    def after_generation(self, runner, generation):
        self.events.append(('generation', generation))

    def after_search(self, runner):
        self.events.append(('after', runner.iter))


def test_users_hooks_are_called(tiny, tmp_path):
    EventHook.events.clear()
    searcher(
        tiny,
        tmp_path,
        custom_hooks=[dict(type='EventHook')],
        train_cfg__searcher__N=7).train()
    candidates = [('candidate', i) for i in range(7)]
    assert EventHook.events == [('before', 0), *candidates[:4],
                                ('generation', 0), *candidates[4:6],
                                ('generation', 1), candidates[6],
                                ('generation', 2), ('after', 7)]


def test_random_search_and_constraints(tiny, finished, tmp_path):
    macs = sorted(r.cost['macs']
                  for r in read_archive(finished[1] / 'archive.jsonl'))
    searcher(
        tiny,
        tmp_path,
        train_cfg__searcher=dict(
            _delete_=True,
            type='RandomSearch',
            N=5,
            objectives=dict(mIoU='max', backbone_params='min'),
            constraints=dict(macs=(macs[2], macs[5])))).train()
    records = read_archive(tmp_path / 'archive.jsonl')
    assert len(records) == 5
    assert all(macs[2] <= r.cost['macs'] <= macs[5] for r in records)


@pytest.mark.slow
def test_killed_search_resumes_to_the_same_archive(tiny, finished, tmp_path):
    command = [
        sys.executable, '-W', 'ignore', ROOT / 'tools' / 'search.py',
        tiny / 'tiny_search.py', tiny / CHECKPOINT, '--work-dir', tmp_path
    ]
    archive = tmp_path / 'archive.jsonl'
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not archive.exists() or
                                      archive.read_bytes().count(b'\n') < 3):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= len(read_archive(archive)) < 8
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert 'resume the search (--resume) or choose' in refused.stderr
    subprocess.run([*command, '--resume'], check=True, capture_output=True)
    assert timeless(archive) == timeless(finished[1] / 'archive.jsonl')


def test_archs_of_a_file_are_measured_again(tiny, finished, tmp_path):
    """Another searcher, the same architectures: the same metrics."""
    archive = finished[1] / 'archive.jsonl'
    result = run('search.py', tiny / 'tiny_search.py', tiny / CHECKPOINT,
                 '--work-dir', tmp_path, '--archs', archive)
    assert result.code == 0, result.err
    first, again = map(read_archive, (archive, tmp_path / 'archive.jsonl'))
    assert [(r.digest, r.metrics, r.cost)
            for r in again] == [(r.digest, r.metrics, r.cost) for r in first]
