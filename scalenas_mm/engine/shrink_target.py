"""What a shrinking run is to end with."""
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from mmengine.runner import Runner
from torch import Tensor

from scalenas_mm.evaluation import (cost_model, first_sample, together,
                                    unwrapped)
from scalenas_mm.evaluation.latency import check_options
from scalenas_mm.spaces import CostModel, SettingError
from scalenas_mm.spaces.latency import LatencyTable
from .budget import Budget, groups_of
from .budget_control import BudgetController
from .surgery import averages_of

OPTIONS = ('plan', 'arrive', 'horizon', 'every')
START = 1e-4  # weight for units of mean cost 1, if none is given


class ShrinkTarget:
    """A budget, and the controller that leads a network there.

    Args:
        setting (Mapping): One cost and its limit: ``macs='40%'`` (of the
            largest network), ``macs=3e7``, or ``params``,
            ``backbone_macs``, ``backbone_params`` likewise; ``latency``, in
            milliseconds of the backbone, with ``table``, a JSON file of
            ``build_latency_table.py``. ``macs`` and ``params`` are of the
            whole model. Further ``tolerance``
            (0.02) and ``plan``, ``arrive``, ``horizon``, ``every`` as
            :class:`BudgetController` has them.
        costs (CostModel): Of the model.
        begin (int): Step at which units may begin to go.
        end (int): Step of the last shrink.
        weight (float): Of the penalty at the start.
        threshold (float): Importance of a dead unit.

    Raises:
        SettingError: A setting is not valid, or the budget out of reach.
    """

    def __init__(self, setting: Mapping[str,
                                        Any], costs: CostModel, begin: int,
                 end: int, weight: float, threshold: float) -> None:
        if not isinstance(setting, Mapping):
            raise SettingError('target', "a dict such as dict(macs='40%')",
                               setting)
        limit = dict(setting)
        options = {key: limit.pop(key) for key in OPTIONS if key in limit}
        tolerance = limit.pop('tolerance', 0.02)
        if 'latency' in limit or 'table' in limit:
            table = _table(limit)
            limit[table.cost] = limit.pop('latency')
            costs = replace(costs, tables=(*costs.tables, table))
        self.space: Any = costs.space
        self.tables = costs.tables
        self.budget = Budget.resolve(limit, costs, tolerance)
        self.controller = BudgetController(
            self.budget, begin, end, weight, threshold=threshold, **options)

    def describe(self) -> str:
        """The budget and what can be reached, in a line."""
        least, most = self.budget.reach()
        return (f'target: {self.budget.key} {self.budget.limit:.6g} '
                f'({self.budget.limit / most:.1%} of {most:.6g}, the largest '
                f'network; the smallest one has {least:.6g})')

    def steer(self, step: int, backbone: Any, weight: Tensor) -> None:
        """Set the weight of the penalty, in place, where it is due.

        Args:
            step (int): Iterations done.
            backbone (HRNAS): The network that shrinks.
            weight (Tensor): The buffer.
        """
        one = self.controller
        if one.due(step) or step == one.end:
            factors = self._groups(backbone.gammas(), backbone)
            weight.fill_(one.weight(step, factors, backbone.arch))

    def _groups(self, factors: Mapping[str, Tensor],
                backbone: Any) -> List[np.ndarray]:
        return groups_of(numbers(factors), self.space, backbone.arch)

    # -- what a ShrinkHook calls ------------------------------------------
    def after_iter(self, hook: Any, runner: Runner) -> None:
        """Steer the penalty after an iteration."""
        model = unwrapped(runner.model)
        self.steer(runner.iter + 1, hook.backbone(runner),
                   model.penalty.weight)

    def choose(self, hook: Any, runner: Runner,
               scores: Mapping[str, Tensor]) -> Tuple[Any, Dict[str, Tensor]]:
        """What is left after a shrink, and the scores that say of which
        units."""
        # an epoch ends when its last iteration is counted
        step = runner.iter if hook.by_epoch else runner.iter + 1
        backbone = hook.backbone(runner)
        which = hook.last_scores if step >= self.controller.end \
            else hook.scores
        averaged = bool(averages_of(runner)) and which != 'network'
        groups = self._groups(scores, backbone)
        if not averaged:
            groups = self.controller.steady(groups)
        elif which == 'both':
            network, average = (
                self._groups(hook.importance(runner, one), backbone)
                for one in ('network', 'average'))
            groups = [
                np.maximum(a, b)
                for a, b in zip(self.controller.steady(network), average)
            ]
        left = self.controller.choose(step, groups, backbone.arch)
        values = torch.from_numpy(np.concatenate([*groups, np.zeros(0)]))
        parts = values.split([len(value) for value in scores.values()])
        return left, dict(zip(scores, parts))

    def state_dict(self) -> Dict[str, Any]:
        """Plain values and tensors: torch reads empty arrays of numpy only
        with code that they bring."""
        return {
            key:
            torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            for key, value in self.controller.state_dict().items()
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.controller.load_state_dict(state)


def build_controller(hook: Any,
                     runner: Runner,
                     state: Optional[Dict[str, Any]] = None) -> ShrinkTarget:
    """The target of a :class:`ShrinkHook`, when training is about to begin.

    With the state of a run that is resumed, the weight of the penalty stays
    as its checkpoint has it: 0 after the last shrink.

    Raises:
        SettingError: As :class:`ShrinkTarget`; or there is no penalty, or
            a new run begins within the budget.
    """
    model = unwrapped(runner.model)
    penalty = getattr(model, 'penalty', None)
    if penalty is None:
        raise SettingError('model.penalty', 'a penalty that a target can '
                           'steer', None)
    loop = runner.val_loop if runner.val_loop is not None \
        else runner.train_loop
    costs = together(
        lambda: cost_model(model, hook.input_size or penalty.input_size,
                           first_sample(model, loop.dataloader)))
    steps = runner.max_iters // runner.max_epochs if hook.by_epoch else 1
    weight = float(penalty.weight)
    if not weight:
        every = penalty.unit_costs(hook.backbone(runner)).values()
        weight = START / float(torch.cat(list(every)).mean())

    def build() -> ShrinkTarget:
        target = ShrinkTarget(hook.target, costs, hook.begin * steps,
                              hook.last(runner) * steps, weight,
                              hook.threshold)
        check_options(target.tables, runner.cfg.model)
        return target

    target = together(build)  # a table may be missing on one machine only
    runner.logger.info(target.describe())
    if state is None:
        penalty.weight.fill_(weight)
        target.controller.begin_at(hook.backbone(runner).arch)
    else:
        target.load_state_dict(state)
    return target


def _table(limit: Dict[str, Any]) -> LatencyTable:
    """The table of a limit of latency, which no longer names it."""
    for key, kind in (('table', 'a JSON file, for latency'),
                      ('latency', 'milliseconds, for a table')):
        if key not in limit:
            raise SettingError(f'target.{key}', kind, None)
    return LatencyTable.read(limit.pop('table'))


def numbers(factors: Mapping[str, Tensor]) -> Dict[str, np.ndarray]:
    """Tensors as arrays, brought over in one copy."""
    if not factors:
        return {}
    flat = torch.cat([value.detach() for value in factors.values()])
    sizes = [len(value) for value in factors.values()]
    parts = flat.double().cpu().numpy()
    return dict(zip(factors, np.split(parts, np.cumsum(sizes)[:-1])))
