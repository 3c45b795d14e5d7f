"""Train a fixed architecture as an ordinary config says, and measure it."""
import copy
import gc
import json
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Union

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils import ManagerMixin

from scalenas_mm.backbones.base import searchable_cfg
from scalenas_mm.evaluation import cost_model
from scalenas_mm.registry import MODELS
from .curve_hook import ValidationCurveHook

# What a trained network depends on. Its seed and architecture are given.
IDENTITY = ('default_scope', 'model', 'data_preprocessor', 'train_dataloader',
            'val_dataloader', 'val_evaluator', 'train_cfg', 'val_cfg',
            'optim_wrapper', 'param_scheduler', 'auto_scale_lr',
            'custom_hooks', 'load_from', 'output_channels_keys')
# How fast data come, not which. Not so num_workers: each worker has its own
# seed for augmentation. Nor persistent_workers: others begin anew with that
# seed in every epoch.
SPEED = ('pin_memory', 'prefetch_factor')


class TrainedNetwork(NamedTuple):
    """A network that was trained from scratch.

    Attributes:
        metrics: What the validation at the end of training measured; not
            checked to be finite.
        curves: ``[step, value]`` pairs of all validations, by metric.
        cost: As :class:`~scalenas_mm.spaces.CostModel` gives it.
    """
    metrics: Dict[str, float]
    curves: Dict[str, List[List[float]]]
    cost: Dict[str, int]


def train_network(config: Config,
                  arch: Any,
                  input_size: Sequence[int],
                  seed: int,
                  work_dir: Union[str, Path],
                  keep_checkpoints: bool = False) -> TrainedNetwork:
    """Train ``arch`` by a runner of its own, in this process.

    Equal arguments give equal results, whatever was trained before. What
    would be on the console is in ``work_dir/console.log``. ``config`` stays
    as it is.

    Args:
        config (Config): Of a training, with ``model.backbone`` searchable.
        arch (Arch): Architecture in the space of the backbone.
        input_size (Sequence[int]): Height and width for which costs are
            counted.
        seed (int): Of initial weights, order of the data and augmentation.
        work_dir (str | Path): For logs and checkpoints.
        keep_checkpoints (bool): Keep those that the config asks for, or
            write none.

    Raises:
        Exception: Whatever the training raises.
    """
    cfg = network_config(config, arch)
    cfg.work_dir, cfg.launcher, cfg.resume = str(work_dir), 'none', False
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    if not keep_checkpoints:
        cfg.default_hooks = dict(
            cfg.get('default_hooks') or {}, checkpoint=None)
    with _console_in(Path(work_dir)), own_globals():
        return _run(cfg, arch, input_size)


def _run(cfg: Config, arch: Any, input_size: Sequence[int]) -> TrainedNetwork:
    hook = ValidationCurveHook()
    build = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg
    runner = build(cfg)
    runner.register_hook(hook)
    cost = cost_model(runner.model, input_size)(arch)
    runner.train()
    if hook.step != runner.iter:  # the config does not ask for it
        runner.val_loop.run()
    return TrainedNetwork(hook.metrics, hook.curves, cost)


def network_config(config: Config, arch: Any) -> Config:
    """A copy of ``config`` with a fixed architecture.

    The settings that ``output_channels_keys`` of the config lists, such as
    ``model.decode_head.in_channels``, become the number of channels of the
    backbone's output: an integer, or a list if it has several outputs.
    """
    cfg = copy.deepcopy(config)
    backbone = searchable_cfg(cfg.model)
    backbone.arch = arch.to_dict()
    keys = cfg.get('output_channels_keys') or []
    if keys:
        channels = output_channels(backbone, arch)
        value = channels[0] if len(channels) == 1 else channels
        cfg.merge_from_dict({key: value for key in keys})
    return cfg


def output_channels(backbone: Dict[str, Any], arch: Any) -> List[int]:
    """Channels of each output of the backbone of this config."""
    built = MODELS.build(dict(backbone, init_cfg=None))
    return list(built.space.output_channels(arch))


def training_identity(config: Config) -> Dict[str, Any]:
    """The part of a config that decides what is measured, as JSON values."""
    parts = {key: config.get(key) for key in IDENTITY}
    plain = json.loads(json.dumps(Config(parts).to_dict(), default=repr))
    searchable_cfg(plain['model']).pop('arch', None)
    for loader in (plain['train_dataloader'], plain['val_dataloader']):
        for key in SPEED:
            loader.pop(key, None)
    return plain


def _managers() -> List[Any]:
    """The classes whose instances MMEngine keeps by name."""
    found, queue = [], [ManagerMixin]
    while queue:
        found.append(queue.pop())
        queue += found[-1].__subclasses__()
    return found


@contextmanager
def own_globals() -> Iterator[None]:
    """Loggers, visualizers and the like of this block only.

    MMEngine keeps them for ever: hundreds of runners in one process would
    run out of files, and write to the folder of the first.
    """
    gc.collect()  # what was run before
    torch.cuda.empty_cache()
    before = {cls: dict(cls._instance_dict) for cls in _managers()}
    for cls in before:
        cls._instance_dict.clear()
    try:
        yield
    finally:
        for cls in _managers():
            for instance in cls._instance_dict.values():
                _close(instance)
            cls._instance_dict.clear()
            cls._instance_dict.update(before.get(cls, {}))


def _close(instance: Any) -> None:
    """Close the files of a logger."""
    for handler in instance.handlers if isinstance(instance, MMLogger) else ():
        handler.close()


@contextmanager
def _console_in(folder: Path) -> Iterator[None]:
    """Keep in a file what would be on the console, MMEngine's log too."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'console.log', 'w') as file:
        with redirect_stdout(file), redirect_stderr(file):
            yield
