from typing import List, Optional, Sequence

import numpy as np

from scalenas_mm.spaces import ArchError, ScaleNetSpace, Space
from .sampler import Draw, Sampler


class GroupedSampler(Sampler):
    """One architecture a step, from each group of the space in turn.

    Grouped sampling of ScaleNAS, Sec. 4.1: a group is a set of depths and a
    fusion percentage.

    Args:
        depths (Sequence[Sequence[int]], optional): Sets of depths. Defaults
            to neighbouring pairs of the space's depths, the paper's
            ``[2, 3], [3, 4], [4, 5]``.
        fusion (Sequence[float]): Fusion percentages.
        extremes (bool): Add two groups that hold the smallest and the
            largest architecture, as the released code does.
        seed (int): Seed.
    """

    def __init__(self,
                 depths: Optional[Sequence[Sequence[int]]] = None,
                 fusion: Sequence[float] = (0.2, 0.5, 0.8),
                 extremes: bool = False,
                 seed: int = 0) -> None:
        super().__init__(seed)
        self.depths = depths
        self.fusion = fusion
        self.extremes = extremes

    def draw(self, space: Space, iteration: int,
             rng: np.random.Generator) -> List[Draw]:
        if not isinstance(space, ScaleNetSpace):
            raise ArchError('space', 'a ScaleNetSpace', space)
        depths = self.depths or [
            space.depths[i:i + 2]
            for i in range(max(1,
                               len(space.depths) - 1))
        ]
        groups = [(pair, share) for pair in depths for share in self.fusion]
        group = iteration % (len(groups) + 2 * self.extremes)
        if group == len(groups):
            return [Draw('smallest', space.min_arch(), group)]
        if group > len(groups):
            return [Draw('largest', space.max_arch(), group)]
        pair, share = groups[group]
        arch = space.sample(rng, depths=pair, fusion=share)
        name = f'd{"".join(map(str, pair))}_f{share}'
        return [Draw(name, arch, group)]
