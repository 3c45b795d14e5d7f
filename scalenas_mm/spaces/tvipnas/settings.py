"""Choices of temporal fusion, checked."""
from typing import Any, Optional, Sequence, Tuple

from ..errors import SettingError
from ..settings import whole
from ..vipnas import ViPNASSpace
from .arch import NONE, OPERATIONS


def operations_of(names: Sequence[str]) -> Tuple[str, ...]:
    """Fusion operations, in the order of :data:`.arch.OPERATIONS`.

    Raises:
        SettingError: An unknown one, or none at all.
    """
    known = (*OPERATIONS, NONE)
    if (not isinstance(names, (list, tuple)) or not names
            or any(name not in known for name in names)):
        raise SettingError('operations', f'some of {known}', names)
    return tuple(name for name in known if name in names)


def fusion_stages_of(space: ViPNASSpace,
                     stages: Optional[Sequence[int]]) -> Tuple[int, ...]:
    """Numbers of the stages behind which there may be a fusion, from 1 on.

    Raises:
        SettingError: The space has no such stage, or none is given.
    """
    if stages is None:
        return _last_of_each_resolution(space)
    if not isinstance(stages, (list, tuple)) or not stages:
        raise SettingError('fusion_stages', 'numbers of stages', stages)
    return tuple(
        sorted({
            whole(f'fusion_stages[{i}]', stage, 1, len(space.stages))
            for i, stage in enumerate(stages)
        }))


def _last_of_each_resolution(space: ViPNASSpace) -> Tuple[int, ...]:
    """Those that are not finer than a fourth of the image."""
    unit = 2**12
    widths = [size[1] for size in space.stage_sizes((unit, unit))]
    if space.block == 'hrnet':  # the finest branch of every stage
        return tuple(range(1, len(widths) + 1))
    after: Any = [*widths[1:], None]
    found = [
        i for i, (width, follows) in enumerate(zip(widths, after), 1)
        if width <= unit // 4 and width != follows
    ]
    return tuple(found or [len(widths)])
