"""Run tools/build_benchmark.py in this process."""
import sys
from pathlib import Path

import pytest
from toy_benchmark import NARROW, TOY, FakeTraining

from scalenas_mm.engine import benchmark

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import build_benchmark
    return build_benchmark


@pytest.fixture
def training(tool, monkeypatch):
    monkeypatch.setattr('_errors.time.sleep', lambda seconds: None)
    fake = FakeTraining()
    monkeypatch.setattr(benchmark, 'train_network', fake)
    return fake


@pytest.fixture
def run(tool, training, tmp_path, monkeypatch):
    """Run the tool on the toy config, as one of several processes."""
    monkeypatch.chdir(tmp_path)
    Path('toy.py').write_text(TOY)

    def run(*arguments, num=4, work='work', rank=None, world=1):
        words = ['--num', num, '--space', NARROW, '--work-dir', work]
        if rank is not None:
            words += ['--launcher', 'pytorch']
            for name, value in (('RANK', rank), ('LOCAL_RANK', rank),
                                ('WORLD_SIZE', world)):
                monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(
            sys, 'argv',
            ['build_benchmark.py', 'toy.py', *map(str, [*words, *arguments])])
        tool.main()

    return run
