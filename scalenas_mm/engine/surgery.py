"""What else holds a network's parameters when some of them are cut.

Optimisers, schedules, averages and the wrapper for distributed training know
nothing of architectures here, only :class:`~scalenas_mm.ops.slicing.Cut`.
Every function computes and checks all it needs and returns the step that is
left to do, which only assigns. So a network is cut whole or not at all.
"""
from functools import partial
from typing import (Any, Callable, Dict, Iterator, List, Mapping, Optional,
                    Sequence, Tuple)

import torch
from mmengine.dist import broadcast
from mmengine.model import BaseAveragedModel, is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.evaluation import unwrapped
from scalenas_mm.ops.slicing import Cut, planned_cuts, take
from scalenas_mm.spaces import SettingError

Commit = Callable[[], None]
Scores = Mapping[str, Tensor]
# What MMEngine's schedules keep for each group of parameters
BY_GROUP = ('base_values', '_last_value', 'min_values')


def planned_shrink(runner: Runner, arch: Any, scores: Optional[Scores],
                   fold: bool) -> Commit:
    """Plan to make the runner's network, and everything that holds parts of
    it, as small as ``arch``.

    Args:
        runner (Runner): Its model has a shrinking backbone. Optimisers and
            schedules are left alone if they are not built yet.
        arch (Arch): What is left.
        scores (Mapping[str, Tensor], optional): Decides which units stay, in
            network and averages alike; see :meth:`HRNAS.parts`.
        fold (bool): Keep the constants of dead units; see
            :meth:`HRNAS.fold_dead`.

    Returns:
        Callable: Does it. Until it is called, nothing is changed but what is
        folded; if planning fails, nothing at all.

    Raises:
        SettingError: An optimiser or wrapper cannot be cut.
    """
    averages = averages_of(runner)
    networks = [find_searchable(unwrapped(runner.model))]
    networks += [find_searchable(average.module) for average in averages]
    parts = networks[0].parts(arch, scores)
    folded: List[Tuple[Tensor, Tensor]] = []
    try:
        if fold:
            folded = [f for one in networks for f in one.fold_dead(parts)]
        cuts = [planned_cuts(one, parts) for one in networks]
        commits: List[Commit] = [
            partial(one.become, arch, own) for one, own in zip(networks, cuts)
        ]
        commits += map(refreshed_average, averages)
        commits += planned_optimizers(runner, cuts[0])
        commits.append(planned_wrapper(runner.model))
    except Exception:
        for tensor, before in reversed(folded):
            tensor.data.copy_(before)
        raise
    return lambda: _call_all(commits)


def _call_all(commits: Sequence[Commit]) -> None:
    for commit in commits:
        commit()


def share_statistics(models: Sequence[nn.Module]) -> None:
    """Give all processes the running statistics of the first one.

    Each has gathered its own, and constants that are folded into parameters
    must be the same everywhere. A checkpoint has those of the first one, too.
    """
    for model in models:
        buffers = [b for b in model.buffers() if b.is_floating_point()]
        flat = torch.cat([buffer.flatten() for buffer in buffers])
        broadcast(flat)
        for buffer, value in zip(buffers,
                                 flat.split([b.numel() for b in buffers])):
            buffer.copy_(value.view_as(buffer))


def averages_of(runner: Runner) -> List[nn.Module]:
    """Averaged copies of the runner's model, inside any of its hooks."""
    found = [
        value for hook in runner.hooks for value in vars(hook).values()
        if isinstance(value, BaseAveragedModel)
    ]
    kind = type(unwrapped(runner.model))
    return [value for value in found if type(value.module) is kind]


def refreshed_average(average: BaseAveragedModel) -> Commit:
    """Let an average know the tensors of its module after a cut."""

    def commit() -> None:
        tensors = average.module.state_dict() if average.update_buffers \
            else dict(average.module.named_parameters())
        average.avg_parameters = {
            key: tensors[key]
            for key in average.avg_parameters if key in tensors
        }

    return commit


def planned_wrapper(model: nn.Module) -> Commit:
    """Build the buckets of a distributed model anew, as it was set up.

    The wrapper stays the same object, so that whoever holds it goes on with
    it, and so that the old buckets, which would reduce gradients once more,
    are gone.

    Raises:
        SettingError: It is another wrapper than ``DistributedDataParallel``,
            or on a process group of its own.
    """
    if not is_model_wrapper(model):
        return lambda: None
    if not isinstance(model, DistributedDataParallel):
        raise SettingError(
            'model_wrapper_cfg', 'MMDistributedDataParallel, '
            'to shrink the network',
            type(model).__name__)
    try:
        model.__getstate__()
    except RuntimeError as error:
        raise SettingError(f'model_wrapper_cfg: {error}') from None

    def commit() -> None:
        hooks = list(model._comm_hooks)
        model._comm_hooks.clear()
        model.__setstate__(model.__getstate__())
        for hook, state in hooks:
            model.register_comm_hook(state, hook)

    return commit


