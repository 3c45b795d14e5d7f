"""Let MMEngine train and search in several processes without a GPU."""
import functools
from types import ModuleType
from typing import Any, Optional

import torch
import torch.distributed

from . import without_accelerator


def start_on_cpu(dist_utils: ModuleType) -> None:
    """Replace MMEngine's initialisation by the ``pytorch`` launcher."""
    if without_accelerator():
        setattr(dist_utils, '_init_dist_pytorch', init_process_group_on_cpu)


def wrap_on_cpu(wrappers: ModuleType) -> None:
    """Let MMEngine's DDP wrap a model on the CPU."""
    if without_accelerator():
        wrapper = wrappers.MMDistributedDataParallel
        wrapper.__init__ = on_cpu(wrapper.__init__)


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
        # not above: mmengine.model is what is being imported then
        from mmengine.model import revert_sync_batchnorm
        init(self, revert_sync_batchnorm(module), *args, **kwargs)

    return init_on_cpu
