"""Evaluate a model as it stands on a validation set."""
import logging
import numbers
from contextlib import contextmanager
from typing import Any, Dict, Iterator

import torch
from mmengine.dist import all_reduce
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.runner import autocast
from torch import nn
from torch.utils.data import DataLoader


class EvaluationFailed(RuntimeError):
    """Another rank could not evaluate the candidate."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep evaluators from printing a table for every candidate."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def evaluate(model: nn.Module,
             dataloader: DataLoader,
             evaluator: Evaluator,
             fp16: bool = False) -> Dict[str, float]:
    """Metrics of ``model``; those that are no numbers are left out.

    All ranks share the validation set. If one of them fails, all raise.

    Args:
        model (nn.Module): In evaluation mode.
        dataloader (DataLoader): Validation data.
        evaluator (Evaluator): Of the task.
        fp16 (bool): Use mixed precision.
    """
    error = None
    try:
        _process(model, dataloader, evaluator, fp16)
    except Exception as caught:
        error = caught
    failed = torch.tensor(float(error is not None))
    all_reduce(failed)
    if failed:
        for metric in evaluator.metrics:
            metric.results.clear()
        raise error or EvaluationFailed('failed on another rank')
    with quiet():
        metrics = evaluator.evaluate(len(dataloader.dataset))
    return {
        key: float(value)
        for key, value in metrics.items() if isinstance(value, numbers.Real)
    }


@torch.no_grad()
def _process(model: nn.Module, dataloader: DataLoader, evaluator: Evaluator,
             fp16: bool) -> None:
    for data in dataloader:
        with autocast(enabled=fp16):
            outputs: Any = model.val_step(data)
        evaluator.process(data_samples=outputs, data_batch=data)
