"""tools/report.py and tools/analysis_tools/to_optuna.py as users run them."""
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import commands
import pytest
from report_archives import SPACE, make_search

from scalenas_mm.search import read_archive
from scalenas_mm.visualization.search_report.spaces import gene_names


@pytest.fixture
def path(tmp_path):
    return make_search(tmp_path / 'demo', num=24)


def test_a_page_beside_the_archive(path, tmp_path):
    done = commands.run('report.py', path)
    page = path.with_name('report.html')
    assert done.code == 0
    assert re.fullmatch(rf'{page}: 24 candidates, 0\.\d MB\n', done.out)
    assert '<title>demo</title>' in page.read_text()
    assert commands.run('report.py', path).code == 0  # again
    other = make_search(tmp_path / 'b', num=9)
    done = commands.run('report.py', path, f'Other={other}', '--title', 'T')
    page = path.with_name('comparison.html')
    assert done.out.startswith(f'{page}: 33 candidates')
    assert '<title>T</title>' in page.read_text()
    out = tmp_path / 'new' / 'x.html'
    assert commands.run('report.py', path, '--out', out).code == 0
    assert out.is_file()


def test_what_is_left_out_is_said(path):
    path.with_suffix('.meta.json').unlink()
    done = commands.run('report.py', path)
    assert done.code == 0 and 'left out: ' in done.out


@pytest.mark.parametrize(
    'arguments, message',
    [(['none.jsonl'], 'there is no archive none.jsonl'),
     (['broken.jsonl'], 'line 1: not a candidate'),
     (['demo/archive.jsonl', '--out', 'notes.html'], 'is no report'),
     (['demo/archive.jsonl', '--serve', '--out', 'x'], 'no --out'),
     (['demo/archive.jsonl', '--serve', '--port', '70000'], '0 to 65535'),
     (['none.jsonl', '--serve', '--port', '0'], 'there is no archive'),
     (['demo/archive.jsonl', '--serve', '--host', 'no.such.host.invalid'
       ], 'cannot be listened at'), ([], 'required')])
def test_wrong_input_is_one_line(path, tmp_path, monkeypatch, arguments,
                                 message):
    monkeypatch.chdir(tmp_path)
    Path('notes.html').write_text('notes')
    Path('broken.jsonl').write_text('no\n')
    done = commands.run('report.py', *arguments)
    assert done.code == 2 and message in done.err.splitlines()[-1]
    assert Path('notes.html').read_text() == 'notes'
    assert not list(tmp_path.rglob('report.html'))


def test_a_port_that_is_taken(path):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = commands.run('report.py', '--serve', path, '--port', port)
    assert done.code == 2 and 'cannot be listened at' in done.err


def hears_interrupts():
    """Also where the tests themselves run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_it_is_served_until_it_is_ended(path):
    """By the real command."""
    tool = commands.TOOLS / 'report.py'
    with subprocess.Popen(
        [sys.executable, tool, '--serve', path, '--port', '0'],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=hears_interrupts,
            env=dict(os.environ, PYTHONWARNINGS='ignore')) as server:
        try:
            url = server.stdout.readline().split()[0]
            assert url.startswith('http://127.0.0.1:')
            with urllib.request.urlopen(url, timeout=20) as answer:
                assert b'<title>demo</title>' in answer.read()
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0
        finally:
            server.kill()
    assert not list(path.parent.glob('*.html'))  # nothing is written


def study_of(file, name='demo'):
    optuna = pytest.importorskip('optuna')
    return optuna.load_study(study_name=name, storage=f'sqlite:///{file}')


def test_a_study(path, tmp_path):
    """All that the archive says, and as Optuna itself would have it."""
    optuna = pytest.importorskip('optuna')
    file = tmp_path / 'study.db'
    done = commands.run('analysis_tools/to_optuna.py', path, file)
    assert done.code == 0, done.err
    records, study = read_archive(path), study_of(file)
    failed = sum(not record.ok for record in records)
    assert done.out == (f'{file}: 24 trials, {failed} of them failed, '
                        f'{len(gene_names(SPACE))} parameters\n')
    ways = optuna.study.StudyDirection
    assert study.directions == [ways.MAXIMIZE, ways.MINIMIZE]
    assert study.metric_names == ['mIoU', 'macs']
    for record, trial in zip(records, study.trials, strict=True):
        assert trial.number == record.id
        assert trial.user_attrs['digest'] == record.digest
        assert trial.duration.total_seconds() == pytest.approx(
            record.seconds, abs=1e-3)
        assert trial.params['module 1, stride 4: blocks'] == record.arch[
            'modules'][0]['depth'][0]
        bit = record.arch['modules'][0]['fusion'][0][0][1]
        name = 'module 1, stride 8 to 4 after block 1'
        assert trial.params[name] == ('no', 'yes')[bit]
        if record.ok:
            assert trial.values == [
                record.metrics['mIoU'], record.cost['macs']
            ]
        else:
            assert trial.state == optuna.trial.TrialState.FAIL
            assert trial.user_attrs['error'] == record.error
    trial = study.trials[0]
    copy = optuna.create_study(directions=study.directions)
    copy.add_trial(trial)  # it checks
    study.add_trial(trial)  # and the file takes more of them
    assert len(study_of(file).trials) == 25


def test_an_existing_study_stays(path, tmp_path):
    pytest.importorskip('optuna')
    file = tmp_path / 'study.db'
    file.write_text('mine')
    arguments = ('analysis_tools/to_optuna.py', path, file, '--no-genes')
    done = commands.run(*arguments)
    assert done.code == 2 and '--force overwrites it' in done.err
    assert file.read_text() == 'mine'
    assert commands.run(*arguments, '--force', '--name', 'x').code == 0
    assert study_of(file, 'x').trials[0].params == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ['demo', 'study.db']


def test_nothing_to_study(path, tmp_path):
    pytest.importorskip('optuna')
    path.write_text('')
    file = tmp_path / 'study.db'
    done = commands.run('analysis_tools/to_optuna.py', path, file)
    assert done.code == 2 and 'expected candidates' in done.err
    assert not file.exists()


def test_without_optuna(path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'optuna', None)
    done = commands.run('analysis_tools/to_optuna.py', path, tmp_path / 'x')
    assert done.code == 2
    assert "pip install 'scalenas_mm[optuna]'" in done.err
