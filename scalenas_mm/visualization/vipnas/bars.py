"""Bars of blocks, and the lines between them."""
from typing import Any, List, Sequence, Tuple

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from ..figures import FAINT, INK
from ..hrnas.colours import BAND, EDGE, KERNELS, TOKENS
from .layout import ARROW, BAR, Band, Block, Group, Picture

# even ones are of transposed convolutions
COLOURS = {
    2: '#b3bfcb',
    3: KERNELS[0],
    4: '#8f9eae',
    5: KERNELS[1],
    7: KERNELS[2],
}
OTHER = KERNELS[3]
ATTENTION = TOKENS
DARK_TEXT = (2, 7)  # kernels whose colour is light


def colour(kernel: int) -> str:
    """Of a kernel size."""
    return COLOURS.get(kernel, OTHER)


def draw_band(axes: Axes, band: Band) -> None:
    """A column and all of its bars."""
    axes.add_patch(
        FancyBboxPatch((band.left, band.bottom),
                       band.right - band.left,
                       band.top - band.bottom,
                       boxstyle='round,pad=0,rounding_size=0.1',
                       facecolor=BAND,
                       edgecolor='none',
                       zorder=0))
    for group in band.groups:
        for block in group.blocks:
            _draw_block(axes, block, group)
        _number(axes, group)


def _draw_block(axes: Axes, block: Block, group: Group) -> None:
    _bar(
        axes,
        block.x,
        group.y,
        group.ghost,
        facecolor='white',
        edgecolor=FAINT,
        linewidth=0.8,
        gid=f'most/{block.name}',
        zorder=3)
    if not block.there:
        return
    _bar(
        axes,
        block.x,
        group.y,
        group.height,
        facecolor=colour(group.row.kernel),
        edgecolor='none',
        gid=f'block/{block.name}',
        zorder=4)
    if group.row.attention:
        axes.plot(
            block.x,
            group.y + group.ghost / 2 + 0.08,
            'o',
            color=ATTENTION,
            markersize=4,
            gid=f'attention/{block.name}',
            zorder=4)


def _bar(axes: Axes, x: float, y: float, height: float,
         **options: Any) -> None:
    axes.add_patch(
        FancyBboxPatch((x - BAR / 2, y - height / 2),
                       BAR,
                       height,
                       boxstyle='round,pad=0,rounding_size=0.03',
                       **options))


def _number(axes: Axes, group: Group) -> None:
    """Channels, in the first bar."""
    axes.text(
        group.blocks[0].x,
        group.y,
        str(group.row.channels),
        rotation=90,
        rotation_mode='anchor',
        ha='center',
        va='center_baseline',
        size=6.2,
        color=INK if group.row.kernel in DARK_TEXT else 'white',
        zorder=5,
        gid=f'channels/{group.row.name}')


def draw_routes(axes: Axes, picture: Picture, ends: int) -> None:
    """Lines along the rows; of an HRNet also where branches meet.

    Args:
        axes (Axes): Of the drawing.
        picture (Picture): Where everything stands.
        ends (int): Branches that are put out.
    """
    bands, rows = picture.bands, picture.rows
    joined = [band.right for band in bands if len(band.groups) > 1]
    meet = (joined or [bands[-1].right])[-1] + ARROW / 2
    for j, y in enumerate(rows):
        begins = next(band for band in bands if len(band.groups) > j)
        start = begins.exchanges[0] if j else begins.left
        end = meet + ARROW / 2
        if j == 0:  # which a head reads
            end = picture.end
        _line(axes, [(start, y), (end - ARROW / 2, y)])
        if j < ends:
            _arrow(axes, (end - ARROW / 2, y), end)
    for i, band in enumerate(bands):
        for k, x in enumerate(band.exchanges):
            _exchange(axes, x, rows[:len(band.groups)],
                      f'{picture.name}{i}/{k}')
    if joined:
        _exchange(axes, meet, rows, f'{picture.name}last/0')


def _exchange(axes: Axes, x: float, rows: Sequence[float], name: str) -> None:
    _line(axes, [(x, rows[0]), (x, rows[-1])], gid=f'exchange/{name}')
    for y in rows:
        axes.add_patch(
            Circle((x, y),
                   0.035,
                   facecolor='white',
                   edgecolor=EDGE,
                   linewidth=0.9,
                   zorder=2))


def _line(axes: Axes, points: List[Tuple[float, float]],
          **options: Any) -> None:
    axes.plot(*zip(*points), color=EDGE, linewidth=0.9, zorder=1, **options)


def _arrow(axes: Axes, start: Tuple[float, float], end: float) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start, (end, start[1]),
            color=EDGE,
            linewidth=0.9,
            arrowstyle='-|>,head_length=4,head_width=2',
            mutation_scale=1,
            shrinkA=0,
            shrinkB=0,
            zorder=1))
