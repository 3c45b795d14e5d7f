from typing import List

import numpy as np

from scalenas_mm.spaces import Space
from scalenas_mm.spaces.settings import whole
from .sampler import Draw, Sampler


class SandwichSampler(Sampler):
    """The largest, the smallest and some random architectures a step.

    The baseline of ScaleNAS, Sec. 4.1. The largest comes first, so that its
    logits can teach the others.

    Args:
        num_random (int): How many random ones.
        seed (int): Seed.
    """

    def __init__(self, num_random: int = 2, seed: int = 0) -> None:
        super().__init__(seed)
        self.num_random = whole('num_random', num_random, 0)

    def draw(self, space: Space, iteration: int,
             rng: np.random.Generator) -> List[Draw]:
        draws = [
            Draw('largest', space.largest(rng), 0),
            Draw('smallest', space.smallest(rng), 1)
        ]
        return draws + [
            Draw(f'random{i}', space.sample(rng), 2 + i)
            for i in range(self.num_random)
        ]
