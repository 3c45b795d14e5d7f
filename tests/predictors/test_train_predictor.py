"""tools/train_predictor.py on the command line."""
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.predictors import load_predictor
from scalenas_mm.spaces import NCPSpace

TOOLS = Path(__file__).parents[2] / 'tools'
SPACE = NCPSpace()


@pytest.fixture
def train(monkeypatch, capsys):
    """Run the tool; exit code, output and errors."""

    def main(*args):
        monkeypatch.syspath_prepend(str(TOOLS))
        monkeypatch.setattr(sys, 'argv', ['train_predictor.py', *args])
        code = 0
        try:
            runpy.run_path(
                str(TOOLS / 'train_predictor.py'), run_name='__main__')
        except SystemExit as exit:
            code = exit.code
        return (code, *capsys.readouterr())

    return main


@pytest.fixture
def data(tmp_path):
    """Two tables in the format of NAS-Bench-MR."""
    (tmp_path / 'data').mkdir()
    codes = SPACE.sample_genes(np.random.default_rng(0), 40).astype(int)
    for name in ('seg', 'cls-10c'):
        main = 'mIoU' if name == 'seg' else 'top1'
        columns = {main: codes.sum(1) / 20.0, 'flops': codes[:, 0] / 9.0}
        ArchTable(name, codes, columns,
                  main).to_csv(tmp_path / 'data' / f'{name}.csv')
    return tmp_path / 'data'


FEW = ('--num-train', '30', '--num-val', '10', '--epochs', '3')


def test_trains_every_setting(train, data, tmp_path):
    out = tmp_path / 'out'
    code, text, error = train(
        str(data), *FEW, '--seeds', '4', '5', '--out', str(out))
    assert code == 0, error
    assert sorted(p.name for p in out.iterdir()) == ['cls-10c.pth', 'seg.pth']
    predictor, provenance = load_predictor(out / 'seg.pth')
    assert predictor.metrics == ('mIoU', 'flops')
    assert provenance['seed'] == 4 and provenance['rows'] == 40
    split = provenance['split']
    assert len(split['train']) == 30 and len(split['val']) == 10
    assert not set(split['train']) & set(split['val'])
    l1 = provenance['scores']['mIoU']['l1']
    row, = (
        line.split() for line in text.splitlines()
        if line.split()[:2] == ['seg', 'mIoU'])
    assert row[3] == '0.75'  # the paper's
    assert 0 < l1 and len(row) == 8


@pytest.mark.parametrize('args, message', [
    (['--settings', 'pose'], 'setting: expected one of cls-10c, seg'),
    (['--metrics', 'AP'], 'metric: expected one of'),
    (['--num-train', '41'], 'num'),
    (['--num-val', '0'], 'num_val: expected at least 1'),
    (['--epochs', '0'], 'epochs: expected a positive number'),
    (['--lr', 'nan'], 'lr: expected a positive number'),
])
def test_errors_are_one_line_and_nothing_is_written(train, data, tmp_path,
                                                    args, message):
    out = tmp_path / 'out'
    code, _, error = train(str(data), *FEW, '--out', str(out), *args)
    assert code == 2
    last = error.strip().splitlines()[-1]
    assert last.startswith('train_predictor.py: error: ') and message in last
    assert not out.exists()


def test_nothing_is_overwritten(train, data, tmp_path, monkeypatch):
    """Where results cannot go is said before any training."""
    args = [str(data), *FEW, '--settings', 'seg', '--out']
    out, file = tmp_path / 'out', tmp_path / 'file'
    assert train(*args, str(out))[0] == 0
    before = (out / 'seg.pth').read_bytes()
    file.touch()
    for folder, message in ((out, 'seg.pth exists; --force overwrites it'),
                            (file, 'File exists'), (file / 'a', 'Not a dir')):
        code, text, error = train(*args, str(folder), '--lr', '0.1')
        assert code == 2 and not text and message in error
        assert len(error.splitlines()) == 1
    assert (out / 'seg.pth').read_bytes() == before
    assert train(*args, str(out), '--lr', '0.1', '--force')[0] == 0
    assert (out / 'seg.pth').read_bytes() != before
    monkeypatch.setattr(os, 'access', lambda path, mode: path != str(out))
    code, text, error = train(*args, str(out), '--force')
    assert code == 2 and not text and 'cannot be written to' in error
