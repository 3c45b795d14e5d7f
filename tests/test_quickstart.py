"""The README's main job, with few iterations and candidates."""
import contextlib
import functools
import importlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import commands
import numpy as np
import pytest
from shipped import shipped

from scalenas_mm.search import Record, read_archive

ROOT = Path(__file__).resolve().parents[1]
SEARCH = 'scalenet-w8_fcn_search_digits-96x96'
SHRINKING = 'hrnas-w8_fcn_supernet_1xb8-1600iters_digits-96x96'
SMALL = ['--teacher-iters', '3', '--supernet-iters', '3', '--candidates', '5']


def run(*args, code=0, tool='quickstart.py'):
    result = subprocess.run([sys.executable, ROOT / 'tools' / tool, *args],
                            capture_output=True,
                            text=True)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture
def quickstart(monkeypatch):
    """The tool as a module."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    return importlib.import_module('quickstart')


@pytest.mark.slow
def test_from_nothing_to_a_report(quickstart, tmp_path, monkeypatch, capsys):
    pytest.importorskip('mmseg')
    printed = run('--folder', tmp_path, *SMALL)
    work = tmp_path / 'work_dirs'
    records = {
        record.id: record
        for record in read_archive(work / SEARCH / 'archive.jsonl')
    }
    assert len(records) == 5
    exported = work / SEARCH / 'exported'
    rows = re.findall(
        r'#(\d+) .*?([\d.]+) .*?([\d.]+) .*?([\d.]+) .*?([\d.]+)', printed)
    assert 1 <= len(rows) <= 3
    for row in rows:
        record = records[int(row[0])]
        name = exported / f'scalenet_{record.id:04d}'
        tested = json.loads(name.with_suffix('.metrics.json').read_text())
        assert tested['mIoU'] == record.metrics['mIoU']
        assert row[3] == row[4] == f'{tested["mIoU"]:.2f}'
        assert name.with_suffix('.png').stat().st_size > 10_000
    report = work / 'quickstart' / 'seg' / 'report.html'
    assert str(report) in printed
    assert report.read_text().count('data:image/png') >= 3 + len(rows)

    before = (work / SEARCH / 'archive.jsonl').read_bytes()
    monkeypatch.chdir(tmp_path)  # and back
    monkeypatch.setattr(sys, 'argv',
                        ['quickstart.py', '--folder',
                         str(tmp_path), *SMALL])
    for name in 'export', 'import_ahead':
        monkeypatch.setattr(quickstart, name, lambda *args: None)
    monkeypatch.setattr(
        importlib.import_module('quickstart_report'), 'report',
        lambda *args: None)
    quickstart.main()
    again = capsys.readouterr().out
    for phase in ('data', 'teacher', 'supernet', 'search'):
        assert f'== {phase}: done before' in again
    assert before == (work / SEARCH / 'archive.jsonl').read_bytes()


@pytest.mark.slow
def test_from_nothing_to_a_report_by_shrinking(tmp_path):
    """One run leaves networks of several sizes, each exported as measured.

    Its data are those of the test above, but fewer."""
    pytest.importorskip('mmseg')
    data = tmp_path / 'data' / 'scalenas_demo'
    made = commands.run('dataset_converters/make_demo.py', data, '--train', 64,
                        '--val', 16)
    assert made.code == 0, made.err
    printed = run('--folder', tmp_path, '--system', 'hrnas',
                  '--supernet-iters', '16')
    assert '== data: done before' in printed
    archive = tmp_path / 'work_dirs' / SHRINKING / 'archive.jsonl'
    records = list(read_archive(archive))
    macs = [record.cost['macs'] for record in records]
    assert len(records) >= 3 and macs == sorted(macs, reverse=True)
    assert 'exported = recorded to the last digit' in printed
    report = tmp_path / 'work_dirs/quickstart/hrnas_seg/report.html'
    assert str(report) in printed
    assert report.read_text().count('data:image/png') >= 4


@pytest.mark.parametrize('args, message', [
    (['--candidates', '2'], 'expected at least 3, got 2'),
    (['--teacher-iters', '0'], 'must be positive'),
    (['--system', 'hrnas', '--supernet-iters', '0'], 'must be positive'),
    (['--system', 'hrnas', '--candidates', '5'
      ], '--candidates: hrnas has none'),
    (['--system', 'hrnas', '--task', 'det'
      ], '--system hrnas: expected --task seg, got det'),
    (['--system', 'vipnas', '--task', 'seg'
      ], '--system vipnas: expected --task pose, got seg'),
    (['--system', 'vipnas', '--candidates', '2'
      ], '--candidates: expected at least 3, got 2'),
])
def test_wrong_arguments(tmp_path, args, message):
    assert message in run('--folder', tmp_path, *args, code=2)
    assert not list(tmp_path.iterdir())


def test_a_report_needs_a_quickstart(tmp_path):
    error = run('--folder', tmp_path, code=2, tool='quickstart_report.py')
    assert 'expected the folder of a quickstart that is done' in error
    assert not list(tmp_path.iterdir())


def test_tasks_fit_their_configs(quickstart):
    """Names, data, lengths and metrics are those of the shipped configs."""
    from _cli import inner_dataset
    tasks = [
        task for tasks in quickstart.SYSTEMS.values()
        for task in tasks.values() if not task.shrinks
    ]
    assert len(tasks) == len(quickstart.TASKS) + 2
    for task in tasks:
        teacher, supernet, search = (
            shipped(quickstart.config_path(name))
            for name in (task.teacher, task.supernet, task.search))
        assert teacher.train_cfg.max_iters == task.teacher_iters
        assert supernet.train_cfg.max_iters == task.supernet_iters
        searcher = search.train_cfg.searcher
        assert searcher.N == task.candidates >= 16
        assert searcher.objectives[task.metric] == 'max'
        assert Path(inner_dataset(
            search.val_dataloader.dataset).data_root) == Path(task.data)
        for config, before in ((supernet, task.teacher), (search,
                                                          task.supernet)):
            assert f'work_dirs/{before}/iter_' in str(config)


def test_shrinking_tasks_fit_their_configs(quickstart):
    """One config trains and searches; its hooks see several sizes."""
    from _cli import inner_dataset
    for task in quickstart.SYSTEMS['hrnas'].values():
        assert task.shrinks
        config = shipped(quickstart.config_path(task.supernet))
        assert config.train_cfg.max_iters == task.supernet_iters
        hooks = {hook.type: hook for hook in config.custom_hooks}
        archive = hooks['scalenas_mm.ShrinkArchiveHook']
        assert archive.objectives == {task.metric: 'max', 'macs': 'min'}
        shrink = hooks['scalenas_mm.ShrinkHook']
        assert (shrink.end - shrink.begin) // shrink.interval >= 4
        assert shrink.end < task.supernet_iters
        assert Path(inner_dataset(
            config.val_dataloader.dataset).data_root) == Path(task.data)


def test_all_that_is_said_in_iterations_follows_their_number(quickstart):
    from _quickstart_phases import lengths
    name = quickstart.SYSTEMS['hrnas']['seg'].supernet
    options = dict(option.split('=') for option in lengths(name, 16))
    assert options.pop('train_cfg.max_iters') == '16'
    found = shipped(quickstart.config_path(name))
    shrink = next(i for i, hook in enumerate(found.custom_hooks)
                  if hook.type == 'scalenas_mm.ShrinkHook')
    for key in ('begin', 'end', 'interval'):
        number = round(found.custom_hooks[shrink][key] / 100)
        assert options[f'custom_hooks.{shrink}.{key}'] == str(number)
    assert options['param_scheduler.2.T_max'] == '2'
    assert options['model.penalty.ramp'] == '[2,4]'


def test_an_exported_network_with_another_result_is_an_error(
        quickstart, tmp_path):
    archive, record = tmp_path / 'archive.jsonl', Record(
        3, 'digest', {}, {'coco/AP (M)': 0.1 + 0.2})
    task = quickstart.SYSTEMS['hrnas']['seg']
    path = tmp_path / 'exported' / 'hrnas_0003.metrics.json'
    path.parent.mkdir()
    for metrics, equal in (({
            'coco/AP (M)': 0.1 + 0.2,
            'seconds': 1
    }, True), ({
            'coco/AP (M)': 0.3
    }, False), ({}, False)):
        path.write_text(json.dumps(metrics))
        with contextlib.nullcontext() if equal else pytest.raises(
                SystemExit, match=r'candidate 3: coco/AP \(M\) is 0.30000'):
            quickstart.check_exported(task, archive, [record])


def test_progress_shows_any_metric(quickstart, tmp_path):
    phases = quickstart.Phases(tmp_path, 'coco/AP (M)')
    line = ('mmengine - INFO - Search [12/48]  generation 0  '
            'coco/AP (M) 0.5123  macs 1.2G  8.1 s  eta 0:05:12')
    assert phases._progress(line) == (
        '######------------------ 12/48  coco/AP (M) 0.5123  eta 0:05:12')


@pytest.mark.parametrize('fails', ['', 'a', 'b'])
def test_steps_at_once(quickstart, tmp_path, fails):
    """Two at a time; when one fails the others are ended."""
    script = tmp_path / 'step.py'
    script.write_text("""
