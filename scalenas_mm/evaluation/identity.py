"""What the result of a candidate depends on, in a form to compare."""
import inspect
import json
from typing import Any, Dict

from mmengine.config import Config

from scalenas_mm.backbones.base import (plain_cfg, searchable_cfg,
                                        with_preprocessor)

ROOT = '{data_root}'
# What of a loader decides how fast samples come, but not which
SPEED = ('batch_size', 'num_workers', 'persistent_workers', 'pin_memory',
         'pin_memory_device', 'prefetch_factor', 'timeout', 'worker_init_fn',
         'multiprocessing_context')
# What of how candidates are measured changes the last digits
ROUNDING = ('amp', 'channels_last')


def evaluation_identity(cfg: Config, **settings: Any) -> Dict[str, Any]:
    """The model, data, metrics and settings of an evaluation.

    Whole, as JSON values, so that a difference can be named. Folders below a
    data set's ``data_root`` are written relative to it: the data may move.

    Args:
        cfg (Config): Of a search.
        **settings: Of the calibration and the evaluation.
    """
    loader = cfg.train_dataloader
    out = dict(
        settings,
        **_rounding(cfg),
        model=_model(cfg),
        train_dataloader={
            key: loader.get(key)
            for key in ('dataset', 'batch_size', 'batch_sampler', 'collate_fn')
        },
        val_dataloader={
            key: value
            for key, value in cfg.val_dataloader.items() if key not in SPEED
        },
        val_evaluator=cfg.val_evaluator)
    plain = json.loads(json.dumps(_jsonable(out), sort_keys=True))
    for root in sorted(_roots(plain), key=len, reverse=True):
        plain = _relative(plain, root)
    return plain


def _rounding(cfg: Config) -> Dict[str, Any]:
    """Options of the evaluation that decide how results are rounded; those
    left out are as in archives from before there were any."""
    options = (cfg.get('train_cfg') or {}).get('evaluation') or {}
    return {key: options[key] for key in ROUNDING if options.get(key)}


def _model(cfg: Config) -> Dict[str, Any]:
    """The network that is evaluated, whatever it started from."""
    model = plain_cfg(
        with_preprocessor(cfg.model, cfg.get('data_preprocessor')))
    searchable_cfg(model).pop('init_cfg', None)
    model.pop('init_cfg', None)
    return model


def _jsonable(value: Any) -> Any:
    """Plain values; classes and functions by name, the rest by its text."""
    if hasattr(value, 'items'):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if hasattr(value, 'tolist'):
        return value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if inspect.isclass(value) or inspect.isroutine(value):
        return f'{value.__module__}.{value.__qualname__}'
    return repr(value)


def _roots(value: Any) -> set:
    """All values of ``data_root``."""
    if isinstance(value, dict):
        found = set().union(*map(_roots, value.values()))
        root = value.get('data_root')
        return found | ({root} if isinstance(root, str) and root else set())
    if isinstance(value, list):
        return set().union(*map(_roots, value))
    return set()


def _relative(value: Any, root: str, key: str = '') -> Any:
    """Texts that begin with ``root`` with a place holder instead."""
    if isinstance(value, dict):
        return {k: _relative(item, root, k) for k, item in value.items()}
    if isinstance(value, list):
        return [_relative(item, root, key) for item in value]
    if key != 'data_root' and isinstance(
            value, str) and value.startswith(root.rstrip('/') + '/'):
        return ROOT + value[len(root.rstrip('/')):]
    return value
