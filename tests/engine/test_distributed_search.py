"""Two processes: one of them fails, and nothing wrong is recorded.

One run of the real command line holds a failure of every kind; the reference
is an undisturbed search in one process.
"""
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scalenas_mm.search import read_archive

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = 'supernet/iter_4.pth'
# candidate: where it fails and on which rank
FAULTS = {
    1: ('calibration', 1),
    2: ('data', 0),
    3: ('forward', 1),
    4: ('exchange', 0),
    5: ('process', 1),
    6: ('compute_metrics', 0),
}


def search(config, folder, faults, *args, processes=0):
    """Run tools/search.py, or dist_search.sh, with faults by digest."""
    command = [sys.executable, ROOT / 'tools' / 'search.py', config]
    if processes:
        script = ROOT / 'tools' / 'dist_search.sh'
        command = ['bash', script, config, str(processes)]
    path = os.pathsep.join(
        [str(ROOT / 'tests'),
         os.environ.get('PYTHONPATH', '')])
    env = dict(
        os.environ,
        OMP_NUM_THREADS='1',
        PYTHON=sys.executable,
        PYTHONPATH=path,
        FAULTS=json.dumps(faults))
    return subprocess.run(
        [*command, config.parent / CHECKPOINT, '--work-dir', folder, *args],
        capture_output=True,
        text=True,
        env=env,
        timeout=300)


@pytest.mark.slow
def test_a_failure_on_one_rank_spoils_one_candidate(faulty_search, undisturbed,
                                                    tmp_path):
    config, expected = faulty_search, undisturbed
    faults = {expected[i].digest: fault for i, fault in FAULTS.items()}
    result = search(config, tmp_path, faults, processes=2)
    assert result.returncode == 0, result.stderr[-3000:]
    got = read_archive(tmp_path / 'archive.jsonl')
    assert len(got) == len(expected) == 8
    # of another metric, which remembers the ground truth of each rank
    assert {'mIoU_small', 'mIoU_large'} <= expected[0].metrics.keys()
    for record, reference in zip(got, expected):
        place, rank = FAULTS.get(record.id, (None, None))
        if place is None:  # neither its number nor its neighbours' failures
            assert replace(record, seconds=0) == replace(reference, seconds=0)
            continue
        assert (record.status, record.metrics) == ('failed', {})
        assert record.digest == reference.digest
        reason = f'RuntimeError: injected into {place}'
        if place == 'exchange':  # by torch itself, where nobody answers
            assert 'process group has not been initialized' in record.error
            continue
        if place != 'compute_metrics':  # which runs on the main process only
            reason = f'rank {rank}: {reason}'
        assert record.error == reason


@pytest.mark.slow
def test_processes_that_share_out_candidates(faulty_search, undisturbed,
                                             tmp_path):
    """As one process, also where they do not divide the candidates."""
    expected = list(undisturbed)
    faults = {2: 'forward', 5: 'process'}
    result = search(
        faulty_search,
        tmp_path, {
            expected[i].digest: (place, 0)
            for i, place in faults.items()
        },
        '--cfg-options',
        'train_cfg.parallel=candidates',
        'train_cfg.evaluation.type=PopulationMajor',
        processes=3)
    assert result.returncode == 0, result.stderr[-3000:]
    for i, place in faults.items():
        expected[i] = replace(
            expected[i],
            status='failed',
            metrics={},
            error=f'RuntimeError: injected into {place}')
    got = read_archive(tmp_path / 'archive.jsonl')
    assert [replace(record, seconds=0) for record in got
            ] == [replace(record, seconds=0) for record in expected]
