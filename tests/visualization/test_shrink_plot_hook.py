"""The hook that draws a network while it shrinks."""
import json
import logging
from types import SimpleNamespace

import pytest
from mmengine.visualization import Visualizer
from test_shrink_trajectory import SPACE, records_of

from scalenas_mm.search import Objectives
from scalenas_mm.visualization.hook import ShrinkPlotHook


@pytest.fixture
def runner(tmp_path):
    """What the hook needs of a runner and of the other hooks."""
    records = records_of(step=100)
    meta = dict(space=SPACE.to_dict(), evaluation=dict(input_size=[64, 64]))
    (tmp_path / 'archive.meta.json').write_text(json.dumps(meta))
    archive = SimpleNamespace(
        name='archive.jsonl',
        records=records,
        objectives=Objectives(dict(mIoU='max', macs='min')))
    budget = SimpleNamespace(key='macs', limit=2e6)
    shrink = SimpleNamespace(controller=SimpleNamespace(budget=budget))
    return SimpleNamespace(
        work_dir=str(tmp_path),
        hooks=[SimpleNamespace(controller=None), shrink, archive],
        logger=logging.getLogger('test_shrink_hook'),
        visualizer=Visualizer(
            vis_backends=[dict(type='LocalVisBackend')],
            save_dir=str(tmp_path / 'vis')))


def test_plots_after_each_record(runner, tmp_path):
    record = runner.hooks[-1].records[-1]
    ShrinkPlotHook().after_record(runner, record)
    for name in ('trajectory', 'pareto', 'arch'):
        assert (tmp_path / f'{name}.png').stat().st_size > 10_000
        assert next(tmp_path.rglob(f'{name}_100.png'))
    assert (tmp_path / 'report.html').stat().st_size > 50_000
    assert ShrinkPlotHook()._budget(runner) == 2e6
    assert ShrinkPlotHook(cost='params')._budget(runner) is None


def test_a_plot_that_fails_does_not_stop_the_training(runner, caplog):
    hook = ShrinkPlotHook(metric='no_such_metric')
    for record in runner.hooks[-1].records:
        hook.after_record(runner, record)
    warning, = (r for r in caplog.records if r.levelname == 'WARNING')
    assert 'no_such_metric' in warning.getMessage()
    assert 'the training goes on' in warning.getMessage()
