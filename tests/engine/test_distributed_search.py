"""A search on two processes gives the archive of one."""
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_search import runner_of

from scalenas_mm.search import read_archive

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = 'supernet/iter_4.pth'


@pytest.mark.slow
def test_dist_search(tiny, tmp_path):
    """tools/dist_search.sh: costs, metrics and proposals are the same."""
    alone = tmp_path / 'alone'
    runner_of(
        tiny / 'tiny_search.py',
        alone,
        load_from=str(tiny / CHECKPOINT),
        train_cfg__searcher__N=5).train()
    script = ROOT / 'tools' / 'dist_search.sh'
    command = [
        'bash', script, tiny / 'tiny_search.py', '2', tiny / CHECKPOINT,
        '--work-dir', tmp_path / 'both', '--cfg-options',
        'train_cfg.searcher.N=5'
    ]
    env = dict(os.environ, OMP_NUM_THREADS='1', PYTHON=sys.executable)
    result = subprocess.run(command, capture_output=True, text=True, env=env)
    assert result.returncode == 0, result.stderr[-3000:]
    one, two = ([
        replace(record, seconds=0.0)
        for record in read_archive(folder / 'archive.jsonl')
    ] for folder in (alone, tmp_path / 'both'))
    assert one == two and len(one) == 5
    again = subprocess.run(command, capture_output=True, text=True, env=env)
    assert again.returncode != 0
    assert 'resume the search (--resume) or choose' in again.stderr
