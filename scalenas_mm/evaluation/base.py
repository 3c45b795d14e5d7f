"""How candidates are measured."""
from abc import ABC, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Sequence


class Outcome(NamedTuple):
    """What came of one measurement, the same on every rank.

    Attributes:
        metrics: Those of the evaluator that are real numbers.
        error: Type and text of what went wrong, with the rank if it did not
            happen on all; None if nothing did.
        seconds: How long it took.
    """
    metrics: Dict[str, float] = {}
    error: Optional[str] = None
    seconds: float = 0.0


class Evaluation(ABC):
    """Measures architectures of one supernet.

    It is called on all ranks with the same architectures and gives the same
    outcomes on all. A measurement that fails on any rank is an outcome with an
    error; it never raises, keeps no memory and leaves nothing behind for the
    next one.

    Attributes:
        size: How many architectures it likes to be given at once.
    """
    size = 1

    @abstractmethod
    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        """Outcomes of ``archs``, in their order."""
