"""The propagation towards goals."""
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from scalenas_mm.predictors import (NetworkCodingPropagation, Propagation,
                                    Task, efficiency_targets)
from scalenas_mm.spaces import ArchError, CostModel
from .fitted import Fitted, space_of
from .options import MAIN_STRATEGY, Goal


@dataclass(frozen=True)
class SearchSettings:
    """How to propagate; the defaults are the paper's.

    Attributes:
        step: Increment of the main metric and decrement of the FLOPs in
            standard deviations.
        iterations: Their number.
        lr: Learning rate.
        start: Name, code or JSON file of the architecture to start from.
        shape: Height and width at which exact costs are counted.
        max_gmacs: Upper limit of MACs in G.
        max_params: Upper limit of parameters in M.
    """
    step: float = 1.0
    iterations: int = 70
    lr: float = 3.0
    start: str = 'initial'
    shape: Sequence[int] = (128, 128)
    max_gmacs: Optional[float] = None
    max_params: Optional[float] = None

    @property
    def limits(self) -> Dict[str, float]:
        """Upper limits of exact costs by name."""
        limits = dict(
            macs=self.max_gmacs and self.max_gmacs * 1e9,
            params=self.max_params and self.max_params * 1e6)
        return {
            key: limit
            for key, limit in limits.items() if limit is not None
        }

    def __str__(self) -> str:
        """How it propagates, in a line."""
        words = [
            f'targets ±{self.step:g} σ', f'{self.iterations} iterations',
            f'learning rate {self.lr:g}', f'from {self.start}'
        ]
        if self.max_gmacs is not None:
            words.append(f'at most {self.max_gmacs:g} GMACs')
        if self.max_params is not None:
            words.append(f'at most {self.max_params:g} M parameters')
        return ' · '.join(words)


class Search:
    """Propagates towards goals.

    Args:
        found (Mapping[str, Fitted]): Predictors of all settings of the goals.
        **settings: Of :class:`SearchSettings`.

    Raises:
        ArchError: The settings differ in their space, or the start is not in
            it.
    """

    def __init__(self, found: Mapping[str, Fitted], **settings: Any) -> None:
        spaces = [space_of(one.table) for one in found.values()]
        for name, space in zip(found, spaces):
            if space.to_dict() != spaces[0].to_dict():
                raise ArchError(f'setting {name}',
                                'the same space as the others',
                                space.to_dict())
        self.settings = SearchSettings(**settings)
        self.found, self.space = found, spaces[0]
        self.costs = CostModel(self.space, tuple(self.settings.shape))
        self.start = self.space.encode(self.space.resolve(self.settings.start))

    def __call__(self,
                 goal: Goal,
                 lambda_: float,
                 strategy: str = MAIN_STRATEGY) -> Propagation:
        """The propagation of one start; for a goal with a source the start is
        the source's optimum of the same weight and strategy."""
        start = self.start
        if goal.source:
            first = self(Goal((goal.source, )), lambda_, strategy)
            start = first.codes[0]
        tasks = [self._task(name, lambda_) for name in goal.settings]
        return NetworkCodingPropagation(
            self.space,
            tasks,
            strategy=strategy,
            iterations=self.settings.iterations,
            lr=self.settings.lr,
            limits=self.settings.limits,
            costs=self.costs).run(start)

    def _task(self, name: str, lambda_: float) -> Task:
        one = self.found[name]
        return Task(
            one.predictor,
            efficiency_targets(
                one.table.main, lambda_, step=self.settings.step))

    def exact(self, code: Any) -> Tuple[float, float]:
        """Parameters in M and GMACs of a code."""
        cost = self.costs(self.space.decode(code))
        return cost['params'] / 1e6, cost['macs'] / 1e9
