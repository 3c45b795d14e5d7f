"""Colours of search units, those of the paper's Figure 4."""
from typing import Tuple

# cyan, red, yellow for kernels 3, 5, 7; others follow
KERNELS = ('#3bb3c8', '#e2604f', '#f2c14e', '#8d6bb8', '#d98cb3', '#6f7f94')
TOKENS = '#4f9d69'
REMOVED = '#d5dbe1'
REMOVED_RING = '#e3e8ec'
EDGE = '#9aa5b1'
BAND = '#f5f7f9'


def kernel_colours(num: int) -> Tuple[str, ...]:
    """As many colours as there are kernel sizes."""
    return tuple(KERNELS[k % len(KERNELS)] for k in range(num))
