"""The arrows of a topology drawing: fusions, new branches, outputs."""
from typing import Any, Dict, Iterator, Tuple

from matplotlib.patches import Circle, FancyArrowPatch

from scalenas_mm.spaces import ScaleNetArch
from ..figures import INK
from .layout import BLOCK, OUTPUTS, PAD, starts_stage
from .parts import DEAD_EDGE, DOWN, UP, Drawing, colour_of

Point = Tuple[float, float]


def fusions(arch: ScaleNetArch) -> Iterator[Tuple[int, int, int, int]]:
    """Module, target, level and source of every fusion."""
    for i, module in enumerate(arch.modules):
        for j, rows in enumerate(module.fusion):
            for level, row in enumerate(rows):
                yield from ((i, j, level, k) for k, bit in enumerate(row)
                            if bit)


def draw_fusions(drawing: Drawing) -> None:
    """An arrow per fusion and a point where maps are added."""
    layout, live = drawing.layout, set(fusions(drawing.live))
    sums: Dict[Point, str] = {}
    for fusion in fusions(drawing.arch):
        i, j, level, k = fusion
        dead = fusion not in live
        target = (layout.target(i, level), layout.rows[j])
        colour = DEAD_EDGE if dead else UP if k > j else DOWN
        _arrow(drawing, (layout.source(i, level), layout.rows[k]), target,
               f'fusion/{i}/{j}/{level}/{k}' + '/dead' * dead, colour)
        sums[target] = DEAD_EDGE if dead else colour_of(j)
    for centre, colour in sums.items():
        drawing.axes.add_patch(
            Circle(
                centre,
                0.045,
                facecolor='white',
                edgecolor=colour,
                linewidth=1.1,
                gid='sum',
                zorder=5))


def _arrow(drawing: Drawing,
           start: Point,
           end: Point,
           gid: str,
           colour: str,
           width: float = 0.9) -> None:
    options: Any = dict(
        arrowstyle='-|>,head_length=4,head_width=1.8',
        mutation_scale=1.25,
        shrinkA=0,
        shrinkB=3)
    drawing.axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            color=colour,
            linewidth=width,
            gid=gid,
            zorder=3,
            **options))


def draw_transitions(drawing: Drawing) -> None:
    """Arrows that start a new branch, and those that leave the network."""
    layout, space = drawing.layout, drawing.space
    for i, branches in enumerate(space.branches):
        if starts_stage(space, i):
            before = (
                layout.modules[i - 1][1] if i else layout.stage1[-1] + BLOCK +
                PAD)
            _arrow(drawing, (before, layout.rows[branches - 2]),
                   (layout.modules[i][0] + 0.04, layout.rows[branches - 1]),
                   f'transition/{branches - 1}', INK, 1.6)
    right = layout.modules[-1][1]
    outputs = layout.rows if space.multi_scale_output else layout.rows[:1]
    for j, height in enumerate(outputs):
        _arrow(drawing, (right, height), (right + OUTPUTS - 0.1, height),
               f'output/{j}', colour_of(j), 1.6)
