"""Architecture codes in all the forms that people write them."""
import re
from typing import Any, Sequence

import numpy as np

from ..spaces import Arch, InputError, NCPArch
from ..spaces.ncp import LENGTH


class BenchmarkError(InputError):
    """A benchmark's file, or a question to it, is not valid."""


def is_whole(values: np.ndarray) -> np.ndarray:
    """Which of the numbers are whole and finite."""
    return np.isfinite(values) & (np.floor(values) == values)


def _parse(text: str, genes: int) -> Sequence[int]:
    """The numbers of a code string, none if it is not one."""
    if genes == LENGTH:
        return NCPArch.from_code(text).code
    words = re.split(r'[\s,]+', text.strip())
    return [int(word) for word in words] if all(word.isdecimal()
                                                for word in words) else []


def as_code(code: Any, genes: int) -> np.ndarray:
    """The numbers of a code as int64.

    Args:
        code: An architecture with a ``code``, a code string (of NCP as
            :meth:`NCPArch.from_code` reads it, of other spaces numbers with
            blanks or commas between them), or a sequence of whole numbers.
        genes (int): How many there must be.

    Raises:
        BenchmarkError: It is none of these.
    """
    numbers = getattr(code, 'code', code) if isinstance(code, Arch) else code
    try:
        if isinstance(numbers, str):
            numbers = _parse(numbers, genes)
        array = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (genes, ) or not is_whole(array).all():
        raise BenchmarkError('code', f'{genes} whole numbers', code)
    return array.astype(np.int64)


def code_text(code: np.ndarray) -> str:
    """The numbers, separated by blanks."""
    return ' '.join(map(str, code.tolist()))
