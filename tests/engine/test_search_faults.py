"""Kills, disks, images and other processes; see the table in docs/search.md.
"""
import errno
import os
import re
import resource
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from commands import TOOLS, run
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from tiny_search import write_configs

from scalenas_mm.search import Archive, read_archive, read_meta

CHECKPOINT = 'supernet/iter_4.pth'
NUMBER = 3  # candidate with which the disk is full


def timeless(records):
    return [replace(record, seconds=0.0) for record in records]


def command(config, folder, *args, **options):
    return run('search.py', config, config.parent / CHECKPOINT, '--work-dir',
               folder, *args, '--cfg-options', 'train_cfg.seed=0',
               *(f'{key}={value}' for key, value in options.items()))


# -- kills -------------------------------------------------------------------
@pytest.mark.slow
def test_the_real_command_is_killed_twice(faulty_search, tiny, undisturbed,
                                          tmp_path, monkeypatch):
    """Before a candidate and after some; tools/misc/kill_search.py does it
    more often, also with several processes."""
    monkeypatch.syspath_prepend(str(TOOLS / 'misc'))
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.setenv('PYTHONPATH', str(Path(__file__).parents[1]))
    monkeypatch.setenv('PYTHONWARNINGS', 'ignore')
    import kill_search
    args = SimpleNamespace(
        config=str(faulty_search),
        checkpoint=str(tiny / CHECKPOINT),
        out=tmp_path,
        seed=0,
        cfg_options=[])
    search = kill_search.Search('single', args)
    search.seconds = 6
    search.disturb(0)
    search.disturb(3)
    search.run()
    assert search.kills[1] >= 3
    assert kill_search.differing(search.folder, tiny / 'undisturbed') == []
    assert len(read_archive(search.folder / 'archive.jsonl')) == 8


def test_where_and_when_searches_are_killed(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS / 'misc'))
    monkeypatch.syspath_prepend(str(TOOLS))
    import random

    from kill_search import MODES, descendants, shares, targets
    assert shares(20, MODES) == dict(single=7, ranks=7, ray=6)
    where = targets(7, 60, random.Random(0))
    assert len(where) == 7 and where == sorted(where) and where[0] == 0
    assert len(set(where)) < 7 and max(where) < 60
    child = subprocess.Popen([sys.executable, '-c', 'input()'],
                             stdin=subprocess.PIPE,
                             start_new_session=True)
    assert {os.getpid(), child.pid} <= set(descendants(os.getpid()))
    child.communicate(b'\n')


