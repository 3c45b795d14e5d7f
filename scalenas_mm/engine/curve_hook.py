"""Keep the metrics of every validation of a training."""
import math
import numbers
from typing import Any, Dict, List, Optional

from mmengine.hooks import Hook
from mmengine.runner import Runner

from scalenas_mm.registry import HOOKS


@HOOKS.register_module()
class ValidationCurveHook(Hook):
    """Collects what each validation measured.

    Values that are no real numbers are left out; in the curves also those
    that are not finite, which JSON cannot hold.

    Attributes:
        curves (Dict[str, List[List[float]]]): For each metric the pairs
            ``[step, value]``; the step is the number of training iterations
            done.
        metrics (Dict[str, float]): What the last validation measured, also
            values that are not finite.
        step (int | None): When that was.
    """

    def __init__(self) -> None:
        self.curves: Dict[str, List[List[float]]] = {}
        self.metrics: Dict[str, float] = {}
        self.step: Optional[int] = None

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, Any]] = None) -> None:
        self.step = runner.iter
        self.metrics = {
            key: float(value)
            for key, value in (metrics or {}).items()
            if isinstance(value, numbers.Real)
        }
        for key, value in self.metrics.items():
            if math.isfinite(value):
                self.curves.setdefault(key, []).append([self.step, value])
