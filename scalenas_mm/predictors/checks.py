"""Checks of settings."""
from typing import Any

import numpy as np

from scalenas_mm.spaces import SettingError


def check_number(field: str, value: Any) -> float:
    """``value`` if it is a finite number; raises :class:`SettingError`."""
    if isinstance(value, bool) or not isinstance(
            value, (int, float, np.number)) or not np.isfinite(value):
        raise SettingError(field, 'a finite number', value)
    return float(value)


def check_positive(field: str, value: Any) -> float:
    """``value`` if it is above 0; raises :class:`SettingError`."""
    number = check_number(field, value)
    if not number > 0:
        raise SettingError(field, 'a positive number', value)
    return number
