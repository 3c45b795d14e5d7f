"""tools/benchmarks/ncp_*.py: wrong arguments, and a tiny comparison."""
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.spaces import NASBench201Space

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process; exit code, output and errors."""

    def main(name, *args):
        tool = str(TOOLS / f'{name}.py')
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        code = 0
        try:
            runpy.run_path(tool, run_name='__main__')
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return main


@pytest.mark.parametrize('args, message', [
    ([], '--budget: expected at most 20, the architectures'),
    (['--budget', 20], '--initial: expected at most the --budget of 20'),
    (['--budget', 0], '--budget: expected at least 1, got 0'),
    (['--seeds', 0], '--seeds: expected at least 1, got 0'),
])
def test_searches_that_could_not_end(table, tmp_path, run, args, message):
    table.to_csv(tmp_path / 'seg.csv')
    code, text, error = run('ncp_searcher', tmp_path, *args)
    assert code == 2 and message in error and not text
    assert len(error.splitlines()) == 1


def test_every_row_can_be_asked_for(table, tmp_path, run):
    table.to_csv(tmp_path / 'seg.csv')
    code, text, error = run('ncp_searcher', tmp_path, '--oracles', 'nearest',
                            '--budget', 20, '--initial', 20, '--seeds', 1)
    assert code == 0, error
    # all three searchers have seen the whole table
    rows = [line.split() for line in text.splitlines() if '1.0000' in line]
    assert [row[0] for row in rows] == ['random', 'evolution', 'NCP']
    assert len({row[1] for row in rows}) == 1


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
    (['--seeds', 0], '--seeds: expected a number from 1 to inf, got 0'),
    (['--starts', 5], '--starts: expected a number from 1 to 4, got 5'),
    (['--starts', 4, '--lookups', 7], '--lookups: .* from 1 to 6, got 7'),
    (['--starts', 4, '--lookups', 6], '--num-train: .* 2 to 10, got 2000'),
])
def test_more_cells_than_there_are(cells, run, args, message):
    code, text, error = run('ncp_nas_bench_201', cells, *args)
    assert code == 2 and not text and len(error.splitlines()) == 1
    assert re.search(message, error)
