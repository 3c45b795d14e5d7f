"""Files are whole or not there; a lock is one process's."""
import multiprocessing
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from scalenas_mm import _files
from scalenas_mm._files import lock, whole_file, write_atomic

# a process that tells when it holds the lock, then ends or waits to be killed
HOLDER = '''
import sys, time
from scalenas_mm._files import lock
file = open(sys.argv[1], 'a')
lock(file, wait=True)
print('locked', flush=True)
sys.stdin.readline()
'''


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- Whole files ---


def test_folders_are_made_and_text_is_written(tmp_path):
    write_atomic(tmp_path / 'a' / 'b.txt', 'Länge\n')
    assert (tmp_path / 'a' / 'b.txt').read_bytes() == 'Länge\n'.encode()
    assert names(tmp_path / 'a') == ['b.txt']


def test_the_path_given_has_the_suffix(tmp_path):
    with whole_file(str(tmp_path / 'curve.png')) as part:
        assert part.suffix == '.png' and part.parent == tmp_path
        assert not (tmp_path / 'curve.png').exists()
        part.touch()
    assert names(tmp_path) == ['curve.png']


def test_an_exception_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt):
        with whole_file(path) as part:
            part.write_text('half of the n')
            raise KeyboardInterrupt
    assert path.read_text() == 'old' and names(tmp_path) == ['table.csv']


def test_nothing_written_is_an_error(tmp_path):
    path = tmp_path / 'table.csv'
    path.write_text('old')
    with pytest.raises(FileNotFoundError):
        with whole_file(path):
            pass
    assert path.read_text() == 'old'


@pytest.mark.skipif(os.name != 'posix', reason='folders are synced on POSIX')
def test_content_is_on_disk_before_its_name_and_then_the_name(
        tmp_path, monkeypatch):
    done = []
    replace, fsync = os.replace, os.fsync

    def note_fsync(handle):
        done.append(Path(os.readlink(f'/proc/self/fd/{handle}')).name)
        fsync(handle)

    def note_replace(source, target):
        done.append('replace')
        replace(source, target)

    monkeypatch.setattr(os, 'fsync', note_fsync)
    monkeypatch.setattr(os, 'replace', note_replace)
    with whole_file(tmp_path / 'meta.json') as part:
        part.write_text('{}')
    assert done == [part.name, 'replace', tmp_path.name]


# --- Locks ---


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of ``tmp_path / 'file'``."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLDER, tmp_path / 'file'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True)
    assert process.stdout.readline() == 'locked\n'
    yield process
    process.kill()
    process.communicate()


def test_a_lock_keeps_others_out(tmp_path, holder):
    with open(tmp_path / 'file', 'a') as file, pytest.raises(OSError):
        lock(file)


@pytest.mark.parametrize('end', ['ends', 'is killed'])
def test_a_lock_ends_with_its_process(tmp_path, holder, end):
    if end == 'ends':
        holder.communicate('\n')
    else:
        holder.kill()
        holder.wait()
    with open(tmp_path / 'file', 'a') as file:
        lock(file)


def test_a_lock_ends_with_its_file(tmp_path):
    with open(tmp_path / 'file', 'a') as file:
        lock(file)
    with open(tmp_path / 'file', 'a') as file:
        lock(file)


def wait_for(path, began, got):
    with open(path, 'a') as file:
        began.set()
        lock(file, wait=True)
        got.set()


def test_waiting_for_a_lock(tmp_path, holder):
    context = multiprocessing.get_context('spawn')
    began, got = context.Event(), context.Event()
    process = context.Process(
        target=wait_for, args=(tmp_path / 'file', began, got))
    process.start()
    assert began.wait(60)
    assert not got.wait(.2)
    holder.communicate('\n')
    assert got.wait(60)
    process.join()
    assert process.exitcode == 0


# --- Without fcntl ---


@pytest.fixture
def windows(monkeypatch):
    """The calls of a lock where there is ``msvcrt`` and no ``fcntl``; as many
    of them fail as ``windows.busy`` says."""
    calls = []
    state = types.SimpleNamespace(calls=calls, busy=0)

    def locking(handle, mode, size):
        calls.append((os.lseek(handle, 0, os.SEEK_CUR), mode, size))
        if len(calls) <= state.busy:
            raise PermissionError('busy')

    module = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, 'msvcrt', module)
    monkeypatch.setattr(_files, 'fcntl', None)
    monkeypatch.setattr(_files.time, 'sleep', lambda seconds: None)
    return state


def test_windows_locks_one_byte_beyond_the_end(tmp_path, windows):
    with open(tmp_path / 'file', 'w+') as file:
        file.write('text')
        lock(file)
        assert file.tell() == 4
    assert windows.calls == [(2**31 - 2, 2, 1)]


def test_windows_refuses_a_locked_file(tmp_path, windows):
    windows.busy = 1
    with open(tmp_path / 'file', 'a') as file, pytest.raises(OSError):
        lock(file)


def test_windows_waits_for_a_locked_file(tmp_path, windows):
    windows.busy = 3
    with open(tmp_path / 'file', 'a') as file:
        lock(file, wait=True)
    assert len(windows.calls) == 4


def test_rooms_with_files_import_without_fcntl():
    code = ("import sys; sys.modules['fcntl'] = None\n"
            'import scalenas_mm.search, scalenas_mm.benchmarks\n'
            'from scalenas_mm import _files\nassert _files.fcntl is None')
    subprocess.run([sys.executable, '-c', code], check=True)
