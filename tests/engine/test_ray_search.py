"""Searches by workers on Ray: machines that die, join and are killed."""
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from commands import run
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from tiny_search import runner_of

from scalenas_mm.search import read_archive, read_baselines
from scalenas_mm.spaces import SettingError

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = 'supernet/iter_4.pth'
CONFIG = """\
_base_ = './tiny_search.py'
custom_imports = dict(imports=['scalenas_mm.registry', 'dying'])
custom_hooks = [dict(type='scalenas_mm.SearchLoggerHook')]
train_cfg = dict(searcher=dict(n0=10, k=5, N=20))
"""
pytestmark = [pytest.mark.slow]


@HOOKS.register_module(force=True)
class AfterHook(Hook):
    """Calls a function after a candidate."""
    calls = {}

    def after_candidate(self, runner, record):
        if record.id in self.calls:
            self.calls.pop(record.id)()


def timeless(folder):
    path = folder / 'archive.jsonl'
    records = [*read_archive(path), *read_baselines(path)]
    return [replace(record, seconds=0) for record in records]


@pytest.fixture(scope='module')
def config(tiny):
    path = tiny / 'ray_search.py'
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope='module')
def expected(tiny, config, tmp_path_factory):
    """Records of one process."""
    folder = tmp_path_factory.mktemp('one_process')
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as a worker of one core has
    runner_of(config, folder, load_from=str(tiny / CHECKPOINT)).train()
    torch.set_num_threads(before)
    return timeless(folder)


@pytest.fixture
def cluster():
    """Two machines of one core in one."""
    pytest.importorskip('ray')
    import ray
    from ray.cluster_utils import Cluster
    cluster = Cluster(
        initialize_head=True,
        head_node_args=dict(num_cpus=1, include_dashboard=False))
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_machines_die_and_join(cluster, tiny, config, expected, tmp_path):
    """And one candidate kills whoever measures it."""
    machine = next(iter(cluster.worker_nodes))
    poison = expected[13]
    AfterHook.calls = {
        2: lambda: cluster.remove_node(machine, allow_graceful=False),
        5: lambda: cluster.add_node(num_cpus=1),
    }
    hooks = [
        dict(type='scalenas_mm.SearchLoggerHook'),
        dict(type='DyingHook', poison=poison.digest, delay=.1),
    ]
    cfg = dict(
        load_from=str(tiny / CHECKPOINT),
        custom_hooks=hooks,
        train_cfg__evaluation=dict(type='PopulationMajor', size=2),
        train_cfg__workers=dict(gpus=0))
    runner = runner_of(config, tmp_path, **cfg)
    runner.register_hook(AfterHook())
    runner.train()
    assert not AfterHook.calls
    got = timeless(tmp_path)
    assert got[13].error.startswith('lost 3 workers: ActorDiedError')
    # generation 2 has other parents then
    assert got[:13] == expected[:13] and got[14] == expected[14]
    assert got[20:] == expected[20:]


def search(config, folder, *args, **env):
    command = [
        sys.executable, ROOT / 'tools/ray_search.py', config,
        config.parent / CHECKPOINT, '--work-dir', folder, '--workers', '2',
        '--cfg-options', 'train_cfg.evaluation.size=2', '--resume', *args
    ]
    env = dict(
        os.environ, PYTHONPATH=str(ROOT / 'tests'), OMP_NUM_THREADS='1', **env)
    return dict(args=[*map(str, command)], env=env)


def test_the_driver_is_killed_and_resumed(config, expected, tmp_path):
    pytest.importorskip('ray')
    archive = tmp_path / 'archive.jsonl'
    with subprocess.Popen(
            **search(config, tmp_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True) as first:
        for _ in range(3000):
            if archive.is_file() and archive.read_bytes().count(b'\n') > 2:
                break
            assert first.poll() is None
            time.sleep(.1)
        os.kill(first.pid, signal.SIGKILL)
    assert 2 < len(read_archive(archive)) < 20
    again = subprocess.run(
        **search(config, tmp_path),
        capture_output=True,
        text=True,
        timeout=300)
    assert again.returncode == 0, again.stderr[-3000:]
    assert timeless(tmp_path) == expected


def test_a_cluster_needs_a_token(monkeypatch):
    pytest.importorskip('ray')
    from scalenas_mm.engine.ray_pool import connect
    monkeypatch.delenv('RAY_AUTH_MODE', raising=False)
    with pytest.raises(SettingError, match='RAY_AUTH_MODE: expected token'):
        connect('10.0.0.1:6379')


@pytest.mark.parametrize('option, message', [
    ('--workers=0', 'expected at least 1, got 0'),
    ('--workers=many', 'invalid number value'),
    ('--launcher=slurm', 'no --launcher'),
    ('--time-limit=-1', 'expected no negative'),
])
def test_wrong_options(tiny, option, message):
    result = run('ray_search.py', tiny / 'tiny_search.py', option)
    assert result.code == 2
    assert message in result.err


@pytest.mark.parametrize('text, broken', [
    ('The actor died because of an error raised in its creation task,\n'
     'Traceback\n  File "x"\nKeyError: type', True),
    ('The actor died unexpectedly.\nSIGKILL', False),
])
def test_one_that_cannot_begin_is_broken(text, broken):
    """Not dead: whatever replaces it would fail as it did."""
    ray = pytest.importorskip('ray')
    from scalenas_mm.engine.ray_pool import RayPool

    def get(ref):
        raise ray.exceptions.RayActorError(text)

    pool = RayPool.__new__(RayPool)
    pool.ray = SimpleNamespace(exceptions=ray.exceptions, get=get)
    pool._actors, pool._refs, pool._starting = {}, {}, {7: None}
    with patch.object(ray.exceptions.RayActorError, '__str__', lambda _: text):
        lost = pool._event(7, 'ref')
    assert lost == (7, f'RayActorError: {text.splitlines()[-1]}', broken)
    assert not pool._starting
