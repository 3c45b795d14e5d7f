"""Searchers on a table: wrong arguments, and a tiny comparison."""
import numpy as np
import pytest

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
