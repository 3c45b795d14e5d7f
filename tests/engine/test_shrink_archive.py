"""Networks of a shrinking run: recorded, kept, found again."""
import json
import os
import shutil
from pathlib import Path

import pytest
import tiny_shrinking as tiny
import torch
from latency_tables import written
from mmengine.dist import get_world_size
from mmengine.registry import MODELS

from scalenas_mm.engine.shrink_archive import shrunk_file
from scalenas_mm.engine.shrink_target import ShrinkTarget
from scalenas_mm.evaluation import cost_model, weights_digest
from scalenas_mm.search import ArchiveError, read_archive, read_meta
from scalenas_mm.spaces import CostModel, HRNASSpace, SettingError


def config(work_dir, **shrink):
    """Two shrinks, after epochs 2 and 4; validations after epochs 1, 3, 5."""
    cfg = tiny.config(
        work_dir,
        epochs=5,
        shrink=dict(
            dict(
                interval=2,
                end=4,
                target=dict(macs='60%', every=1),
                num_calibration_batches=1), **shrink))
    cfg.custom_hooks.append(
        dict(
            type='scalenas_mm.ShrinkArchiveHook',
            objectives=dict(score='max', macs='min'),
            input_size=(32, 32),
            num_calibration_batches=1))
    cfg.train_cfg.val_interval = 2
    cfg.train_cfg.val_begin = 1
    cfg.train_cfg.dynamic_intervals = [(1, 3)]
    return cfg


