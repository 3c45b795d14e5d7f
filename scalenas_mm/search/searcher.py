"""Ask and tell: which architecture is evaluated next?"""
from abc import ABC, abstractmethod
from typing import (Any, Callable, Dict, List, Mapping, NamedTuple, Optional,
                    Sequence, Tuple)

import numpy as np

from scalenas_mm.spaces import Arch, ArchError, CostModel
from .objectives import Constraints, Objectives
from .record import Record


class Candidate(NamedTuple):
    """An architecture to evaluate.

    Attributes:
        arch: The architecture, without dead layers.
        parents: Ids of the candidates it descends from.
        generation: 0 for the initial population.
    """
    arch: Arch
    parents: Tuple[int, ...] = ()
    generation: int = 0


class SearchExhausted(RuntimeError):
    """No new architecture within the constraints was found."""


class Searcher(ABC):
    """Proposes architectures as a pure function of (seed, history).

    The history is what :meth:`tell` was given. To resume, tell a new
    searcher the candidates of the archive in order; it goes on as the old one
    would have. No architecture is proposed twice.

    Args:
        costs (CostModel): Costs of the architectures of a space.
        objectives (Mapping[str, str]): See :class:`Objectives`.
        constraints (Mapping[str, Sequence], optional): Ranges of costs, see
            :class:`Constraints`. They are met before an architecture is
            proposed.
        n0 (int): Size of the initial population.
        N (int): Number of candidates after which the search ends.
        initial (Sequence[Mapping], optional): Options of the space's
            ``sample`` that the initial population takes in turn. Defaults to
            plain sampling.
        seed (int): Seed.
    """
    max_draws = 2000

    def __init__(self,
                 costs: CostModel,
                 objectives: Mapping[str, str],
                 constraints: Optional[Mapping[str, Sequence[Any]]] = None,
                 n0: int = 1000,
                 N: int = 2000,
                 initial: Optional[Sequence[Mapping[str, Any]]] = None,
                 seed: int = 0) -> None:
        if not 1 <= n0 <= N:
            raise ArchError('n0', f'1 <= n0 <= N = {N}', n0)
        self.costs = costs
        self.space = costs.space
        self.objectives = Objectives(objectives)
        self.constraints = Constraints(constraints or {}, costs)
        self.n0, self.N, self.seed = n0, N, seed
        self.initial = [dict(options) for options in initial or [{}]]
        self.history: List[Record] = []
        self._seen: Dict[str, int] = {}

    def identity(self) -> Dict[str, Any]:
        """Everything the proposals depend on besides the history."""
        return dict(
            type=type(self).__name__,
            objectives=self.objectives.directions,
            constraints={
                key: [repr(end) for end in pair]
                for key, pair in self.constraints.ranges.items()
            },
            n0=self.n0,
            initial=self.initial,
            seed=self.seed)

    @property
    def finished(self) -> bool:
        return len(self.history) >= self.N

    def tell(self, record: Record) -> None:
        """Add an evaluated candidate to the history."""
        self._seen[record.digest] = record.id
        self.history.append(record)

    def ask(self) -> Candidate:
        """The next architecture, a new one that meets the constraints.

        Raises:
            SearchExhausted: None was found.
        """
        index = len(self.history)
        rng = np.random.default_rng([self.seed, index])
        if index < self.n0:
            options = self.initial[index % len(self.initial)]
            return self._new(rng, lambda: self._first(rng, options))
        return self.offspring(index - self.n0, rng)

    @abstractmethod
    def offspring(self, index: int, rng: np.random.Generator) -> Candidate:
        """The candidate ``index`` after the initial population."""

    def generation(self, index: int) -> int:
        """Generation of the candidate at this position of the history."""
        return 0

    def report(self, generation: int) -> str:
        """What there is to say after this generation; often nothing."""
        return ''

    def _first(self, rng: np.random.Generator,
               options: Mapping[str, Any]) -> Candidate:
        """A sample; if none fits, the nearest of a wide spread of samples."""
        for sample in (
                lambda num: self.space.sample_genes(rng, num, **options),
                lambda num: self.space.spread_genes(rng, num)):
            genes = sample(64 if self.constraints.ranges else 1)
            outside = np.broadcast_to(
                self.constraints.violation(self.costs.batch(genes)),
                len(genes))
            best = int(np.argmin(outside))
            if outside[best] == 0:
                break
        return Candidate(self.space.decode(genes[best]))

    def _new(self, rng: np.random.Generator,
             draw: Callable[[], Candidate]) -> Candidate:
        """Draw until the architecture is new and within the constraints."""
        for _ in range(self.max_draws):
            candidate = draw()
            arch = self._repair(self.space.live(candidate.arch), rng)
            if arch is not None and arch.digest not in self._seen:
                return candidate._replace(arch=arch)
        raise SearchExhausted(
            f'no new architecture within the constraints in {self.max_draws} '
            f'draws after {len(self.history)} candidates')

    def _repair(self, arch: Arch, rng: np.random.Generator) -> Optional[Arch]:
        """Random single changes that come closer to the constraints."""
        outside = self.constraints.violation(self.costs(arch))
        for _ in range(self.max_draws):
            if outside == 0:
                return arch
            other = self.space.live(self.space.step(arch, rng))
            value = self.constraints.violation(self.costs(other))
            if value < outside:
                arch, outside = other, value
        return None
