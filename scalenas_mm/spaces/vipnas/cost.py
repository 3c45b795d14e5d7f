"""Closed-form cost of ViPNAS's networks.

All arithmetic is on whole numbers, or on arrays of them for many networks at
once; :class:`~.arch.ViPNASArch` and the columns of gene vectors have the same
attributes.
"""
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

from ..cost import Size
from ..operators import KINDS, Operator, no_cost
from .arch import ViPNASBranch, ViPNASHead


def area(size: Size) -> int:
    """Pixels of a map."""
    return size[0] * size[1]


class Sums:
    """What layers add up to: a visitor of :mod:`.walk`.

    Attributes:
        params: Parameters: weights, biases, scales and shifts of norms.
        macs: Multiply-accumulates of convolutions for one image.
    """

    def __init__(self) -> None:
        self.params: Any = 0
        self.macs: Any = 0

    def conv(self,
             weights: Any,
             pixels: int,
             normed: Any,
             times: Any = 1) -> None:
        """Convolutions, whose weights work at so many pixels each, and norms
        over so many channels."""
        self._add(weights + 2 * normed, weights * pixels, times)

    def run(self, operator: Operator, times: Any = 1) -> None:
        """Add an operator of one kernel size and number of groups."""
        cost = KINDS[operator.kind]
        if cost is not no_cost:
            self._add(*cost(operator.fixed, operator.free), times)

    def grouped(self,
                width: Any,
                size: Size,
                branch: ViPNASBranch,
                choices: Any,
                acts: Sequence[int],
                times: Any,
                stride: int = 1) -> None:
        """Add convolutions that keep the channels, of the kernel size and
        groups of a branch: so many times one with each activation, of which
        the first one has the stride."""
        weights = branch.kernel**2 * width * (width // branch.groups)
        if len(acts) > 1:
            times = len(acts) * times
        self.conv(weights, area(size), width, times)

    @contextmanager
    def repeated(self, times: Any) -> Iterator['Sums']:
        """What is told to the visitor that it gives runs so many times."""
        inner = Sums()
        yield inner
        self._add(inner.params, inner.macs, times)

    def _add(self, params: Any, macs: Any, times: Any) -> None:
        """Numbers, or arrays that nobody else has: they are changed."""
        if type(times) is not int or times != 1:
            params *= times
            macs *= times
        self.params += params
        self.macs += macs


def deconvs(sums: Sums, source: Any, head: ViPNASHead, pixels: int) -> int:
    """Add transposed convolutions of stride 2 behind a map of so many
    pixels: each weight works at every pixel that comes in. Returns the pixels
    that come out."""
    for groups in head.groups:
        sums.conv(head.kernel**2 * source * (head.width // groups), pixels,
                  head.width)
        source, pixels = head.width, 4 * pixels
    return pixels
