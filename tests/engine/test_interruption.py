"""A search that is asked to end."""
import os
import signal
import stat
import threading
from dataclasses import replace

import pytest
from test_distributed_search import search
from tiny_search import runner_of

from scalenas_mm.engine import interruption
from scalenas_mm.engine.interruption import (Interruption, SearchInterrupted,
                                             handlers_kept, leave, requeue)
from scalenas_mm.search import read_archive

CHECKPOINT = 'supernet/iter_4.pth'
pytestmark = pytest.mark.skipif(
    not hasattr(signal, 'SIGUSR1'), reason='this system has no SIGUSR1')


def send(number):
    os.kill(os.getpid(), number)


@pytest.fixture
def before():
    """Signals that come to the handlers that were there before."""
    came = []
    old = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in interruption.SIGNALS
    }
    yield came
    for number, handler in old.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_the_first_signal_is_remembered(before, capfd, number):
    with Interruption() as stop:
        assert stop.signal is None
        send(number)
        assert stop.signal is number and not before
        assert f'{number.name}: the search ends when' in capfd.readouterr().err
    send(number)
    assert before == [number]


def test_the_second_one_ends_it_at_once(before, monkeypatch):
    with Interruption() as stop:
        send(signal.SIGTERM)
        send(signal.SIGTERM)  # the same, by a launcher once more
        assert stop.signal is signal.SIGTERM and not before
        monkeypatch.setattr(interruption, 'TWICE', 0)
        send(signal.SIGUSR1)
        assert before == [signal.SIGUSR1]
        send(signal.SIGTERM)
        assert before == [signal.SIGUSR1, signal.SIGTERM]


@pytest.mark.parametrize('number, code', [(signal.SIGUSR1, 0),
                                          (signal.SIGTERM, -signal.SIGTERM)])
def test_workers_of_a_data_loader(number, code):
    """Slurm sends its signal to all processes; that of the end means them."""
    with Interruption() as stop:
        pid = os.fork()
        if not pid:
            send(number)
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
    assert os.waitstatus_to_exitcode(status) == code
    assert stop.signal is None


def test_only_the_main_thread_has_handlers(before):
    thread = threading.Thread(target=Interruption().__enter__)
    thread.start()
    thread.join()
    send(signal.SIGTERM)
    assert before == [signal.SIGTERM]


def test_others_do_not_take_the_handlers(before):
    """As Ray does when it starts."""
    with handlers_kept():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(signal.SIGTERM)
    assert before == [signal.SIGTERM]


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A job with an ``scontrol`` that notes what it is called with."""
    program, called = tmp_path / 'bin' / 'scontrol', tmp_path / 'called'
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv('PATH', f'{program.parent}:{os.environ["PATH"]}')
    monkeypatch.setenv('SLURM_JOB_ID', '4711')
    called.touch()
    return called


@pytest.mark.parametrize('number, resumed, called', [
    (signal.SIGUSR1, True, 'requeue 4711\n'),
    (signal.SIGUSR1, False, ''),
    (signal.SIGTERM, True, ''),
])
def test_slurm_queues_it_again(slurm, number, resumed, called):
    """If it goes on then, and was warned: a job may be cancelled, too."""
    with pytest.raises(SearchInterrupted) as caught:
        leave(number, 3, resumed)
    assert caught.value.code == 128 + number
    assert slurm.read_text() == called


def test_without_a_job_nothing_is_queued(slurm, monkeypatch):
    monkeypatch.delenv('SLURM_JOB_ID')
    with pytest.raises(SearchInterrupted):
        leave(signal.SIGUSR1, 3, True)
    assert slurm.read_text() == ''


def test_what_comes_of_queueing_is_said(slurm, tmp_path, monkeypatch):
    assert requeue('12') == 'scontrol requeue 12: done'
    program = tmp_path / 'bin' / 'scontrol'
    program.write_text('#!/bin/sh\necho Requeue is disabled >&2; exit 1\n')
    assert requeue('12') == 'scontrol requeue 12: Requeue is disabled'
    program.write_text('#!/bin/sh\nexit 1\n')
    assert requeue('12') == 'scontrol requeue 12: exit code 1'
    monkeypatch.setenv('PATH', '')
    assert 'No such file' in requeue('12')


# -- searches ----------------------------------------------------------------
def timeless(records):
    return [replace(record, seconds=0.0) for record in records]


def hooks(after, number='SIGTERM'):
    return [
        dict(type='SignalHook', after=after, number=number),
        dict(type='scalenas_mm.SearchLoggerHook')
    ]


@pytest.mark.parametrize('after, size, done', [(-1, 1, 0), (2, 1, 3),
                                               (0, 3, 3), (4, 3, 6)])
def test_it_ends_within_the_candidates_in_work(faulty_search, undisturbed,
                                               tmp_path, after, size, done):
    """And goes on to the same archive."""
    kind = 'Sequential' if size == 1 else 'PopulationMajor'
    options = dict(
        load_from=str(faulty_search.parent / CHECKPOINT),
        train_cfg__resume=True,
        train_cfg__evaluation=dict(type=kind))
    if size > 1:
        options['train_cfg__evaluation']['size'] = size
    handler = signal.getsignal(signal.SIGTERM)
    runner = runner_of(
        faulty_search, tmp_path, custom_hooks=hooks({'0': after}), **options)
    with pytest.raises(SearchInterrupted) as caught:
        runner.train()
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is handler
    archive = tmp_path / 'archive.jsonl'
    assert timeless(read_archive(archive)) == timeless(undisturbed[:done])
    log = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert f'ends by SIGTERM; {done} candidates are in the archive' in log
    runner_of(faulty_search, tmp_path, **options).train()
    assert timeless(read_archive(archive)) == timeless(undisturbed)


def test_a_signal_after_the_last_candidate_is_too_late(faulty_search, slurm,
                                                       tmp_path):
    """It is done; nothing is queued."""
    runner_of(
        faulty_search,
        tmp_path / 'search',
        load_from=str(faulty_search.parent / CHECKPOINT),
        train_cfg__resume=True,
        train_cfg__baselines=False,
        train_cfg__searcher__N=2,
        custom_hooks=hooks({'0': 1}, 'SIGUSR1')).train()
    assert len(read_archive(tmp_path / 'search' / 'archive.jsonl')) == 2
    assert slurm.read_text() == ''


@pytest.mark.slow
def test_two_processes_end_together(faulty_search, undisturbed, slurm,
                                    tmp_path):
    """When the main one is asked to; another one goes on with it, too. Slurm
    asks all of them."""
    config = faulty_search.parent / 'signal_search.py'
    shown = hooks({'1': 0, '0': 3}, 'SIGUSR1')
    config.write_text(f"_base_ = './{faulty_search.name}'\n"
                      f'custom_hooks = {shown!r}\n')
    folder = tmp_path / 'search'
    result = search(config, folder, {}, '--resume', processes=2)
    assert result.returncode == 1  # of torchrun
    assert f'exitcode  : {128 + signal.SIGUSR1}' in result.stderr
    archive = folder / 'archive.jsonl'
    assert timeless(read_archive(archive)) == timeless(undisturbed[:4])
    assert slurm.read_text() == 'requeue 4711\n'
    runner_of(
        faulty_search,
        folder,
        load_from=str(faulty_search.parent / CHECKPOINT),
        train_cfg__resume=True).train()
    assert timeless(read_archive(archive)) == timeless(undisturbed)
