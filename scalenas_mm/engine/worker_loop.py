"""What a worker of a search does: load, then measure what it is given."""
import os
import socket
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from scalenas_mm.evaluation import Outcome
from scalenas_mm.registry import LOOPS
from .search_loop import SearchLoop
from .stopping import deterministic, witnesses


class WorkerBroken(RuntimeError):
    """Whatever is measured here fails; says why."""


@LOOPS.register_module()
class WorkerLoop(SearchLoop):
    """Loads what a search measures with, and no more: another process
    proposes and records."""

    def run(self) -> Any:
        self._measuring()
        self.evaluation = self.measuring.evaluation(self.evaluation_cfg,
                                                    'candidates')
        return self.runner.model


def worker_config(config: Config) -> Dict[str, Any]:
    """The config of a search as its workers run it."""
    config = Config(config.to_dict())
    config.train_cfg.type = 'scalenas_mm.WorkerLoop'
    config.train_cfg.pop('workers', None)
    config.launcher = 'none'
    config.resume = False
    config.visualizer = None
    config.experiment_name = None
    return config.to_dict()


class Worker:
    """Measures architectures of a search, in a process of its own.

    Args:
        config (dict): From :func:`worker_config`.
        folder (str): What paths in the config are relative to.
        paths (Sequence[str]): Where modules are looked for, last.

    Raises:
        Exception: Whatever keeps the search from being built here.
    """

    def __init__(self, config: Mapping[str, Any], folder: str,
                 paths: Sequence[str]) -> None:
        if not Path(folder).is_dir():
            raise WorkerBroken(f'there is no folder {folder} on '
                               f'{socket.gethostname()}; workers need the '
                               'same files in the same places')
        os.chdir(folder)
        sys.path.extend(path for path in paths if path not in sys.path)
        cfg = Config(dict(config))
        if cfg.get('custom_imports'):
            import_modules_from_strings(**cfg.custom_imports)
        name = f'{socket.gethostname()}-{os.getpid()}'
        cfg.work_dir = str(Path(cfg.work_dir, 'workers', name))
        runner = (
            RUNNERS.build(cfg)
            if 'runner_type' in cfg else Runner.from_cfg(cfg))
        runner.train()
        self.loop = runner.train_loop
        self.good: Optional[Any] = None

    def identity(self) -> Dict[str, str]:
        """What must be the same for all workers."""
        measuring = self.loop.measuring
        return dict(supernet=measuring.digest, calibration=measuring.batches)

    def measure(self, archs: Sequence[Mapping[str, Any]]) -> List[Outcome]:
        """Outcomes of architectures, in their order.

        Raises:
            WorkerBroken: Some failed, and so do networks that must work.
        """
        space, size = self.loop.backbone.space, self.loop.evaluation.size
        wanted = [space.from_dict(arch) for arch in archs]
        outcomes: List[Outcome] = []
        for first in range(0, len(wanted), size):
            outcomes += self._measured(wanted[first:first + size])
        for arch, outcome in zip(wanted, outcomes):
            if outcome.error is None:
                self.good = arch
        if any(outcome.error is not None for outcome in outcomes):
            self._check()
        return outcomes

    def _measured(self, archs: Sequence[Any]) -> List[Outcome]:
        with deterministic(self.loop.settings['deterministic']):
            return self.loop.evaluation(archs)

    def _check(self) -> None:
        """Raise unless a network that must work can be measured."""
        errors = []
        known = [('the last good one', self.good)
                 ] if self.good else (witnesses(self.loop.backbone.space, []))
        for name, arch in known:
            outcome, = self._measured([arch])
            if outcome.error is None:
                return
            errors.append(f'{name}: {outcome.error}')
        raise WorkerBroken('; '.join(errors))
