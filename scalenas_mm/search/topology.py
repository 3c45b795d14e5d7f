from typing import Any, Dict, List

import numpy as np

from scalenas_mm.spaces.settings import probability
from .evolution import Evolution
from .pareto import select
from .record import Record
from .searcher import Draw


class TopologyEvolution(Evolution):
    """Multi-scale topology evolution (ScaleNAS, Sec. 4.2, Algorithm 1).

    Each generation takes the best ``k`` candidates so far by peeling Pareto
    fronts; every one of them gives an offspring by crossover with another and
    mutation.

    The paper leaves open how a module is mutated; see ``p_bit`` in
    :meth:`ScaleNetSpace.mutate`. The released code corresponds to ``p_m=1,
    mutation=dict(p_bit=0.2, keep_last=True)``.

    Args:
        n0 (int): Size of the initial population.
        k (int): Number of parents and of offspring in a generation.
        p_c (float): Probability of each module to come from the other
            parent.
        p_m (float): Probability of each module to be mutated.
        mutation (Mapping[str, Any]): Further options of the space's
            ``mutate``.
        **kwargs: ``N``, ``seed`` and others as for :class:`Searcher`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 n0: int = 1000,
                 k: int = 100,
                 p_c: float = 0.25,
                 **kwargs: Any) -> None:
        super().__init__(*args, n0=n0, k=k, **kwargs)
        self.p_c = probability('p_c', p_c)

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), p_c=self.p_c)

    def select(self, generation: int) -> List[Record]:
        """The best ``k`` of all candidates before this generation."""
        ids, values = self.measured(self.first_of(generation))
        return [self.history[i] for i in ids[select(values, self.k)]]

    def child(self, slot: int, parents: List[Record],
              rng: np.random.Generator) -> Draw:
        second = parents[rng.integers(len(parents))]
        return self.crossed(parents[slot % len(parents)], second, rng,
                            self.p_c)
