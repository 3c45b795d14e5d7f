"""Branches, fusions and heads: the lines between discs."""
from typing import Any, Iterator, Sequence, Tuple

from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from scalenas_mm.spaces.hrnas.layout import neighbours
from .colours import BAND, EDGE
from .discs import Drawing, draw_box, draw_disc
from .layout import RADIUS, RING, SMALL, STEM, Stage

Point = Tuple[float, float]


def line(drawing: Drawing, points: Sequence[Point], **options: Any) -> None:
    """A line through points, behind all discs."""
    drawing.axes.plot(
        *zip(*points), **{
            **dict(
                color=EDGE,
                linewidth=1.2,
                solid_joinstyle='round',
                solid_capstyle='round',
                zorder=3),
            **options
        })


def arrow(drawing: Drawing, start: Point, end: Point) -> None:
    drawing.axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            color=EDGE,
            linewidth=1.2,
            arrowstyle='-|>,head_length=4,head_width=2',
            mutation_scale=1.2,
            shrinkA=0,
            shrinkB=0,
            zorder=3))


def joint(drawing: Drawing, centre: Point) -> None:
    """Where maps are added."""
    drawing.axes.add_patch(
        Circle(
            centre,
            0.05,
            facecolor='white',
            edgecolor=EDGE,
            linewidth=1.1,
            gid='sum',
            zorder=5))


def between(start: Point, end: Point, share: float) -> Point:
    return tuple(a + share * (b - a) for a, b in zip(start, end))


def draw_stem(drawing: Drawing, fusions: bool) -> None:
    """Two strided convolutions, and the line to what follows."""
    x, y = drawing.layout.stem, drawing.layout.rows[0]
    line(drawing, [(x + 0.2, y), (x + STEM + (0 if fusions else 0.3), y)])
    draw_box(drawing, (x + 0.2, y), '3×3\n3×3')


def draw_modules(drawing: Drawing) -> None:
    """Bands, branches and the discs on them."""
    rows = drawing.layout.rows
    half = RADIUS * (1 + RING) + 0.04 + 0.12 * drawing.layout.text
    for s, (stage, depths) in enumerate(
            zip(drawing.layout.stages, drawing.space.blocks)):
        drawing.axes.add_patch(
            FancyBboxPatch((stage.left, rows[len(depths) - 1] - half),
                           stage.right - stage.left,
                           rows[0] - rows[len(depths) - 1] + 2 * half,
                           boxstyle='round,pad=0,rounding_size=0.16',
                           facecolor=BAND,
                           edgecolor='none',
                           zorder=1))
        for b, depth in enumerate(depths):
            line(drawing, [(stage.left, rows[b]), (stage.right, rows[b])])
            for k in range(depth):
                draw_disc(drawing, f'stages.{s}.branches.{b}.{k}',
                          (stage.blocks[k], rows[b]))


def draw_fusions(drawing: Drawing) -> None:
    """From the branches before to the sums, and on to a new branch."""
    rows = drawing.layout.rows
    sources = 1
    for s, (stage, targets) in enumerate(
            zip(drawing.layout.stages, map(len, drawing.space.blocks))):
        for i, j in _arrows(sources, targets):
            start, end = (stage.source, rows[j]), (stage.sums, rows[i])
            line(drawing, [start, end])
            # those that cross stand apart
            share = 0.38 if i == j and targets > 1 else 0.7 if i != j else 0.5
            draw_disc(drawing, f'stages.{s}.fusion.{i}_{j}',
                      between(start, end, share), SMALL)
        _sums(drawing, stage, sources, targets)
        if targets > sources:
            start, end = (stage.sums, rows[sources - 1]), (stage.left,
                                                           rows[sources])
            line(drawing, [start, end])
            draw_disc(drawing, f'stages.{s}.fusion.{sources}_{sources - 1}',
                      between(start, end, 0.5), SMALL)
        sources = targets


def _arrows(sources: int, targets: int) -> Iterator[Tuple[int, int]]:
    for i in range(min(sources, targets)):
        for j in neighbours(i, sources):
            yield i, j


def _sums(drawing: Drawing, stage: Stage, sources: int, targets: int) -> None:
    for i in range(min(sources, targets)):
        y = drawing.layout.rows[i]
        line(drawing, [(stage.sums, y), (stage.left, y)])
        if sources > 1:
            joint(drawing, (stage.sums, y))


def draw_head(drawing: Drawing) -> None:
    """What follows the branches."""
    right, rows = drawing.layout.stages[-1].right, drawing.layout.rows
    if drawing.space.head == 'none':
        for y in rows:
            arrow(drawing, (right, y), (right + 0.42, y))
    elif drawing.space.head == 'dense':
        _dense(drawing, right + 0.38)
    else:
        _classification(drawing, right + 0.5)


def _dense(drawing: Drawing, x: float) -> None:
    """Branches are resized to the first and joined."""
    right, rows = drawing.layout.stages[-1].right, drawing.layout.rows
    for y in rows:
        line(drawing, [(right, y), (x, y), (x, rows[0])])
    centre = x + RADIUS * (1 + RING) + 0.2
    arrow(drawing, (x, rows[0]), (centre + 0.8, rows[0]))
    draw_disc(drawing, 'head.project', (centre, rows[0]))


def _classification(drawing: Drawing, x: float) -> None:
    """Branches are widened, then joined from the finest down."""
    right, rows = drawing.layout.stages[-1].right, drawing.layout.rows
    join = x + 0.45
    for b, y in enumerate(rows):
        line(drawing, [(right, y), (join, y)])
        draw_disc(drawing, f'head.increase.{b}', (x, y), SMALL)
        if b:
            line(drawing, [(join, rows[b - 1]), (join, y)])
            draw_disc(drawing, f'head.down.{b - 1}',
                      (join, (y + rows[b - 1]) / 2), SMALL)
            joint(drawing, (join, y))
    arrow(drawing, (join, rows[-1]), (join + 0.9, rows[-1]))
    draw_box(drawing, (join + 0.42, rows[-1]), '1×1')
