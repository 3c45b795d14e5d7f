"""What evolutionary searchers have in common."""
from abc import abstractmethod
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np

from scalenas_mm.spaces import Arch, SettingError
from scalenas_mm.spaces.settings import probability, whole
from .record import Record
from .searcher import Draw, Searcher


class Generational(Searcher):
    """Random candidates at first, then generations that follow from those
    before.

    Args:
        n0 (int): Size of the initial population.
        k (int): Candidates in a generation.
        **kwargs: ``N``, ``seed`` and others as for :class:`Searcher`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 n0: int = 100,
                 k: int = 100,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.n0, self.k = whole('n0', n0, 1), whole('k', k, 1)
        if n0 > self.N:
            raise SettingError('n0', f'at most N = {self.N}', n0)

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), n0=self.n0, k=self.k)

    def generation(self, id: int) -> int:
        return 0 if id < self.n0 else (id - self.n0) // self.k + 1

    def first_of(self, generation: int) -> int:
        """Id of the first candidate of a generation after the first."""
        return self.n0 + (generation - 1) * self.k

    def propose(self, id: int) -> Draw:
        rng = self.rng(id)
        if id < self.n0:
            return self.sample(rng, self.initial[id % len(self.initial)])
        return self.offspring(id, rng)

    @abstractmethod
    def offspring(self, id: int, rng: np.random.Generator) -> Draw:
        """A candidate of a generation after the first."""


class Evolution(Generational):
    """Each generation takes some of the candidates before as parents.

    Args:
        p_m (float): Probability of each module to be mutated.
        mutation (Mapping[str, Any]): Further options of the space's
            ``mutate``.
        **kwargs: As for :class:`Generational`.

    Raises:
        SettingError: A setting is wrong.
    """

    def __init__(self,
                 *args: Any,
                 p_m: float = 0.5,
                 mutation: Mapping[str, Any] = MappingProxyType({}),
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.p_m = probability('p_m', p_m)
        if not isinstance(mutation, Mapping):
            raise SettingError('mutation', 'options as a dict', mutation)
        self.mutation = dict(mutation)
        self._parents: Tuple[int, List[Record]] = (0, [])
        # by id, of these parents and of what was proposed since then
        self._archs: Dict[int, Arch] = {}
        self._check_mutation()

    def _check_mutation(self) -> None:
        """Now, and not after the initial population was evaluated."""
        try:
            self.mutated(self.space.max_arch(), np.random.default_rng(0))
        except (ValueError, TypeError) as error:
            raise SettingError('mutation', f'options of the space ({error})',
                               self.mutation) from None

    def identity(self) -> Dict[str, Any]:
        return dict(super().identity(), p_m=self.p_m, mutation=self.mutation)

    def mutated(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """A mutation of ``arch``."""
        return self.space.mutate(arch, rng, p_m=self.p_m, **self.mutation)

    @abstractmethod
    def select(self, generation: int) -> List[Record]:
        """The parents of a generation, of all candidates before it."""

    @abstractmethod
    def child(self, slot: int, parents: List[Record],
              rng: np.random.Generator) -> Draw:
        """An offspring; ``slot`` is its place in the generation."""

    def parents(self, generation: int) -> List[Record]:
        """The parents of a generation."""
        if self._parents[0] != generation:
            self._parents = generation, self.select(generation)
            self._archs = {
                record.id: self._archs[record.id]
                for record in self._parents[1] if record.id in self._archs
            }
        return self._parents[1]

    def propose(self, id: int) -> Draw:
        draw = super().propose(id)
        self._archs[id] = draw[0]
        return draw

    def offspring(self, id: int, rng: np.random.Generator) -> Draw:
        generation = self.generation(id)
        parents = self.parents(generation)
        if not parents:  # everything failed so far
            return self.sample(rng)
        slot = id - self.first_of(generation)
        return self.new(rng, lambda: self.child(slot, parents, rng))

    def crossed(self, first: Record, second: Record, rng: np.random.Generator,
                p_c: float) -> Draw:
        """A child of two: each module is the second one's with ``p_c``; then
        it is mutated."""
        arch = self.space.crossover(
            self.arch(first), self.arch(second), rng, p_c=p_c)
        return self.mutated(arch, rng), tuple(sorted({first.id, second.id}))

    def arch(self, parent: Record) -> Arch:
        """The architecture of a record."""
        if parent.id not in self._archs:
            self._archs[parent.id] = self.space.from_dict(parent.arch)
        return self._archs[parent.id]