def train(work_dir, *hooks, resume=False, **shrink):
    cfg = config(work_dir, **shrink)
    cfg.resume = resume
    runner = tiny.runner_of(cfg, *hooks)
    runner.train()
    return runner


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A whole run and its folder."""
    folder = tmp_path_factory.mktemp('shrinking')
    return train(folder), folder


def records_of(folder):
    return read_archive(folder / 'archive.jsonl')


def test_what_is_recorded(run):
    runner, folder = run
    records = records_of(folder)
    # without a validation at 6 and 12, one is made; 15 is the end
    assert [(r.id, r.step, r.generation, r.parents)
            for r in records] == [(0, 6, 1, []), (1, 12, 2, [0]),
                                  (2, 15, 2, [1])]
    costs = cost_model(runner.model, (32, 32))
    space = costs.space
    for record in records:
        arch = space.from_dict(record.arch)
        assert record.digest == arch.digest and record.cost == costs(arch)
        assert record.ok and set(record.metrics) == {'score'}
    assert records[0].cost['macs'] > records[1].cost['macs']
    limit = .6 * costs(space.max_arch())['macs']
    assert .98 * limit <= records[-1].cost['macs'] <= limit


def test_meta(run):
    runner, folder = run
    meta = read_meta(folder / 'archive.jsonl')
    assert meta['kind'] == 'shrinking'
    assert meta['searcher']['objectives'] == dict(score='max', macs='min')
    assert meta['evaluation']['num_calibration_batches'] == 1
    assert meta['space'] == runner.model.backbone.space.to_dict()


def test_weights_are_those_that_were_measured(run):
    """Measured again from its file, a network scores the same."""
    _, folder = run
    for record in records_of(folder):
        path = shrunk_file(folder / 'shrunk', record)
        checkpoint = torch.load(path, weights_only=True)
        assert checkpoint['meta']['weights'] == record.weights
        cfg = config(folder / 'again')
        cfg.load_from = str(path)
        runner = tiny.runner_of(cfg)
        metrics = runner.val()
        assert metrics['score'] == record.metrics['score']
        assert weights_digest(runner.model.architecture) == record.weights


def test_training_is_not_touched(run, tmp_path):
    """Validations that are made leave nothing behind."""
    runner, _ = run
    cfg = config(tmp_path)
    del cfg.custom_hooks[-1]
    plain = tiny.runner_of(cfg)
    plain.train()
    tiny.assert_same(tiny.state_of(runner), tiny.state_of(plain))


class Killed(Exception):
    pass


def kill(runner):
    for hook in runner.hooks:
        getattr(hook, 'after_run', lambda _: None)(runner)  # gives locks back
    raise Killed


@pytest.mark.parametrize('place, at', [('after_val_epoch', 1),
                                       ('after_train_epoch', 4)])
def test_a_run_that_is_killed_makes_the_same_archive(run, tmp_path, place, at):
    """Before and after a record was written, and between."""
    with pytest.raises(Killed):
        train(tmp_path, tiny.Interrupt(place, at, kill))
    train(tmp_path, resume=True)
    expected, got = map(records_of, (run[1], tmp_path))

    def plain(records):
        return [dict(vars(r), seconds=0) for r in records]

    assert plain(got) == plain(expected)
    for record in got:
        assert shrunk_file(tmp_path / 'shrunk', record).is_file()


def test_records_of_a_lost_future_are_kept_beside(run, tmp_path):
    """A run that goes on from an earlier checkpoint."""
    shutil.copytree(run[1], tmp_path, dirs_exist_ok=True)
    before = records_of(tmp_path)
    cfg = config(tmp_path)
    cfg.resume, cfg.load_from = True, str(tmp_path / 'epoch_3.pth')
    tiny.runner_of(cfg).train()
    got = records_of(tmp_path)
    assert [r.step for r in got] == [6, 12, 15]
    beside = (tmp_path / 'archive.superseded.jsonl').read_text()
    assert [json.loads(line)['id'] for line in beside.splitlines()] == [1, 2]
    assert got[1].weights == before[1].weights


def test_a_folder_that_holds_another_run(run, tmp_path):
    with pytest.raises(ArchiveError, match='holds 3 candidates; resume'):
        train(run[1])


@pytest.mark.parametrize('settings, match', [
    (dict(objectives={}), 'objectives'),
    (dict(objectives=dict(score='most')), 'objectives.score: expected max'),
    (dict(input_size=32), 'input_size'),
    (dict(num_calibration_batches=-1), 'num_calibration_batches'),
])
def test_wrong_settings(tmp_path, settings, match):
    cfg = config(tmp_path)
    cfg.custom_hooks[-1].update(settings)
    with pytest.raises(SettingError, match=match):
        tiny.runner_of(cfg)


def test_a_target_by_a_table_of_another_backbone(tmp_path):
    """Said on all processes, before training."""
    space = MODELS.build(tiny.BACKBONE).space
    table = written(tmp_path / 'table.json', space, (32, 32))
    data = json.loads(table.read_text())
    table.write_text(
        json.dumps(dict(data, options=dict(act_cfg=dict(type='Swish')))))
    with pytest.raises(SettingError, match='act_cfg of latency table .*ReLU'):
        train(tmp_path, target=dict(latency='60%', table=str(table)))


@pytest.mark.parametrize('target, match', [
    (dict(macs='3%'), 'target.macs: expected at least'),
    (dict(params=1e9), 'target.params: expected at least'),
    (dict(latency=3), 'target.table: expected a JSON file'),
    (dict(macs='50%', plan='linear'), 'target.plan'),
])
def test_targets_that_cannot_be_are_errors_before_training(
        tmp_path, target, match):
    with pytest.raises(SettingError, match=match):
        train(tmp_path, target=target)
    assert not (tmp_path /
                'archive.jsonl').exists() or not records_of(tmp_path)


def in_two(folder):
    cfg = config(folder)
    cfg.launcher = 'pytorch'
    cfg.env_cfg = dict(dist_cfg=dict(backend='gloo'))
    cfg.find_unused_parameters = True
    tiny.runner_of(cfg).train()
    assert get_world_size() == 2


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='forks')
def test_two_processes(tmp_path):
    assert tiny.in_processes(in_two, tmp_path, num=2) == [0, 0]
    records = records_of(tmp_path)
    assert records[-1].step == 10 and all(r.ok for r in records)
    names = sorted(path.name for path in (tmp_path / 'shrunk').iterdir())
    assert names == [shrunk_file(Path(), r).name for r in records]


def test_state_of_a_target_is_read_without_code(tmp_path):
    """Also before it has seen a unit."""
    space = HRNASSpace(
        stem=(4, 4), blocks=((1, ), ), widths=((4, ), ), tokens=2)
    target = ShrinkTarget(
        dict(macs='50%'), CostModel(space, (32, 32)), 0, 9, .1, 1e-3)
    torch.save(target.state_dict(), tmp_path / 'state.pth')
    state = torch.load(tmp_path / 'state.pth', weights_only=True)
    target.load_state_dict(state)
    assert target.controller.state_dict()['sizes'] == []