def planned_optimizers(runner: Runner, cuts: Sequence[Cut]) -> List[Commit]:
    """Cut the state of the runner's optimisers, if they are built, and what
    schedules keep of their groups.

    Raises:
        SettingError: As :func:`planned_optimizer`.
    """
    commits = []
    for optimizer in _optimizers(runner.optim_wrapper):
        left, commit = planned_optimizer(optimizer, cuts)
        commits.append(commit)
        commits += [
            _planned_schedule(schedule, len(optimizer.param_groups), left)
            for schedule in _schedules(runner.param_schedulers)
            if getattr(schedule.optimizer, 'optimizer', schedule.optimizer) is
            optimizer
        ]
    return commits


def planned_optimizer(optimizer: Optimizer,
                      cuts: Sequence[Cut]) -> Tuple[List[int], Commit]:
    """Cut the state of any optimiser of torch.

    State of a parameter's shape is indexed as the parameter is, numbers are
    kept. Parameters that went leave their groups, and groups in which none is
    left go, as in an optimiser that is built for the smaller network. The
    order of both stays.

    Args:
        optimizer (Optimizer): May have taken steps or not.
        cuts (Sequence[Cut]): Of its parameters and others.

    Returns:
        tuple: The groups that stay, and what is left to do.

    Raises:
        SettingError: There is state of another shape, or it is spread over
            processes.
    """
    if isinstance(optimizer, ZeroRedundancyOptimizer):
        raise SettingError('optim_wrapper.optimizer', 'one whose state is '
                           'whole on every process',
                           type(optimizer).__name__)
    by_id = {id(cut.old): cut for cut in cuts}
    params = [[
        by_id[id(p)].new if id(p) in by_id else p for p in group['params']
    ] for group in optimizer.param_groups]
    params = [[p for p in group if p is not None] for group in params]
    left = [
        i for i, group in enumerate(optimizer.param_groups)
        if params[i] or not group['params']
    ]
    old = [p for p in optimizer.state if id(p) in by_id]
    states = {
        by_id[id(p)].new: _cut_state(optimizer, by_id[id(p)])
        for p in old if by_id[id(p)].new is not None
    }

    def commit() -> None:
        for p in old:
            del optimizer.state[p]
        optimizer.state.update(states)
        groups = optimizer.param_groups
        for i in left:
            groups[i]['params'] = params[i]
        groups[:] = [groups[i] for i in left]

    return left, commit


def _cut_state(optimizer: Optimizer, cut: Cut) -> Dict[str, Any]:
    """State of one parameter after the cut."""
    out = {}
    for key, value in optimizer.state[cut.old].items():
        if isinstance(value, Tensor):
            if value.shape == cut.old.shape:
                value = take(value, cut.index)
            elif value.numel() > 1:
                raise _wrong(optimizer, key, cut, tuple(value.shape))
        elif isinstance(value, (list, tuple, dict)):
            raise _wrong(optimizer, key, cut, type(value).__name__)
        out[key] = value
    return out


def _wrong(optimizer: Optimizer, key: str, cut: Cut,
           found: Any) -> SettingError:
    return SettingError(
        'optim_wrapper.optimizer',
        f'one whose state has the shape of the parameter, such as '
        f'{tuple(cut.old.shape)} for {cut.name}', f'{found} in {key} of '
        f'{type(optimizer).__name__}')


def _planned_schedule(schedule: Any, num: int, left: Sequence[int]) -> Commit:
    """Drop a schedule's values of groups that went. What stands after the
    ``num`` groups is MMEngine's own."""
    new = {
        name: [
            value for i, value in enumerate(getattr(schedule, name))
            if i in left or i >= num
        ]
        for name in BY_GROUP
        if isinstance(getattr(schedule, name, None), (list, tuple))
    }
    return lambda: vars(schedule).update(new)


def _optimizers(wrapper: Any) -> Iterator[Optimizer]:
    """Optimisers inside wrappers; none where they are not built."""
    if isinstance(wrapper, OptimWrapperDict):
        for one in wrapper.values():
            yield from _optimizers(one)
    elif isinstance(wrapper, OptimWrapper):
        yield wrapper.optimizer


def _schedules(schedules: Any) -> Iterator[Any]:
    """Schedules that are built, of one optimiser or several."""
    values = schedules.values() if isinstance(schedules, dict) else [schedules]
    for value in values:
        if isinstance(value, list):
            yield from (one for one in value if hasattr(one, 'optimizer'))
