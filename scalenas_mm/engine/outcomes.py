"""From a measurement to a line of the archive."""
from typing import Any, Dict

from scalenas_mm.evaluation import Outcome
from scalenas_mm.search import FAILED, Candidate, Objectives, Record
from scalenas_mm.spaces import CostModel


def record_of(candidate: Candidate, outcome: Outcome, costs: CostModel,
              objectives: Objectives) -> Record:
    """The record of a candidate.

    It failed if the measurement did, or if a metric to optimise is no finite
    number. Other metrics that are none are left out.

    Raises:
        SettingError: An objective is not among the metrics.
    """
    metrics = {k: v for k, v in outcome.metrics.items() if _finite(v)}
    error = outcome.error
    if error is None:
        objectives.check(outcome.metrics)
        bad = [key for key in objectives.metrics if key not in metrics]
        error = f'{bad[0]} is not finite' if bad else None
    arch = candidate.arch
    state: Dict[str, Any] = dict(status=FAILED, error=error) if error else {}
    return Record(
        id=candidate.id,
        digest=arch.digest,
        arch=arch.to_dict(),
        metrics=metrics,
        cost=costs(arch),
        parents=list(candidate.parents),
        generation=candidate.generation,
        seconds=outcome.seconds,
        **state)


def _finite(value: float) -> bool:
    return abs(value) < float('inf')