# -- disks -------------------------------------------------------------------
class FullDisk:
    """Makes a disk full, and gives it room again."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        self.folder.joinpath('filler').write_bytes(b'')
        with open(self.folder / 'filler', 'ab', buffering=0) as file:
            try:
                while file.write(b'\0' * 512):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def clear(self):
        self.folder.joinpath('filler').unlink(missing_ok=True)


class FileLimit(FullDisk):
    """No file may become much larger than the archive is."""

    def fill(self):
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = self.folder.joinpath('archive.jsonl').stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, self.before[1]))

    def clear(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


@contextmanager
def small_disk(folder):
    """A file system of 400 kB, where that is allowed."""
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f'mount: {error}')
    if made.returncode:
        pytest.skip(f'no tmpfs: {made.stderr.strip()}')
    try:
        yield FullDisk(folder)
    finally:
        subprocess.run(['umount', '-l', str(folder)], check=True)


@contextmanager
def file_limit(folder):
    folder.mkdir()
    yield FileLimit(folder)


@HOOKS.register_module(force=True)
class FullDiskHook(Hook):
    """Fills the disk after a candidate, before others look at it."""
    disk = None

    def after_candidate(self, runner, record):
        if record.id == NUMBER and self.disk is not None:
            self.disk.fill()


@pytest.mark.parametrize('kind', [small_disk, file_limit])
def test_a_disk_that_gets_full(tiny, faulty_search, undisturbed, tmp_path,
                               monkeypatch, kind):
    config = tiny / 'disk_search.py'
    hooks = [
        dict(type='FullDiskHook'),
        dict(type='scalenas_mm.SearchLoggerHook')
    ]
    config.write_text(f"_base_ = './{faulty_search.name}'\n"
                      f'custom_hooks = {hooks!r}\n')
    folder = tmp_path / 'search'
    archive = folder / 'archive.jsonl'
    with kind(folder) as disk:
        monkeypatch.setattr(FullDiskHook, 'disk', disk)
        try:
            result = command(config, folder)
        finally:
            disk.clear()
        assert result.code == 2
        found = re.fullmatch(
            rf'search.py: error: {archive}: candidate (\d) cannot be written '
            r'\(\[Errno \d+\] .*\); the (\d) before it are',
            result.err.splitlines()[-1])
        # the last block of a disk takes some that are small
        done = int(found[1])
        assert NUMBER < done < 8 and found[2] == found[1]
        assert timeless(read_archive(archive)) == timeless(undisturbed[:done])
        monkeypatch.setattr(FullDiskHook, 'disk', None)
        assert command(config, folder, '--resume').code == 0
        assert timeless(read_archive(archive)) == timeless(undisturbed)


def no_room(*args, **kwargs):
    raise OSError(errno.ENOSPC, 'No space left on device')


def test_a_disk_that_is_full_from_the_start(faulty_search, tmp_path,
                                            monkeypatch):
    monkeypatch.setattr('mmengine.config.Config.dump', no_room)
    result = command(faulty_search, tmp_path)
    assert result.code == 2
    assert result.err.splitlines()[-1] == (
        'search.py: error: [Errno 28] No space left on device')


def test_no_room_for_baselines(faulty_search, undisturbed, tmp_path,
                               monkeypatch):
    from scalenas_mm.search import archive as module
    plain = module._write

    def write(file, data):
        if 'baselines' in file.name:
            file.write(data[:20])
            no_room()
        plain(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(module, '_write', write)
        result = command(faulty_search, tmp_path)
    assert result.code == 2
    beside = tmp_path / 'archive.baselines.jsonl'
    assert (f'error: {beside}: candidate 0 cannot be written ([Errno 28] No '
            'space left on device)') in result.err.splitlines()[-1]
    assert read_archive(beside) == []
    assert command(faulty_search, tmp_path, '--resume').code == 0
    assert timeless(read_archive(tmp_path /
                                 'archive.jsonl')) == timeless(undisturbed)
    assert len(read_archive(beside)) > 1


def test_what_only_shows_does_not_end_a_search(tiny, tmp_path, monkeypatch):
    """Plots, and numbers for the visualizer."""
    monkeypatch.setattr('scalenas_mm.visualization.pareto.plot_pareto',
                        no_room)
    monkeypatch.setattr('mmengine.visualization.Visualizer.add_scalar',
                        no_room)
    result = command(
        tiny / 'tiny_search.py', tmp_path, **{
            'train_cfg.baselines': False,
            'train_cfg.searcher.N': 4
        })
    assert result.code == 0
    assert len(read_archive(tmp_path / 'archive.jsonl')) == 4
    log = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert log.count('SearchPlotHook: cannot draw') == 1
    assert log.count('cannot be shown (OSError(28') == 1


# -- images ------------------------------------------------------------------
@pytest.mark.parametrize('folder, size, workers', [
    ('leftImg8bit', 2000, 0),
    ('leftImg8bit', 0, 0),
    ('gtFine', 60, 0),
    ('leftImg8bit', 2000, 1),
])
def test_a_corrupt_image_is_named(tiny, tmp_path, monkeypatch, folder, size,
                                  workers):
    """It spoils every candidate alike, so that nothing is recorded."""
    # how long each loader that failed waits for its worker
    monkeypatch.setattr(torch.utils.data._utils, 'MP_STATUS_CHECK_INTERVAL',
                        .5)
    config = write_configs(tmp_path) / 'tiny_search.py'
    image = sorted((tmp_path / 'data' / folder / 'val').rglob('*.png'))[1]
    image.write_bytes(image.read_bytes()[:size])
    result = run('search.py', config, tiny / CHECKPOINT, '--work-dir',
                 tmp_path / 'search', '--cfg-options',
                 'train_cfg.baselines=False',
                 f'val_dataloader.num_workers={workers}')
    assert result.code == 2
    assert str(image) in result.err.splitlines()[-1]
    assert 'the smallest network now' in result.err
    assert 'Traceback' not in result.err.splitlines()[-1]
    assert read_archive(tmp_path / 'search' / 'archive.jsonl') == []


# -- others ------------------------------------------------------------------
def test_a_second_search_in_the_same_folder(faulty_search, tmp_path):
    folder = tmp_path / 'search'
    few = {'train_cfg.searcher.N': 1, 'train_cfg.baselines': False}
    assert command(faulty_search, folder, **few).code == 0
    archive = folder / 'archive.jsonl'
    with Archive(archive, read_meta(archive), resume=True):
        result = command(faulty_search, folder, '--resume', **few)
    assert result.code == 2
    assert result.err.splitlines()[-1] == (
        f'search.py: error: {archive} is in use by another search')
