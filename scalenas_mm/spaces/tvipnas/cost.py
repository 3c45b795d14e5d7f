"""Closed-form cost of the networks of frames."""
from typing import Any

from ..cost import Size
from ..vipnas.cost import Sums
from .arch import TViPNASFrame
from .operators import walk_frame


def frame_sums(space: Any, frame: TViPNASFrame, input_size: Size) -> Sums:
    """Parameters and MACs of one frame: its network without the head, and
    its fusion; arguments as of :func:`~.operators.walk_frame`."""
    sums = Sums()
    walk_frame(sums, space, frame, input_size)
    return sums
