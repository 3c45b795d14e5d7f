"""Checks of settings; each raises :class:`SettingError`."""
import re
from math import inf
from numbers import Real
from typing import Any, Iterable, Mapping, Optional, Tuple

from .arch import check_int
from .errors import SettingError


def whole(field: str,
          value: Any,
          least: int = 1,
          most: Optional[int] = None) -> int:
    """``value`` as ``int`` if it is a whole number in this range."""
    expected = f'a whole number >= {least}'
    if most is not None:
        expected = f'a whole number from {least} to {most}'
    return check_int(field, value, expected, least,
                     inf if most is None else most, SettingError)


def whole_set(field: str, values: Iterable[Any], most: int) -> Tuple[int, ...]:
    """Whole numbers from 1 to ``most``, sorted and without repetition."""
    try:
        values = list(values)
    except TypeError:
        raise SettingError(field,
                           f'an iterable of whole numbers from 1 to {most}',
                           values) from None
    if not values:
        raise SettingError(field, 'at least one value', values)
    return tuple(
        sorted({
            whole(f'{field}[{i}]', value, 1, most)
            for i, value in enumerate(values)
        }))


def probability(field: str, value: Any) -> float:
    """``value`` if it is a number from 0 to 1."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise SettingError(field, 'a probability in [0, 1]', value)
    return value


def only(options: Mapping[str, Any], *known: str) -> None:
    """Refuse options that are left over; ``known`` ones are for the text."""
    for name in options:
        raise SettingError('options',
                           'one of ' + ', '.join(known) if known else 'none',
                           name)


def absolute(value: Any, most: float) -> Any:
    """A percentage such as ``'40%'`` as that share of ``most``; any other
    value as it is."""
    match = isinstance(value, str) and re.fullmatch(r'\s*(\d+(\.\d*)?)\s*%\s*',
                                                    value)
    return float(match[1]) / 100 * most if match else value
