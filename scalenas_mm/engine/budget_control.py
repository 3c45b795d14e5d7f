"""Steer the penalty of a shrinking network so that it meets a budget.

HR-NAS has one weight of the penalty (lambda) for a whole run, and where the
network ends is found out by running it. Here the cost follows a plan: the
weight grows while too few units are about to die and falls while too many
are.
"""
from typing import Any, Dict, List, Optional

import numpy as np

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import probability, whole
from .budget import Budget, Groups

PLANS = ('exponential', 'cosine')
# What is followed of each unit
UNITS = ('now', 'mean', 'trend', 'swing')

# Found with simulated decays under SGD, RMSprop and Adam, constant and falling
# learning rates, noise and start weights over three decades (tests/engine).
SAMPLES = 200  # measurements in a run
INTEGRAL = 40.0  # e-folds of the weight for a gap of 1 over the whole run
PROPORTIONAL = 1.0  # e-folds at once for a gap of 1
LARGEST_GAP = 0.5  # what is more counts as this: no wind-up
REACH = 7.0  # e-folds that the weight can go away from its start
NEWEST = 0.3  # share of the newest measurement in means and trends
SWINGS = 0.2  # share of changes of the sign of what swings around zero


class BudgetController:
    """A feedback from the cost that is about to be left to the weight.

    Each unit's importance factor is followed: its running mean, the trend of
    that, and how often its sign changes. A unit that will be below the
    threshold ``horizon`` later counts as gone, and so does one that swings
    around zero, because the penalty's step is larger than it. The gap is
    between the cost of the others and the plan, both logarithms, as a share
    of the whole way; the logarithm of the weight is the integral of the gap,
    and a part of the gap itself.

    Everything follows from what is measured, in the same way on every
    process.

    Args:
        budget (Budget): Where to end.
        begin (int): Step at which the plan begins. The weight is constant
            before.
        end (int): Step of the last shrink. The weight is 0 from there on.
        weight (float): Start value of the weight.
        threshold (float): Below it a unit is dead.
        plan (str): How the planned cost falls: ``exponential`` (the same
            share in every step) or ``cosine`` (slow at both ends).
        arrive (float): When the plan reaches the budget, as a share of the
            way from ``begin`` to ``end``. The rest is for what is late.
        horizon (float): How far ahead units are looked at, as a share of the
            same way.
        every (int, optional): Measure every so many steps. Defaults to 200
            times in the run.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 budget: Budget,
                 begin: int,
                 end: int,
                 weight: float,
                 threshold: float = 1e-3,
                 plan: str = 'exponential',
                 arrive: float = 0.8,
                 horizon: float = 0.1,
                 every: Optional[int] = None) -> None:
        if plan not in PLANS:
            raise SettingError('target.plan', f'one of {PLANS}', plan)
        if not 0 < weight < np.inf:
            raise SettingError('penalty.weight', 'a number > 0 to start from',
                               weight)
        self.budget = budget
        self.begin = whole('begin', begin, 0)
        self.end = whole('end', end, begin + 1)
        self.length = end - begin
        self.threshold = threshold
        self.plan = plan
        self.arrive = max(probability('target.arrive', arrive), 1e-6)
        self.horizon = probability('target.horizon', horizon)
        self.every = whole('target.every', every
                           or max(1, self.length // SAMPLES))
        self.first = weight
        self.start: Optional[float] = None  # cost at the beginning
        self._weight = weight
        self._integral = 0.0
        self._step = -1
        self._units: Dict[str, List[np.ndarray]] = {key: [] for key in UNITS}
        self.soon = np.nan

    # -- the plan ---------------------------------------------------------
    def begin_at(self, arch: Any) -> None:
        """Take the cost of ``arch`` for that at the beginning, unless it is
        known from before.

        Raises:
            SettingError: It is within the budget already.
        """
        if self.start is not None:
            return
        cost = self._cost(arch)
        if cost <= self.budget.limit:
            raise SettingError(
                f'target.{self.budget.key}', 'less than the network costs '
                f'at the start, {cost:g}', self.budget.limit)
        self.start = cost

    def planned(self, step: float) -> float:
        """The cost that a network should have at a step."""
        assert self.start is not None
        ratio = self.budget.limit / self.start
        return float(self.start * ratio**self._done(step))

    def _done(self, step: float) -> float:
        """Share of the way, from 0 to 1, in logarithms of the cost."""
        time = (step - self.begin) / (self.length * self.arrive)
        time = min(max(time, 0.0), 1.0)
        if self.plan == 'cosine':
            return float((1 - np.cos(np.pi * time)) / 2)
        return time

    # -- the weight -------------------------------------------------------
    def due(self, step: int) -> bool:
        """Whether :meth:`weight` wants to see the factors at this step."""
        return self.begin <= step < self.end and step % self.every == 0

    def weight(self, step: int, factors: Groups, arch: Any) -> float:
        """The weight of the penalty from this step on.

        Args:
            step (int): Iterations done.
            factors (Sequence[np.ndarray]): Importance factors with their
                signs, for each gene.
            arch (Arch): What they are the units of.
        """
        if step >= self.end:
            return 0.0
        if step < self.begin:
            return self.first
        self.begin_at(arch)
        self._follow(step, factors)
        gap = self._gap(step, arch)
        self._integral = float(
            np.clip(self._integral + INTEGRAL * gap * self.every / self.length,
                    -REACH, REACH))
        self._weight = float(self.first *
                             np.exp(self._integral + PROPORTIONAL * gap))
        return self._weight

    def _follow(self, step: int, factors: Groups) -> None:
        """Bring what is known of the units up to date; for a gene whose units
        have changed unknown to this, begin anew."""
        passed = max(1, step - self._step)
        new: Dict[str, List[np.ndarray]] = {key: [] for key in UNITS}
        for i, now in enumerate(np.asarray(f, np.float64) for f in factors):
            old = {key: self._units[key][i:i + 1] for key in UNITS}
            if not old['now'] or len(old['now'][0]) != len(now):
                zero = np.zeros(len(now))
                start = dict(now=now, mean=now, trend=zero, swing=zero)
                for key in UNITS:
                    new[key].append(start[key].copy())
                continue
            last, mean, trend, swing = (old[key][0] for key in UNITS)
            means = mean + NEWEST * (now - mean)
            change = (np.abs(means) - np.abs(mean)) / passed
            turned = now * last < 0
            new['now'].append(now.copy())
            new['mean'].append(means)
            new['trend'].append(trend + NEWEST * (change - trend))
            new['swing'].append(swing + NEWEST * (turned - swing))
        self._units, self._step = new, step

    def _gap(self, step: int, arch: Any) -> float:
        """How much of the whole way the network is behind the plan."""
        ahead = self.horizon * self.length
        _, means, trends, swings = (self._units[key] for key in UNITS)
        left = np.array([
            np.count_nonzero((np.abs(mean) +
                              np.minimum(trend, 0) * ahead > self.threshold)
                             & (swing < SWINGS))
            for mean, trend, swing in zip(means, trends, swings)
        ])
        genes = self.budget.costs.space.encode(arch)
        left = np.minimum(left, genes).astype(genes.dtype)
        self.soon = float(self.budget.of(left[None])[0])
        plan = self.planned(step + ahead)
        way = np.log(self.start / self.budget.limit)
        gap = np.log(max(self.soon, 1e-12) / plan) / way
        return float(np.clip(gap, -LARGEST_GAP, LARGEST_GAP))

    # -- shrinks ----------------------------------------------------------
    def steady(self, scores: Groups) -> List[np.ndarray]:
        """Absolute factors, or the running means where those are less: what
        swings around zero is dead.

        Args:
            scores (Sequence[np.ndarray]): Absolute factors, for each gene.
        """
        means = self._units['mean']
        if [len(mean) for mean in means] != [len(score) for score in scores]:
            return list(scores)
        return [
            np.minimum(score, np.abs(mean))
            for score, mean in zip(scores, means)
        ]

    def choose(self, step: int, scores: Groups, arch: Any) -> Any:
        """What is left after a shrink.

        Before the end, only dead units go, and the network never comes below
        the plan. At the end it comes within the budget.

        Args:
            step (int): Iterations done.
            scores (Sequence[np.ndarray]): Importance of units, for each gene.
            arch (Arch): What they are the units of.
        """
        self.begin_at(arch)
        if step >= self.end:
            left = self.budget.choose_last(scores, arch, self.threshold)
        else:
            left = self.budget.choose(scores, arch, self.threshold,
                                      self.planned(step))
        self._forget(scores, left)
        return left

    def _forget(self, scores: Groups, arch: Any) -> None:
        """Of each gene, keep the units of the highest scores; of equal ones
        the first."""
        left = self.budget.costs.space.encode(arch)
        for values in self._units.values():
            for i, (old, score, num) in enumerate(zip(values, scores, left)):
                if len(old) == len(score):
                    order = np.argsort(-score, kind='stable')[:num]
                    values[i] = old[np.sort(order)]

    def _cost(self, arch: Any) -> float:
        genes = self.budget.costs.space.encode(arch)
        return float(self.budget.of(genes[None])[0])

    # -- checkpoints ------------------------------------------------------
    def state_dict(self) -> Dict[str, Any]:
        """All that a resumed run needs to go on in the same way."""
        sizes = [len(values) for values in self._units['now']]
        return dict(
            first=self.first,
            start=self.start,
            weight=self._weight,
            integral=self._integral,
            step=self._step,
            sizes=sizes,
            **{
                key: np.concatenate([*values, np.zeros(0)])
                for key, values in self._units.items()
            })

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.first, self.start = state['first'], state['start']
        self._weight, self._integral = state['weight'], state['integral']
        self._step = state['step']
        ends = np.cumsum(state['sizes'], dtype=int)[:-1]
        self._units = {
            key:
            np.split(np.asarray(state[key]), ends) if state['sizes'] else []
            for key in UNITS
        }
