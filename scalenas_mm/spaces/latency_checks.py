"""What the JSON of a latency table has to hold."""
import re
from collections import defaultdict
from math import isfinite
from typing import Any, Dict, Set, Tuple

from .errors import SettingError
from .operators import KINDS

FORMAT = 1
NAME = re.compile(r'[A-Za-z0-9][\w.+-]*')  # of a machine


def check_table(data: Any, where: str) -> None:
    """Raise :class:`SettingError`, which names it as ``where``, unless all is
    there and what it should be."""
    kinds: Dict[str, Any] = dict(
        format=int,
        name=str,
        device=str,
        backend=str,
        precision=str,
        batch=int,
        threads=int,
        drop_dead=bool,
        input_size=list,
        space=dict,
        operators=list)
    if not isinstance(data, dict):
        raise SettingError(where, 'an object', type(data).__name__)
    for key, kind in kinds.items():
        if not isinstance(data.get(key), kind):
            raise SettingError(f'{where}: {key}', kind.__name__, data.get(key))
    if data['format'] != FORMAT:
        raise SettingError(f'{where}: format', str(FORMAT), data['format'])
    if not NAME.fullmatch(data['name']):
        raise SettingError(f'{where}: name', 'letters, digits, ., +, - and _',
                           data['name'])
    _check_sizes(data, where)
    correction = data.get('correction', {})
    if not isinstance(correction, dict) or not all(
            map(_is_number, correction.values())) or not correction.get(
                'factor', 1) > 0:
        raise SettingError(f'{where}: correction',
                           'a factor above 0 and an overhead', correction)
    points: Dict[Any, Set[Tuple[int, ...]]] = defaultdict(set)
    for i, row in enumerate(data['operators']):
        _check_row(row, f'{where}: operators[{i}]')
        known = points[row['kind'], tuple(row['fixed'])]
        free = tuple(row['free'])
        if free in known or len(free) != len(next(iter(known), free)):
            raise SettingError(
                f'{where}: operators[{i}].free', 'numbers that no other '
                'operator of this kind and size has, and as many as it',
                row['free'])
        known.add(free)


def _check_sizes(data: Dict[str, Any], where: str) -> None:
    for key, num in (('input_size', 2), ('batch', None), ('threads', None)):
        value = data[key]
        numbers = value if num else [value]
        if len(numbers) != (num or 1) or not all(
                type(one) is int and one > 0 for one in numbers):
            raise SettingError(f'{where}: {key}', 'whole numbers above 0',
                               value)
    for key in 'check', 'options':
        if not isinstance(data.get(key, {}), dict):
            raise SettingError(f'{where}: {key}', 'an object', data[key])


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and isfinite(value)
    except OverflowError:
        return False


def _check_row(row: Any, where: str) -> None:
    if not isinstance(row, dict) or str(row.get('kind')) not in KINDS:
        raise SettingError(where, f'a kind of {", ".join(KINDS)}', row)
    for key in ('fixed', 'free'):
        numbers = row.get(key)
        if not isinstance(numbers, list) or not all(
                type(one) is int and abs(one) < 2**31 for one in numbers):
            raise SettingError(f'{where}.{key}', 'whole numbers', numbers)
    ms: Any = row.get('ms')
    if not _is_number(ms) or ms < 0:
        raise SettingError(f'{where}.ms', 'milliseconds, at least 0', ms)
