from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from scalenas_mm.spaces.settings import probability
from .evolution import Evolution
from .pareto import crowded_ranks, select
from .record import Record
from .searcher import Draw


class NSGA2(Evolution):
    """NSGA-II (Deb et al. 2002, Sec. III-C).

    Of a population and its offspring survive the best ``n0``, by fronts and,
    in the last front that does not fit whole, by crowding distance. Parents
    win a tournament of two by front, then by crowding distance.

    Args:
        n0 (int): Size of the population.
        k (int, optional): Offspring in a generation. Defaults to ``n0``, as
            in the paper.
        p_c (float): Probability of each module to come from the second
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
                 n0: int = 100,
                 k: Optional[int] = None,
                 p_c: float = 0.5,
                 p_m: float = 0.1,
                 **kwargs: Any) -> None:
        super().__init__(
            *args, n0=n0, k=n0 if k is None else k, p_m=p_m, **kwargs)
        self.p_c = probability('p_c', p_c)
        self._survivors: Tuple[int, List[Record]] = (0, [])
        self._ranks = np.empty(0)

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), p_c=self.p_c)

    def select(self, generation: int) -> List[Record]:
        """The population that survives until this generation."""
        last, alive = self._survivors
        if last > generation:
            last, alive = 0, []
        for g in range(last + 1, generation + 1):
            begin = 0 if g == 1 else self.first_of(g - 1)
            new = self.history[begin:self.first_of(g)]
            both = alive + [one for one in new if one.ok]
            alive = [both[i] for i in self._best(both)]
        self._survivors = generation, alive
        self._ranks = crowded_ranks(self._values(alive))
        return alive

    def _best(self, records: List[Record]) -> np.ndarray:
        return np.sort(select(self._values(records), self.n0))

    def _values(self, records: List[Record]) -> np.ndarray:
        values = self.objectives.values(records)
        return values.reshape(len(records), len(self.objectives.directions))

    def child(self, slot: int, parents: List[Record],
              rng: np.random.Generator) -> Draw:
        pairs = rng.integers(len(parents), size=(2, 2))
        first, second = (
            parents[min(pair, key=lambda i: self._ranks[i])] for pair in pairs)
        return self.crossed(first, second, rng, self.p_c)