import os, sys, time
name, fails = sys.argv[1:]
print(os.environ['OMP_NUM_THREADS'], flush=True)
if name == fails:
    time.sleep(1)  # the other one has begun
    sys.exit('broken')
time.sleep(60 if fails else 0)
""")
    phases = quickstart.Phases(tmp_path, 'AP', threads=2)
    began = time.time()
    with contextlib.nullcontext() if not fails else pytest.raises(
            SystemExit, match=f'{fails} failed'):
        phases.at_once(
            *(functools.partial(phases.run, name, script, name, fails)
              for name in 'abc'))
    assert time.time() - began < 30 and not phases.running
    assert set(phases.seconds) == (set() if fails else set('abc'))
    assert (tmp_path / 'b.log').read_text().splitlines()[0] == '1'


def test_a_step_in_several_processes(quickstart, tmp_path):
    script = tmp_path / 'step.py'
    script.write_text("""
import os, sys
place = sys.argv[1]
with open(f'{place}/{os.environ["RANK"]}', 'w') as file:
    file.write(os.environ['OMP_NUM_THREADS'] + ' '.join(sys.argv[2:]))
""")
    phases = quickstart.Phases(tmp_path, 'AP', threads=2)
    assert phases.processes == min(4, len(os.sched_getaffinity(0)))
    phases.run('step', script, tmp_path, processes=2)
    for rank in '01':
        assert (tmp_path / rank).read_text() == '1--launcher pytorch'


def labelled(task):
    """A data sample of a task with a truth and another prediction."""
    import torch
    from mmengine.structures import BaseDataElement, InstanceData, PixelData
    sample = BaseDataElement()
    for name, place in ('gt', 4.0), ('pred', 12.0):
        if task == 'seg':
            value = PixelData(data=torch.full((1, 24, 32), int(place) % 5))
            sample.set_data({f'{name}_sem_seg': value})
            continue
        value = InstanceData(bboxes=torch.full((1, 4), place))
        value.bboxes[:, 2:] += 8
        value.set_data(
            dict(labels=torch.zeros(1, dtype=int), scores=torch.ones(1)
                 ) if task == 'det' else dict(
                     keypoints=np.full((1, 17, 2), place),
                     keypoints_visible=np.ones((1, 17))))
        sample.set_data({f'{name}_instances': value})
    return sample


@pytest.mark.parametrize('task, library', [('seg', 'mmseg'), ('det', 'mmdet'),
                                           ('pose', 'mmpose'),
                                           ('bottomup', 'mmpose')])
def test_samples_are_drawn_by_the_visualizer_of_the_config(
        quickstart, task, library):
    """Truth and prediction each on the image, several samples together."""
    pytest.importorskip(library)
    from mmengine.registry import DATASETS, init_default_scope
    from quickstart_report import painter
    config = shipped(quickstart.config_path(quickstart.TASKS[task].search))
    init_default_scope(config.default_scope)
    dataset = config.val_dataloader.dataset
    with DATASETS.switch_scope_and_registry(library) as registry:
        kind = registry.get(dataset.type)
    meta = kind._load_metainfo(dataset.get('metainfo'))
    paint = painter(config.visualizer, meta)
    image = np.full((24, 32, 3), 128, np.uint8)
    samples = [labelled(task)]
    truth = paint(image, samples, draw_pred=False)
    prediction = paint(image, samples, draw_gt=False)
    assert truth.shape == prediction.shape == image.shape
    assert (image == 128).all()
    pairs = [(image, truth), (image, prediction), (truth, prediction)]
    assert not any(map(np.array_equal, *zip(*pairs)))
    both = paint(image, 2 * samples, draw_pred=False)
    assert both.shape == image.shape
