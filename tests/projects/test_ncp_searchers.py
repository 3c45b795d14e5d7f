"""Searchers on a table: wrong arguments, and a tiny comparison."""
import numpy as np
import pytest
from commands import run as command

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.spaces import NCPSpace


@pytest.fixture
def small(tmp_path):
    """A folder with a table of 20 rows."""
    rng = np.random.default_rng(0)
    codes = NCPSpace().sample_genes(rng, 20).astype(np.int64)
    ArchTable('seg', codes, dict(mIoU=rng.random(20) * 100),
              'mIoU').to_csv(tmp_path / 'seg.csv')
    return tmp_path


@pytest.mark.parametrize('args, message', [
    ([], '--budget: expected at most 20, the architectures'),
    (['--budget', 20], '--initial: expected at most the --budget of 20'),
    (['--budget', 0], '--budget: expected at least 1, got 0'),
    (['--seeds', 0], '--seeds: expected at least 1, got 0'),
])
def test_searches_that_could_not_end(small, run, args, message):
    error = run('ncp_searchers', small, *args, code=2)
    assert message in error.splitlines()[-1]


def test_every_row_can_be_asked_for(small, run):
    text = run('ncp_searchers', small, '--oracles', 'nearest', '--budget', 20,
               '--initial', 20, '--seeds', 1)
    # all three searchers have seen the whole table
    rows = [line.split() for line in text.splitlines() if '1.0000' in line]
    assert [row[0] for row in rows] == ['random', 'evolution', 'NCP']
    assert len({row[1] for row in rows}) == 1


def test_archives_for_the_comparison_of_searches(small, run, tmp_path):
    """The same hypervolumes apart from their scale, and a test of them."""
    folder = tmp_path / 'archives'
    args = [
        small, '--oracles', 'nearest', '--budget', 12, '--initial', 6,
        '--generation', 3, '--seeds', 3, '--archives', folder
    ]
    run('ncp_searchers', *args)
    archives = [
        f'{name}={folder / "nearest" / f"{name}-{seed}.jsonl"}'
        for name in ('random', 'evolution', 'NCP') for seed in range(3)
    ]
    result = command('analysis_tools/compare_searches.py', *archives)
    assert result.code == 0, result.err
    assert '12 candidates each; mIoU and macs' in result.out
    assert '3 and 3 seeds: p cannot be below 0.1' in result.out
    error = run('ncp_searchers', *args, code=2)
    assert 'random-0.jsonl holds 12 candidates' in error
