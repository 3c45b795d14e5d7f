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
from commands import forget_visualizers
from mmengine.config import Config
from tiny_cityscapes import write_config

TOOLS = Path(__file__).resolve().parents[1] / 'tools'
ACCELERATOR = torch.cuda.is_available()


def tool(folder, name, *arguments):
    """Run a tool in ``folder``, in this process: imports take long."""
    forget_visualizers()
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
         'train_cfg.val_interval=5', 'randomness.seed=0')
    return folder


def error_of(capsys, folder, *arguments):
    """The one line that a tool that refuses prints."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as error:
        tool(folder, *arguments)
    assert error.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert f'{Path(arguments[0]).name}: error: ' in last
    return last


@pytest.mark.parametrize('arguments, message', [
    (['train.py', 'none.py'], 'config not found: none.py'),
    (['test.py', 'none.py', 'x.pth'], 'config not found: none.py'),
    (['test.py', 'c.py', 'x.pth'], 'checkpoint not found: x.pth'),
    (['train.py', 'c.py', '--resume', 'x.pth'], 'checkpoint not found: x.pth'),
    (['train.py', 'c.py'], 'expected model = dict(...) in the config'),
    (['train.py', 'orphan.py'], 'gone.py'),
    (['train.py', 'open.py'], "'(' was never closed"),
    (['train.py', 'name.py'], "NameError: name 'b' is not defined (line 2 of"),
    (['train.py', 'custom.py'], 'ImportError: Failed to import no_such_one'),
    (['test.py', 'c.py', 'c.py', '--out', 'x.txt'], 'must end in .json or'),
    (['test.py', 'c.py', 'c.py', '--show-dir', 'x'], 'visualization'),
    (['test.py', 'c.py', 'c.py', '--tta'], 'tta_model and tta_pipeline'),
    (['train.py', 'c.py', '--auto-scale-lr'], 'auto_scale_lr.base_batch_size'),
    (['train.py', 'c.py', '--launcher', 'slurm'], 'variable SLURM_PROCID'),
    (['train.py', 's.py', '--resume', 'c.py'], 'goes on with its archive'),
])
def test_errors_are_one_line(tmp_path, capsys, arguments, message):
    (tmp_path / 'c.py').write_text('a = 1\n')
    (tmp_path / 'orphan.py').write_text("_base_ = 'gone.py'\n")
    (tmp_path / 'open.py').write_text('a = (\n')
    (tmp_path / 'name.py').write_text('a = 1\na = b\n')
    (tmp_path / 'custom.py'
     ).write_text("custom_imports = dict(imports=['no_such_one'])\n")
    (tmp_path / 's.py').write_text('train_cfg = dict(searcher=dict())\n')
    assert message in error_of(capsys, tmp_path, *arguments)


@pytest.mark.parametrize('options, message', [
    (['a'], "expected KEY=VALUE, got 'a'"),
    (['=1'], "expected KEY=VALUE, got '=1'"),
    (['a=[1,2'], "as many closing as opening brackets, got 'a=[1,2'"),
    (['a=[(1,2],3)'], 'a=[(1,2],3): not a value that can be read'),
    (['a=1,[2'], 'a=1,[2: not a value that can be read: Imbalanced'),
    (['a.b=1'], 'a.b: a is no dict or list, it is 1'),
    (['c=1', 'd.1.e.f=1'], 'd.1.e.f: d.1.e is no dict or list, it is 2'),
    (['d.x=1'], 'd.x: d is a list, expected an index below 2, got x'),
    (['d.7=1'], 'd.7: d is a list, expected an index below 2, got 7'),
])
def test_wrong_options_are_named(tmp_path, capsys, options, message):
    (tmp_path / 'c.py').write_text('a = 1\nd = [1, dict(e=2)]\n')
    assert message in error_of(capsys, tmp_path, 'train.py', 'c.py',
                               '--cfg-options', *options)


def test_options_override_the_config(tmp_path, capsys):
    (tmp_path /
     'c.py').write_text('a = 1\nd = [1, dict(e=2)]\nf = dict(g=1, h=2)\n')
    tool(tmp_path, 'misc/print_config.py', 'c.py', '--out', 'out/c.json',
         '--cfg-options', 'a=[(1,x)]', 'd.1.e=None', '--cfg-options',
         'f._delete_=True', 'f.i=0.5')
    assert json.loads((tmp_path / 'out' / 'c.json').read_text()) == dict(
        a=[[1, 'x']], d=[1, dict(e=None)], f=dict(i=0.5))
    tool(tmp_path, 'misc/print_config.py', 'c.py')
    printed = Config.fromstring(capsys.readouterr().out, '.py')
    assert printed.to_dict() == dict(a=1, d=[1, dict(e=2)], f=dict(g=1, h=2))
    assert 'must end in' in error_of(capsys, tmp_path, 'misc/print_config.py',
                                     'c.py', '--out', 'x')


@pytest.mark.parametrize(
    'settings, argument, resume, start',
    [
        (dict(), None, None, None),
        (dict(resume=True), None, True, None),
        (dict(resume=True, load_from='a.pth'), None, True, 'a.pth'),
        (dict(load_from='a.pth'), 'b.pth', True, 'b.pth'),
        (dict(load_from='a.pth', work_dir='.'), 'auto', True, 'b.pth'),
        # nothing to resume yet: begin as the config says
        (dict(load_from='a.pth', work_dir='new'), 'auto', False, 'a.pth'),
    ])
def test_what_is_resumed(tmp_path, monkeypatch, settings, argument, resume,
                         start):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TOOLS))
    for name in ('a.pth', 'b.pth'):
        Path(name).touch()
    Path('last_checkpoint').write_text('b.pth')
    config = Config(dict(settings))
    runpy.run_path(str(TOOLS / 'train.py'))['set_resume'](config, argument)
    assert config.get('resume') == resume
    assert config.get('load_from') == start


@pytest.mark.parametrize('settings, argument', [(dict(resume=True), None),
                                                (dict(), 'auto')])
def test_a_search_resumes_its_archive(tmp_path, monkeypatch, settings,
                                      argument):
    """Not the supernet, which the runner would take for its checkpoint."""
    monkeypatch.syspath_prepend(str(TOOLS))
    (tmp_path / 'a.pth').touch()
    config = Config(
        dict(
            settings,
            load_from=str(tmp_path / 'a.pth'),
            train_cfg=dict(searcher=dict(type='RandomSearch'))))
    runpy.run_path(str(TOOLS / 'train.py'))['set_resume'](config, argument)
    assert config.train_cfg.resume is True
    assert not config.get('resume')


def test_the_learning_rate_is_scaled(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    config = Config(dict(auto_scale_lr=dict(base_batch_size=16)))
    runpy.run_path(str(TOOLS / 'train.py'))['set_auto_scale_lr'](config)
    assert config.auto_scale_lr == dict(base_batch_size=16, enable=True)


@pytest.mark.skipif(ACCELERATOR, reason='there is an accelerator')
def test_amp_without_an_accelerator(tmp_path, capsys):
    (tmp_path / 'c.py').write_text('a = 1\n')
    assert '--amp needs an accelerator' in error_of(capsys, tmp_path,
                                                    'train.py', 'c.py',
                                                    '--amp')


@pytest.mark.parametrize('option, message', [
    ('model.decode_head.type=NoSuchHead',
     'unknown type in the config: NoSuchHead is not in the mmseg::model'),
    ('train_dataloader.dataset.data_root=no_such_folder',
     "No such file or directory: 'no_such_folder/leftImg8bit/train'"),
    ('model.no_such_argument=1', 'wrong arguments in the config: '
     "EncoderDecoder got an unexpected keyword argument 'no_such_argument'"),
    ('model.backbone.widht=8', 'wrong arguments in the config: ScaleNet got '
     "an unexpected keyword argument 'widht'"),
    ('model.decode_head._delete_=True model.decode_head.type=FCNHead',
     'wrong arguments in the config: FCNHead missing 2 required'),
])
def test_configs_that_do_not_fit_are_one_line(tmp_path, capsys, option,
                                              message):
    pytest.importorskip('mmseg')
    config = write_config(tmp_path)
    assert message in error_of(capsys, tmp_path, 'train.py', config,
                               '--cfg-options', *option.split())


def test_a_checkpoint_of_other_groups_is_one_line(monkeypatch, capsys):
    """The message is torch's own, of the version that is installed."""
    import torch
    monkeypatch.syspath_prepend(str(TOOLS))
    from _errors import readable_errors
    many, one = (
        torch.optim.SGD(groups, lr=1)
        for groups in ([dict(params=[torch.zeros(1)]) for _ in range(2)],
                       [torch.zeros(1), torch.zeros(1)]))
    with pytest.raises(SystemExit), readable_errors():
        one.load_state_dict(many.state_dict())
    assert 'of a training with another optim_wrapper' in (
        capsys.readouterr().err)


