"""A disc for each searching block: sectors of kernels, a ring of tokens."""
from dataclasses import dataclass
from typing import Dict, Tuple

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Wedge

from scalenas_mm.spaces import HRNASArch, HRNASSpace
from ..figures import INK, MUTED
from .colours import EDGE, REMOVED, REMOVED_RING, TOKENS, kernel_colours
from .layout import RADIUS, RING, Layout

Point = Tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and where.

    Attributes:
        number: Of each block in the space, by its name.
    """
    space: HRNASSpace
    arch: HRNASArch
    layout: Layout
    axes: Axes
    number: Dict[str, int]


def draw_disc(drawing: Drawing,
              name: str,
              centre: Point,
              radius: float = RADIUS) -> None:
    """The disc of a block.

    Sectors run clockwise from the top; the whole circle is all units of the
    largest architecture. The ring is there where there can be tokens. Parts
    have the gids ``unit/<block>/<kernel>`` and ``token/<block>``.
    """
    i = drawing.number[name]
    channels, tokens = drawing.arch.channels[i], drawing.arch.tokens[i]
    most = drawing.space.most[i]
    _empty(drawing.axes, name, centre, radius)
    start, whole = 0.0, sum(most[:-1])
    colours = kernel_colours(len(channels))
    for kernel, num, colour in zip(drawing.space.kernels, channels, colours):
        end = start + num / whole
        if num:
            _sector(drawing.axes, centre, radius, start, end, colour,
                    f'unit/{name}/{kernel}')
        start = end
    if most[-1]:
        _ring(drawing.axes, name, centre, radius, tokens / most[-1])
    if radius == RADIUS:
        _numbers(drawing, centre, sum(channels), tokens)


def _empty(axes: Axes, name: str, centre: Point, radius: float) -> None:
    axes.add_patch(
        Circle(
            centre,
            radius,
            facecolor=REMOVED,
            edgecolor='white',
            linewidth=1.4,
            gid=f'block/{name}',
            zorder=5))


def _sector(axes: Axes,
            centre: Point,
            radius: float,
            start: float,
            end: float,
            colour: str,
            gid: str,
            width: float = 0) -> None:
    """From one share of the circle to another, clockwise from the top."""
    edge = 0.9 if radius > 0.2 else 0.5
    axes.add_patch(
        Wedge(
            centre,
            radius,
            90 - 360 * end,
            90 - 360 * start,
            width=width or None,
            facecolor=colour,
            edgecolor='white',
            linewidth=0 if width or end - start > 0.999 else edge,
            gid=gid,
            zorder=6))


def _ring(axes: Axes, name: str, centre: Point, radius: float,
          share: float) -> None:
    outer = radius * (1 + RING)
    width = radius * (RING - 0.12)
    axes.add_patch(
        Wedge(
            centre,
            outer,
            0,
            360,
            width=width,
            facecolor=REMOVED_RING,
            linewidth=0,
            gid=f'ring/{name}',
            zorder=5))
    if share:
        _sector(axes, centre, outer, 0, share, TOKENS, f'token/{name}', width)


def _numbers(drawing: Drawing, centre: Point, units: int, tokens: int) -> None:
    """Units, and tokens if there are any, below a disc."""
    x, y = centre
    size = 6.6 * drawing.layout.text
    below = y - RADIUS * (1 + RING) - 0.025
    texts = [(str(units), MUTED)]
    if tokens:
        texts.append((str(tokens), TOKENS))
    elif not units:
        texts = [('shortcut', EDGE)]
    digit = 0.636 * size / 72  # of the font, in inches
    x -= digit * (len(''.join(text for text, _ in texts)) + len(texts) - 1) / 2
    for text, colour in texts:
        drawing.axes.text(
            x + digit * len(text) / 2,
            below,
            text,
            color=colour,
            size=size,
            ha='center',
            va='top',
            zorder=7)
        x += digit * (len(text) + 1)


def draw_box(drawing: Drawing, centre: Point, text: str) -> None:
    """A fixed layer."""
    drawing.axes.text(
        *centre,
        text,
        size=6.8 * drawing.layout.text,
        color=INK,
        ha='center',
        va='center',
        linespacing=1.15,
        zorder=7,
        bbox=dict(
            boxstyle='round,pad=0.3,rounding_size=0.2',
            facecolor='white',
            edgecolor=EDGE,
            linewidth=0.9))
