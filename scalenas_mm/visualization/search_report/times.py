"""When candidates were recorded, and by which worker they were measured.

An archive holds no clock: it is the same whenever and by whomever it was made.
So this is a file of its own, which nothing depends on.
"""
import json
import math
from pathlib import Path
from typing import Any, List, NamedTuple, Optional

from scalenas_mm._files import PathLike


class Span(NamedTuple):
    """A measurement.

    Attributes:
        id: Of the candidate.
        end: When it was recorded, in seconds since 1970.
        seconds: How long it took.
        worker: Who measured it, None if nobody said.
    """
    id: int
    end: float
    seconds: float
    worker: Optional[str] = None


def times_path(archive: PathLike) -> Path:
    """The file of the times beside an archive."""
    return Path(archive).with_suffix('.times.jsonl')


def append_time(archive: PathLike, span: Span) -> None:
    """Add a line.

    Raises:
        OSError: It cannot be written.
    """
    data = {k: v for k, v in span._asdict().items() if v is not None}
    with open(times_path(archive), 'a', encoding='utf-8') as file:
        file.write(json.dumps(data) + '\n')


def read_times(archive: PathLike) -> List[Span]:
    """Times of an archive, the last of each candidate, by id; a line that is
    none is left out."""
    path = times_path(archive)
    if not path.is_file():
        return []
    lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
    spans = {span.id: span for span in map(_span, lines) if span is not None}
    return [spans[id] for id in sorted(spans)]


def _span(line: str) -> Optional[Span]:
    try:
        data: Any = json.loads(line)
        worker = data.get('worker')
        end, seconds = float(data['end']), float(data['seconds'])
        if not (math.isfinite(end) and math.isfinite(seconds)):
            return None
        return Span(
            int(data['id']), end, seconds,
            None if worker is None else str(worker))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
