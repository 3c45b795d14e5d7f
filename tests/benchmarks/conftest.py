"""A small table with random numbers."""
import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.spaces import NCPSpace


@pytest.fixture(scope='session')
def table():
    rng = np.random.default_rng(0)
    codes = NCPSpace().sample_genes(rng, 20).astype(np.int64)
    names = ('mIoU', 'mAcc', 'aAcc', 'flops', 'params')
    columns = {key: rng.random(20) * 100 for key in names}
    return ArchTable('seg', codes, columns, 'mIoU', NCPSpace())
