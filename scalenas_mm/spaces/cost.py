"""Closed-form cost of layers: parameters and multiply-accumulates."""
from dataclasses import dataclass
from typing import Dict, NamedTuple, Sequence, Tuple

import numpy as np

Size = Tuple[int, int]


@dataclass(frozen=True)
class Complexity:
    """Cost of a network or a part of one.

    Attributes:
        params: Number of parameters, batch norm's scale and shift included.
        macs: Multiply-accumulates of convolutions and linear layers for one
            image.
    """
    params: int = 0
    macs: int = 0

    def __add__(self, other: 'Complexity') -> 'Complexity':
        return Complexity(self.params + other.params, self.macs + other.macs)

    def __mul__(self, times: int) -> 'Complexity':
        return Complexity(self.params * times, self.macs * times)

    def to_dict(self) -> Dict[str, int]:
        return {'params': self.params, 'macs': self.macs}


class ComplexityBatch(NamedTuple):
    """Costs of many architectures, arrays of ``int64``."""
    params: np.ndarray
    macs: np.ndarray


def total(parts: Sequence[Complexity]) -> Complexity:
    """Sum of several costs."""
    return sum(parts, Complexity())


def half(size: Size) -> Size:
    """Output size of a 3x3 convolution with stride 2 and padding 1."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def conv_bn(in_channels: int, out_channels: int, kernel: int,
            out_size: Size) -> Complexity:
    """A convolution without bias followed by batch normalisation."""
    weights = in_channels * out_channels * kernel**2
    return Complexity(weights + 2 * out_channels,
                      weights * out_size[0] * out_size[1])
