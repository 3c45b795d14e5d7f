"""Measure one architecture after the other."""
import gc
import io
import logging
import numbers
import pickle
import time
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from itertools import chain, zip_longest
from typing import (Any, ContextManager, Dict, Iterator, List, NamedTuple,
                    Optional, Sequence, Union)

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
from .argmax import quick_argmax
from .base import Evaluation, Outcome
from .batches import seeded
from .image_cache import cache_images as keep_images
from .profile import NoProfile, Profile
from .ranks import alone, describe, from_main, joined
from .speed import amp_dtype, to_channels_last
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
        amp (str, optional): Evaluate in mixed precision of this type,
            ``float16`` or ``bfloat16``, whatever ``fp16`` is.
        channels_last (bool): Keep the weights of convolutions in the order of
            memory that is often faster, also afterwards. Results are rounded
            in another way.
        inference_mode (bool): Without what autograd needs of tensors. For a
            process that does not train: what a model remembers of such a run,
            it could not train with.
        cache_images (str | bool): Keep decoded images in memory: ``auto``,
            as many as fit, True or False. See :func:`.image_cache.
            cache_images`.
        profile (bool): Measure where time goes.

    Attributes:
        profile: A :class:`Profile`, or what stands for none.

    Raises:
        SettingError: ``amp`` is no type for this device, or ``cache_images``
            is something else.
    """

    def __init__(self,
                 model: nn.Module,
                 dataloader: DataLoader,
                 evaluator: Evaluator,
                 batches: Sequence[Any] = (),
                 seed: int = 0,
                 fp16: bool = False,
                 amp: Optional[str] = None,
                 channels_last: bool = False,
                 inference_mode: bool = False,
                 cache_images: Union[str, bool] = False,
                 profile: bool = False) -> None:
        self.model = model
        self.backbone = find_searchable(model)
        self.dataloader = dataloader
        self.evaluator = evaluator
        self.batches = batches
        self.seed = seed
        self.fp16 = fp16 or amp is not None
        self.dtype = amp_dtype(amp, model)
        self.inference_mode = inference_mode
        self.profile = Profile() if profile else NoProfile()
        if channels_last:
            to_channels_last(model)
        keep_images(dataloader, cache_images)

    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        with self.profile.part('rest'):
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
            with self._no_gradients(), self.backbone.active(
                    arch), self._calibrated():
                with seeded(self.seed), self.profile.watched(self.model):
                    for data in self.profile.loading(self.dataloader):
                        self._add_results(data)
            return Part(self._packed())
        except Exception as error:
            # as text: the error holds the frames with all activations
            log(f'measuring {arch.digest} failed')
            return Part(error=describe(error))
        finally:
            self._clear()

    @contextmanager
    def _calibrated(self) -> Iterator[None]:
        """As :func:`calibrated`; what it does at first is calibration."""
        with ExitStack() as stack:
            with self.profile.part('calibration'):
                stack.enter_context(
                    calibrated(self.model, self.batches, self.seed))
            yield

    def _add_results(self, data: Any) -> None:
        """Let metrics see what comes of a batch."""
        with self.profile.part(
                'postprocessing'), self._mixed(), quick_argmax():
            outputs: Any = self.model.val_step(data)
        with self.profile.part('metric'):
            self.evaluator.process(data_samples=outputs, data_batch=data)

    def _mixed(self) -> ContextManager[None]:
        return autocast(enabled=self.fp16, dtype=self.dtype)

    def _no_gradients(self) -> ContextManager[None]:
        return torch.inference_mode() if self.inference_mode else (
            torch.no_grad())

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
            with alone(), quiet(), self.profile.part(
                    'metric'), self._no_gradients():
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
