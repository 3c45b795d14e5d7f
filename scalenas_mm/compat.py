"""What OpenMMLab needs at run time on a recent torch or without a GPU.

:func:`apply` runs when :mod:`scalenas_mm.registry` is imported. Each fix acts
only where it is needed, and once:

===========================  ==============================================
where                        what would fail, and what is done
===========================  ==============================================
torch >= 2.6                 Resuming, and loading any training checkpoint:
                             torch refuses the log history stored in it.
                             Exactly the types found there are allowed;
                             loading stays closed to all other code.
no accelerator, distributed  MMEngine selects a CUDA device, and nccl where
                             the config says so. gloo is used.
no accelerator, distributed  DDP refuses ``device_ids`` and SyncBN. Both are
                             dropped when MMEngine wraps the model.
no accelerator, KITTI metric mmdet3d compiles a CUDA kernel. A module on
                             mmcv's CPU operator takes its place.
numpy 1.24 to 1.26           mmdet3d 1.4 samples ground truth with ``np.long``,
                             which these versions lack. It is ``np.int64``.
torchvision built with CUDA  See :mod:`scalenas_mm._torchvision_cpu`.
beside a torch without
===========================  ==============================================
"""
import functools
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, List, Optional

import mmengine.dist.utils
import numpy as np
import torch
import torch.distributed
from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.logging import HistoryBuffer
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.optim import OneCycleParamScheduler

from ._torchvision_cpu import define_missing_operators

ROTATE_IOU = 'mmdet3d.evaluation.functional.kitti_utils.rotate_iou'


@functools.lru_cache(maxsize=None)
def apply() -> None:
    """Apply the fixes this environment needs; later calls do nothing."""
    define_missing_operators()
    allow_training_checkpoints()
    if 'long' not in vars(np):
        setattr(np, 'long', np.int64)
    if get_device() == 'cpu':
        mmengine.dist.utils._init_dist_pytorch = init_process_group_on_cpu
        MMDistributedDataParallel.__init__ = on_cpu(
            MMDistributedDataParallel.__init__)
        sys.meta_path.insert(0, RotateIouFinder)


def allow_training_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read what MMEngine saves."""
    if hasattr(torch.serialization, 'safe_globals'):  # torch >= 2.5
        torch.serialization.add_safe_globals(checkpoint_globals())


def checkpoint_globals() -> List[Any]:
    """What MMEngine's training checkpoints hold beside torch's own types: log
    history, data sets' settings, numpy's arrays and scalars of numbers and
    strings."""
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdSU'}
    array = np.array(0.)
    functions: Any = (array.__reduce__()[0], np.float64(0.).__reduce__()[0])
    # numpy 2 renamed the module; a file of either version can be read
    named = [(function, f'numpy.{core}.multiarray.{function.__name__}')
             for function in functions for core in ('core', '_core')]
    return [
        HistoryBuffer, OneCycleParamScheduler, ConfigDict, np.ndarray,
        np.dtype, (known_method, 'builtins.getattr'), *dtypes, *named
    ]


def known_method(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, by which pickled log history and one-cycle
    schedules name their own methods; raise ``UnpicklingError`` for anything
    else."""
    history = owner is HistoryBuffer and not name.startswith('_')
    one_cycle = (
        owner is OneCycleParamScheduler
        and name in ('_annealing_cos', '_annealing_linear'))
    if not history and not one_cycle:
        raise UnpicklingError(f'getattr({owner!r}, {name!r}) is not allowed')
    return getattr(owner, name)


def init_process_group_on_cpu(backend: str,
                              init_backend: str = 'torch',
                              **kwargs: Any) -> None:
    """Stand in for MMEngine's initialisation by the ``pytorch`` launcher."""
    if init_backend != 'torch':
        raise ValueError("without an accelerator init_backend must be 'torch',"
                         f' got {init_backend!r}')
    backend = 'gloo' if backend == 'nccl' else backend
    torch.distributed.init_process_group(backend=backend, **kwargs)


def on_cpu(init: Any) -> Any:
    """Wrap the ``__init__`` of a distributed wrapper for models on the CPU."""

    @functools.wraps(init)
    def init_on_cpu(self: Any,
                    module: torch.nn.Module,
                    *args: Any,
                    device_ids: Optional[list] = None,
                    output_device: Optional[int] = None,
                    **kwargs: Any) -> None:
        init(self, revert_sync_batchnorm(module), *args, **kwargs)

    return init_on_cpu


class RotateIouFinder:
    """Finds one module of mmdet3d: in this package."""

    @staticmethod
    def find_spec(name: str,
                  path: Any = None,
                  target: Any = None) -> Optional[ModuleSpec]:
        if name != ROTATE_IOU:
            return None
        return spec_from_file_location(
            name,
            Path(__file__).with_name('_rotate_iou_cpu.py'))
