"""What must hold before a search begins, on all ranks alike."""
import itertools
from typing import Any, Optional, Sequence

from mmengine.dist import all_gather_object, get_world_size
from mmengine.runner import BaseLoop

from scalenas_mm.evaluation import agree, batches_digest, seeded
from scalenas_mm.spaces import SettingError


def check_validation(loop: Optional[BaseLoop]) -> None:
    """Raise :class:`SettingError` unless there are validation data that the
    ranks share out."""
    if loop is None:
        raise SettingError(
            'val_cfg', 'validation data and an evaluator, '
            'to measure candidates', None)
    agree('val_dataloader.dataset', 'as many samples on all ranks',
          len(loop.dataloader.dataset))
    sampler = getattr(loop.dataloader.batch_sampler, 'sampler', ())
    with seeded(0):
        first = list(itertools.islice(sampler, 2))
    same = all(part == first for part in all_gather_object(first))
    if get_world_size() > 1 and len(first) == 2 and same:
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
