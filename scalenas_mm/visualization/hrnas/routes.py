"""Branches, fusions and heads: the lines between discs."""
from typing import Any, Dict, Sequence, Tuple

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
    half = RADIUS * (1 + RING) + 0.04 + 0.12 * drawing.layout.text
    for s, (stage, depths) in enumerate(
            zip(drawing.layout.stages, drawing.space.blocks)):
        rows = there(drawing, s)
        top, bottom = max(rows.values()), min(rows.values())
        drawing.axes.add_patch(
            FancyBboxPatch((stage.left, bottom - half),
                           stage.right - stage.left,
                           top - bottom + 2 * half,
                           boxstyle='round,pad=0,rounding_size=0.16',
                           facecolor=BAND,
                           edgecolor='none',
                           zorder=1))
        for b, y in rows.items():
            line(drawing, [(stage.left, y), (stage.right, y)])
            for k in range(depths[b]):
                draw_disc(drawing, f'stages.{s}.branches.{b}.{k}',
                          (stage.blocks[k], y))


def there(drawing: Drawing, stage: int) -> Dict[int, float]:
    """Heights of the branches that have not ended, by their number."""
    widths = drawing.space.widths[stage]
    return {
        b: y
        for b, (width, y) in enumerate(zip(widths, drawing.layout.rows))
        if width
    }


def draw_fusions(drawing: Drawing) -> None:
    """From the branches before to the sums, and on to a new branch."""
    sources = 1
    for s, stage in enumerate(drawing.layout.stages):
        targets = len(drawing.space.blocks[s])
        for i in range(min(sources, targets)):
            _fuse(drawing, s, i, sources)
        if targets > sources:
            _new_branch(drawing, s, stage, sources)
        sources = targets


def _fuse(drawing: Drawing, s: int, i: int, sources: int) -> None:
    """The blocks that come together in branch ``i``."""
    stage, rows = drawing.layout.stages[s], drawing.layout.rows
    names = {
        j: f'stages.{s}.fusion.{i}_{j}'
        for j in neighbours(i, sources)
        if f'stages.{s}.fusion.{i}_{j}' in drawing.number
    }
    for j, name in names.items():
        start, end = (stage.source, rows[j]), (stage.sums, rows[i])
        line(drawing, [start, end])
        # those that cross stand apart
        share = 0.7 if i != j else 0.38 if sources > 1 else 0.5
        draw_disc(drawing, name, between(start, end, share), SMALL)
    if names:
        line(drawing, [(stage.sums, rows[i]), (stage.left, rows[i])])
    if len(names) > 1:
        joint(drawing, (stage.sums, rows[i]))


def _new_branch(drawing: Drawing, s: int, stage: Stage, i: int) -> None:
    """From the sum above it, or from the map before if there is none."""
    rows = drawing.layout.rows
    ended = not drawing.space.widths[s][i - 1]
    start = (stage.source if ended else stage.sums), rows[i - 1]
    end = stage.left, rows[i]
    line(drawing, [start, end])
    draw_disc(drawing, f'stages.{s}.fusion.{i}_{i - 1}',
              between(start, end, 0.5), SMALL)


def draw_head(drawing: Drawing) -> None:
    """What follows the branches."""
    right = drawing.layout.stages[-1].right
    rows = list(there(drawing, -1).values())
    if drawing.space.head == 'none':
        for y in rows:
            arrow(drawing, (right, y), (right + 0.42, y))
    elif drawing.space.head == 'dense':
        _dense(drawing, rows, right)
    else:
        _classification(drawing, rows, right)


def _dense(drawing: Drawing, rows: Sequence[float], right: float) -> None:
    """Branches are resized to the finest and joined."""
    x = right + 0.38
    for y in rows:
        line(drawing, [(right, y), (x, y), (x, rows[0])])
    centre = x + RADIUS * (1 + RING) + 0.2
    arrow(drawing, (x, rows[0]), (centre + 0.8, rows[0]))
    draw_disc(drawing, 'head.project', (centre, rows[0]))


def _classification(drawing: Drawing, rows: Sequence[float],
                    right: float) -> None:
    """Branches are widened, then joined from the finest down."""
    x = right + 0.5
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
