"""tools/install.sh refuses at once what cannot work, and changes nothing."""
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INSTALL = ROOT / 'tools' / 'install.sh'
SCRIPTS = sorted(ROOT.glob('tools/*.sh')) + [ROOT / '.ci' / 'run']
BASE_PYTHON = getattr(sys, '_base_executable', sys.executable)

needs_python311 = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason='the install needs Python 3.11')


@pytest.fixture
def install(tmp_path):
    """Run the script with fake programs first on the path."""
    fakes = tmp_path / 'fakes'
    fakes.mkdir()

    def run(*arguments, programs=None, **environment):
        for name, text in (programs or {}).items():
            (fakes / name).write_text(f'#!/bin/sh\n{text}\n')
            (fakes / name).chmod(0o755)
        environment = dict(
            os.environ,
            PATH=f"{fakes}:{os.environ['PATH']}",
            XDG_CACHE_HOME=str(tmp_path / 'cache'),
            **dict(dict(PYTHON=BASE_PYTHON), **environment))
        return subprocess.run(['bash', INSTALL, *arguments],
                              env={
                                  key: value
                                  for key, value in environment.items()
                                  if value
                              },
                              stdin=subprocess.DEVNULL,
                              capture_output=True,
                              text=True)

    return run


def assert_refused(result, *words):
    assert result.returncode == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.name)
def test_syntax(script):
    subprocess.run(['bash', '-n', script], check=True)
    if shutil.which('shellcheck'):
        subprocess.run(['shellcheck', script], check=True)


def test_two_arguments(install, tmp_path):
    assert_refused(install('a', 'b'), 'at most one argument', 'Usage')


def test_unknown_option(install, tmp_path):
    assert_refused(install('--help'), 'unknown option --help', 'Usage')


@pytest.mark.parametrize('lock', ['lock.txt', 'no-such-lock.txt'])
def test_wrong_lock(install, tmp_path, lock):
    (tmp_path / 'lock.txt').write_text('numpy==1.26.4\n')
    result = install(str(tmp_path / 'venv'), LOCK=str(tmp_path / lock))
    assert_refused(result, 'LOCK must name', str(tmp_path / lock))
    assert not (tmp_path / 'venv').exists()


@pytest.mark.parametrize('environment', [
    dict(PYTHON='python3'),
    dict(PYTHON=''),
    dict(PYTHON='no-such-python'),
])
def test_wrong_python(install, tmp_path, environment):
    old = 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac'
    result = install(
        str(tmp_path / 'venv'),
        programs={
            'python3.11': old,
            'python3': old
        },
        **environment)
    assert_refused(result, 'Python 3.11 is needed')
    if environment['PYTHON'] != 'no-such-python':
        assert 'python3 is Python 3.9.2' in result.stderr
    assert not (tmp_path / 'venv').exists()


@needs_python311
def test_no_python_headers(install, tmp_path):
    python = f'''case "$*" in
*get_path*) echo {tmp_path}/include;; *) exec {BASE_PYTHON} "$@";; esac'''
    result = install(
        str(tmp_path / 'venv'),
        programs=dict(mypython=python),
        PYTHON='mypython')
    assert_refused(result, 'Python headers', 'include/Python.h')
    assert not (tmp_path / 'venv').exists()


@needs_python311
@pytest.mark.parametrize('environment', [{}, dict(CXX='no-such-compiler')])
def test_no_compiler(install, tmp_path, environment):
    programs = {'c++': 'exit 1', 'g++': 'exit 1'}
    result = install(
        str(tmp_path / 'venv'),
        programs=programs,
        **dict(dict(CXX=''), **environment))
    assert_refused(result, 'C++17 compiler',
                   environment.get('CXX', 'among: c++ g++'))
    assert not (tmp_path / 'venv').exists()


@needs_python311
def test_full_disk(install, tmp_path):
    df = 'echo header; echo disk 9 9 3145728 9% /'
    result = install(str(tmp_path / 'sub' / 'venv'), programs=dict(df=df))
    assert_refused(result, '8 GiB of free disk space', '3 GiB are free',
                   str(tmp_path))
    assert not (tmp_path / 'sub').exists()


@needs_python311
def test_folder_of_something_else(install, tmp_path):
    folder = tmp_path / 'thesis'
    folder.mkdir()
    (folder / 'chapter.tex').write_text('text')
    assert_refused(install(str(folder)), 'is not a virtual environment')
    assert [path.name for path in folder.iterdir()] == ['chapter.tex']


@needs_python311
def test_a_file_in_the_way(install, tmp_path):
    (tmp_path / 'venv').write_text('text')
    assert_refused(
        install(str(tmp_path / 'venv')), 'is not a virtual environment')
    assert (tmp_path / 'venv').read_text() == 'text'


@needs_python311
def test_broken_venv(install, tmp_path):
    folder = tmp_path / 'venv'
    folder.mkdir()
    (folder / 'pyvenv.cfg').touch()
    assert_refused(install(str(folder)), 'is broken or not of Python 3.11')
    assert [path.name for path in folder.iterdir()] == ['pyvenv.cfg']


@needs_python311
@pytest.mark.slow
def test_failing_step_shows_why(install, tmp_path):
    result = install(
        str(tmp_path / 'venv'),
        PIP_NO_INDEX='1',
        PIP_CONFIG_FILE=os.devnull,
        PIP_FIND_LINKS='')
    assert_refused(result, 'ERROR: ', 'step 2 failed', 'install.log')
    assert '[1/7]' in result.stdout


@needs_python311
def test_up_to_date(install, tmp_path):
    folder = tmp_path / 'venv'
    venv.create(folder, symlinks=True)
    packages, = folder.glob('lib/*/site-packages')
    (packages / 'here.pth').write_text(f'{ROOT}\n')
    key = hashlib.sha256()
    requirements = ROOT / 'requirements'
    for path in (requirements / 'lock.txt', INSTALL,
                 *sorted(ROOT.glob('setup.*')),
                 *sorted(requirements.glob('torchvision_cpu/*.*'))):
        key.update(path.read_bytes())
    version = '.'.join(map(str, sys.version_info[:3]))
    key.update(f'Python {version}\n{ROOT}\n'.encode())
    (folder / '.scalenas_mm-installed').write_text(key.hexdigest())
    result = install(str(folder), PYTHON='no-such-python')
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('Already installed')


def test_sourcing_is_refused():
    command = f'source "{INSTALL}"; echo status $?; set -o | grep errexit'
    result = subprocess.run(['bash', '-c', command],
                            capture_output=True,
                            text=True)
    assert 'do not source it' in result.stderr
    assert result.stdout.split() == ['status', '2', 'errexit', 'off']
