from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np

from scalenas_mm.spaces import Arch, SettingError
from scalenas_mm.spaces.settings import probability, whole
from .pareto import select
from .record import Record
from .searcher import Draw, Searcher


class TopologyEvolution(Searcher):
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
                 p_m: float = 0.5,
                 mutation: Mapping[str, Any] = MappingProxyType({}),
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.n0, self.k = whole('n0', n0, 1), whole('k', k, 1)
        if n0 > self.N:
            raise SettingError('n0', f'at most N = {self.N}', n0)
        self.p_c, self.p_m = probability('p_c', p_c), probability('p_m', p_m)
        if not isinstance(mutation, Mapping):
            raise SettingError('mutation', 'options as a dict', mutation)
        self.mutation = dict(mutation)
        self._parents: Tuple[int, List[Record]] = (0, [])
        # by id, of these parents and of what was proposed since then
        self._archs: Dict[int, Arch] = {}
        self._check_mutation()

    def _check_mutation(self) -> None:
        """Now, and not after the initial population was evaluated."""
        rng, arch = np.random.default_rng(0), self.space.max_arch()
        try:
            self.space.mutate(arch, rng, p_m=self.p_m, **self.mutation)
        except (ValueError, TypeError) as error:
            raise SettingError('mutation', f'options of the space ({error})',
                               self.mutation) from None

    def identity(self) -> Dict[str, Any]:
        return dict(
            super().identity(),
            n0=self.n0,
            k=self.k,
            p_c=self.p_c,
            p_m=self.p_m,
            mutation=self.mutation)

    def generation(self, id: int) -> int:
        return 0 if id < self.n0 else (id - self.n0) // self.k + 1

    def first_of(self, generation: int) -> int:
        """Id of the first candidate of a generation after the first."""
        return self.n0 + (generation - 1) * self.k

    def parents(self, generation: int) -> List[Record]:
        """The best ``k`` of all candidates before this generation."""
        if self._parents[0] != generation:
            ids, values = self.measured(self.first_of(generation))
            best = [self.history[i] for i in ids[select(values, self.k)]]
            self._parents = generation, best
            self._archs = {
                record.id: self._archs[record.id]
                for record in best if record.id in self._archs
            }
        return self._parents[1]

    def propose(self, id: int) -> Draw:
        rng = self.rng(id)
        if id < self.n0:
            draw = self.sample(rng, self.initial[id % len(self.initial)])
        else:
            draw = self.offspring(id, rng)
        self._archs[id] = draw[0]
        return draw

    def offspring(self, id: int, rng: np.random.Generator) -> Draw:
        """A child of the best before its generation."""
        generation = self.generation(id)
        parents = self.parents(generation)
        if not parents:  # everything failed so far
            return self.sample(rng)
        slot = id - self.first_of(generation)
        first = parents[slot % len(parents)]
        return self.new(rng, lambda: self._child(first, parents, rng))

    def _child(self, first: Record, parents: List[Record],
               rng: np.random.Generator) -> Draw:
        second = parents[rng.integers(len(parents))]
        arch = self.space.crossover(
            self._arch(first), self._arch(second), rng, p_c=self.p_c)
        arch = self.space.mutate(arch, rng, p_m=self.p_m, **self.mutation)
        return arch, tuple(sorted({first.id, second.id}))

    def _arch(self, parent: Record) -> Arch:
        if parent.id not in self._archs:
            self._archs[parent.id] = self.space.from_dict(parent.arch)
        return self._archs[parent.id]
