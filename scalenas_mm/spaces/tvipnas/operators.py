"""The operators of the networks of frames."""
from typing import Any, List, Sequence

import numpy as np

from ..cost import Size
from ..operators import Used, added, joined, plain_conv, resizing
from ..vipnas.operators import Operators
from .arch import NONE, TViPNASFrame


def walk_frame(visit: Any, space: Any, frame: TViPNASFrame,
               input_size: Size) -> None:
    """Tell a visitor what one frame runs: its network without the head, see
    :mod:`scalenas_mm.spaces.vipnas.walk`, and its fusion.

    A fusion has a 1x1 convolution over the heatmaps, and one over what they
    and the features have become; both have a bias.

    Args:
        visit (Sums | Operators): The visitor.
        space (TViPNASSpace): The space.
        frame (TViPNASFrame): Of an architecture, or columns of many.
        input_size (tuple[int]): Height and width of the image.
    """
    spatial, stages = space.spatial, frame.network.stages
    spatial.walk(visit, frame.network.stem, stages, input_size)
    every = spatial.stage_channels(stages)
    sizes = spatial.stage_sizes(input_size)
    heatmaps = spatial.heatmap_size(input_size)
    operation, stage = np.asarray(frame.operation), np.asarray(frame.stage)
    fused, joins = operation != NONE, operation == 'cat'
    halves = 1 + joins
    for number in space.fusion_stages:
        channels, size = every[number - 1], sizes[number - 1]
        here, both = (stage == number) & fused, channels * halves
        times = 1 * here
        visit.run(plain_conv(space.heatmaps, channels, heatmaps), times)
        if size != heatmaps:
            visit.run(resizing(channels, heatmaps, size), here)
        visit.run(added(channels, size), here & ~joins)
        visit.run(joined(both, size), here & joins)
        visit.run(plain_conv(both, channels, size), times)


def video_operators(space: Any, frames: Sequence[TViPNASFrame],
                    input_size: Size) -> List[Used]:
    """Of all frames, which are columns of many architectures."""
    found = Operators()
    for frame in frames:
        walk_frame(found, space, frame, input_size)
    return found.used
