"""What tools/build_benchmark.py refuses, and how it says so."""
import subprocess
from pathlib import Path

import pytest
from toy_benchmark import TOY, rows

from scalenas_mm.benchmarks import NASBenchMR

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


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
