"""Workers that come and go.

One process hands out candidates and takes what comes back; it measures
nothing. Workers may die, hang, break or join at any moment.
"""
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import (Any, Callable, Deque, Dict, Iterator, List, NamedTuple,
                    Optional, Sequence, Tuple)

from mmengine.logging import MMLogger

from scalenas_mm.spaces.settings import whole
from .base import Ask, Evaluation, Outcome, never

TRIES = 3  # workers that one candidate may take with it
ROW = 20  # broken workers in a row that are too many, whatever their number
AHEAD = 4096  # candidates that are proposed at most before they are handed out
FIRST = 1800  # seconds that the first candidate may take
SLICE = 64  # candidates that are proposed at a time
QUIET = 60  # seconds between two signs of life while nobody works


class Ready(NamedTuple):
    """A worker waits for its first candidates."""
    worker: Any


class Done(NamedTuple):
    """A worker has measured what it was given, in this order."""
    worker: Any
    outcomes: Sequence[Outcome]


class Lost(NamedTuple):
    """A worker is no more.

    Attributes:
        worker: Which one.
        reason: Why.
        broken: Whether it could not even measure a network that must work,
            or not begin: what it was given is not to blame.
    """
    worker: Any
    reason: str
    broken: bool = False


class Pool(ABC):
    """Workers, wherever they are."""

    @property
    @abstractmethod
    def num(self) -> int:
        """How many there are, or are to come."""

    @abstractmethod
    def submit(self, worker: Any, archs: Sequence[Any]) -> None:
        """Let a worker measure architectures."""

    @abstractmethod
    def wait(self, seconds: float) -> Sequence[Any]:
        """What happened: :class:`Ready`, :class:`Done` and :class:`Lost`.
        Returns after so many seconds at the latest."""

    @abstractmethod
    def end(self, worker: Any) -> None:
        """Kill a worker; it is not reported as lost."""

    def now(self) -> float:
        """Seconds, on a clock that only goes forward."""
        return time.monotonic()

    def close(self) -> None:
        """End all workers."""


class PoolBroken(RuntimeError):
    """No worker can measure anything."""


@dataclass
class Job:
    """Candidates for one worker.

    Attributes:
        candidates: These.
        reasons: Why the workers were lost that had them before.
        since: When they were handed out.
    """
    candidates: Sequence[Any]
    reasons: List[str] = field(default_factory=list)
    since: float = 0.0


