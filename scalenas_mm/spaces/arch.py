"""Architectures: small frozen values with a JSON form and a stable digest."""
import hashlib
import json
from functools import cached_property
from typing import Any, Dict, Mapping, Sequence, Type, TypeVar

import numpy as np

from .errors import ArchError, InputError

T = TypeVar('T', bound='Arch')


class Arch:
    """Base class of architectures; subclasses are frozen dataclasses."""

    def to_dict(self) -> Dict[str, Any]:
        """Plain lists and integers, the inverse of :meth:`from_dict`."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls: Type[T], data: Mapping[str, Any]) -> T:
        """Check ``data`` and build the architecture.

        Raises:
            ArchError: Names the field, what was expected and what came.
        """
        raise NotImplementedError

    def to_json(self) -> str:
        """Compact JSON with sorted keys: equal values give equal text."""
        return json.dumps(
            self.to_dict(), sort_keys=True, separators=(',', ':'))

    @classmethod
    def from_json(cls: Type[T], text: str) -> T:
        """Inverse of :meth:`to_json`; raises :class:`ArchError`."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ArchError('architecture', f'JSON ({error})', text) from None
        return cls.from_dict(data)

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the JSON form."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def check_keys(field: str, data: Any, keys: Sequence[str]) -> None:
    """Raise :class:`ArchError` unless ``data`` maps exactly ``keys``."""
    expected = 'an object with the keys ' + ', '.join(sorted(keys))
    if not isinstance(data, Mapping):
        raise ArchError(field, expected, data)
    missing = sorted(set(keys) - set(data))
    if missing:
        raise ArchError(f'{field}.{missing[0]}', 'a value', 'nothing')
    unknown = sorted(str(key) for key in set(data) - set(keys))
    if unknown:
        raise ArchError(f'{field}.{unknown[0]}', expected, 'an unknown key')


def check_list(field: str, data: Any, length: int, of: str) -> None:
    """Raise :class:`ArchError` unless ``data`` is a list of ``length``."""
    if not isinstance(data, (list, tuple, np.ndarray)) or len(data) != length:
        raise ArchError(field, f'a list of {length} {of}', data)


def check_int(field: str,
              value: Any,
              expected: str,
              low: float,
              high: float,
              error: Type[InputError] = ArchError) -> int:
    """Return ``value`` as ``int`` if it is an integer in ``[low, high]``."""
    whole = isinstance(value,
                       (int, np.integer)) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise error(field, expected, value)
    return int(value)
