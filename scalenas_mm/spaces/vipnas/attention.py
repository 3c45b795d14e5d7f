"""Attention over maps: its width inside, and what it costs."""
from typing import Any, Tuple

import numpy as np

from ..cost import Size
from ..operators import KINDS, Numbers, Operator


def at_least(value: Any, least: int) -> Any:
    """The larger of the two; also for arrays."""
    return max(value, least) if type(value) is int else np.maximum(
        value, least)


def se_width(channels: Any) -> Any:
    """Channels inside squeeze-and-excitation: a fourth."""
    return at_least(channels // 4, 1)


def gc_width(channels: Any) -> Any:
    """Channels inside a global context block (mmcv's with the ratio of
    mmpose's ViPNAS)."""
    return at_least(channels // 16, 16)


def attention(kind: str, channels: Any, size: Size) -> Operator:
    """``se`` or ``gc`` over a map: an operator of that kind."""
    return Operator(kind, size, (channels, ))


def _se_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    channels, = free
    hidden = se_width(channels)
    weights = 2 * channels * hidden
    return weights + channels + hidden, weights


def _gc_cost(fixed: Tuple[int, ...], free: Numbers) -> Tuple[Any, Any]:
    channels, = free
    hidden = gc_width(channels)
    weights = 2 * channels * hidden
    params = 2 * channels + 1 + weights + 3 * hidden
    return params, weights + channels * (fixed[0] * fixed[1])


KINDS.update(se=_se_cost, gc=_gc_cost)
