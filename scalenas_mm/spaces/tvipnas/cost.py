"""Closed-form cost of temporal fusion."""
from typing import Any

import numpy as np

from ..cost import Size
from ..vipnas.cost import Sums, area
from .arch import NONE, TViPNASFrame


def fusion_sums(space: Any, frame: TViPNASFrame, input_size: Size) -> Sums:
    """Parameters and MACs of the fusion of one frame.

    A 1x1 convolution over the heatmaps, and one over what they and the
    features have become; both have a bias.

    Args:
        space (TViPNASSpace): The space.
        frame (TViPNASFrame): Of an architecture, or columns of many.
        input_size (tuple[int]): Height and width of the image.
    """
    operation, stage = np.asarray(frame.operation), np.asarray(frame.stage)
    spatial = space.spatial
    every = spatial.stage_channels(frame.network.stages)
    areas = [area(size) for size in spatial.stage_sizes(input_size)]
    channels: Any = 0
    pixels: Any = 0
    for number in space.fusion_stages:
        here = 1 * (stage == number)
        channels = channels + here * every[number - 1]
        pixels = pixels + here * areas[number - 1]
    joined = channels * channels * (1 + (operation == 'cat'))
    sums = Sums()
    sums.conv(space.heatmaps * channels,
              area(spatial.heatmap_size(input_size)), 0)
    sums.conv(joined, pixels, 0)
    sums.params = (sums.params + 2 * channels) * (operation != NONE)
    sums.macs = sums.macs * (operation != NONE)
    return sums
