from typing import Any, List, Optional, Set

import numpy as np

from .evolution import Generational
from .pareto import pareto_front
from .searcher import Draw, SearchExhausted


class LocalSearch(Generational):
    """Local search (White et al. 2021, Algorithm 1) towards a front.

    Each generation are ``k`` neighbours of one candidate: of the oldest one
    that no other beats and whose neighbours were not asked for. A neighbour
    differs in one choice. When there is no such candidate, a local optimum is
    reached, and a new search begins at random candidates.

    Args:
        n0 (int): Random candidates before a search.
        k (int): Neighbours of a candidate.
        **kwargs: ``N``, ``seed`` and others as for :class:`Searcher`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 n0: int = 10,
                 k: int = 10,
                 **kwargs: Any) -> None:
        super().__init__(*args, n0=n0, k=k, **kwargs)
        # by generation from 1 on: whose neighbours it is; None begins anew
        self._centres: List[Optional[int]] = []
        self._explored: Set[int] = set()
        self._start = 0

    def centre(self, generation: int) -> Optional[int]:
        """Id of the candidate whose neighbours are in a generation."""
        while len(self._centres) < generation:
            self._centres.append(self._next_centre())
        return self._centres[generation - 1]

    def _next_centre(self) -> Optional[int]:
        first = self.first_of(len(self._centres) + 1)
        ids, values = self.measured(first)
        recent = ids >= self._start
        front = ids[recent][pareto_front(values[recent])]
        left = [int(id) for id in front if id not in self._explored]
        if not left:
            self._start, self._explored = first, set()
            return None
        self._explored.add(left[0])
        return left[0]

    def offspring(self, id: int, rng: np.random.Generator) -> Draw:
        centre = self.centre(self.generation(id))
        if centre is None:
            return self.sample(rng)
        arch = self.space.from_dict(self.history[centre].arch)
        try:
            return self.new(rng, lambda: (self.space.step(arch, rng),
                                          (centre, )))
        except SearchExhausted:  # all neighbours are known
            return self.sample(rng)
