"""Where the frames of a clip stand in their drawing, in inches."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size
from scalenas_mm.spaces.tvipnas import NONE
from ..vipnas.layout import (ARROW, BOTTOM, LABELS, MARGIN, Band, Picture,
                             Shape, column_width, place, total_height)
from ..vipnas.rows import Column, make_columns

NAMES = 1.15  # width of the names of frames
CHAIN = Shape(1.4, 0.36, 1.0, 3, NAMES)
BRANCHES = Shape(1.4, 0.62, 0.6, 2, NAMES + LABELS)
BETWEEN = 0.5  # two frames
JOINT = 0.1  # radius of the circle of a fusion
BESIDE = 0.17  # from a stage to its middle, where branches meet in the gap
TAIL = 0.66  # from the last stage to its heatmaps
ICON = 0.28  # width of heatmaps
TITLE = 0.4  # half the width of their title
VALUES = 0.62  # width of the numbers before the bars
BARS = 1.9  # length of the longest bar
AFTER = 0.35  # on the right of it, for the text at the average


class Fusion(NamedTuple):
    """Heatmaps on their way into the next frame.

    Attributes:
        operation: How they join its features.
        x, y: Where.
        start: The edge below the heatmaps.
        turn: Height at which they go to the left.
        name: For gids: the frame they join.
    """
    operation: str
    x: float
    y: float
    start: Tuple[float, float]
    turn: float
    name: str


class Clip(NamedTuple):
    """A picture for each frame and what is between them.

    Attributes:
        frames: The key frame first.
        fusions: Of the frames that have one.
        heatmaps: The middle of all.
        bars: Left edge.
    """
    frames: Tuple[Picture, ...]
    fusions: Tuple[Fusion, ...]
    heatmaps: float
    bars: float


def make_clip(space: TViPNASSpace, arch: TViPNASArch,
              input_size: Optional[Size], costs: bool) -> Clip:
    """Place all frames below each other, their stages in columns.

    ``costs`` leaves room for bars.
    """
    shape = BRANCHES if space.spatial.block == 'hrnet' else CHAIN
    frames = _columns(space, arch, input_size)
    widths = [max(map(column_width, column)) for column in zip(*frames)]
    step = total_height(frames[0], shape) + BETWEEN
    left = MARGIN + shape.labels
    end = left + sum(widths) + shape.gap * (len(widths) - 1) + TAIL
    heatmaps = end + ICON / 2
    bars = heatmaps + TITLE + 0.25 + VALUES
    width = MARGIN + (bars + BARS + AFTER if costs else heatmaps + TITLE)
    height = shape.top + step * len(frames) - BETWEEN + BOTTOM
    pictures = []
    for t, columns in enumerate(frames):
        top = height - shape.top - step * t
        rows, bands = place(columns, widths, shape, left, top)
        pictures.append(Picture(width, height, rows, bands, end, f'{t}/'))
    return Clip(
        tuple(pictures), tuple(_fusions(arch, pictures, heatmaps)), heatmaps,
        bars)


def _columns(space: TViPNASSpace, arch: TViPNASArch,
             input_size: Optional[Size]) -> List[List[Column]]:
    """Of each frame, with its number in the names of the rows."""
    spatial = space.spatial
    networks = [spatial.max_arch(), *(frame.network for frame in arch.frames)]
    return [[
        column._replace(
            rows=tuple(
                row._replace(name=f'{t}/{row.name}') for row in column.rows))
        for column in make_columns(spatial, network, input_size)
    ] for t, network in enumerate(networks)]


def _fusions(arch: TViPNASArch, pictures: Sequence[Picture],
             heatmaps: float) -> List[Fusion]:
    out = []
    for t, (operation, stage, _) in enumerate(arch.frames, 1):
        if operation == NONE:
            continue
        before, bands = pictures[t - 1], pictures[t].bands
        turn = bands[0].top + BETWEEN / 2
        start = (heatmaps, before.rows[0] - ICON / 2)
        out.append(
            Fusion(operation, _behind(bands, stage), pictures[t].rows[0],
                   start, turn, str(t)))
    return out


def _behind(bands: Sequence[Band], stage: int) -> float:
    """In the gap behind a stage: before it becomes two branches, or where its
    branches have met."""
    own, after = bands[stage], bands[stage + 1:]
    split = bool(after) and len(after[0].groups) > 1
    if len(own.groups) > 1:
        gap = BRANCHES.gap if after else ARROW / 2 + 2 * JOINT + BESIDE
        return own.right + gap - BESIDE
    if split:
        return own.right + BESIDE
    return own.right + (after[0].left - own.right if after else ARROW) / 2
