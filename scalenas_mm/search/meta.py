"""What the candidates of an archive depend on, and where two such differ."""
import json
import math
from typing import Any, Iterator, List, Mapping, NamedTuple, Tuple

MISSING = object()
PLAIN = (str, int, float, bool, type(None))
SHORT = 60  # characters of a value in a message
# In place of a searcher, of training that shrinks a network
SHRINKING_RUN = 'Shrinking'


class Difference(NamedTuple):
    """Two JSON values that are not the same.

    Attributes:
        key: Where, as ``evaluation.pipeline[3].scale``.
        was: What is stored, shortened.
        now: What was expected, shortened.
        allowed: Whether candidates may be compared all the same.
    """
    key: str
    was: str
    now: str
    allowed: bool

    def __str__(self) -> str:
        return f'{self.key}: expected {self.now}, got {self.was}'


def canonical(meta: Mapping[str, Any]) -> str:
    """JSON that is equal for equal values, whatever the order of keys.

    Raises:
        TypeError: A value is not of JSON.
    """
    plain = json.loads(json.dumps(meta))  # all keys are text
    return json.dumps(plain, indent=2, sort_keys=True) + '\n'


def differences(was: Any, now: Any) -> List[Difference]:
    """Where stored JSON differs from what is expected, by key.

    Versions of packages (``versions`` at the top) and folders of data
    (``data_root`` anywhere) are allowed to.
    """
    return [
        Difference(_dotted(place), old, new, _allowed(place))
        for place, old, new in _walk((), was, now)
    ]


Place = Tuple[Any, ...]


def _walk(place: Place, was: Any,
          now: Any) -> Iterator[Tuple[Place, str, str]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _walk((*place, key), was.get(key, MISSING),
                             now.get(key, MISSING))
    elif isinstance(was, list) and isinstance(
            now, list) and not (_brief(was) and _brief(now)):
        if len(was) != len(now):
            yield (place, f'{len(was)} entries', f'{len(now)} entries')
        for i, (old, new) in enumerate(zip(was, now)):
            yield from _walk((*place, i), old, new)
    elif not _same(was, now):
        yield place, _text(was), _text(now)


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(map(_same, was, now))
    if isinstance(was, float) and isinstance(now, float):
        return was == now or (math.isnan(was) and math.isnan(now))
    return bool(was == now)


def _brief(values: List[Any]) -> bool:
    """Whether a list is easier to read as a whole."""
    plain = all(isinstance(value, PLAIN) for value in values)
    return plain and len(values) <= 8 and len(repr(values)) <= SHORT


def _allowed(place: Place) -> bool:
    return place[:1] == ('versions', ) or 'data_root' in place


def _dotted(place: Place) -> str:
    text = ''.join(f'[{part}]' if isinstance(part, int) else f'.{part}'
                   for part in place)
    return text.lstrip('.')


def _text(value: Any) -> str:
    if value is MISSING:
        return 'nothing'
    text = repr(value)
    return text if len(text) <= SHORT else f'{text[:SHORT - 3]}...'