class Elastic(Evaluation):
    """Any number of workers, each measuring candidates of its own.

    What a dead worker had is given to others, one by one, so that the
    candidate that kills workers is found; after three it failed, and the
    others of its batch are measured. A worker that is broken is left out and
    blamed for nothing.

    Args:
        pool (Pool): The workers.
        size (int): How many architectures a worker takes at once; fewer when
            there are few for each.
        time_limit (float, optional): Seconds for one candidate; a worker that
            takes longer for what it has is ended. By default ten times the
            longest that one took so far, a minute at least; half an hour for
            the first.

    Raises:
        SettingError: A setting is wrong.
    """
    checked = True

    def __init__(self,
                 pool: Pool,
                 size: int = 16,
                 time_limit: Optional[float] = None) -> None:
        self.pool = pool
        self.size = whole('size', size, 1)
        self.time_limit = time_limit
        self._idle: Dict[Any, None] = {}  # those that wait longest first
        self._again: Deque[Job] = deque()
        self._ahead: Deque[Any] = deque()
        self._running: Dict[Any, Job] = {}
        self._broken = 0
        self._longest: Optional[float] = None  # that a candidate took

    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        waiting = deque(_Listed(i, arch) for i, arch in enumerate(archs))
        out: List[Any] = [None] * len(archs)

        def ask(num: int) -> List[Any]:
            return [waiting.popleft() for _ in range(min(num, len(waiting)))]

        for one, outcome in self.stream(ask):
            out[one.id] = outcome
        return out

    def stream(
            self,
            ask: Ask,
            stopped: Callable[[],
                              bool] = never) -> Iterator[Tuple[Any, Outcome]]:
        """As :meth:`Evaluation.stream`, in the order in which they come back.

        Raises:
            PoolBroken: As many workers as there are, at least 3 and at most
                20, broke in a row, and none has measured anything between.
        """
        said = self.pool.now()
        try:
            while self._running or self._more(ask, stopped):
                self._hand_out(ask, stopped)
                full = self._propose(ask, stopped)
                for event in self.pool.wait(1 if full else 0):
                    yield from self._happened(event)
                yield from self._late()
                if self._running:
                    said = self.pool.now()
                elif self.pool.now() - said > QUIET:
                    said = self.pool.now()
                    log('waiting for workers')
        finally:  # whoever asks next begins anew
            for worker in list(self._running):
                self.pool.end(worker)
            self._running.clear()
            self._again.clear()
            self._ahead.clear()

    def close(self) -> None:
        self.pool.close()

    # -- candidates ------------------------------------------------------
    def _hand_out(self, ask: Ask, stopped: Callable[[], bool]) -> None:
        """Give work to everyone who has none."""
        while self._idle and self._more(ask, stopped):
            worker = next(iter(self._idle))
            del self._idle[worker]
            job = self._next()
            job.since = self.pool.now()
            self._running[worker] = job
            self.pool.submit(worker, [one.arch for one in job.candidates])

    def _more(self, ask: Ask, stopped: Callable[[], bool]) -> bool:
        """Whether there is something to measure, now."""
        if stopped():
            return False
        if not self._again and not self._ahead:
            self._ahead.extend(ask(self.size))
        return bool(self._again or self._ahead)

    def _propose(self, ask: Ask, stopped: Callable[[], bool]) -> bool:
        """Ask for some more while everyone is busy; whether that is all for
        now."""
        wanted = min(AHEAD, 2 * self._workers * self.size) - len(self._ahead)
        num = min(wanted, SLICE)
        if num <= 0 or stopped():
            return True
        got = ask(num)
        self._ahead.extend(got)
        return len(got) < num or num == wanted

    def _next(self) -> Job:
        if self._again:
            return self._again.popleft()
        # two parts for each worker: a large part shares its batches, but who
        # is done early finds something left
        num = min(self.size, -(-len(self._ahead) // (2 * self._workers)))
        return Job([self._ahead.popleft() for _ in range(num)])

    @property
    def _workers(self) -> int:
        return max(1, self.pool.num)

    # -- what happens to workers -----------------------------------------
    def _happened(self, event: Any) -> Iterator[Tuple[Any, Outcome]]:
        if isinstance(event, Lost):
            yield from self._lost(event)
            return
        self._idle[event.worker] = None
        if isinstance(event, Done):
            self._broken = 0
            job = self._running.pop(event.worker)
            took = (self.pool.now() - job.since) / len(job.candidates)
            self._longest = max(took, self._longest or 0)
            for one, outcome in zip(
                    job.candidates, event.outcomes, strict=True):
                yield one, outcome._replace(worker=event.worker)

    def _lost(self, event: Lost) -> Iterator[Tuple[Any, Outcome]]:
        """Give to others what a worker had."""
        self._idle.pop(event.worker, None)
        job = self._running.pop(event.worker, None)
        log(f'worker {event.worker} is lost: {event.reason}')
        if event.broken:
            self._broken += 1
            if self._broken >= max(TRIES, min(self._workers, ROW)):
                raise PoolBroken(
                    f'{self._broken} workers in a row are broken, the last '
                    f'one by {event.reason}')
            if job is not None:
                self._again.append(job)
            return
        for one in job.candidates if job is not None else ():
            reasons = [*job.reasons, event.reason]
            if len(reasons) < TRIES:
                self._again.append(Job([one], reasons))
                continue
            yield one, Outcome(error=f'lost {TRIES} workers: ' +
                               '; '.join(dict.fromkeys(reasons)))

    @property
    def _limit(self) -> float:
        """Seconds that a candidate may take."""
        if self.time_limit is not None:
            return self.time_limit
        return FIRST if self._longest is None else max(60, 10 * self._longest)

    def _late(self) -> Iterator[Tuple[Any, Outcome]]:
        """End workers that take too long."""
        now = self.pool.now()
        for worker, job in list(self._running.items()):
            limit = self._limit * len(job.candidates)
            if now - job.since > limit:
                self.pool.end(worker)
                yield from self._lost(
                    Lost(worker, f'nothing came in {limit:g} seconds'))


def in_order(outcomes: Iterator[Tuple[Any, Outcome]],
             first: int) -> Iterator[Tuple[Any, Outcome]]:
    """Candidates with their outcomes by ascending id.

    Args:
        outcomes (Iterator): From :meth:`Evaluation.stream`.
        first (int): Id of the first candidate.
    """
    early: Dict[int, Tuple[Any, Outcome]] = {}
    for candidate, outcome in outcomes:
        early[candidate.id] = candidate, outcome
        while first in early:
            yield early.pop(first)
            first += 1


class _Listed(NamedTuple):
    """An architecture in a list."""
    id: int
    arch: Any


def log(message: str) -> None:
    MMLogger.get_current_instance().warning(message)
