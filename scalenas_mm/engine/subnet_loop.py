"""Validation and test of a supernet at chosen architectures."""
from typing import Any, Dict, Optional, Sequence, Union

from mmengine.runner import BaseLoop, Runner, TestLoop, ValLoop
from torch.utils.data import DataLoader

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.evaluation import (PopulationMajor, calibration_batches,
                                    unwrapped)
from scalenas_mm.registry import LOOPS
from .search_checks import check_calibration


def _training_data(runner: Runner) -> DataLoader:
    """The runner's training data, also where it only tests."""
    if isinstance(runner._train_loop, BaseLoop):
        return runner._train_loop.dataloader
    return runner.build_dataloader(runner._train_dataloader)


class _SubnetLoop:
    """Evaluates several architectures of a supernet and names each one.

    Args:
        archs (Sequence[str] | dict): Names or JSON files of architectures,
            or a dict of names and architectures. Defaults to all that have a
            name in the space, such as ``min`` and ``max``.
        num_calibration_batches (int): Training batches on which batch-norm
            statistics are re-estimated; 0 keeps the supernet's.
        seed (int): Chooses the calibration batches.
        **kwargs: As for MMEngine's loop.
    """
    runner: Runner

    def __init__(self,
                 *args: Any,
                 archs: Optional[Union[Sequence[str], Dict[str, Any]]] = None,
                 num_calibration_batches: int = 8,
                 seed: int = 0,
                 **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.archs = archs
        self.num_calibration_batches = num_calibration_batches
        self.seed = seed
        self._batches: Optional[list] = None

    def chosen(self, space: Any) -> Dict[str, Any]:
        """Architectures by the name they have in the results."""
        archs = self.archs
        if archs is None:
            archs = list(space.named())
        if not isinstance(archs, dict):
            archs = {name: name for name in archs}
        return {name: space.resolve(arch) for name, arch in archs.items()}

    @property
    def batches(self) -> list:
        """Calibration batches, read once."""
        if self._batches is None and self.num_calibration_batches:
            self._batches = calibration_batches(
                _training_data(self.runner), self.num_calibration_batches,
                self.seed)
            check_calibration(self._batches)
        return self._batches or []

    def evaluate(self) -> Dict[str, float]:
        """``{name/metric: value}`` over the chosen architectures.

        Raises:
            RuntimeError: One could not be measured; says on which rank.
        """
        model = unwrapped(self.runner.model)
        archs = self.chosen(find_searchable(model).space)
        measure = PopulationMajor(model, self.dataloader, self.evaluator,
                                  self.batches, self.seed, self.fp16)
        metrics = {}
        for name, outcome in zip(archs, measure(list(archs.values()))):
            if outcome.error is not None:
                raise RuntimeError(f'{name}: {outcome.error}')
            metrics.update({
                f'{name}/{k}': v
                for k, v in outcome.metrics.items()
            })
        return metrics


@LOOPS.register_module()
class SubnetValLoop(_SubnetLoop, ValLoop):
    __doc__ = _SubnetLoop.__doc__

    def run(self) -> Dict[str, float]:
        self.runner.call_hook('before_val')
        self.runner.call_hook('before_val_epoch')
        metrics = self.evaluate()
        self.runner.call_hook('after_val_epoch', metrics=metrics)
        self.runner.call_hook('after_val')
        return metrics


@LOOPS.register_module()
class SubnetTestLoop(_SubnetLoop, TestLoop):
    __doc__ = _SubnetLoop.__doc__

    def run(self) -> Dict[str, float]:
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        metrics = self.evaluate()
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics
