"""The README's main job, with few iterations and candidates."""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scalenas_mm.search import read_archive

ROOT = Path(__file__).resolve().parents[1]
SEARCH = 'scalenet-w8_fcn_search_digits-96x96'
SMALL = ['--teacher-iters', '3', '--supernet-iters', '3', '--candidates', '5']


def run(*args, code=0, tool='quickstart.py'):
    result = subprocess.run([sys.executable, ROOT / 'tools' / tool, *args],
                            capture_output=True,
                            text=True)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.slow
def test_from_nothing_to_a_report(tmp_path):
    pytest.importorskip('mmseg')
    printed = run('--folder', tmp_path, *SMALL)
    work = tmp_path / 'work_dirs'
    records = {
        record.id: record
        for record in read_archive(work / SEARCH / 'archive.jsonl')
    }
    assert len(records) == 5
    exported = work / SEARCH / 'exported'
    rows = re.findall(
        r'#(\d+) .*?([\d.]+) .*?([\d.]+) .*?([\d.]+) .*?([\d.]+)', printed)
    assert 1 <= len(rows) <= 3
    for row in rows:
        record = records[int(row[0])]
        name = exported / f'scalenet_{record.id:04d}'
        tested = json.loads(name.with_suffix('.metrics.json').read_text())
        assert tested['mIoU'] == record.metrics['mIoU']
        assert row[3] == row[4] == f'{tested["mIoU"]:.2f}'
        assert name.with_suffix('.png').stat().st_size > 10_000
    report = work / 'quickstart' / 'seg' / 'report.html'
    assert str(report) in printed
    assert report.read_text().count('data:image/png') >= 3 + len(rows)

    before = (work / SEARCH / 'archive.jsonl').read_bytes()
    again = run('--folder', tmp_path, *SMALL)
    for phase in ('data', 'teacher', 'supernet', 'search'):
        assert f'== {phase}: done before' in again
    assert before == (work / SEARCH / 'archive.jsonl').read_bytes()


@pytest.mark.parametrize('args, message', [
    (['--candidates', '2'], 'expected at least 3, got 2'),
    (['--teacher-iters', '0'], 'must be positive'),
])
def test_wrong_arguments(tmp_path, args, message):
    assert message in run('--folder', tmp_path, *args, code=2)
    assert not list(tmp_path.iterdir())


def test_a_report_needs_a_quickstart(tmp_path):
    error = run('--folder', tmp_path, code=2, tool='quickstart_report.py')
    assert 'expected the folder of a quickstart that is done' in error
    assert not list(tmp_path.iterdir())
