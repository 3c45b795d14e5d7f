"""NCP on NAS-Bench-201."""
import re

import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.spaces import NASBench201Space


@pytest.fixture
def cells(tmp_path):
    """Ten random cells; four of them are bad and too expensive."""
    space = NASBench201Space()
    codes = space.sample_genes(np.random.default_rng(0), 10).astype(int)
    order = np.arange(10.)
    columns = dict(Acc=order, Flops=np.where(order < 4, 200., 50.))
    columns['Params'] = order
    ArchTable('nas-bench-201', codes, columns,
              'Acc').to_csv(tmp_path / 'nas-bench-201.csv')
    return tmp_path


@pytest.mark.parametrize('args, message', [
    (['--seeds', 0], '--seeds: expected at least 1, got 0'),
    (['--starts', 5], '--starts: expected a number from 1 to 4, got 5'),
    (['--starts', 4, '--lookups', 7], '--lookups: .* from 1 to 6, got 7'),
    (['--starts', 4, '--lookups', 6], '--num-train: .* 2 to 10, got 2000'),
])
def test_more_cells_than_there_are(cells, run, args, message):
    error = run('ncp_nas_bench_201', cells, *args, code=2)
    assert re.search(message, error.splitlines()[-1])
