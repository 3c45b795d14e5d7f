"""A record that cannot be written, with two processes."""
import os
from pathlib import Path

import pytest
from mmengine.dist import get_rank
from tiny_shrinking import config, in_processes, runner_of

from scalenas_mm.engine import shrink_archive
from scalenas_mm.search import read_archive


def recorded(folder, **settings):
    cfg = config(folder, epochs=1, launcher='pytorch', **settings)
    cfg.custom_hooks.append(
        dict(
            type='scalenas_mm.ShrinkArchiveHook',
            objectives=dict(score='max', macs='min'),
            input_size=(32, 32),
            num_calibration_batches=0))
    runner_of(cfg).train()


def full_disk(checkpoint, file):
    Path(file).write_bytes(b'half')
    raise OSError(28, 'No space left on device')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='forks')
def test_a_full_disk(tmp_path, monkeypatch):
    """All end with its error, nothing is left of what was half written, and
    a resumed run makes the record."""

    def failing():
        monkeypatch.setattr(shrink_archive, 'save_checkpoint', full_disk)
        with pytest.raises(OSError, match='No space left'):
            recorded(tmp_path)
        (tmp_path / f'failed{get_rank()}').touch()

    assert in_processes(failing, num=2) == [0, 0]
    assert len(list(tmp_path.glob('failed?'))) == 2
    assert not list((tmp_path / 'shrunk').iterdir())
    assert not read_archive(tmp_path / 'archive.jsonl')
    again = in_processes(lambda: recorded(tmp_path, resume=True), num=2)
    assert again == [0, 0]
    records = read_archive(tmp_path / 'archive.jsonl')
    assert [record.id for record in records] == list(range(len(records)))
    assert records[-1].step == 2
    names = {f'{r.id:04d}_{r.weights}.pth' for r in records}
    assert {path.name for path in (tmp_path / 'shrunk').iterdir()} == names
