"""The built wheel works without the source tree, through mim too."""
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from tiny_cityscapes import write_config

import scalenas_mm

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ('.*', 'build', '*.egg-info', 'work_dirs', '__pycache__', 'data',
            'shared')
MIM_ENTRIES = ('configs', 'tools', 'model-index.yml')

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel, built from a copy so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    subprocess.run([
        sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps',
        '--no-build-isolation', '--wheel-dir', folder, source
    ],
                   check=True)
    assert not (source / 'scalenas_mm' / '.mim').exists()
    path, = folder.glob('*.whl')
    return path


@pytest.fixture(scope='module')
def python(wheel, tmp_path_factory):
    """Python of an environment with the wheel and with what is installed
    here, but not with an editable install: its hook is not followed."""
    folder = tmp_path_factory.mktemp('venv')
    venv.create(folder, symlinks=True)
    executable = folder / 'bin' / 'python'
    subprocess.run([
        sys.executable, '-m', 'pip', '--python', executable, 'install',
        '--quiet', '--no-deps', '--no-index', wheel
    ],
                   check=True)
    packages, = folder.glob('lib/*/site-packages')
    here = {sysconfig.get_path(kind) for kind in ('purelib', 'platlib')}
    (packages / 'others.pth').write_text('\n'.join(sorted(here)))
    return executable


@pytest.fixture(scope='module')
def trained(python, tmp_path_factory):
    """A folder with a config and a checkpoint it was trained to."""
    folder = tmp_path_factory.mktemp('trained')
    config = write_config(folder)
    mim(python, folder, 'train', 'scalenas_mm', config, '--work-dir', '.')
    return folder


def mim(python, folder, *arguments):
    """Run mim in ``folder``; return what it printed."""
    result = subprocess.run([python, '-W', 'ignore', '-m', 'mim', *arguments],
                            cwd=folder,
                            capture_output=True,
                            text=True)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output[-5000:]
    return output


def test_wheel_holds_what_mim_needs(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for entry in ('configs', 'tools', 'demo', 'projects')
        for path in (ROOT / entry).rglob('*')
        if path.suffix in ('.py', '.sh', '.json', '.yml')
    }
    assert {'tools/train.py', 'tools/dist_train.sh'} <= expected
    for name in expected | {'model-index.yml'}:
        assert f'scalenas_mm/.mim/{name}' in names
    assert 'scalenas_mm/visualization/templates/report.html.jinja' in names
    assert not [name for name in names if '__pycache__' in name]
    assert not [name for name in names if name.startswith('tests')]


def test_wheel_names_its_files(wheel):
    archive = zipfile.ZipFile(wheel)
    record, = (name for name in archive.namelist() if name.endswith('RECORD'))
    assert 'scalenas_mm/.mim/tools/train.py,' in archive.read(record).decode()


def test_the_wheel_is_what_runs(python, tmp_path):
    output = subprocess.check_output(
        [python, '-c', 'import scalenas_mm as s; print(s.__file__)'],
        cwd=tmp_path,
        text=True)
    assert Path(output.strip()).is_relative_to(python.parents[1])


def test_mim_train(trained):
    assert (trained / 'iter_2.pth').is_file()


def test_mim_train_by_a_task_library(python, tmp_path):
    config = write_config(tmp_path)
    mim(python, tmp_path, 'train', 'mmseg', config, '--work-dir', 'work')
    assert (tmp_path / 'work' / 'iter_2.pth').is_file()


@pytest.mark.parametrize('package', ['mmseg', 'scalenas_mm'])
def test_mim_test(python, trained, package):
    output = mim(python, trained, 'test', package, 'tiny_cityscapes.py',
                 '--checkpoint', 'iter_2.pth', '--work-dir', package)
    assert 'mIoU' in output


# a plain model with a searchable backbone is a supernet, too
SEARCH = """\
_base_ = './tiny_cityscapes.py'
train_cfg = dict(
    _delete_=True,
    type='scalenas_mm.SearchLoop',
    input_size=(64, 64),
    num_calibration_batches=1,
    searcher=dict(type='RandomSearch', N=2,
                  objectives=dict(mIoU='max', macs='min')))
"""

# COMMAND -> CONFIG and the options after it
RUN = {
    'test': ['tiny_cityscapes.py', 'iter_2.pth', '--work-dir', 'work'],
    'search': ['search_config.py', 'iter_2.pth', '--work-dir', 'search'],
}


@pytest.mark.parametrize('command', RUN)
def test_mim_run(python, trained, command):
    (trained / 'search_config.py').write_text(SEARCH)
    mim(python, trained, 'run', 'scalenas_mm', command, *RUN[command])


def test_mim_finds_a_config_by_its_name(python, tmp_path):
    packages, = python.parents[1].glob('lib/*/site-packages')
    inside = write_config(tmp_path, 'somewhere.py')
    configs = packages / 'scalenas_mm' / '.mim' / 'configs' / 'nested'
    configs.mkdir(parents=True, exist_ok=True)
    shutil.move(inside, configs / 'found_by_name.py')
    mim(python, tmp_path, 'train', 'scalenas_mm', 'found_by_name.py',
        '--work-dir', 'work')
    assert (tmp_path / 'work' / 'iter_2.pth').is_file()


def test_mim_searches_the_metafiles(python, tmp_path):
    name = 'scalenet-w48_fcn_search_cityscapes-512x1024'
    printed = mim(python, tmp_path, 'search', 'scalenas_mm', '--config', name)
    assert name in printed and '1069.66' in printed


def test_editable_install_links_to_the_source():
    folder = Path(scalenas_mm.__file__).parent / '.mim'
    if not folder.parent.samefile(ROOT / 'scalenas_mm'):
        pytest.skip('not an editable install')
    for entry in MIM_ENTRIES:
        assert (folder / entry).resolve() == ROOT / entry
