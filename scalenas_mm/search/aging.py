from typing import Any, Dict, List

import numpy as np

from scalenas_mm.spaces.settings import whole
from .evolution import Evolution
from .pareto import select
from .record import Record
from .searcher import Draw


class AgingEvolution(Evolution):
    """Regularised evolution (Real et al. 2019, Algorithm 1).

    The population are the last ``n0`` candidates: the oldest ones leave it,
    however good. The best of a random sample of it gives an offspring by
    mutation. With several objectives the best is one that the sample does not
    beat, and of those one that stands alone.

    Args:
        n0 (int): Size of the population; P of the paper.
        k (int): Candidates in a generation, which all come of the same
            population. In the paper it changes with each: 1.
        sample_size (int): Size of the sample; S of the paper.
        p_m (float): Probability of each module to be mutated.
        mutation (Mapping[str, Any]): Further options of the space's
            ``mutate``.
        **kwargs: ``N``, ``seed`` and others as for :class:`Searcher`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 n0: int = 100,
                 k: int = 10,
                 sample_size: int = 25,
                 p_m: float = 0.1,
                 **kwargs: Any) -> None:
        super().__init__(*args, n0=n0, k=k, p_m=p_m, **kwargs)
        self.sample_size = whole('sample_size', sample_size, 1)

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), sample_size=self.sample_size)

    def select(self, generation: int) -> List[Record]:
        """The population: those of the last ``n0`` that did not fail."""
        first = self.first_of(generation)
        return [one for one in self.history[first - self.n0:first] if one.ok]

    def child(self, slot: int, parents: List[Record],
              rng: np.random.Generator) -> Draw:
        size = min(self.sample_size, len(parents))
        drawn = rng.choice(len(parents), size, replace=False)
        sample = [parents[i] for i in drawn]
        best = sample[select(self.objectives.values(sample), 1)[0]]
        return self.mutated(self.arch(best), rng), (best.id, )