@pytest.mark.parametrize('bug', ['dict(1, 2)', 'Inner(size=1)', 'Inner()'])
def test_bugs_keep_their_traceback(tmp_path, bug):
    """Also those that look like a wrong argument."""
    pytest.importorskip('mmseg')
    config = write_config(tmp_path)
    (tmp_path / 'buggy_hook.py').write_text(f'''\
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

class Inner:
    def __init__(self, needed):
        pass

@HOOKS.register_module(force=True)
class BuggyHook(Hook):
    def __init__(self, number=1):
        {bug}
''')
    with pytest.MonkeyPatch.context() as patch, pytest.raises(TypeError):
        patch.syspath_prepend(str(tmp_path))
        patch.delitem(sys.modules, 'buggy_hook', raising=False)
        tool(tmp_path, 'train.py', config, '--cfg-options',
             'custom_imports.imports=[buggy_hook]',
             'custom_hooks=[{"type":"BuggyHook"}]')


@pytest.mark.parametrize('arguments', [
    ['train.py', 'tiny_cityscapes.py', '--resume', 'cut.pth'],
    [
        'train.py', 'tiny_cityscapes.py', '--cfg-options', 'load_from=cut.pth',
        'model.backbone.init_cfg=None'
    ],
    ['test.py', 'tiny_cityscapes.py', 'cut.pth'],
    ['test.py', 'tiny_cityscapes.py', 'tiny_cityscapes.py'],
])
def test_unreadable_checkpoints_are_one_line(tmp_path, capsys, arguments):
    pytest.importorskip('mmseg')
    write_config(tmp_path)
    whole = tmp_path / 'whole.pth'
    torch.save(dict(state_dict=dict(a=torch.zeros(5000))), whole)
    (tmp_path / 'cut.pth').write_bytes(whole.read_bytes()[:9000])
    last = error_of(capsys, tmp_path, *arguments)
    assert 'not a checkpoint that can be read: ' in last
    assert 'cut.pth' in last or 'tiny_cityscapes.py: not' in last


