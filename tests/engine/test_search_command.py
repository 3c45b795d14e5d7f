"""Options of tools/search.py."""
import itertools
from dataclasses import replace

import pytest
from commands import run

from scalenas_mm.search import read_archive

NUMBERS = itertools.count()
SMALL = ['train_cfg.searcher.n0=2', 'train_cfg.searcher.N=4']


def search(tiny, folder, *args, options=SMALL):
    # two that begin in one second would have one name, logger and visualizer
    name = f'experiment_name=run{next(NUMBERS)}'
    return run('search.py', tiny / 'tiny_search.py',
               tiny / 'supernet/iter_4.pth', '--work-dir', folder, *args,
               '--cfg-options', name, *options)


def timeless(folder):
    records = read_archive(folder / 'archive.jsonl')
    return [replace(record, seconds=0) for record in records]


@pytest.fixture(scope='module')
def profiled(tiny, tmp_path_factory):
    """A search of 4 candidates that says where its time went."""
    folder = tmp_path_factory.mktemp('profiled')
    result = search(tiny, folder, '--profile')
    assert result.code == 0, result.err
    return folder, result


def log_of(folder):
    path, = folder.glob('*/*.log')
    return path.read_text()


def test_profile(profiled):
    lines = log_of(profiled[0]).split('Where the time went:\n')[1].split('\n')
    parts = [line.split()[0] for line in lines[:10]]
    assert parts[:8] == [
        'part', 'loading', 'preprocessing', 'calibration', 'network',
        'postprocessing', 'metric', 'archive'
    ]
    shares = [float(line.split()[-1].rstrip('%')) for line in lines[1:9]]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert min(shares) >= 0 and shares[3] > 0


def test_the_log_shows_baselines_beside_the_front(profiled):
    text = log_of(profiled[0])
    assert 'Compared with:\n  max      mIoU' in text
    front = text.split('Pareto front after generation 1')[1]
    assert '\n  max      mIoU' in front and '\n  min      mIoU' in front


def test_extend_goes_on_with_a_finished_search(tiny, profiled, tmp_path):
    for name in ('archive.jsonl', 'archive.meta.json'):
        (tmp_path / name).write_text((profiled[0] / name).read_text())
    for _ in range(2):  # it may be said again
        result = search(tiny, tmp_path, '--extend', '3')
        assert result.code == 0, result.err
        assert len(timeless(tmp_path)) == 7
    assert timeless(tmp_path)[:4] == timeless(profiled[0])
    result = search(tiny, tmp_path, '--extend', '0')
    assert (result.code, '--extend: expected at least 1'
            in result.err) == (2, True)


def test_dry_run_writes_nothing(tiny, tmp_path, capfd):
    result = search(tiny, tmp_path / 'none', '--dry-run')
    assert result.code == 0, result.err
    assert not (tmp_path / 'none').exists()
    said = result.out + result.err + ''.join(capfd.readouterr())
    for text in ('the largest network: ', ' s, mIoU ', '2 candidates at once',
                 'memory: ', '4 candidates this way: about 0:0'):
        assert text in said


def test_dry_run_counts_what_is_left(tiny, profiled):
    before = (profiled[0] / 'archive.jsonl').read_bytes()
    result = search(tiny, profiled[0], '--dry-run', '--extend', '3')
    assert result.code == 0, result.err
    assert '3 candidates this way' in result.out + result.err
    assert (profiled[0] / 'archive.jsonl').read_bytes() == before


def test_dry_run_says_what_is_wrong(tiny, tmp_path):
    result = search(
        tiny,
        tmp_path,
        '--dry-run',
        options=['train_cfg.searcher.objectives.none=max'])
    assert result.code == 2
    assert 'the search would fail: objectives.none' in result.err
