"""tools/benchmarks/ncp_searcher.py: wrong arguments, a tiny comparison."""
import runpy
import sys
from pathlib import Path

import pytest

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
