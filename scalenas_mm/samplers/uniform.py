from typing import Any, List

import numpy as np

from scalenas_mm.spaces import Space
from .sampler import Draw, Sampler


class UniformSampler(Sampler):
    """One random architecture a step.

    Args:
        seed (int): Seed.
        **options: Options of the space's ``sample``.
    """

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed)
        self.options = options

    def draw(self, space: Space, iteration: int,
             rng: np.random.Generator) -> List[Draw]:
        return [Draw('random', space.sample(rng, **self.options))]
