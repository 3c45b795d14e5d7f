"""tools/build_benchmark.py: mostly with a training that takes no time."""
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_classifier import CONFIG

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.benchmarks import rows as rows_module
from scalenas_mm.engine import TrainedNetwork, benchmark
from scalenas_mm.search import read_archive
from scalenas_mm.spaces import NCPSpace

TOOLS = Path(__file__).resolve().parents[1] / 'tools'
SPACE = NCPSpace(blocks=(1, 2), units=(1, ), channels=(8, 16))
TOY = '''\
default_scope = 'mmengine'
model = dict(backbone=dict(type='scalenas_mm.NCPNet'), head=dict(width=1))
output_channels_keys = ['model.head.width']
main_metric = 'mIoU'
crop_size = (32, 64)
train_dataloader = val_dataloader = dict(batch_size=1)
train_cfg = dict(max_iters=4)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='IoUMetric')
optim_wrapper = dict(optimizer=dict(lr=1))
'''
NARROW = '{"blocks": [1, 2], "units": [1], "channels": [8, 16]}'


class FakeTraining:
    """Stands for train_network; the seed decides the result."""

    def __init__(self):
        self.digests, self.bad = [], {}

    def __call__(self, config, arch, input_size, seed, work_dir,
                 keep_checkpoints):
        self.digests.append(arch.digest)
        bad = self.bad.get(len(self.digests), 0.0)
        if isinstance(bad, BaseException):
            raise bad
        last = seed % 1000 / 10 + bad
        cost = SPACE.complexity(arch, input_size).to_dict()
        curve = [[2, 1.0]] if bad else [[2, 1.0], [4, last]]
        return TrainedNetwork(
            dict(aAcc=1.0, mIoU=last), dict(mIoU=curve), cost)


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import build_benchmark
    return build_benchmark


@pytest.fixture
def training(tool, monkeypatch):
    monkeypatch.setattr('_cli.time.sleep', lambda seconds: None)
    fake = FakeTraining()
    monkeypatch.setattr(benchmark, 'train_network', fake)
    return fake


@pytest.fixture
def run(tool, training, tmp_path, monkeypatch):
    """Run the tool on the toy config, as one of several processes."""
    monkeypatch.chdir(tmp_path)
    Path('toy.py').write_text(TOY)

    def run(*arguments, num=4, work='work', rank=None, world=1):
        words = ['--num', num, '--space', NARROW, '--work-dir', work]
        if rank is not None:
            words += ['--launcher', 'pytorch']
            for name, value in (('RANK', rank), ('LOCAL_RANK', rank),
                                ('WORLD_SIZE', world)):
                monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(
            sys, 'argv',
            ['build_benchmark.py', 'toy.py', *map(str, [*words, *arguments])])
        tool.main()

    return run


def rows(folder):
    """Records by digest, without times and places."""
    records = [
        replace(record, seconds=0.0, id=0)
        for path in sorted(Path(folder).glob('rows_*.jsonl'))
        for record in read_archive(path)
    ]
    found = {record.digest: record for record in records}
    assert len(found) == len(records), 'trained twice'
    return found


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


def test_misspelt_main_metric(run, training, tmp_path, capsys):
    """The row is not lost; then nothing is trained until it is corrected."""
    toy = Path('toy.py')
    for arguments in ([], ['--resume']):
        toy.write_text(TOY + "main_metric = 'AP'")
        with pytest.raises(SystemExit) as error:
            run(*arguments)
        assert error.value.code == 2
        assert capsys.readouterr().err == (
            'build_benchmark.py: error: main_metric: expected one of aAcc, '
            "mIoU, got 'AP'\n")
        assert len(training.digests) == len(rows('work/toy')) == 1
    record, = rows('work/toy').values()
    assert list(record.metrics) == ['aAcc', 'mIoU']  # as measured
    toy.write_text(TOY)
    # another process than the one whose row it is
    run('--resume', rank=1, world=2)
    run('--resume', rank=0, world=2)
    assert len(training.digests) == 4
    assert NASBenchMR(tmp_path / 'work').table('toy').main == 'mIoU'
    toy.write_text(TOY + 'main_metric = None')
    run(work='whole')
    assert rows('work/toy') == rows('whole/toy')


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


def test_exit_code_if_all_failed(run, training):
    training.bad = {i: ValueError('no data') for i in range(1, 9)}
    run(rank=0, world=2)  # another may still succeed
    with pytest.raises(SystemExit, match='all networks failed'):
        run(rank=1, world=2)


