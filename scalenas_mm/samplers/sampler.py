"""Which architectures does a training step use?"""
from abc import ABC, abstractmethod
from typing import List, NamedTuple

import numpy as np

from scalenas_mm.spaces import Arch, Space
from scalenas_mm.spaces.settings import whole


class Draw(NamedTuple):
    """An architecture to train.

    Attributes:
        name: What it is, for the log.
        arch: The architecture.
        group: Index of the group it was drawn from.
    """
    name: str
    arch: Arch
    group: int = 0


class Sampler(ABC):
    """Draws architectures as a pure function of (seed, iteration).

    So all ranks draw the same without a broadcast, and a resumed run goes on
    as if it had never stopped.

    Args:
        seed (int): Seed.

    Raises:
        SettingError: A setting is wrong, when it is built or at the first
            draw from a space that it does not suit.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = whole('seed', seed, 0)

    def __call__(self, space: Space, iteration: int) -> List[Draw]:
        """Architectures to train in this iteration, at least one."""
        rng = np.random.default_rng([self.seed, iteration])
        return self.draw(space, iteration, rng)

    @abstractmethod
    def draw(self, space: Space, iteration: int,
             rng: np.random.Generator) -> List[Draw]:
        """As :meth:`__call__`, with the generator of this iteration."""
