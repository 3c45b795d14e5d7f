"""Ask and tell: which architecture is evaluated next?"""
from abc import ABC, abstractmethod
from typing import (Any, Callable, Dict, List, Mapping, NamedTuple, Optional,
                    Sequence, Set, Tuple)

import numpy as np

from scalenas_mm.spaces import Arch, CostModel
from scalenas_mm.spaces.errors import InputError, SettingError
from scalenas_mm.spaces.settings import whole
from .known import Known
from .objectives import Constraints, Objectives
from .pareto import pareto_front
from .record import Record
from .warm import warm_archs

Draw = Tuple[Arch, Tuple[int, ...]]  # an architecture, ids of its parents


class Candidate(NamedTuple):
    """An architecture to evaluate.

    Attributes:
        id: Its place in the order of the search, from 0.
        arch: The architecture, without dead layers.
        parents: Ids of the candidates it descends from.
        generation: 0 for the initial population.
    """
    id: int
    arch: Arch
    parents: Tuple[int, ...] = ()
    generation: int = 0


class SearchExhausted(RuntimeError):
    """No new architecture within the constraints was found."""


class Searcher(ABC):
    """Proposes architectures as a pure function of seed, ids and history.

    :meth:`ask` gives candidates in the order of their ids, :meth:`tell` takes
    their records in the same order. A candidate depends on the digests of
    those before it and on the metrics of earlier generations only. So the
    search is the same however many candidates are asked for at once. No
    architecture is proposed twice.

    To resume, tell a new searcher the candidates of the archive in order; it
    goes on as the old one would have.

    Args:
        costs (CostModel): Costs of the architectures of a space.
        objectives (Mapping[str, str]): See :class:`Objectives`.
        constraints (Mapping[str, Sequence], optional): Ranges of costs, see
            :class:`Constraints`. They are met before an architecture is
            proposed.
        N (int): Number of candidates after which the search ends.
        initial (Sequence[Mapping], optional): Options of the space's
            ``sample`` that random candidates take in turn. Defaults to plain
            sampling.
        seed (int): Seed.
        warm_start (Sequence[str], optional): Archives of earlier searches in
            this space, perhaps of another supernet or task. Their best
            architectures are the first candidates, as many as the first
            generation has room for; they are measured anew.

    Attributes:
        asked (list[str]): Digests of the candidates given, by id.
        history (list[Record]): What was told, by id.

    Raises:
        SettingError: A setting is wrong.
    """
    max_draws = 2000

    def __init__(self,
                 costs: CostModel,
                 objectives: Mapping[str, str],
                 constraints: Optional[Mapping[str, Sequence[Any]]] = None,
                 N: int = 2000,
                 initial: Optional[Sequence[Mapping[str, Any]]] = None,
                 seed: int = 0,
                 warm_start: Optional[Sequence[Any]] = None) -> None:
        self.N = whole('N', N, 1)
        self.seed = whole('seed', seed, 0)
        self.costs = costs
        self.space = costs.space
        self.objectives = Objectives(objectives, costs.keys)
        self.constraints = Constraints(constraints or {}, costs)
        self.initial = self._sampling(initial)
        self.warm = [] if warm_start is None else warm_archs(
            warm_start, costs, self.objectives, self.constraints)
        self.asked: List[str] = []
        self.history: List[Record] = []
        self._known = Known(self.objectives)
        self._seen: Set[str] = set()
        self._none: Optional[SearchExhausted] = None

    def _sampling(self, initial: Any) -> List[Dict[str, Any]]:
        """Options for sampling that the space accepts."""
        entries = [{}] if initial is None else initial
        if not isinstance(entries, (list, tuple)) or not entries or not all(
                isinstance(options, Mapping) for options in entries):
            raise SettingError('initial', 'dicts, at least one', initial)
        for i, options in enumerate(entries):
            try:
                self.space.sample(np.random.default_rng(0), **options)
            except (ValueError, TypeError) as error:
                raise SettingError(f'initial[{i}]',
                                   f'options of the space ({error})',
                                   options) from None
        return [dict(options) for options in entries]

    def identity(self) -> Dict[str, Any]:
        """Everything the proposals depend on besides the history.

        ``N`` is not among it, so that a finished search can be extended.
        """
        warm = [arch.digest for arch in self.warm]
        return dict(
            type=type(self).__name__,
            objectives=self.objectives.directions,
            constraints={
                key: [repr(end) for end in pair]
                for key, pair in self.constraints.ranges.items()
            },
            initial=self.initial,
            seed=self.seed,
            **(dict(warm_start=warm) if warm else {}))

    @property
    def finished(self) -> bool:
        """Whether all candidates were told."""
        return len(self.history) >= self.N

    def ask(self, num: int = 1) -> List[Candidate]:
        """The next candidates: new ones that meet the constraints.

        Args:
            num (int): How many at most. There are fewer at the end of a
                generation and of the search; none while the next one depends
                on candidates that were not told, and after the last.

        Raises:
            SearchExhausted: Nothing new was found, and everything that was
                asked for is told.
        """
        whole('num', num, 1)
        out: List[Candidate] = []
        while len(out) < num and self._open:
            id = len(self.asked)
            try:
                arch, parents = self._next(id)
            except SearchExhausted:
                if id == len(self.history):
                    raise
                break
            out.append(Candidate(id, arch, parents, self.generation(id)))
            self._note(arch.digest)
        return out

    @property
    def _open(self) -> bool:
        """Whether the next candidate depends on nothing that is missing."""
        id = len(self.asked)
        return id < self.N and (self.generation(id) == self.generation(
            len(self.history)))

    def _next(self, id: int) -> Draw:
        if self._none is not None:  # searching again would find nothing, too
            raise self._none
        if id < len(self.warm) and self.generation(id) == 0:
            return self.warm[id], ()
        try:
            return self.propose(id)
        except SearchExhausted as error:
            self._none = error
            raise

    def _note(self, digest: str) -> None:
        self.asked.append(digest)
        self._seen.add(digest)

    def tell(self, record: Record) -> None:
        """Add an evaluated candidate to the history.

        A record whose id was not asked for yet, one of an archive, counts as
        asked.

        Raises:
            InputError: It is not the next one, or not of the architecture
                that was given under its id.
        """
        id = len(self.history)
        if record.id != id:
            raise InputError('record.id', f'{id}, records come in order',
                             record.id)
        if id == len(self.asked):
            self._note(record.digest)
            self._none = None
        elif record.digest != self.asked[id]:
            raise InputError(f'record {id}: digest',
                             f'{self.asked[id]}, which was asked for',
                             record.digest)
        self.history.append(record)

    def withdraw(self) -> None:
        """Take back what was given and not told; it will be given again."""
        self._seen.difference_update(self.asked[len(self.history):])
        del self.asked[len(self.history):]
        self._none = None

    def measured(
            self,
            before: Optional[int] = None) -> Tuple[np.ndarray, np.ndarray]:
        """Candidates that did not fail: ids, and values to be minimised.

        Args:
            before (int, optional): Only those with a smaller id.

        Returns:
            tuple: Arrays ``(num,)`` and ``(num, objectives)``.
        """
        return self._known(self.history, before)

    def front(self) -> List[Record]:
        """Candidates told so far that no other beats, by id."""
        ids, values = self.measured()
        return [self.history[i] for i in ids[pareto_front(values)]]

    @abstractmethod
    def propose(self, id: int) -> Draw:
        """An architecture and the ids of its parents.

        Raises:
            SearchExhausted: None was found.
        """

    def generation(self, id: int) -> int:
        """Generation of the candidate of this id."""
        return 0

    def report(self, generation: int) -> str:
        """What there is to say after this generation; often nothing."""
        return ''

    def rng(self, id: int) -> np.random.Generator:
        """Randomness of one candidate."""
        return np.random.default_rng([self.seed, id])

    def sample(self,
               rng: np.random.Generator,
               options: Mapping[str, Any] = {}) -> Draw:
        """A new random architecture within the constraints."""
        return self.new(rng, lambda: (self._sample(rng, options), ()))

    def _sample(self, rng: np.random.Generator, options: Mapping[str,
                                                                 Any]) -> Arch:
        """A sample; if none fits, the nearest of a wide spread of samples."""
        if not self.constraints.ranges:
            return self.space.decode(
                self.space.sample_genes(rng, 1, **options)[0])
        for sample in (
                lambda num: self.space.sample_genes(rng, num, **options),
                lambda num: self.space.spread_genes(rng, num)):
            genes = sample(64)
            outside = np.broadcast_to(
                self.constraints.violation(self.costs.batch(genes)),
                len(genes))
            best = int(np.argmin(outside))
            if outside[best] == 0:
                break
        return self.space.decode(genes[best])

    def new(self, rng: np.random.Generator, draw: Callable[[], Draw]) -> Draw:
        """Draw until the architecture is new and within the constraints."""
        for _ in range(self.max_draws):
            arch, parents = draw()
            fit = self._repair(self.space.live(arch), rng)
            if fit is not None and fit.digest not in self._seen:
                return fit, parents
        raise SearchExhausted(
            f'no new architecture within the constraints in {self.max_draws} '
            f'draws after {len(self.asked)} candidates')

    def _repair(self, arch: Arch, rng: np.random.Generator) -> Optional[Arch]:
        """Random single changes that come closer to the constraints."""
        if not self.constraints.ranges:
            return arch
        outside = self.constraints.violation(self.costs(arch))
        for _ in range(self.max_draws):
            if outside == 0:
                return arch
            other = self.space.live(self.space.step(arch, rng))
            value = self.constraints.violation(self.costs(other))
            if value < outside:
                arch, outside = other, value
        return None
