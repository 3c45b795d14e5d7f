"""The hook that draws a search while it runs."""
import logging
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.visualization import Visualizer

from scalenas_mm.search import Objectives, Record
from scalenas_mm.visualization.hook import SearchPlotHook
from scalenas_mm.visualization.search_report.times import read_times


def record(i):
    return Record(
        id=i,
        digest=f'{i:016x}',
        arch={'modules': []},
        metrics={'mIoU': 50. + i},
        cost=dict(macs=10**9 * (i + 1), params=10**6),
        seconds=1.0)


@pytest.fixture
def runner(tmp_path):
    """What the hook needs of a runner, with a visualizer that writes files."""
    searcher = SimpleNamespace(
        objectives=Objectives(dict(mIoU='max', macs='min')),
        history=[record(i) for i in range(4)])
    return SimpleNamespace(
        work_dir=str(tmp_path),
        logger=logging.getLogger('test_hook'),
        visualizer=Visualizer(
            vis_backends=[dict(type='LocalVisBackend')],
            save_dir=str(tmp_path / 'vis')),
        train_loop=SimpleNamespace(
            searcher=searcher,
            baselines=[],
            archive_path=tmp_path / 'archive.jsonl'))


def test_plots_go_to_the_visualizer(runner, tmp_path):
    SearchPlotHook().after_generation(runner, 3)
    for name in ('pareto', 'progress'):
        plot = cv2.imread(str(tmp_path / f'{name}.png'))
        shown = next(tmp_path.rglob(f'{name}_3.png'))
        assert np.array_equal(plot, cv2.imread(str(shown)))
        assert len(np.unique(plot.reshape(-1, 3), axis=0)) > 10


def test_a_plot_that_fails_is_warned_about_once(runner, tmp_path, caplog):
    hook = SearchPlotHook(metric='no_such_metric')
    for generation in range(3):
        hook.after_generation(runner, generation)
    warnings = [r for r in caplog.records if r.levelname == 'WARNING']
    assert len(warnings) == 1
    assert 'no_such_metric' in warnings[0].getMessage()
    assert 'the search goes on' in warnings[0].getMessage()
    assert not list(tmp_path.glob('*.png'))


def test_a_report_and_times_are_written(runner, tmp_path, caplog):
    hook = SearchPlotHook()
    runner.train_loop.outcome = SimpleNamespace(worker=3)
    for one in runner.train_loop.searcher.history:
        hook.after_candidate(runner, one)
    spans = read_times(tmp_path / 'archive.jsonl')
    assert [(span.id, span.worker) for span in spans] == [(i, '3')
                                                          for i in range(4)]
    assert spans[0].end <= spans[-1].end and spans[0].seconds == 1
    report = tmp_path / 'report.html'
    hook.after_generation(runner, 0)
    assert report.stat().st_size > 50_000
    report.unlink()
    hook.after_search(runner)  # however soon
    assert report.is_file() and not caplog.records
    report.write_text('something of the user')
    hook.after_search(runner)
    hook.after_search(runner)
    warning, = caplog.records
    assert 'the report' in warning.getMessage()
    assert report.read_text() == 'something of the user'


def test_without_a_report(runner, tmp_path):
    hook = SearchPlotHook(report=False)
    hook.after_candidate(runner, record(0))
    hook.after_generation(runner, 0)
    hook.after_search(runner)
    assert not list(tmp_path.glob('*.html')) + list(tmp_path.glob('*times*'))


def test_the_module_loads_no_plotting():
    code = (
        'import sys, scalenas_mm.visualization.hook; '
        "sys.exit(any(m in sys.modules for m in ('matplotlib', 'pandas')))")
    assert subprocess.run([sys.executable, '-c', code]).returncode == 0
