"""Network coding propagation: edit an architecture code by gradient."""
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from scalenas_mm.registry import PREDICTORS
from scalenas_mm.spaces import ArchError, CostModel, SettingError, Space
from scalenas_mm.spaces.settings import whole
from .checks import check_positive
from .fit import reproducible
from .limits import CostLimits
from .targets import Task
from .winner import check_neighbours, winner_takes_all

STRATEGIES = ('continuous', 'winner-takes-all')


@dataclass(frozen=True)
class Propagation:
    """Result of a propagation from N starts in T iterations.

    Attributes:
        codes: Final codes, members of the space, ``(N, genes)``, int16.
        trace: Code before the first and after every iteration, not rounded,
            ``(T + 1, N, genes)``, float32.
        predicted: Per task the predicted metrics along the trace in their own
            units, ``(T + 1, N)`` each.
        scores: Value of each final code, more is better; see
            :meth:`Task.score`.
    """
    codes: np.ndarray
    trace: np.ndarray
    predicted: List[Dict[str, np.ndarray]]
    scores: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """The final code with the highest score."""
        return self.codes[int(self.scores.argmax())]

    def rounded(self, space: Space) -> np.ndarray:
        """Members of the space along the trace, ``(T + 1, N, genes)``."""
        flat = self.trace.reshape(-1, self.trace.shape[-1])
        return space.round_genes(flat).reshape(self.trace.shape)


