"""Runs of shipped configs that take seconds."""
from pathlib import Path
from typing import Any, Optional, Tuple

from mmengine.config import Config
from mmengine.runner import Runner

from scalenas_mm.backbones.base import searchable_cfg


def shorten(config: Config, input_size: Any = None, num: int = 3) -> None:
    """Two iterations and one validation of any task, or ``num`` candidates.

    Data and pictures stay as they are; :func:`run_short` takes the result.

    Args:
        config: Changed in place.
        input_size: Of which a search says the cost.
        num: Candidates of a search.
    """
    for part in ('train', 'val', 'test'):
        config[f'{part}_dataloader'].update(
            num_workers=0, persistent_workers=False)
    if 'Subnet' in config.val_cfg.get('type', ''):
        config.val_cfg.num_calibration_batches = 1
    loop = config.train_cfg
    if 'searcher' in loop:
        loop.update(num_calibration_batches=1)
        if input_size is not None:
            loop.update(input_size=input_size)
        loop.searcher.N = num
        if 'n0' in loop.searcher:
            loop.searcher.update(n0=num - 1, k=1)
    elif 'max_iters' in loop:
        loop.update(max_iters=2, val_interval=2)
    else:
        loop.update(max_epochs=1, val_interval=1)
    hooks = config.default_hooks
    hooks.logger.interval = 1
    if hooks.get('checkpoint'):
        hooks.checkpoint.update(
            interval=-1, save_last=True, save_optimizer=False, save_best=None)
    schedules = config.get('param_scheduler') or []
    for schedule in [schedules] if isinstance(schedules, dict) else schedules:
        if 'total_steps' in schedule:
            schedule.total_steps = 2


def shrink_crops(value: Any, data: Path, size: Tuple[int, int]) -> None:
    """Tiny crops and heatmaps of the same stride; files below ``data``.

    Args:
        value: Part of a config of top-down pose; changed in place.
        data: Where ``data/`` is.
        size: Height and width of a crop.
    """
    if 'input_size' in value:
        stride = value['input_size'][0] // value.get('heatmap_size', [1])[0]
        value['input_size'] = size[::-1]
        if 'heatmap_size' in value:
            value['heatmap_size'] = (size[1] // stride, size[0] // stride)
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, str) and item.startswith('data/'):
            value[key] = item.replace('data', str(data), 1)
        elif isinstance(item, (dict, list)):
            shrink_crops(item, data, size)


def main_backbone(model: Any) -> Any:
    """Config of the backbone that a config is about: the searchable one, or
    the one that transformers are put into."""
    backbone = model.get('backbone', {})
    if backbone.get('type') == 'scalenas_mm.TransformerPlugin':
        return backbone.backbone
    return searchable_cfg(model)


def run_short(config: Config,
              work_dir: Path,
              start: Optional[Path] = None) -> Tuple[Runner, Optional[Path]]:
    """Train or search with a shortened config.

    Args:
        config: Changed by :func:`shorten`, with tiny data.
        work_dir: Its last two folders have to be a name of their own.
        start: Checkpoint of the teacher for a supernet, of the supernet for a
            search. What is downloaded for a plain network is left out.

    Returns:
        The runner and the last checkpoint, if it writes any.
    """
    config.work_dir = str(work_dir)
    config.experiment_name = f'{work_dir.name}_{work_dir.parent.name}'
    model = config.model
    if 'searcher' in config.train_cfg:
        config.load_from = str(start)
    elif 'distillation' in model:
        if model.architecture.get('init_cfg'):
            model.architecture.init_cfg.checkpoint = str(start)
        if model.distillation.teacher != 'self':
            model.distillation.teacher.checkpoint = str(start)
    else:
        main_backbone(model).init_cfg = None
        config.load_from = None if start is None else str(start)
    runner = Runner.from_cfg(config)
    runner.train()
    files = sorted(work_dir.glob('*_*.pth'))
    return runner, files[-1] if files else None
