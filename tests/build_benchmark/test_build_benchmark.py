"""tools/build_benchmark.py: mostly with a training that takes no time."""
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from toy_benchmark import SPACE, rows
from toy_classifier import CONFIG

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.benchmarks import rows as rows_module
from scalenas_mm.engine import benchmark
from scalenas_mm.search import read_archive

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'


def test_benchmark_is_read_back(run, training, tmp_path, capsys):
    run()
    table = NASBenchMR(tmp_path / 'work').table('toy')
    assert len(table) == 4 and table.main == 'mIoU'
    assert table.space.to_dict() == SPACE.to_dict()
    for row, digest in enumerate(training.digests):
        record = rows('work/toy')[digest]
        arch = SPACE.from_dict(record.arch)
        values = table.query(arch)
        cost = SPACE.complexity(arch, (32, 64))
        assert values == dict(
            record.metrics, flops=cost.macs / 1e9, params=cost.params / 1e6)
        assert record.curves['mIoU'] == [[2, 1.0], [4, values['mIoU']]]
        assert table.find(arch) == row
    assert len(set(table.main_values)) == 4  # each its own seed
    csv = NASBenchMR('work/toy/toy.csv').table('toy')
    assert np.array_equal(csv.codes, table.codes)
    assert csv.to_frame().equals(table.to_frame())
    assert '[4/4] network 3' in capsys.readouterr().out


def test_a_larger_number_goes_on(run, training):
    run(num=2)
    run('--resume', num=5)
    run(num=5, work='straight')
    assert training.digests[:5] == training.digests[5:]
    assert rows('work/toy') == rows('straight/toy')


def test_table_is_written_whatever_is_done(run, training):
    run()
    csv = Path('work/toy/toy.csv')
    whole = csv.read_text()
    csv.unlink()
    run('--resume')  # with nothing to train
    assert csv.read_text() == whole and len(training.digests) == 4
    training.bad[7] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(work='other')
    assert Path('other/toy/toy.csv').read_text().count('\n') == 1 + 2


def test_path_of_the_table_only_if_there_is_one(run, training, capsys):
    training.bad = {1: ValueError('no data')}
    run(num=2, rank=0, world=2)
    out = capsys.readouterr().out
    assert 'no table: ' in out and 'toy.csv' not in out


@pytest.mark.parametrize('seconds, lines', [
    (30, [0, 2, 2, 2, 5]),
    (0, [0, 2, 3, 4, 5]),
])
def test_table_is_written_now_and_then(run, monkeypatch, seconds, lines):
    """It is made of all rows, too long after each of thousands."""
    monkeypatch.setattr(rows_module, 'TABLE_SECONDS', seconds)
    csv, train, found = Path('work/toy/toy.csv'), benchmark.train_network, []

    def look(*args, **options):
        found.append(csv.read_text().count('\n') if csv.exists() else 0)
        return train(*args, **options)

    monkeypatch.setattr(benchmark, 'train_network', look)
    run()
    assert [*found, csv.read_text().count('\n')] == lines


@pytest.mark.parametrize('cut', [0, 1, 300, 700, -1])
def test_resume_after_a_torn_row(run, training, cut):
    run(work='whole')
    training.bad[7] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(rows('work/toy')) == 2
    path = Path('work/toy/rows_0.jsonl')
    path.write_bytes(path.read_bytes()[:cut])
    kept = len(rows('work/toy'))
    run('--resume')
    assert len(training.digests) == 7 + 4 - kept
    assert rows('work/toy') == rows('whole/toy')
    tables = [Path(w, 'toy/toy.csv').read_text() for w in ('work', 'whole')]
    assert tables[0] == tables[1]


def test_ranks_share_the_networks(run, training):
    """Also where one is done before another begins, and with other numbers
    of processes."""
    run(num=7, work='whole')
    training.bad[len(training.digests) + 2] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(num=7, rank=0, world=2)
    run(num=7, rank=1, world=2)
    assert len(rows('work/toy')) == 1 + 3
    for rank in (2, 0, 1):
        run('--resume', num=7, rank=rank, world=3)
    assert rows('work/toy') == rows('whole/toy')
    tables = [Path(w, 'toy/toy.csv').read_text() for w in ('work', 'whole')]
    assert tables[0] == tables[1]


def test_failures_are_recorded_and_retried(run, training, tmp_path, capsys):
    training.bad = {1: ValueError('too\nwide'), 3: float('nan')}
    run()
    records = list(rows('work/toy').values())
    assert [record.error for record in records
            ] == ['ValueError: too\nwide', None, 'mIoU is not finite', None]
    assert records[2].metrics == {'aAcc': 1.0}
    out = capsys.readouterr().out
    assert 'failed: ValueError: too  0' in out and '2 failed' in out
    trace = f'work/toy/networks/{training.digests[0]}/error.txt'
    assert 'Traceback' in Path(trace).read_text()
    assert len(NASBenchMR(tmp_path / 'work').table('toy')) == 2
    run('--resume')
    assert len(training.digests) == 4
    run('--retry-failed')
    assert training.digests[4:] == [training.digests[0], training.digests[2]]
    assert len(NASBenchMR(tmp_path / 'work').table('toy')) == 4


@pytest.mark.slow
def test_killed_and_resumed_on_two_processes(tool, tmp_path, monkeypatch):
    """To the rows of one process that was never disturbed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('PYTHON', sys.executable)
    monkeypatch.setenv('PYTHONPATH', f'{ROOT}:{ROOT}/tests')
    Path('real.py').write_text(CONFIG)
    script = TOOLS / 'build_benchmark.py'
    options = ['--num', '3', '--work-dir']
    process = subprocess.Popen(
        [sys.executable, script, 'real.py', *options, 'killed'])
    path = Path('killed/real/rows_0.jsonl')
    while process.poll() is None and not (path.exists() and path.read_bytes()):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 1 <= len(read_archive(path)) < 3
    process = subprocess.Popen([
        'bash', TOOLS / 'dist_build_benchmark.sh', 'real.py', '2', *options,
        'killed', '--resume'
    ])
    monkeypatch.setattr(sys, 'argv', [script, 'real.py', *options, 'whole'])
    tool.main()
    assert process.wait() == 0
    assert len(read_archive(path.with_name('rows_1.jsonl'))) == 1
    assert rows('killed/real') == rows('whole/real')
    assert len(rows('whole/real')) == 3
    for record in rows('whole/real').values():
        assert record.ok
        assert [step for step, _ in record.curves['score']] == [3, 6]
    tables = [
        Path(w, 'real/real.csv').read_text() for w in ('killed', 'whole')
    ]
    assert tables[0] == tables[1] and tables[0].count('\n') == 4
