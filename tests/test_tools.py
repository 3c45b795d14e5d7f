"""The general command-line tools: train, test, and what starts them."""
import json
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_cityscapes import write_config

TOOLS = Path(__file__).resolve().parents[1] / 'tools'
ACCELERATOR = torch.cuda.is_available()


def tool(folder, name, *arguments):
    """Run a tool in ``folder``, in this process: imports take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(TOOLS))
        patch.setattr(sys, 'argv', [name, *map(str, arguments)])
        runpy.run_path(str(TOOLS / name), run_name='__main__')


def script(folder, name, *arguments, **environment):
    """Run a shell script in ``folder``."""
    return subprocess.run(['bash', TOOLS / name, *arguments],
                          cwd=folder,
                          env=dict(
                              os.environ,
                              PYTHON=sys.executable,
                              PYTHONWARNINGS='ignore',
                              **environment),
                          capture_output=True,
                          text=True)


def assert_done(result):
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A folder with a config and, in ``work``, its checkpoints."""
    pytest.importorskip('mmseg')
    folder = tmp_path_factory.mktemp('trained')
    config = write_config(folder)
    tool(folder, 'train.py', config, '--work-dir', 'work', '--cfg-options',
         'train_cfg.val_interval=5')
    return folder


@pytest.mark.parametrize('arguments, message', [
    (['train.py', 'none.py'], 'config not found: none.py'),
    (['test.py', 'none.py', 'x.pth'], 'config not found: none.py'),
    (['test.py', 'c.py', 'x.pth'], 'checkpoint not found: x.pth'),
    (['train.py', 'c.py', '--resume', 'x.pth'], 'checkpoint not found: x.pth'),
    (['train.py', 'orphan.py'], 'gone.py'),
    (['test.py', 'c.py', 'c.py', '--out', 'x.txt'], 'must end in .json or'),
    (['test.py', 'c.py', 'c.py', '--show-dir', 'x'], 'visualization'),
])
def test_errors_are_one_line(tmp_path, capsys, arguments, message):
    (tmp_path / 'c.py').write_text('a = 1\n')
    (tmp_path / 'orphan.py').write_text("_base_ = 'gone.py'\n")
    with pytest.raises(SystemExit) as error:
        tool(tmp_path, *arguments)
    assert error.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert 'error: ' in last and message in last


@pytest.mark.skipif(ACCELERATOR, reason='there is an accelerator')
def test_amp_without_an_accelerator(tmp_path, capsys):
    (tmp_path / 'c.py').write_text('a = 1\n')
    with pytest.raises(SystemExit):
        tool(tmp_path, 'train.py', 'c.py', '--amp')
    assert '--amp needs an accelerator' in capsys.readouterr().err


@pytest.mark.slow
def test_resume_goes_on(trained):
    tool(trained, 'train.py', 'tiny_cityscapes.py', '--work-dir', 'work',
         '--resume', '--cfg-options', 'train_cfg.max_iters=3')
    logs = [path.read_text() for path in (trained / 'work').rglob('*.log')]
    assert any('resumed epoch: 0, iter: 2' in log for log in logs)
    assert (trained / 'work' / 'iter_3.pth').is_file()


@pytest.mark.slow
def test_metrics_and_drawings_are_written(trained):
    tool(trained, 'test.py', 'tiny_cityscapes.py', 'work/iter_2.pth', '--out',
         'new/metrics.json', '--show-dir', 'drawn')
    metrics = json.loads((trained / 'new' / 'metrics.json').read_text())
    assert 0 <= metrics['mIoU'] <= 100
    assert len(list((trained / 'drawn').rglob('*.png'))) == 2
    # where the work directory is by default
    assert (trained / 'work_dirs' / 'tiny_cityscapes').is_dir()


@pytest.mark.slow
def test_predictions_are_written(trained):
    tool(trained, 'test.py', 'tiny_cityscapes.py', 'work/iter_2.pth', '--out',
         'predictions.pkl')
    with open(trained / 'predictions.pkl', 'rb') as file:
        assert len(pickle.load(file)) == 2


@pytest.mark.slow
def test_several_processes(trained):
    assert_done(
        script(trained, 'dist_train.sh', 'tiny_cityscapes.py', '2',
               '--work-dir', 'two'))
    assert (trained / 'two' / 'iter_2.pth').is_file()
    assert_done(
        script(trained, 'dist_test.sh', 'tiny_cityscapes.py', 'two/iter_2.pth',
               '2', '--out', 'm.json'))
    assert 'mIoU' in json.loads((trained / 'm.json').read_text())


@pytest.mark.slow
def test_slurm_job_on_the_cpu(trained):
    """With stand-ins for srun and scontrol that start two processes."""
    fakes = trained / 'fakes'
    fakes.mkdir()
    (fakes / 'scontrol').write_text('#!/bin/sh\necho 127.0.0.1\n')
    (fakes / 'srun').write_text('''#!/bin/bash
echo "$@" > srun_arguments
while [[ $1 != bash ]]; do shift; done
export SLURM_NTASKS=2 SLURM_NODELIST=here
SLURM_PROCID=1 SLURM_LOCALID=1 "$@" & other=$!
SLURM_PROCID=0 SLURM_LOCALID=0 "$@" && wait $other
''')
    for fake in fakes.iterdir():
        fake.chmod(0o755)
    result = script(
        trained,
        'slurm_train.sh',
        'part',
        'job',
        'tiny_cityscapes.py',
        '--work-dir',
        'slurm',
        PATH=f"{fakes}:{os.environ['PATH']}",
        GPUS='0',
        PROCESSES='2',
        PORT='29617')
    assert_done(result)
    assert (trained / 'slurm' / 'iter_2.pth').is_file()
    arguments = (trained / 'srun_arguments').read_text()
    assert '-p part --job-name job --ntasks 2' in arguments
    assert '--gres' not in arguments


@pytest.mark.parametrize(
    'name', ['dist_train', 'dist_test', 'dist_search', 'slurm_train'])
def test_too_few_arguments_show_the_usage(tmp_path, name):
    result = script(tmp_path, f'{name}.sh', 'config.py')
    assert result.returncode == 2
    assert f'bash tools/{name}.sh' in result.stderr
