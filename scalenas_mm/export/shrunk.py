"""Networks of a shrinking run, each with weights of its own."""
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping

from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from scalenas_mm.backbones.base import plain_cfg, searchable_cfg
from scalenas_mm.evaluation import (calibration_batches, load_strictly,
                                    local_norms, read_checkpoint,
                                    weights_digest)
from scalenas_mm.registry import HOOKS, MODELS
from scalenas_mm.search import Record
from .candidates import Source, bare_cfg, check_evaluation, on_device
from .config import task_config
from .subnet import ExportError

INNER = 'architecture.'  # of the network's weights in those of a supernet


@dataclass(frozen=True)
class ShrunkSource(Source):
    """A shrinking run. :attr:`model` has the form of the largest network.

    Attributes:
        folder: Of the checkpoints, one for each network.
    """
    folder: Path = Path()

    def at(self, record: Record) -> Source:
        """The network of a record with the weights that were measured.

        Raises:
            ExportError: The folder does not hold them.
            SettingError: The checkpoint does not fit the config.
        """
        path = self.folder / f'{record.id:04d}_{record.weights}.pth'
        if not path.is_file():
            raise ExportError(f'the weights of candidate {record.id} are not '
                              f'in {self.folder}: there is no {path.name}')
        arch = self.arch(record)
        network = plain_cfg(self.cfg)
        searchable_cfg(network)['arch'] = arch.to_dict()
        model = MODELS.build(ConfigDict(deepcopy(network)))
        checkpoint = read_checkpoint(str(path))
        load_strictly(model, dict(state_dict=_inner(checkpoint)), str(path))
        found = weights_digest(model)
        if found != record.weights:
            raise ExportError(f'{path} holds other weights ({found}) than '
                              f'those of candidate {record.id} of the archive '
                              f'({record.weights})')
        local_norms(model)
        return replace(self, model=on_device(model.eval()), cfg=network)


def _inner(checkpoint: Mapping[str, Any]) -> Dict[str, Any]:
    """Weights of the network inside a supernet."""
    weights = checkpoint.get('state_dict', checkpoint)
    return {
        key[len(INNER):]: value
        for key, value in weights.items() if key.startswith(INNER)
    } or dict(weights)


def open_shrunk(path: Path, config: Config, folder: Path,
                meta: Mapping[str, Any]) -> ShrunkSource:
    """The networks of a shrinking run, with its data.

    Args:
        path (Path): File of the config of the run.
        config (Config): Its content, with overrides.
        folder (Path): Of the checkpoints, ``shrunk`` in the work directory.
        meta (Mapping[str, Any]): What the archive depends on.

    Raises:
        ExportError: The archive is of another space or evaluation.
    """
    cfg = bare_cfg(config)
    model = MODELS.build(ConfigDict(plain_cfg(cfg)))
    check_evaluation(meta, config, model, 'the config')
    val = Runner.build_dataloader(config.val_dataloader)
    return ShrunkSource(
        model=model,
        cfg=cfg,
        calibration=(),  # the weights have their statistics
        batches=calibration_batches(val, 2, 0),
        metainfo=getattr(val.dataset, 'metainfo', {}),
        evaluation=meta['evaluation'],
        config=without_search(config),
        base=task_config(path.resolve()),
        folder=folder)


def without_search(config: Config) -> Config:
    """A config without the hooks that shrink and record a network."""
    config = config.copy()
    hooks: List[Any] = list(config.get('custom_hooks') or ())
    config.custom_hooks = [hook for hook in hooks if not _of_search(hook)]
    return config


def _of_search(hook: Any) -> bool:
    kind = hook.get('type') if isinstance(hook, Mapping) else type(hook)
    if isinstance(kind, str):
        kind = HOOKS.get(kind)
    return bool(getattr(kind, 'of_search', False))
