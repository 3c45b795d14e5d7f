"""Heatmaps, and their way into the next frame."""
from math import copysign
from typing import List, Tuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import (Circle, FancyArrowPatch, FancyBboxPatch,
                                PathPatch)
from matplotlib.path import Path

from .layout import ICON, JOINT, Clip, Fusion

COLOUR = '#7a5195'
DARK = '#2d1e3e'
GLOW = ('#7a5195', '#ef5675', '#ffa600')
SPOTS = ((-0.045, 0.05, 1.0), (0.055, -0.02, 0.8), (-0.03, -0.075, 0.7))
WORDS = dict(add='add', mul='multiply', cat='concatenate')
# markers of a symbol, and how far right of the middle
SYMBOLS = dict(
    add=(('+', 0.0), ), mul=(('x', 0.0), ), cat=(('|', -0.022), ('|', 0.022)))
ROUND = 0.1  # radius of a corner


def draw_heatmaps(axes: Axes, x: float, y: float, name: str) -> None:
    """Some on top of each other, the first one with three spots."""
    side = ICON - 0.06
    for k in (2, 1, 0):
        left, bottom = x - ICON / 2 + 0.03 * k, y - ICON / 2 + 0.03 * k
        axes.add_patch(
            FancyBboxPatch((left, bottom),
                           side,
                           side,
                           boxstyle='round,pad=0,rounding_size=0.03',
                           facecolor=DARK,
                           edgecolor='white',
                           linewidth=0.7,
                           gid=f'heatmaps/{name}' if k == 0 else None,
                           zorder=6 - k))
    for dx, dy, size in SPOTS:
        for radius, colour in zip((0.045, 0.03, 0.014), GLOW):
            axes.add_patch(
                Circle((x - 0.03 + dx * 0.9, y - 0.03 + dy * 0.9),
                       radius * size,
                       facecolor=colour,
                       edgecolor='none',
                       zorder=7))


def draw_fusions(axes: Axes, clip: Clip) -> None:
    """The heatmaps of all frames, and arrows into the next ones."""
    for t, picture in enumerate(clip.frames):
        draw_heatmaps(axes, clip.heatmaps, picture.rows[0], str(t))
    for fusion in clip.fusions:
        _draw_way(axes, fusion)
        _draw_joint(axes, fusion)
        axes.text(
            fusion.x - 0.09,
            fusion.turn,
            WORDS[fusion.operation],
            ha='right',
            va='center_baseline',
            size=9,
            weight='bold',
            color=COLOUR,
            gid=f'operation/{fusion.name}')


def _draw_way(axes: Axes, fusion: Fusion) -> None:
    """Down, to the left, and down into the next frame."""
    end = (fusion.x, fusion.y + JOINT + 0.12)
    corners = [(fusion.start[0], fusion.turn), (fusion.x, fusion.turn)]
    axes.add_patch(
        PathPatch(
            _rounded([fusion.start, *corners, end]),
            facecolor='none',
            edgecolor=COLOUR,
            linewidth=1.2,
            gid=f'way/{fusion.name}',
            zorder=3))
    axes.add_patch(
        FancyArrowPatch(
            end, (fusion.x, fusion.y + JOINT),
            color=COLOUR,
            linewidth=1.2,
            arrowstyle='-|>,head_length=4.5,head_width=2.4',
            mutation_scale=1,
            shrinkA=0,
            shrinkB=0,
            zorder=3))


def _rounded(points: List[Tuple[float, float]]) -> Path:
    """A way whose lines are horizontal or vertical."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:]):
        near, far = _towards(corner, before), _towards(corner, after)
        vertices += [near, corner, far]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _towards(corner: Tuple[float, float],
             other: Tuple[float, float]) -> Tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    if abs(dx) > abs(dy):
        return corner[0] + copysign(ROUND, dx), corner[1]
    return corner[0], corner[1] + copysign(ROUND, dy)


def _draw_joint(axes: Axes, fusion: Fusion) -> None:
    """A circle with the symbol of the operation."""
    axes.add_patch(
        Circle((fusion.x, fusion.y),
               JOINT,
               facecolor='white',
               edgecolor=COLOUR,
               linewidth=1.2,
               gid=f'fusion/{fusion.name}',
               zorder=5))
    for k, (marker, right) in enumerate(SYMBOLS[fusion.operation]):
        axes.plot(
            fusion.x + right,
            fusion.y,
            marker,
            color=COLOUR,
            markersize=5.5 if marker == 'x' else 7.5,
            markeredgewidth=1.3,
            gid=f'symbol/{fusion.name}/{k}',
            zorder=6)


def legend_handle() -> Line2D:
    """Of the arrows."""
    return Line2D([], [],
                  color=COLOUR,
                  linewidth=1.2,
                  label='heatmaps of the frame before')
