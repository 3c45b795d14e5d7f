"""What a search shows while it runs."""
import functools
import io
import logging
from types import SimpleNamespace

import pytest
import rich.console
from tiny_search import runner_of

from scalenas_mm.engine import search_hooks
from scalenas_mm.engine.search_status import (CANDIDATE, SearchStatus,
                                              SearchTerminal)
from scalenas_mm.search import Record


def record(id, miou=None, macs=1e6):
    return Record(
        id=id,
        digest=str(id),
        arch={},
        metrics={} if miou is None else dict(mIoU=miou),
        cost=dict(macs=macs),
        status='ok' if miou is not None else 'failed')


def loop(history, seconds=None):
    searcher = SimpleNamespace(
        history=history,
        N=12,
        objectives=SimpleNamespace(directions=dict(mIoU='max', macs='min')))
    profile = SimpleNamespace() if seconds is None else SimpleNamespace(
        seconds=seconds)
    return SimpleNamespace(
        searcher=searcher, evaluation=SimpleNamespace(profile=profile))


@pytest.fixture
def status():
    """Three candidates of this run, after two of an earlier one."""
    one = loop([record(0, 50.0), record(1)])
    out = SearchStatus(one)
    out.start -= 60
    one.searcher.history += [
        record(2, 61.0, 9e6),
        record(3, 55.0, 2e6),
        record(4, 54.0, 0.5e6)
    ]
    return out


def test_a_line(status):
    line = status.line(2)
    assert line == ('generation 2  5/12 done  1 failed  3.0 a minute  '
                    '0:02:20 left')
    status.loop.evaluation.profile.seconds = dict(
        network=6.0, calibration=2.0, loading=2.0)
    assert '80% in the network' in status.line(2)


def test_best(status):
    assert status.best() == ['#2  mIoU 61  macs 9M', '#4  macs 5e+05  mIoU 54']
    assert SearchStatus(loop([record(0)])).best() == []


def test_a_terminal(status, monkeypatch):
    """Candidates are in the bar, other lines above it; all is put back."""
    screen = io.StringIO()
    monkeypatch.setattr(
        rich.console, 'Console',
        functools.partial(
            rich.console.Console, file=screen, force_terminal=True, width=90))
    logger = logging.Logger('search')
    handler = logging.StreamHandler(before := io.StringIO())
    logger.addHandler(handler)
    terminal = SearchTerminal(logger)
    logger.info('candidate 3', extra={CANDIDATE: True})
    logger.info('a front')
    terminal.show(status, 2)
    terminal.stop()
    terminal.stop()
    shown = screen.getvalue()
    assert '5/12 done' in shown and 'best: #2' in shown
    assert 'candidate 3' not in before.getvalue() + shown
    assert handler.stream is before and not handler.filters
    logger.info('candidate 4', extra={CANDIDATE: True})
    assert before.getvalue() == 'candidate 4\n'


class Bar:
    """In place of a terminal's."""
    stopped = 0

    def __init__(self, logger):
        pass

    def show(self, status, generation):
        raise KeyboardInterrupt

    def stop(self):
        Bar.stopped += 1


def test_a_search_that_ends_early_leaves_no_bar(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(search_hooks, 'on_terminal', lambda: True)
    monkeypatch.setattr(search_hooks, 'SearchTerminal', Bar)
    runner = runner_of(
        tiny / 'tiny_search.py',
        tmp_path,
        load_from=str(tiny / 'supernet/iter_4.pth'),
        train_cfg__baselines=False)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert Bar.stopped == 1
