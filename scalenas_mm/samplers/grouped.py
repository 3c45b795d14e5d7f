from typing import Any, List

import numpy as np

from scalenas_mm.spaces import Space
from .sampler import Draw, Sampler


class GroupedSampler(Sampler):
    """One architecture a step, from each group of the space in turn.

    Grouped sampling of ScaleNAS, Sec. 4.1. In a
    :class:`~scalenas_mm.spaces.ScaleNetSpace` a group is a set of depths and
    a fusion percentage.

    Args:
        extremes (bool): Add two groups that hold the smallest and the
            largest architecture, as the released code does.
        seed (int): Seed.
        **options: Options of the space's ``groups``.
    """

    def __init__(self,
                 extremes: bool = False,
                 seed: int = 0,
                 **options: Any) -> None:
        super().__init__(seed)
        self.extremes = extremes
        self.options = options

    def draw(self, space: Space, iteration: int,
             rng: np.random.Generator) -> List[Draw]:
        groups = space.groups(**self.options)
        group = iteration % (len(groups) + 2 * self.extremes)
        if group == len(groups):
            return [Draw('smallest', space.min_arch(), group)]
        if group > len(groups):
            return [Draw('largest', space.max_arch(), group)]
        name, options = groups[group]
        return [Draw(name, space.sample(rng, **options), group)]
