"""From a measurement to a line of the archive."""
from typing import Any, Dict, Mapping, Optional

from scalenas_mm.evaluation import Outcome
from scalenas_mm.search import FAILED, Candidate, Objectives, Record
from scalenas_mm.spaces import CostModel, SettingError


def record_of(candidate: Candidate, outcome: Outcome, costs: CostModel,
              objectives: Objectives) -> Record:
    """The record of a candidate.

    It failed if the measurement did, or if a metric to optimise is missing or
    no finite number. Other metrics that are none are left out.
    """
    metrics = {k: v for k, v in outcome.metrics.items() if _finite(v)}
    error = outcome.error or _lack(outcome.metrics, objectives)
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


def _lack(metrics: Mapping[str, float],
          objectives: Objectives) -> Optional[str]:
    """What makes metrics useless. It need not be a wrong config: those of
    detection leave keys out where a candidate detects nothing."""
    try:
        objectives.check(metrics)
    except SettingError as error:
        return str(error)
    return next((f'{key} is not finite'
                 for key in objectives.metrics if not _finite(metrics[key])),
                None)


def _finite(value: float) -> bool:
    return abs(value) < float('inf')
