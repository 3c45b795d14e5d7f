"""Small tables, predictors of them, and the commands of the project."""
import json
import runpy
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.spaces import NCPSpace, released_flops

PROJECT = Path(__file__).resolve().parents[2] / 'projects' / 'nas_bench_mr'
SPACE = NCPSpace()
LAMBDAS = ['0.1', '0.7']

sys.path.insert(0, str(PROJECT))  # tests import the package
sys.path.append(str(PROJECT.parents[1]))  # and projects.NAME, as configs do


def write_tables(folder, num=60):
    """Two settings of the same networks; one more lacks a network."""
    rng = np.random.default_rng(0)
    genes = SPACE.sample_genes(rng, num)
    codes = genes.astype(np.int64)
    costs = dict(
        flops=released_flops(codes),
        params=SPACE.complexity_batch(genes, (128, 128)).params / 1e6)
    good = np.log(costs['flops']) + codes[:, 24] / 40
    metrics = {
        'seg':
        dict(mIoU=70 + good, mAcc=80 + good + rng.random(num), aAcc=90 + good),
        'video':
        dict(
            top1=20 - codes[:, 0] / 40 + rng.random(num),
            top5=50 + rng.random(num)),
    }
    for name, columns in metrics.items():
        main = next(iter(columns))
        ArchTable(name, codes, {
            **columns,
            **costs
        }, main, SPACE).to_csv(folder / f'{name}.csv')
    table = ArchTable('cls-10c', codes[1:], {'top1': good[1:]}, 'top1', SPACE)
    table.to_csv(folder / 'cls-10c.csv')


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bench')
    write_tables(folder)
    return folder


@pytest.fixture(scope='session')
def trained(data, tmp_path_factory):
    """Predictors that a command trained, and what it wrote and printed."""
    folder = tmp_path_factory.mktemp('trained')
    done = subprocess.run([
        sys.executable, PROJECT / 'tools' / 'ncp_optima.py', data,
        '--settings', 'seg', 'video', 'seg+video', '--lambdas', *LAMBDAS,
        '--predictors', folder / 'predictors', '--nearest', '5', '--out',
        folder / 'optima.json'
    ],
                          check=True,
                          capture_output=True,
                          text=True)
    return folder, done


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command inside this process, which has its imports already."""

    def main(name, *args, code=0):
        tool = PROJECT / 'tools' / f'{name}.py'
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, args)])
        monkeypatch.setattr(sys, 'path', [str(tool.parent), *sys.path])
        with pytest.raises(SystemExit) if code else nullcontext() as stop:
            runpy.run_path(str(tool), run_name='__main__')
        assert not code or stop.value.code == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return main


@pytest.fixture
def optima(trained):
    return json.loads((trained[0] / 'optima.json').read_text())
