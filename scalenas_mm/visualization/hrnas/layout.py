"""Where everything in the drawing of an HR-NAS network stands, in inches."""
from dataclasses import dataclass
from typing import List, Tuple

from scalenas_mm.spaces import HRNASSpace

LABELS = 1.15  # width of the row labels
MARGIN = 0.35
TOP = 1.75  # from the upper edge to the centre of the first row
BOTTOM = 1.2  # from the centre of the last row to the lower edge
ROW = 1.14
PITCH = 0.9  # of two blocks of a branch
RADIUS = 0.3  # of a disc in a parallel module
SMALL = 0.165  # of a disc in a fusion module
RING = 0.32  # width of the ring, as a share of the radius
PAD = 0.13  # left and right in a module
FUSION = 1.1  # from the modules before to the sums
NEW_BRANCH = 0.62  # from the sums to the start of a new branch
STEM = 0.62
HEADS = dict(dense=1.85, classification=2.0, none=0.5)
NARROW = 8.6  # least width of a figure


@dataclass(frozen=True)
class Stage:
    """Positions of a stage.

    Attributes:
        source: Where the branches before end.
        sums: Where fused maps are added.
        left, right: Edges of the parallel module.
        blocks: Centres of the columns of blocks.
    """
    source: float
    sums: float
    left: float
    right: float
    blocks: Tuple[float, ...]


@dataclass(frozen=True)
class Layout:
    """Positions of a drawing.

    Attributes:
        width, height: Size of the figure.
        rows: Height of the centre of each branch.
        stem: Left edge of the stem.
        stages: Of each stage.
        text: Factor for the size of text, larger in wide drawings.
    """
    width: float
    height: float
    rows: Tuple[float, ...]
    stem: float
    stages: Tuple[Stage, ...]
    text: float


def make_layout(space: HRNASSpace, fusions: bool) -> Layout:
    """Place stem, stages and head from left to right."""
    content = _stages(space, fusions, 0)[-1].right
    head = HEADS[space.head] if fusions else 0.45
    text = min(max((content + 4) / 15, 1), 1.65)
    before = MARGIN + LABELS * text
    width = max(before + STEM + content + head + MARGIN, NARROW)
    spare = (width - before - STEM - content - head - MARGIN) / 2
    stem = before + spare
    branches = len(space.widths[-1])
    height = (TOP + BOTTOM) * text + ROW * (branches - 1)
    rows = tuple(height - TOP * text - ROW * b for b in range(branches))
    return Layout(width, height, rows, stem,
                  _stages(space, fusions, stem + STEM), text)


def _stages(space: HRNASSpace, fusions: bool, x: float) -> Tuple[Stage, ...]:
    out: List[Stage] = []
    branches = 1
    for depths in space.blocks:
        sums = left = x + 0.3
        if fusions:
            # one branch needs no room for crossing arrows
            sums = x + (FUSION if len(depths) > 1 else 0.66)
            left = sums + (NEW_BRANCH if len(depths) > branches else 0.16)
        first = left + PAD + RADIUS * (1 + RING) + 0.03
        most = max(*depths, 1)
        blocks = tuple(first + k * PITCH for k in range(most))
        right = blocks[-1] + first - left
        out.append(Stage(x, sums, left, right, blocks))
        x, branches = right, len(depths)
    return tuple(out)
