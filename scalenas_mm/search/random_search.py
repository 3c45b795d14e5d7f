from typing import Any, Mapping

import numpy as np

from scalenas_mm.spaces import CostModel
from .searcher import Candidate, Searcher


class RandomSearch(Searcher):
    """Independent samples, the baseline.

    Args:
        N (int): Number of candidates.
        **kwargs: As for :class:`Searcher`.
    """

    def __init__(self,
                 costs: CostModel,
                 objectives: Mapping[str, str],
                 N: int = 2000,
                 **kwargs: Any) -> None:
        kwargs['n0'] = N
        super().__init__(costs, objectives, N=N, **kwargs)

    def identity(self) -> dict:
        identity = super().identity()
        del identity['n0']  # so that a finished search can be extended
        return identity

    def offspring(self, index: int, rng: np.random.Generator) -> Candidate:
        raise NotImplementedError('every candidate is in the initial '
                                  'population')
