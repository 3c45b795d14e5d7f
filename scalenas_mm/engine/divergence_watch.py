"""What counts as diverged: by the loss, and by metrics of validations."""
from collections import deque
from math import isfinite
from numbers import Real
from statistics import median
from typing import Any, Deque, Dict, Mapping, Optional

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .shrink_checks import number

DIRECTIONS = ('max', 'min')


class LossWatch:
    """Compares each loss with the median of those before it.

    Losses above the limit do not enter the median, so that one that stays
    there is seen as that. A median that is not above 0 says nothing of what
    is large: then only losses that are not finite count.

    Args:
        factor (float): Losses above so many medians are suspicious.
        window (int): The median is that of so many losses.
        min_losses (int): There is none before so many losses.
        patience (int): So many suspicious losses in a row have diverged. One
            that is not finite has at once.

    Attributes:
        suspicious: How many in a row the last losses were.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self, factor: float, window: int, min_losses: int,
                 patience: int) -> None:
        self.factor = number('factor', factor)
        if self.factor <= 1:
            raise SettingError('factor', 'a number > 1', factor)
        self.window = whole('window', window)
        self.min_losses = whole('min_losses', min_losses, 1, self.window)
        self.patience = whole('patience', patience)
        self.suspicious = 0
        self.losses: Deque[float] = deque(maxlen=self.window)

    def see(self, loss: float) -> Optional[str]:
        """What is wrong with the training, if it has diverged."""
        if not isfinite(loss):
            return f'the loss is {loss}'
        middle = median(self.losses) if self.losses else 0.
        known = len(self.losses) >= self.min_losses and middle > 0
        if not known or loss <= self.factor * middle:
            self.losses.append(loss)
            self.suspicious = 0
            return None
        self.suspicious += 1
        if self.suspicious < self.patience:
            return None
        return (
            f'the loss is {loss:.4g}, above {self.factor:g} x the median '
            f'{middle:.4g} of the last {len(self.losses)} good ones' +
            (f' for {self.patience} iterations' if self.patience > 1 else ''))

    def state_dict(self) -> Dict[str, Any]:
        return dict(losses=list(self.losses), suspicious=self.suspicious)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.losses = deque(state['losses'], self.window)
        self.suspicious = state['suspicious']


class MetricWatch:
    """Compares metrics of a validation with the best ones before it.

    Args:
        metrics (Mapping[str, str]): ``max`` or ``min``, which is better, by
            the name of the metric, such as ``min/mIoU``.
        max_drop (float): One that is worse than the best by more than this
            share of it has diverged, and one that is not finite.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self, metrics: Optional[Mapping[str, str]],
                 max_drop: float) -> None:
        if metrics is not None and not isinstance(metrics, Mapping):
            raise SettingError('metrics', "'max' or 'min' by the name of a "
                               'metric', metrics)
        self.metrics = dict(metrics or {})
        for name, direction in self.metrics.items():
            if direction not in DIRECTIONS:
                raise SettingError(f'metrics.{name}', "'max' or 'min'",
                                   direction)
        self.max_drop = number('max_drop', max_drop)
        self.best: Dict[str, float] = {}

    def see(self, found: Mapping[str, Any]) -> Optional[str]:
        """What is wrong with the training, if it has diverged.

        Raises:
            SettingError: A metric was not measured; has those that were.
        """
        values = {name: self._value(found, name) for name in self.metrics}
        for text in filter(None, map(self._wrong, values, values.values())):
            return text
        for name, value in values.items():
            better = max if self.metrics[name] == 'max' else min
            self.best[name] = better(value, self.best.get(name, value))
        return None

    @staticmethod
    def _value(found: Mapping[str, Any], name: str) -> float:
        if not isinstance(found.get(name), Real):
            raise SettingError(
                'metrics',
                'what validation measures: ' + ', '.join(sorted(found)), name)
        return float(found[name])

    def _wrong(self, name: str, value: float) -> Optional[str]:
        best = self.best.get(name, value)
        sign = 1 if self.metrics[name] == 'max' else -1
        if not isfinite(value):
            return f'{name} is {value}'
        if sign * (best - value) > self.max_drop * abs(best):
            return (f'{name} is {value:.4g}, worse than the best, {best:.4g}, '
                    f'by more than {self.max_drop:.0%} of it')
        return None

    def state_dict(self) -> Dict[str, Any]:
        return dict(best=dict(self.best))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what is known of the metrics that are watched now."""
        self.best = {
            name: value
            for name, value in state['best'].items() if name in self.metrics
        }
