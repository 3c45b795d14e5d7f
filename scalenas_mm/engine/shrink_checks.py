"""What must hold for a network to shrink, and what to say otherwise."""
from math import isfinite
from numbers import Real
from typing import Any, Mapping

import torch
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import Tensor

from scalenas_mm.backbones.base import SHRINKING, find_searchable
from scalenas_mm.evaluation import unwrapped
from scalenas_mm.spaces import SettingError


def number(field: str, value: Any) -> float:
    """``value`` if it is a finite number >= 0."""
    if isinstance(value, bool) or not isinstance(
            value, Real) or not 0 <= value or not isfinite(value):
        raise SettingError(field, 'a finite number >= 0', value)
    return float(value)


def flag(field: str, value: Any) -> bool:
    """``value`` if it is True or False."""
    if not isinstance(value, bool):
        raise SettingError(field, 'True or False', value)
    return value


def check_training(hook: Any, runner: Runner) -> None:
    """Raise :class:`SettingError` if a :class:`ShrinkHook` does not fit the
    training: its unit of time, the network, or the time itself."""
    if hook.by_epoch and isinstance(runner.train_loop, IterBasedTrainLoop):
        raise SettingError('by_epoch', 'False, as the training loop counts '
                           'iterations', True)
    kind = find_searchable(unwrapped(runner.model)).kind
    if kind != SHRINKING:
        raise SettingError('model', 'a backbone that shrinks', kind)
    most = runner.max_epochs if hook.by_epoch else runner.max_iters
    if hook.end is not None and hook.end > most:
        unit = 'epochs' if hook.by_epoch else 'iterations'
        raise SettingError(
            'end', f'at most {most}, the {unit} of the training: the last '
            'shrink would never be', hook.end)


def check_numbers(scores: Mapping[str, Tensor]) -> None:
    """Raise :class:`SettingError` if a score is nan: compared with a
    threshold, all such units would count as dead."""
    bad = {k: int(torch.isnan(v).sum()) for k, v in scores.items()}
    num = sum(bad.values())
    if num:
        first = next(name for name in bad if bad[name])
        raise SettingError(
            'importance of units', 'numbers', f'nan for {num} of '
            f'{sum(map(len, scores.values()))}, first in {first}; training '
            'has diverged: go on from an earlier checkpoint, with a lower '
            'learning rate or weight of the penalty')


def warn_if_empty(runner: Runner, arch: Any) -> None:
    """Say so if a shrink has left nothing but shortcuts."""
    if not any(map(sum, arch.channels)) and not any(arch.tokens):
        runner.logger.warning(
            'no unit and no token is left, only shortcuts: the threshold or '
            'the weight of the penalty is too high, or training too long')


def own_penalty(runner: Runner, checkpoint: dict) -> None:
    """Let a checkpoint that begins a new run leave the penalty as the config
    has it: its weight, and when that grows."""
    penalty = getattr(unwrapped(runner.model), 'penalty', None)
    if penalty is None:
        return
    weights = checkpoint.get('state_dict', {})
    for name, value in penalty.named_buffers():
        if f'penalty.{name}' in weights:
            weights[f'penalty.{name}'] = value.detach().clone()
