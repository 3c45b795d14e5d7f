"""The parts of a topology drawing: bands, maps, blocks, arrows."""
from dataclasses import dataclass
from typing import Union

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from scalenas_mm.spaces import ScaleNetArch, ScaleNetSpace, WideScaleNetSpace
from .layout import BLOCK, BLOCK_HEIGHT, Layout, starts_stage

AnySpace = Union[ScaleNetSpace, WideScaleNetSpace]

BRANCHES = ('#3b6fb6', '#2a9d8f', '#e9a93a', '#a4508b', '#6b705c', '#7d5ba6')
FIXED = '#8794a3'
UP, DOWN = '#d1495b', '#2f4b7c'
DEAD_FACE, DEAD_EDGE = '#f1f3f5', '#b8c0c8'
BAND = 0.42  # half of the height of the band around one row
BAND_FACE, BAND_EDGE = '#f4f6f9', '#e3e8ee'


@dataclass(frozen=True)
class Drawing:
    """What the parts need: one unit of the axes is an inch.

    Attributes:
        live: ``arch`` without its dead layers.
    """
    space: AnySpace
    arch: ScaleNetArch
    live: ScaleNetArch
    layout: Layout
    axes: Axes


def colour_of(branch: int) -> str:
    """Colour of the blocks of a branch."""
    return BRANCHES[branch % len(BRANCHES)]


def draw_bands(drawing: Drawing) -> None:
    """A light band behind stem, stage 1 and every module."""
    layout = drawing.layout
    edges = [(layout.band(layout.stem), 1), (layout.band(layout.stage1), 1)]
    edges += [(edge, n)
              for edge, n in zip(layout.modules, drawing.space.branches)]
    for (left, right), branches in edges:
        bottom = layout.rows[branches - 1] - BAND
        drawing.axes.add_patch(
            Rectangle((left, bottom),
                      right - left,
                      layout.rows[0] + BAND - bottom,
                      facecolor=BAND_FACE,
                      edgecolor=BAND_EDGE,
                      linewidth=0.8,
                      zorder=0))


def draw_maps(drawing: Drawing) -> None:
    """The feature map of every branch as a line along its row."""
    layout = drawing.layout
    _line(drawing, layout.stem[0] - 0.3, layout.modules[0][0], 0, FIXED, 1.6)
    for i, module in enumerate(drawing.arch.modules):
        for j in range(len(module.depth)):
            _module_map(drawing, i, j)
            if i and not (starts_stage(drawing.space, i)
                          and j == len(module.depth) - 1):
                _line(drawing, layout.modules[i - 1][1], layout.modules[i][0],
                      j, colour_of(j), 1.6)


def _module_map(drawing: Drawing, module: int, branch: int) -> None:
    """Thick while the branch has blocks, thin where it is carried on."""
    left, right = drawing.layout.modules[module]
    depth = drawing.arch.modules[module].depth
    cut = _last_read(drawing, module, branch)
    carried = right
    if depth[branch] < max(depth):
        carried = drawing.layout.target(module, depth[branch] - 1)
    colour = colour_of(branch)
    _line(drawing, left, min(carried, cut), branch, colour, 1.6)
    _line(drawing, carried, min(right, cut), branch, colour, 0.7, 'carried')
    _line(drawing, cut, right, branch, DEAD_EDGE, 0.7, 'dead')


def _last_read(drawing: Drawing, module: int, branch: int) -> float:
    """Where the last layer that is not dead reads a branch."""
    space, layout = drawing.space, drawing.layout
    last = module == len(space.branches) - 1
    if space.multi_scale_output or not last or branch == 0:
        return layout.modules[module][1]
    return layout.source(module, drawing.arch.modules[module].depth[0] - 1)


def _line(drawing: Drawing,
          start: float,
          end: float,
          row: int,
          colour: str,
          width: float,
          kind: str = 'map') -> None:
    if end > start:
        height = drawing.layout.rows[row]
        drawing.axes.plot((start, end), (height, height),
                          color=colour,
                          linewidth=width,
                          linestyle=':' if kind == 'dead' else '-',
                          solid_capstyle='butt',
                          gid=f'{kind}/{row}',
                          zorder=1)


def draw_blocks(drawing: Drawing) -> None:
    """Stem, bottlenecks and residual blocks."""
    layout = drawing.layout
    for i, left in enumerate(layout.stem):
        _box(drawing, left, 0, 'white', FIXED, f'stem/{i}')
    for i, left in enumerate(layout.stage1):
        _box(drawing, left, 0, FIXED, FIXED, f'block/stage1/{i}')
    for i, module in enumerate(drawing.arch.modules):
        for j, depth in enumerate(module.depth):
            for level in range(depth):
                dead = level >= drawing.live.modules[i].depth[j]
                _box(drawing, layout.block(i, level), j,
                     DEAD_FACE if dead else colour_of(j),
                     DEAD_EDGE if dead else colour_of(j),
                     f'block/{i}/{j}/{level}' + '/dead' * dead)


def _box(drawing: Drawing, left: float, row: int, face: str, edge: str,
         gid: str) -> None:
    radius = 0.07
    bottom = drawing.layout.rows[row] - BLOCK_HEIGHT / 2
    drawing.axes.add_patch(
        FancyBboxPatch((left, bottom),
                       BLOCK,
                       BLOCK_HEIGHT,
                       boxstyle=f'round,pad=0,rounding_size={radius}',
                       facecolor=face,
                       edgecolor=edge,
                       linewidth=1,
                       gid=gid,
                       zorder=4))