@PREDICTORS.register_module()
class NetworkCodingPropagation:
    """Follows the gradients of predictors through a space (NCP, Sec. 3.1).

    The continuous strategy moves all genes against the gradient of the loss.
    Winner-takes-all moves one gene by one choice: the one with the best gain
    per cost (eq. 4-6). Genes move in units of their standard deviation among
    the codes the first predictor was trained on, so one learning rate suits
    block counts and channels.

    Args:
        space (Space): The space of the codes.
        tasks (Task | Sequence[Task]): One or several; gradients are added
            (eq. 7).
        strategy (str): ``continuous`` or ``winner-takes-all``.
        iterations (int): The paper has 70.
        lr (float): Learning rate of the continuous strategy; the paper has 3.
        round_every (int): Every so many iterations codes are replaced by the
            members nearest to them, as the paper does for one-hot codes (10);
            0 rounds at the end only.
        bounds (Mapping[int, Sequence], optional): Narrower ``(low, high)`` of
            single genes by position.
        limits (Mapping[str, float], optional): Upper limits of exact costs,
            such as ``dict(macs=2e9)``; see :class:`CostLimits`.
        costs (CostModel, optional): Gives exact costs, for ``limits`` and
            winner-takes-all.

    Raises:
        SettingError: One is wrong, or predictor and space do not fit.
    """

    def __init__(self,
                 space: Space,
                 tasks: Union[Task, Sequence[Task]],
                 strategy: str = 'continuous',
                 iterations: int = 70,
                 lr: float = 3.0,
                 round_every: int = 0,
                 bounds: Optional[Mapping[int, Sequence[float]]] = None,
                 limits: Optional[Mapping[str, float]] = None,
                 costs: Optional[CostModel] = None) -> None:
        self.space = space
        self.tasks = [tasks] if isinstance(tasks, Task) else list(tasks)
        if strategy not in STRATEGIES:
            raise SettingError('strategy', ' or '.join(STRATEGIES), strategy)
        if costs is None and (limits or strategy == 'winner-takes-all'):
            raise SettingError('costs', 'a CostModel, to know exact costs',
                               None)
        self.strategy = strategy
        self.iterations = whole('iterations', iterations, 1)
        self.round_every = whole('round_every', round_every, 0)
        self.lr = check_positive('lr', lr)
        self.costs = costs
        self._check_tasks()
        if strategy == 'winner-takes-all':
            check_neighbours(space)
        self.low, self.high = self._bounds(bounds or {})
        self.unit = self.tasks[0].predictor.code_std
        self.limits = None
        if limits and costs is not None:
            self.limits = CostLimits(limits, costs, self.unit.numpy(),
                                     (self.low.numpy(), self.high.numpy()))

    def _check_tasks(self) -> None:
        choices = self.space.gene_choices()
        if not self.tasks:
            raise SettingError('tasks', 'at least one', self.tasks)
        for i, task in enumerate(self.tasks):
            field, predictor = f'tasks[{i}].predictor', task.predictor
            if predictor.num_genes != len(choices):
                raise SettingError(
                    field, f'one for the {len(choices)} genes of the space',
                    predictor.num_genes)
            if 'log' in predictor.features and min(c[0] for c in choices) <= 0:
                raise SettingError(
                    field, 'the features code, because genes of the space '
                    'can be 0', predictor.settings['features'])

    def _bounds(self, bounds: Mapping[int, Sequence[float]]) -> tuple:
        choices = self.space.gene_choices()
        low = torch.tensor([float(c[0]) for c in choices])
        high = torch.tensor([float(c[-1]) for c in choices])
        for gene, pair in bounds.items():
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise SettingError(f'bounds[{gene}]', '(low, high)', pair)
            allowed: Sequence[Any] = []
            if gene in range(len(choices)):
                allowed = choices[gene].tolist()
            inside = [v for v in allowed if pair[0] <= v <= pair[1]]
            if not inside:
                raise SettingError(
                    f'bounds[{gene}]', 'a gene of the space and a range that '
                    f'holds one of its choices {allowed}', pair)
            low[gene], high[gene] = float(inside[0]), float(inside[-1])
        return low, high

    def run(self, starts: Any) -> Propagation:
        """Propagate from one code ``(genes, )`` or many ``(N, genes)``.

        Raises:
            ArchError: A start is no code of the space.
        """
        codes = self._starts(starts)
        trace = [codes.clone()]
        with reproducible(0):
            for iteration in range(1, self.iterations + 1):
                codes = self._step(codes)
                if self.round_every and iteration % self.round_every == 0:
                    codes = self._rounded(codes)
                trace.append(codes)
        return self._result(torch.stack(trace))

    def _starts(self, starts: Any) -> Tensor:
        try:
            codes = np.atleast_2d(np.asarray(starts, np.float32))
        except (TypeError, ValueError):
            raise ArchError('starts', 'codes, (genes, ) or (N, genes)',
                            starts) from None
        genes = self.space.round_genes(codes)
        wrong = np.flatnonzero((genes != codes).any(1))
        if len(wrong):
            raise ArchError(f'starts[{wrong[0]}]', 'a code of the space',
                            codes[wrong[0]].tolist())
        return self._inside(torch.from_numpy(codes))

    def _inside(self, codes: Tensor) -> Tensor:
        codes = codes.clamp(self.low, self.high)
        if self.limits is None:
            return codes
        return torch.from_numpy(self.limits.project(codes.numpy()))

    def _gradient(self, codes: Tensor) -> tuple:
        """Of the loss by the codes, and how far their targets are."""
        codes = codes.clone().requires_grad_()
        parts = [task.loss(codes) for task in self.tasks]
        total = torch.stack([loss for loss, _ in parts]).sum()
        (gradient, ) = torch.autograd.grad(total, codes)
        left = torch.stack([left for _, left in parts]).amax(0)
        return gradient, left

    def _step(self, codes: Tensor) -> Tensor:
        gradient, left = self._gradient(codes)
        if self.strategy == 'continuous':
            moved = codes - self.lr * gradient * self.unit**2
        else:
            assert self.costs is not None
            moved = winner_takes_all(codes, gradient * (self.unit > 0),
                                     self.costs, (self.low, self.high))
        there = (left < TOLERANCE)[:, None]
        return torch.where(there, codes, self._inside(moved))

    def _rounded(self, codes: Tensor) -> Tensor:
        genes = self.space.round_genes(codes.numpy())
        return torch.from_numpy(genes.astype(np.float32))

    def _result(self, trace: Tensor) -> Propagation:
        steps, num, genes = trace.shape
        flat = trace.reshape(-1, genes).numpy()
        codes = self.space.round_genes(trace[-1].numpy())
        predicted = [{
            name: values.reshape(steps, num)
            for name, values in task.predictor.predict(flat).items()
        } for task in self.tasks]
        scores = np.sum([task.score(codes) for task in self.tasks], 0)
        return Propagation(codes, trace.numpy(), predicted, scores)


TOLERANCE = 0.01  # of a metric's deviation: an absolute target is reached
