"""What a propagation aims at."""
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scalenas_mm.spaces import SettingError
from .checks import check_number
from .mlp import MultiMetricMLP

Number = Union[int, float]
OPTIONS = ('increment', 'value', 'weight')


@dataclass(frozen=True)
class Target:
    """Where one metric shall go.

    Attributes:
        metric: Name of a predicted metric.
        increment: Target relative to the prediction, set anew in every
            iteration, in standard deviations of the metric; or
        value: the target itself, in the metric's own unit.
        weight: Factor of the loss: 1 for the main metric, lambda for costs
            in the paper.
    """
    metric: str
    increment: float = 0.0
    value: Any = None
    weight: float = 1.0


class Task:
    """A predictor and what is wanted of it.

    Args:
        predictor (MultiMetricMLP): Of the task.
        targets (Mapping[str, float | Mapping]): For every metric that counts
            an increment, or a dict with ``increment`` or ``value`` and
            ``weight``; see :class:`Target`.
        weight (float): Factor of the task's gradient (NCP, eq. 7).

    Raises:
        SettingError: An unknown metric, both or none of increment and value,
            or something that is no finite number.
    """

    def __init__(self,
                 predictor: MultiMetricMLP,
                 targets: Mapping[str, Any],
                 weight: Number = 1.0) -> None:
        if not targets or not isinstance(targets, Mapping):
            raise SettingError('targets', 'at least one metric, as a dict',
                               targets)
        self.predictor = predictor
        self.weight = check_number('weight', weight)
        self.targets = tuple(
            _target(predictor, name, wanted)
            for name, wanted in targets.items())
        self._columns = [predictor.index(t.metric) for t in self.targets]
        self._weights = torch.tensor([t.weight for t in self.targets])
        self._increments = torch.tensor([t.increment for t in self.targets])
        self._absolute = torch.tensor(
            [t.value is not None for t in self.targets])
        self._values = self._normalised_values()

    def _normalised_values(self) -> Tensor:
        values = torch.tensor(
            [0.0 if t.value is None else t.value for t in self.targets])
        columns = self._columns
        predictor = self.predictor
        return (values - predictor.metric_mean[columns]
                ) / predictor.scale('metric')[columns]

    def goals(self, predicted: Tensor) -> Tensor:
        """Target values for predictions ``(N, targets)``, both normalised."""
        return torch.where(self._absolute, self._values,
                           predicted.detach() + self._increments)

    def loss(self, codes: Tensor) -> Tuple[Tensor, Tensor]:
        """Summed smooth L1 loss (NCP, eq. 3) and how far the targets are.

        Args:
            codes (Tensor): Codes as the space has them, ``(N, genes)``.

        Returns:
            tuple: The loss, and for each code the largest distance to an
            absolute target (infinite if there is none).
        """
        predictor = self.predictor
        predicted = predictor(predictor.inputs(codes))[:, self._columns]
        goals = self.goals(predicted)
        losses = F.smooth_l1_loss(predicted, goals, reduction='none')
        left = torch.full((len(codes), ), torch.inf)
        if bool(self._absolute.all()):
            left = (predicted - goals).abs().amax(1).detach()
        return self.weight * (losses * self._weights).sum(), left

    @torch.no_grad()
    def score(self, codes: np.ndarray) -> np.ndarray:
        """How good codes ``(N, genes)`` are, more is better, ``(N, )``.

        The weighted sum of the normalised metrics in the direction of their
        increments, minus the loss of those with an absolute target.
        """
        predictor = self.predictor
        predicted = predictor(predictor.inputs(codes))[:, self._columns]
        loss = F.smooth_l1_loss(
            predicted, self._values.expand_as(predicted), reduction='none')
        gain = torch.where(self._absolute, -loss,
                           predicted * self._increments.sign())
        return (self.weight * (gain * self._weights).sum(1)).numpy()


def _target(predictor: MultiMetricMLP, name: str, wanted: Any) -> Target:
    field = f'targets.{name}'
    if name not in predictor.metrics:
        raise SettingError(field, 'one of ' + ', '.join(predictor.metrics),
                           name)
    if not isinstance(wanted, Mapping):
        wanted = dict(increment=wanted)
    unknown = sorted(set(wanted) - set(OPTIONS))
    if unknown or ('increment' in wanted) == ('value' in wanted):
        raise SettingError(field,
                           'either increment or value, and maybe weight',
                           dict(wanted))
    numbers: Dict[str, float] = {
        key: check_number(f'{field}.{key}', value)
        for key, value in wanted.items()
    }
    if numbers.get('increment') == 0:
        raise SettingError(f'{field}.increment', 'not zero', 0)
    return Target(name, **numbers)


def efficiency_targets(main: str,
                       lambda_: Number = 0.5,
                       cost: str = 'flops',
                       step: Number = 1.0) -> Dict[str, Dict[str, float]]:
    """The paper's targets: a better main metric, a lower cost.

    Args:
        main (str): Metric to raise.
        lambda_ (float): Weight of the cost (NCP, eq. 3; 0.5 by default).
        cost (str): Metric to lower.
        step (float): Size of both increments; the released code has 0.1.
    """
    return {
        main: dict(increment=float(step)),
        cost: dict(increment=-float(step), weight=float(lambda_))
    }
