"""What OpenMMLab needs at run time on a recent torch or without a GPU.

:func:`apply` runs when :mod:`scalenas_mm.registry` is imported. It imports
nothing: each fix waits for the module it belongs to, acts only where it is
needed, and once.

===========================  ==============================================
where                        what would fail, and what is done
===========================  ==============================================
everywhere                   Resuming, and loading any training checkpoint:
                             torch refuses the log history stored in it.
                             Exactly the types found there are allowed;
                             loading stays closed to all other code. See
                             :mod:`.checkpoints`.
no accelerator, distributed  MMEngine selects a CUDA device, and nccl where
                             the config says so. gloo is used. See
                             :mod:`.distributed`.
no accelerator, distributed  DDP refuses ``device_ids`` and SyncBN. Both are
                             dropped when MMEngine wraps the model.
no accelerator, KITTI metric mmdet3d compiles a CUDA kernel. A module on
                             mmcv's CPU operator takes its place:
                             :mod:`.rotate_iou`.
everywhere                   Nothing fails, but MMEngine formats the whole
                             config several times when a run begins, a second
                             or more each. It is done once: :mod:`.configs`.
numpy 1.24 to 1.26           mmdet3d 1.4 samples ground truth with ``np.long``,
                             which these versions lack. It is ``np.int64``.
===========================  ==============================================

A torchvision that does not fit torch is not mended here but where it is
installed: ``requirements/torchvision_cpu``.
"""
import functools
from importlib import import_module
from types import ModuleType

import numpy as np

from .imports import after_import, replace_import

ROTATE_IOU = 'mmdet3d.evaluation.functional.kitti_utils.rotate_iou'
# a module, and the function here that is called with it once it is imported
FIXES = {
    'mmengine.runner': 'checkpoints.allow_training_checkpoints',
    'mmengine.config.config': 'configs.format_once',
    'mmengine.dist.utils': 'distributed.start_on_cpu',
    'mmengine.model.wrappers.distributed': 'distributed.wrap_on_cpu',
}


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Arrange for the fixes this environment needs; later calls do nothing.
    """
    if 'long' not in vars(np):
        setattr(np, 'long', np.int64)
    for name, place in FIXES.items():
        after_import(name, functools.partial(_fix, place))
    replace_import(ROTATE_IOU, f'{__name__}.rotate_iou', without_accelerator)


def without_accelerator() -> bool:
    """Whether MMEngine would place a model on the CPU."""
    return import_module('mmengine.device').get_device() == 'cpu'


def _fix(place: str, module: ModuleType) -> None:
    home, function = place.split('.')
    getattr(import_module(f'{__name__}.{home}'), function)(module)