@pytest.mark.parametrize('name', ['train.py', 'search.py'])
@pytest.mark.parametrize('key', ['model', 'train_cfg', 'val_dataloader'])
def test_settings_that_are_no_dicts_are_one_line(tmp_path, capsys, name, key):
    (tmp_path / 'c.py').write_text(f'{key} = 3\n')
    assert f'c.py: {key}: expected a dict, got 3' in error_of(
        capsys, tmp_path, name, 'c.py')


@pytest.mark.slow
@pytest.mark.parametrize('change, message', [
    (lambda weights: weights.pop('backbone.conv1.weight'),
     'does not hold the weights of the model: it lacks backbone.conv1.weight'),
    (lambda weights: weights.update({'backbone.more': torch.zeros(1)}),
     'does not hold the weights of the model: it has backbone.more'),
])
def test_other_weights_are_refused(trained, capsys, change, message):
    """Not tested with random numbers in place of what is missing."""
    checkpoint = torch.load(trained / 'work/iter_2.pth', weights_only=True)
    change(checkpoint['state_dict'])
    torch.save(checkpoint, trained / 'other.pth')
    assert message in error_of(capsys, trained, 'test.py',
                               'tiny_cityscapes.py', 'other.pth')


@pytest.mark.slow
def test_weights_of_more_parts_are_accepted(trained):
    checkpoint = torch.load(trained / 'work/iter_2.pth', weights_only=True)
    checkpoint['state_dict']['auxiliary_head.bias'] = torch.zeros(1)
    torch.save(checkpoint, trained / 'more.pth')
    tool(trained, 'test.py', 'tiny_cityscapes.py', 'more.pth')


@pytest.mark.slow
def test_resume_goes_on(trained):
    # a name of its own: runs of one process that begin in the same second
    # have the same name, and then the same log
    tool(trained, 'train.py', 'tiny_cityscapes.py', '--work-dir', 'work',
         '--resume', '--cfg-options', 'train_cfg.max_iters=3',
         'experiment_name=resumed')
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
def test_augmented_at_test_time(trained):
    (trained / 'tta.py').write_text('''\
_base_ = './tiny_cityscapes.py'
tta_model = dict(type='SegTTAModel')
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='TestTimeAug', transforms=[
        [dict(type='RandomFlip', prob=0.), dict(type='RandomFlip', prob=1.)],
        [dict(type='LoadAnnotations')], [dict(type='PackSegInputs')]])]
''')
    for name, options in ('plain', []), ('augmented', ['--tta']):
        tool(trained, 'test.py', 'tta.py', 'work/iter_2.pth', '--out',
             f'{name}.json', *options)
    metrics = [
        json.loads((trained / f'{name}.json').read_text())
        for name in ('plain', 'augmented')
    ]
    assert metrics[0] != metrics[1] and 0 <= metrics[1]['mIoU'] <= 100


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


@pytest.mark.slow
@pytest.mark.parametrize('ranks, lines', [
    ('01', ['train.py: error: ']),
    ('1', ['train.py (rank 1): error: ']),
])
def test_a_rank_that_fails_ends_all(tmp_path, ranks, lines):
    """What all ranks would say is said once."""
    (tmp_path / 'c.py').write_text(f'''\
_base_ = []
import os
import time
if os.environ['RANK'] in {ranks!r}:
    raise ValueError('no such luck')
time.sleep(300)
''')
    result = script(tmp_path, 'dist_train.sh', 'c.py', '2')
    assert result.returncode != 0
    said = [
        line for line in result.stderr.splitlines() if 'no such luck' in line
    ]
    assert len(said) == len(lines)
    assert all(a.startswith(b) for a, b in zip(said, lines))


@pytest.mark.parametrize('name', [
    'dist_train', 'dist_test', 'dist_search', 'dist_build_benchmark',
    'slurm_train', 'slurm_search'
])
def test_too_few_arguments_show_the_usage(tmp_path, name):
    result = script(tmp_path, f'{name}.sh', 'config.py')
    assert result.returncode == 2
    assert result.stderr.startswith(f'bash tools/{name}.sh ')
    assert len(result.stderr.splitlines()) == 1
