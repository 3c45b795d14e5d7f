from typing import Any

import numpy as np

from .searcher import Candidate, Searcher


class RandomSearch(Searcher):
    """Independent samples, the baseline.

    Args:
        N (int): Number of candidates.
        **kwargs: As for :class:`Searcher`.
    """

    def __init__(self, *args: Any, N: int = 2000, **kwargs: Any) -> None:
        kwargs['n0'] = N
        super().__init__(*args, N=N, **kwargs)

    def identity(self) -> dict:
        identity = super().identity()
        del identity['n0']  # so that a finished search can be extended
        return identity

    def offspring(self, index: int, rng: np.random.Generator) -> Candidate:
        raise NotImplementedError('every candidate is in the initial '
                                  'population')