@pytest.mark.parametrize('arguments, message', [
    ([], 'holds 4 candidates; resume'),
    (['--resume', '--seed', '1'], 'sampling.seed: expected 1, got'),
    (['--resume', '--shape', '64', '64'], 'input_size: expected [64, 64]'),
    (['--resume', '--space', '{}'], 'belongs to another space'),
    (['--resume', '--cfg-options', 'optim_wrapper.optimizer.lr=2'
      ], 'config.optim_wrapper.optimizer.lr: expected 2, got'),
])
def test_rows_of_something_else_are_refused(run, training, capsys, arguments,
                                            message):
    run()
    before = Path('work/toy/rows_0.jsonl').read_bytes()
    places = [{}]
    if arguments:  # a process that has no rows yet refuses as well
        places.append(dict(rank=1, world=2))
    for place in places:
        with pytest.raises(SystemExit) as error:
            run(*arguments, **place)
        assert error.value.code == 2
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert (message if not place else 'belongs to another') in last
    assert Path('work/toy/rows_0.jsonl').read_bytes() == before
    assert len(training.digests) == 4


def test_data_may_move(run, training, capsys):
    """With a warning; also for rows of other processes."""
    run(rank=1, world=2)
    run('--cfg-options', 'train_dataloader.data_root=a', rank=0, world=2)
    run('--resume',
        '--cfg-options',
        'train_dataloader.data_root=b',
        rank=0,
        world=2)
    warnings = [
        line for line in capsys.readouterr().out.splitlines()
        if line.startswith('rank 0: warning: ')
    ]
    assert [line.split('.train_dataloader.')[-1] for line in warnings] == [
        "data_root: expected 'a', got nothing",
        "data_root: expected 'b', got nothing",
        "data_root: expected 'b', got 'a'"
    ]
    assert len(training.digests) == 4


def test_rows_of_more_processes_are_seen(run, capsys):
    run(rank=1, world=2)
    with pytest.raises(SystemExit):
        run(rank=0, world=1)
    assert 'rows_1.jsonl holds networks' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['rows_x', 'rows_0 (copy)', 'rows_01'])
def test_stray_files_are_refused(run, training, capsys, name):
    run(num=1)
    Path(f'work/toy/{name}.jsonl').touch()
    with pytest.raises(SystemExit) as error:
        run('--resume')
    assert error.value.code == 2
    assert f'{name}.jsonl: expected only rows_NUM' in capsys.readouterr().err
    assert len(training.digests) == 1


@pytest.mark.parametrize('arguments, change, message', [
    (['--num', '0'], '', '--num: expected at least 1, got 0'),
    (['--seed', '-1'], '', '--seed: expected at least 0, got -1'),
    (['--name', 'a/b'], '', "dots alone, got 'a/b'"),
    (['--name', '..'], '', "dots alone, got '..'"),
    (['--name', 'é'], '', "dots alone, got 'é'"),
    (['--name', ''], '', "dots alone, got ''"),
    (['--cfg-options', 'model.backbone.nope.x=3'
      ], '', "unexpected keyword argument 'nope'"),
    ([], "main_metric = ['mIoU']", "expected a name, got ['mIoU']"),
    ([
        '--num', '3', '--space', '{"blocks": [1], "units": [1], '
        '"channels": [8]}'
    ], '', 'num: expected at most 1, the architectures'),
    (['--space', '{"blocks": [1]'], '', '--space: expected JSON'),
    (['--space', '[1]'], '', '--space: expected a JSON object or a file'),
    (['--space', 'toy.py'], '', '--space: expected JSON'),
    (['--space', '{"depth": [1]}'], '', "got 'depth'"),
    (['--space', '{"type": "ScaleNetSpace"}'], '', 'expected NCPSpace'),
    (['--space', '{"blocks": []}'], '', 'blocks: expected at least one'),
    (['--space', '{"blocks": 7}'], '', 'blocks: expected an iterable'),
    (['--space', '{"channels": [4]}'], '', 'channels): expected one of 8'),
    (['--launcher', 'mpi'], '', 'variable OMPI_COMM_WORLD_RANK'),
    ([], "model = dict(type='X')\noutput_channels_keys = None",
     'model.backbone: expected a config'),
    ([], "model['backbone'] = dict(type='ResNet')", 'a searchable one'),
    ([], 'val_evaluator = None', 'expected val_evaluator'),
    ([], 'crop_size = None', 'say --shape H W'),
    ([], "output_channels_keys = ['model.neck.in_channels']",
     "expected keys of the config, got 'model.neck.in_channels'"),
])
def test_errors_are_one_line(run, training, capsys, arguments, change,
                             message):
    Path('toy.py').write_text(f'{TOY}\n{change}\n')
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith('build_benchmark.py: error: ') and message in last
    assert not training.digests


def test_usage_of_the_script():
    result = subprocess.run(
        ['bash', TOOLS / 'dist_build_benchmark.sh', 'toy.py'],
        capture_output=True,
        text=True)
    assert result.returncode == 2
    assert 'dist_build_benchmark.sh CONFIG PROCESSES --num N' in result.stderr


@pytest.mark.slow
def test_killed_and_resumed_on_two_processes(tool, tmp_path, monkeypatch):
    """To the rows of one process that was never disturbed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setenv('PYTHON', sys.executable)
    monkeypatch.setenv('PYTHONPATH', f'{TOOLS.parent}:{TOOLS.parent}/tests')
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
