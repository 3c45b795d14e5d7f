"""Two-stage detectors with as many proposals as their settings let through."""
import sys
from contextlib import contextmanager, nullcontext
from typing import Any, ContextManager, Iterator
from unittest.mock import patch

from torch import Tensor


def every_box() -> ContextManager[None]:
    """Keep non-maximum suppression from suppressing inside the block.

    How many proposals a suppression leaves depends on the weights, and what
    the second stage costs on that. Without it a detector keeps its largest
    number (mmdet: ``test_cfg.rpn.max_per_img``) wherever it has so many
    anchors. It concerns mmcv's ``nms``, not ``soft_nms``.
    """
    module: Any = sys.modules.get('mmcv.ops.nms')  # else no model has any
    return nullcontext() if module is None else _patched(module.NMSop)


@contextmanager
def _patched(operator: Any) -> Iterator[None]:
    with patch.object(operator, 'apply', staticmethod(_by_score)):
        yield


def _by_score(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int,
              score_threshold: float, max_num: int) -> Tensor:
    """Indices of all boxes, the best first."""
    order = scores.argsort(descending=True, stable=True)
    return order[:max_num] if max_num > 0 else order
