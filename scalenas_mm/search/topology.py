from types import MappingProxyType
from typing import Any, Dict, List, Mapping

import numpy as np

from scalenas_mm.spaces import ArchError
from .pareto import select
from .record import Record
from .searcher import Candidate, Searcher


class TopologyEvolution(Searcher):
    """Multi-scale topology evolution (ScaleNAS, Sec. 4.2, Algorithm 1).

    Each generation takes the best ``k`` candidates so far by peeling Pareto
    fronts; every one of them gives an offspring by crossover with another and
    mutation.

    The paper leaves open how a module is mutated; see ``p_bit`` in
    :meth:`ScaleNetSpace.mutate`. The released code corresponds to ``p_m=1,
    mutation=dict(p_bit=0.2, keep_last=True)``.

    Args:
        k (int): Number of parents and of offspring in a generation.
        p_c (float): Probability of each module to come from the other
            parent.
        p_m (float): Probability of each module to be mutated.
        mutation (Mapping[str, Any]): Further options of the space's
            ``mutate``.
        **kwargs: ``n0``, ``N``, ``seed`` and others as for
            :class:`Searcher`.
    """

    def __init__(self,
                 *args: Any,
                 k: int = 100,
                 p_c: float = 0.25,
                 p_m: float = 0.5,
                 mutation: Mapping[str, Any] = MappingProxyType({}),
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if k < 1:
            raise ArchError('k', 'a positive integer', k)
        for name, value in (('p_c', p_c), ('p_m', p_m)):
            if not 0 <= value <= 1:
                raise ArchError(name, 'a probability in [0, 1]', value)
        self.k, self.p_c, self.p_m = k, p_c, p_m
        self.mutation = dict(mutation)
        self._parents: Dict[int, List[Record]] = {}

    def identity(self) -> Dict[str, Any]:
        return dict(
            super().identity(),
            k=self.k,
            p_c=self.p_c,
            p_m=self.p_m,
            mutation=self.mutation)

    def generation(self, index: int) -> int:
        return 0 if index < self.n0 else (index - self.n0) // self.k + 1

    def parents(self, generation: int) -> List[Record]:
        """The best ``k`` of all candidates before this generation."""
        if generation not in self._parents:
            known = [
                record for record in self.history[:self.n0 +
                                                  (generation - 1) * self.k]
                if record.ok
            ]
            best = select(self.objectives.values(known), self.k)
            self._parents = {generation: [known[i] for i in best]}
        return self._parents[generation]

    def offspring(self, index: int, rng: np.random.Generator) -> Candidate:
        generation = index // self.k + 1
        parents = self.parents(generation)
        if not parents:  # everything failed so far
            return self._new(
                rng,
                lambda: self._first(rng, {}))._replace(generation=generation)
        first = parents[index % self.k % len(parents)]
        return self._new(rng,
                         lambda: self._child(first, parents, rng))._replace(
                             generation=generation)

    def _child(self, first: Record, parents: List[Record],
               rng: np.random.Generator) -> Candidate:
        second = parents[rng.integers(len(parents))]
        arch = self.space.crossover(
            self.space.from_dict(first.arch),
            self.space.from_dict(second.arch),
            rng,
            p_c=self.p_c)
        arch = self.space.mutate(arch, rng, p_m=self.p_m, **self.mutation)
        return Candidate(arch, tuple(sorted({first.id, second.id})))
