"""Architecture codes in all the forms that people write them."""
import re
from typing import Any, List

import numpy as np

from ..spaces import Arch, ArchError

CODE_TEXT = re.compile(r'[\d\s,|_()\[\]-]+')
# where the released code strings say the number of branches
BRANCH_COUNTS = {3: 1, 7: 2, 13: 3, 21: 4}


class BenchmarkError(ArchError):
    """A benchmark's file, or a question to it, is not valid."""


def is_whole(values: np.ndarray) -> np.ndarray:
    """Which of the numbers are whole and finite."""
    return np.isfinite(values) & (np.floor(values) == values)


def _parse(text: str) -> List[int]:
    """The numbers of a code string, none if it is not one."""
    if not CODE_TEXT.fullmatch(text):
        return []
    numbers = [int(number) for number in re.findall(r'\d+', text)]
    with_counts = len(numbers) == 31 and all(
        numbers[i] == count for i, count in BRANCH_COUNTS.items())
    return [
        number for i, number in enumerate(numbers)
        if not with_counts or i not in BRANCH_COUNTS
    ]


def as_code(code: Any, genes: int) -> np.ndarray:
    """The numbers of a code as int64.

    Args:
        code: An architecture with a ``code``, a code string (any of blanks,
            commas, bars, underscores, brackets and dashes between the
            numbers; the released strings with numbers of branches too), or a
            sequence of whole numbers.
        genes (int): How many there must be.

    Raises:
        BenchmarkError: It is none of these.
    """
    numbers = getattr(code, 'code', code) if isinstance(code, Arch) else code
    if isinstance(numbers, str):
        numbers = _parse(numbers)
    try:
        array = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (genes, ) or not is_whole(array).all():
        raise BenchmarkError('code', f'{genes} whole numbers', code)
    return array.astype(np.int64)


def code_text(code: np.ndarray) -> str:
    """The numbers, separated by blanks."""
    return ' '.join(map(str, code.tolist()))
