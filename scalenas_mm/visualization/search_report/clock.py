"""When which candidate was measured."""
import math
from typing import Any, Dict, List, Sequence

from .sources import Source
from .times import Span


def clock_of(source: Source) -> Dict[str, Any]:
    """Rows of a timeline.

    Returns:
        dict: ``kind``, and for each candidate ``start`` and ``seconds`` (of
        time that passed since the first one) and ``row``. The kinds are
        ``workers``: rows are workers, named by ``rows``; ``recorded``: when
        candidates were recorded is known, but not by whom they were measured,
        so that they are put into as few rows as they fit in; ``seconds``: only
        how long each took, so that they stand one after the other.
    """
    spans = [span for span in source.times if span.id < len(source.records)]
    if len(spans) < max(1, len(source.records) // 2):
        return _in_turn([_finite(record.seconds) for record in source.records])
    if all(span.worker is not None for span in spans):
        return _by_worker(spans)
    return _packed(spans)


def _finite(seconds: Any) -> float:
    """0 for what an edited archive may hold."""
    good = isinstance(seconds, (int, float)) and math.isfinite(seconds)
    return float(seconds) if good else 0.0


def _in_turn(seconds: Sequence[float]) -> Dict[str, Any]:
    start, at = [], 0.0
    for one in seconds:
        start.append(round(at, 2))
        at += one
    return dict(
        kind='seconds',
        ids=list(range(len(seconds))),
        start=start,
        seconds=[round(one, 3) for one in seconds],
        row=[0] * len(seconds),
        rows=[])


def _by_worker(spans: Sequence[Span]) -> Dict[str, Any]:
    rows = sorted({str(span.worker) for span in spans}, key=_natural)
    place = {name: i for i, name in enumerate(rows)}
    ends: Dict[str, float] = {}
    out = []
    for span in sorted(spans, key=lambda span: (span.end, span.id)):
        out.append((span, place[str(span.worker)]))
        ends[str(span.worker)] = span.end
    return _rows('workers', out, rows)


def _natural(name: str) -> Any:
    return (len(name), name) if name.isdigit() else (99, name)


def _packed(spans: Sequence[Span]) -> Dict[str, Any]:
    """From the last to the first, each into the row that is free earliest
    before the next one begins there, moved ahead if none is."""
    total = sum(span.seconds for span in spans)
    ends = [span.end for span in spans]
    passed = max(ends) - min(ends) + spans[0].seconds
    free = [float('inf')] * max(1, min(64, round(total / max(passed, 1e-9))))
    out = []
    for span in sorted(spans, key=lambda span: (-span.end, -span.id)):
        row = max(range(len(free)), key=lambda i: free[i])
        end = min(span.end, free[row])
        free[row] = end - span.seconds
        out.append((span._replace(end=end), row))
    return _rows('recorded', out[::-1], [])


def _rows(kind: str, spans: Sequence[Any], rows: List[str]) -> Dict[str, Any]:
    first = min(span.end - span.seconds for span, _ in spans)
    return dict(
        kind=kind,
        ids=[span.id for span, _ in spans],
        start=[round(span.end - span.seconds - first, 2) for span, _ in spans],
        seconds=[round(span.seconds, 3) for span, _ in spans],
        row=[row for _, row in spans],
        rows=rows)
