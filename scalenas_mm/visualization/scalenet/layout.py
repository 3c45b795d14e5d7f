"""Where everything in the drawing of a ScaleNet stands, in inches."""
from dataclasses import dataclass
from typing import Sequence, Tuple

from scalenas_mm.spaces import ScaleNetArch, ScaleNetSpace

LABELS = 1.25  # width of the row labels
OUTPUTS = 0.45  # width of the output arrows
MARGIN = 0.3
TOP = 2.1  # from the upper edge to the centre of the first row
BOTTOM = 1.25  # from the centre of the last row to the lower edge
ROW = 1.0
PAD = 0.14  # left and right in a module
GAP = 0.36  # between stages, for the transitions
BLOCK = 0.23  # width and
BLOCK_HEIGHT = 0.36  # height of a block
PITCH = 0.72  # of two levels; wider in small networks
PITCH_WIDEST = 1.0
SMALLEST_WIDTH = 9.0


@dataclass(frozen=True)
class Layout:
    """Positions of a drawing.

    Attributes:
        width, height: Size of the figure.
        rows: Height of the centre of each branch.
        stem: Left edges of the two convolutions of the stem.
        stage1: Left edges of the bottlenecks of stage 1.
        modules: Left and right edge of each module.
        pitch: Distance of two levels of a module.
        text: Factor for the size of text, larger in wide drawings.
    """
    width: float
    height: float
    rows: Tuple[float, ...]
    stem: Tuple[float, ...]
    stage1: Tuple[float, ...]
    modules: Tuple[Tuple[float, float], ...]
    pitch: float
    text: float

    def block(self, module: int, level: int) -> float:
        """Left edge of the blocks of a level."""
        return self.modules[module][0] + PAD + level * self.pitch

    def source(self, module: int, level: int) -> float:
        """Where fusions leave a branch: just behind its block."""
        return self.block(module, level) + BLOCK + 0.04

    def target(self, module: int, level: int) -> float:
        """Where fusions are added to a branch: before the next block."""
        return self.block(module, level) + self.pitch - 0.08

    def band(self, start: Tuple[float, ...]) -> Tuple[float, float]:
        """Edges of the band around single boxes such as the stem."""
        return start[0] - PAD, start[-1] + BLOCK + PAD

    def stage(self, first: int, last: int) -> Tuple[float, float]:
        """Edges of the modules from ``first`` to ``last``."""
        return self.modules[first][0], self.modules[last][1]


def make_layout(space: ScaleNetSpace, arch: ScaleNetArch) -> Layout:
    """Place stem, stage 1 and modules from left to right."""
    levels = [max(module.depth) for module in arch.modules]
    text = _text_scale(space, levels)
    fixed = _fixed_width(space, levels, text)
    pitch = (SMALLEST_WIDTH - fixed) / sum(levels)
    pitch = min(max(pitch, PITCH), PITCH_WIDEST)
    content = fixed + sum(levels) * pitch
    width = max(content, SMALLEST_WIDTH)
    height = (TOP + BOTTOM) * text + ROW * len(space.num_modules)

    stem = _boxes((width - content) / 2 + MARGIN + LABELS * text + PAD, 2)
    stage1 = _boxes(stem[-1] + BLOCK + 2 * PAD + GAP, space.stage1_blocks)
    modules = _modules(space, levels, stage1[-1] + BLOCK + PAD, pitch)
    rows = tuple(height - TOP * text - ROW * j
                 for j in range(len(space.num_modules) + 1))
    return Layout(width, height, rows, stem, stage1, modules, pitch, text)


def _boxes(start: float, count: int) -> Tuple[float, ...]:
    return tuple(start + i * (BLOCK + 0.15) for i in range(count))


def _modules(space: ScaleNetSpace, levels: Sequence[int], x: float,
             pitch: float) -> Tuple[Tuple[float, float], ...]:
    """Left and right edges; stages stand further apart than modules."""
    edges = []
    for i, count in enumerate(levels):
        if starts_stage(space, i):
            x += GAP
        edges.append((x, x + count * pitch + 2 * PAD))
        x = edges[-1][1] + 0.05
    return tuple(edges)


def starts_stage(space: ScaleNetSpace, module: int) -> bool:
    """Whether a module has a branch that the one before has not."""
    return module == 0 or space.branches[module] != space.branches[module - 1]


def _fixed_width(space: ScaleNetSpace, levels: Sequence[int],
                 text: float) -> float:
    """Width of everything but the levels themselves."""
    boxes = (2 + space.stage1_blocks) * (BLOCK + 0.15) + 4 * PAD
    bands = len(levels) * (2 * PAD + 0.05)
    stages = (len(space.num_modules) + 1) * GAP
    return 2 * MARGIN + LABELS * text + OUTPUTS + boxes + bands + stages


def _text_scale(space: ScaleNetSpace, levels: Sequence[int]) -> float:
    """Wide drawings are looked at from further away."""
    width = _fixed_width(space, levels, 1) + sum(levels) * PITCH
    return min(max(width / 16, 1), 1.6)
