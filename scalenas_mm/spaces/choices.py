"""Spaces whose choices do not depend on each other."""
from abc import abstractmethod
from math import prod
from typing import Any, Optional, Tuple

import numpy as np

from .settings import only, probability
from .space import A, Space


class IndependentChoices(Space[A]):
    """Random operators of a space that is a product of choices.

    Attributes:
        choices: Allowed values of each choice.
        parts: For each choice, the part of the network it belongs to. Parts
            are what crossover swaps.
        p_gene: Probability of each choice of a mutated part to be drawn anew.
    """
    choices: Tuple[np.ndarray, ...]
    parts: np.ndarray
    p_gene: float = 0.2

    @abstractmethod
    def genes_of(self, values: np.ndarray) -> np.ndarray:
        """Gene vectors of the values of all choices, ``(num, choices)``."""

    @abstractmethod
    def values_of(self, genes: np.ndarray) -> np.ndarray:
        """Inverse of :meth:`genes_of`."""

    def size(self) -> int:
        """Exact number of canonical architectures."""
        return prod(len(values) for values in self.choices)

    def _values(self, arch: A) -> np.ndarray:
        return self.values_of(self.encode(arch)[None])[0]

    def _arch(self, values: np.ndarray) -> A:
        return self.decode(self.genes_of(values[None])[0])

    def _pick(self, uniform: np.ndarray) -> np.ndarray:
        """Values at numbers from [0, 1) along the choices."""
        return np.stack([
            values[(column * len(values)).astype(np.intp)]
            for values, column in zip(self.choices, uniform.T)
        ], 1)

    def sample_genes(self, rng: np.random.Generator, num: int,
                     **options: Any) -> np.ndarray:
        """Random architectures: every choice uniform; no options."""
        only(options)
        uniform = rng.random((num, len(self.choices)))
        return self.genes_of(self._pick(uniform))

    def step(self, arch: A, rng: np.random.Generator) -> A:
        """``arch`` with another value of one random choice."""
        values = self._values(arch)
        free = [i for i, c in enumerate(self.choices) if len(c) > 1]
        if free:
            i = rng.choice(free)
            others = self.choices[i][self.choices[i] != values[i]]
            values[i] = rng.choice(others)
        return self._arch(values)

    def mutate(self,
               arch: A,
               rng: np.random.Generator,
               p_m: float = 0.5,
               p_gene: Optional[float] = None,
               **options: Any) -> A:
        """Draw choices of some parts anew.

        Args:
            arch: The parent, which stays as it is.
            rng: Source of randomness.
            p_m: Probability that a part is mutated at all.
            p_gene: Probability of each choice of a mutated part to be drawn
                anew, uniformly. Defaults to the space's.
        """
        only(options, 'p_m', 'p_gene')
        p_gene = self.p_gene if p_gene is None else p_gene
        probability('p_gene', p_gene)
        chosen = rng.random(self.parts.max() + 1) < probability('p_m', p_m)
        change = chosen[self.parts] & (rng.random(len(self.parts)) < p_gene)
        fresh = self._pick(rng.random((1, len(self.choices))))[0]
        return self._arch(np.where(change, fresh, self._values(arch)))

    def crossover(self,
                  first: A,
                  second: A,
                  rng: np.random.Generator,
                  p_c: float = 0.25,
                  **options: Any) -> A:
        """Replace whole parts of ``first`` by those of ``second``.

        Args:
            p_c: Probability of each part to be replaced.
        """
        only(options, 'p_c')
        swap = rng.random(self.parts.max() + 1) < probability('p_c', p_c)
        return self._arch(
            np.where(swap[self.parts], self._values(second),
                     self._values(first)))
