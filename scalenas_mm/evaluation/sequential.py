"""Measure one architecture after the other."""
import gc
import io
import logging
import numbers
import pickle
import time
from contextlib import contextmanager, redirect_stdout, suppress
from itertools import chain, zip_longest
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import torch
from mmengine.dist import gather_object, get_world_size
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.runner import autocast
from mmengine.utils import apply_to
from torch import nn
from torch.utils.data import DataLoader

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.registry import EVALUATIONS
from .base import Evaluation, Outcome
from .batches import seeded
from .ranks import alone, describe, from_main, joined
from .statistics import calibrated


class Part(NamedTuple):
    """What one rank has done of a measurement.

    Attributes:
        results: Results of each metric, pickled if they are sent; None after
            an error.
        error: Why there are none.
    """
    results: Any = None
    error: Optional[str] = None


@EVALUATIONS.register_module()
class Sequential(Evaluation):
    """One architecture after the other, the validation set over all ranks.

    Ranks calibrate, run and collect on their own, whatever happens. Then they
    exchange results and errors once; the main one computes the metrics.

    Args:
        model (nn.Module): The supernet. It is left as it was.
        dataloader (DataLoader): Validation data; ranks have a part each.
        evaluator (Evaluator): Of the task.
        batches (Sequence): For :func:`calibrated`; the same on every rank.
        seed (int): As for :func:`calibrated`; also of randomness in the
            validation, which is the same for every architecture.
        fp16 (bool): Evaluate in mixed precision.
    """

    def __init__(self,
                 model: nn.Module,
                 dataloader: DataLoader,
                 evaluator: Evaluator,
                 batches: Sequence[Any] = (),
                 seed: int = 0,
                 fp16: bool = False) -> None:
        self.model = model
        self.backbone = find_searchable(model)
        self.dataloader = dataloader
        self.evaluator = evaluator
        self.batches = batches
        self.seed = seed
        self.fp16 = fp16

    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        return [self._measure(arch) for arch in archs]

    def _measure(self, arch: Any) -> Outcome:
        start = time.time()
        parts = gather_object(self._part(arch))
        outcome = from_main(lambda: self._outcome(parts))
        if outcome.error is not None:
            free_memory()
        return outcome._replace(seconds=round(time.time() - start, 3))

    def _part(self, arch: Any) -> Part:
        """Run on this rank's share of the data; never raises."""
        try:
            with self.backbone.active(arch), calibrated(
                    self.model, self.batches, self.seed):
                with seeded(self.seed):
                    self._process()
            return Part(self._packed())
        except Exception as error:
            # as text: the error holds the frames with all activations
            log(f'measuring {arch.digest} failed')
            return Part(error=describe(error))
        finally:
            self._clear()

    @torch.no_grad()
    def _process(self) -> None:
        for data in self.dataloader:
            with autocast(enabled=self.fp16):
                outputs: Any = self.model.val_step(data)
            self.evaluator.process(data_samples=outputs, data_batch=data)

    def _packed(self) -> Any:
        """Results of all metrics; pickled here, where a failure is noted."""
        results = [list(metric.results) for metric in self.evaluator.metrics]
        if get_world_size() == 1:
            return results
        return pickle.dumps(
            apply_to(results, lambda x: hasattr(x, 'cpu'), lambda x: x.cpu()))

    def _clear(self) -> None:
        for metric in self.evaluator.metrics:
            metric.results.clear()

    def _outcome(self, parts: List[Part]) -> Outcome:
        """Metrics over the results of all ranks; on the main one only."""
        error = joined([part.error for part in parts])
        if error is not None:
            return Outcome(error=error)
        try:
            ranks = [
                pickle.loads(part.results)
                if isinstance(part.results, bytes) else part.results
                for part in parts
            ]
            for metric, *results in zip(
                    self.evaluator.metrics, *ranks, strict=True):
                metric.results = in_order(results)
            with alone(), quiet():
                metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
            return Outcome(real_numbers(metrics))
        except Exception as caught:
            log('computing the metrics failed')
            return Outcome(error=describe(caught))
        finally:
            self._clear()


def in_order(parts: Sequence[List[Any]]) -> List[Any]:
    """Results of all ranks in the order of the data set, of which the ranks
    have had every n-th element in turn; none is dropped."""
    missing = object()
    rows = chain.from_iterable(zip_longest(*parts, fillvalue=missing))
    return [result for result in rows if result is not missing]


def real_numbers(metrics: Dict[str, Any]) -> Dict[str, float]:
    """Metrics as floats; those that are no numbers are left out."""
    return {
        key: float(value)
        for key, value in metrics.items() if isinstance(value, numbers.Real)
    }


def free_memory() -> None:
    """Give back what a failed measurement held."""
    gc.collect()
    with suppress(RuntimeError):  # of a device that no longer answers
        torch.cuda.empty_cache()


def log(message: str) -> None:
    """Log the current exception with its traceback."""
    MMLogger.get_current_instance().exception(message)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep evaluators from printing a table for every candidate, by the
    logger or, as COCO's tools do, by ``print``."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
