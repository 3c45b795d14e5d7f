"""Which architectures a benchmark of one's own holds."""
from typing import Any, List, Mapping

import numpy as np

from ..spaces import Arch, SettingError, Space


def narrowed(space: Space, description: Mapping[str, Any]) -> Space:
    """The part of ``space`` that a description asks for.

    Args:
        space (Space): The whole.
        description (Mapping[str, Any]): Arguments of its class, such as
            ``dict(channels=[8, 16])``; others are as in ``space``.

    Raises:
        SettingError: It asks for another kind of space, or an argument is
            unknown or wrong.
    """
    whole = space.to_dict()
    unknown = sorted(set(description) - set(whole))
    if unknown:
        raise SettingError('space', ', '.join(sorted(whole)), unknown[0])
    options = {**whole, **description}
    kind = options.pop('type')
    if kind != whole['type']:
        raise SettingError('space: type',
                           f"{whole['type']}, the space of the backbone", kind)
    try:
        return type(space)(**options)
    except (TypeError, ValueError) as error:
        raise SettingError(f'space: {error}') from None


def draw(space: Space,
         num: int,
         seed: int = 0,
         spread: bool = False) -> List[Arch]:
    """``num`` different architectures without dead layers.

    The first ones of a larger ``num`` are the same.

    Args:
        space (Space): To draw from.
        num (int): How many.
        seed (int): Of the draw.
        spread (bool): Over the whole range of costs, not each choice evenly.

    Raises:
        SettingError: The space has not so many, or they were not found.
    """
    size = space.size()
    if num > size:
        raise SettingError(
            'num', f'at most {size}, the architectures of the '
            'space', num)
    sample = space.spread_genes if spread else space.sample_genes
    archs: List[Arch] = []
    seen = set()
    for index in range(num):
        rng = np.random.default_rng([seed, index])
        # of equally likely ones, a new one is missed once in e**20
        for _ in range(20 * min(size, 50_000)):
            arch = space.live(space.decode(sample(rng, 1)[0]))
            if arch not in seen:
                break
        else:
            raise SettingError(
                'num', f'at most {index}, the different architectures that '
                'were found', num)
        seen.add(arch)
        archs.append(arch)
    return archs
