"""What must hold before a search begins, on all ranks alike."""
from typing import Any, Optional, Sequence

from mmengine.dist import all_gather_object, get_world_size
from mmengine.runner import BaseLoop

from scalenas_mm.evaluation import agree, batches_digest
from scalenas_mm.spaces import SettingError


def check_validation(loop: Optional[BaseLoop]) -> None:
    """Raise :class:`SettingError` unless there are validation data that the
    ranks share out; what fills up the last turn may come twice."""
    if loop is None:
        raise SettingError(
            'val_cfg', 'validation data and an evaluator, '
            'to measure candidates', None)
    dataloader = loop.dataloader
    size = agree('val_dataloader.dataset', 'as many samples on all ranks',
                 len(dataloader.dataset))
    sampler = dataloader.sampler
    known = len(sampler) if hasattr(sampler, '__len__') else 0
    if sum(all_gather_object(known)) >= size + get_world_size():
        raise SettingError(
            'val_dataloader.sampler', 'one that gives every rank its own part '
            'of the data, such as DefaultSampler',
            type(sampler).__name__)


def check_calibration(batches: Sequence[Any]) -> None:
    """Raise :class:`SettingError` unless all ranks calibrate on the same."""
    agree(
        'train_dataloader', 'the same batches for calibration on all ranks '
        '(is the data the same, is all randomness of the pipeline that of '
        'random, numpy and torch?)', batches_digest(batches))
