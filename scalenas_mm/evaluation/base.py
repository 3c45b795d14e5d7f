"""How candidates are measured."""
from abc import ABC, abstractmethod
from typing import (Any, Callable, Dict, Iterator, List, NamedTuple, Optional,
                    Sequence, Tuple)

from .profile import NoProfile

Ask = Callable[[int], Sequence[Any]]  # the next candidates, at most so many


def never() -> bool:
    return False


class Outcome(NamedTuple):
    """What came of one measurement, the same on every rank.

    Attributes:
        metrics: Those of the evaluator that are real numbers.
        error: Type and text of what went wrong, with the rank if it did not
            happen on all; None if nothing did.
        seconds: How long it took.
        worker: Who measured, if there are several.
    """
    metrics: Dict[str, float] = {}
    error: Optional[str] = None
    seconds: float = 0.0
    worker: Any = None


class Evaluation(ABC):
    """Measures architectures of one supernet.

    It is called on all ranks with the same architectures and gives the same
    outcomes on all. A measurement that fails on any rank is an outcome with an
    error; it never raises, keeps no memory and leaves nothing behind for the
    next one.

    Attributes:
        size: How many architectures it likes to be given at once.
        checked: Whether an outcome with an error is known to be the
            architecture's fault, and not that of the data or the machine.
        profile: Where time goes, if that is measured here.
    """
    size = 1
    checked = False
    profile = NoProfile()

    @abstractmethod
    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        """Outcomes of ``archs``, in their order."""

    def stream(
            self,
            ask: Ask,
            stopped: Callable[[],
                              bool] = never) -> Iterator[Tuple[Any, Outcome]]:
        """Candidates with their outcomes, until there are no more.

        Args:
            ask (Callable): Gives the next candidates, at most so many; none
                if those depend on outcomes that were not given, and at the
                end. It is called on all ranks.
            stopped (Callable): Whether no more are to be begun; the same on
                all ranks.
        """
        while not stopped():
            candidates = ask(self.size)
            if not candidates:
                return
            outcomes = self([candidate.arch for candidate in candidates])
            yield from zip(candidates, outcomes, strict=True)

    def close(self) -> None:
        """Give back what it holds; it measures nothing any more."""
