"""Names of frames, and what they cost."""
from typing import Optional

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size
from scalenas_mm.spaces.tvipnas import NONE
from ..figures import INK, MUTED
from ..pareto_parts import FRONT
from ..vipnas.layout import LINE, MARGIN
from ..vipnas.rows import words
from .costs import FrameCosts, frame_name, unit_for
from .layout import BARS, VALUES, Clip

KEY, FRAME = '#8f9eae', '#2f5d8a'
THICK = 0.26  # of a bar


def name_frames(axes: Axes, clip: Clip, arch: TViPNASArch) -> None:
    """On the left, as the paper names them."""
    for t, picture in enumerate(clip.frames):
        y = picture.rows[0]
        axes.text(
            MARGIN,
            y + 0.03,
            frame_name(t),
            size=11,
            weight='bold',
            color=INK,
            gid=f'frame/{t}')
        below = ['(T-ViPNet)'] if t else ['(S-ViPNet)', 'largest network']
        if t and arch.frames[t - 1].operation == NONE:
            below.append('no fusion')
        for i, text in enumerate(below):
            axes.text(
                MARGIN,
                y - 0.03 - LINE * i,
                text,
                size=8,
                va='top',
                color=MUTED)


def label_heatmaps(axes: Axes, clip: Clip, space: TViPNASSpace,
                   input_size: Optional[Size]) -> None:
    """Above all, like the title of a stage."""
    size = words(space.spatial.heatmap_size(input_size)) if input_size else ''
    _heading(axes, clip, clip.heatmaps, 'heatmaps',
             size if _noted(clip) else '', 'center')


def _noted(clip: Clip) -> bool:
    """Whether sizes of maps stand above, not on the left."""
    return any(band.column.note for band in clip.frames[0].bands)


def _heading(axes: Axes, clip: Clip, x: float, title: str, note: str,
             ha: str) -> None:
    y = clip.frames[0].bands[0].top + (0.24 if _noted(clip) else 0.09)
    axes.text(x, y, title, ha=ha, size=9.5, weight='bold', color=INK)
    axes.text(x, y - 0.16, note, ha=ha, size=8, color=MUTED)


def draw_costs(axes: Axes, clip: Clip, costs: FrameCosts) -> None:
    """A bar for each frame and a line at their average."""
    most = max(costs.every)
    unit, name, written = unit_for(most)
    left = clip.bars
    _heading(axes, clip, left - VALUES, f'{name} of a frame', costs.what,
             'left')
    for t, (macs, picture) in enumerate(zip(costs.every, clip.frames)):
        y = picture.rows[0]
        axes.add_patch(
            FancyBboxPatch((left, y - THICK / 2),
                           BARS * macs / most,
                           THICK,
                           boxstyle='round,pad=0,rounding_size=0.02',
                           facecolor=FRAME if t else KEY,
                           edgecolor='none',
                           gid=f'cost/{t}',
                           zorder=3))
        axes.text(
            left - 0.1,
            y,
            written(macs),
            ha='right',
            va='center_baseline',
            size=9.5,
            color=INK,
            gid=f'macs/{t}')
    _draw_average(axes, clip, left + BARS * costs.average / most,
                  f'average {written(costs.average)}')


def _draw_average(axes: Axes, clip: Clip, x: float, text: str) -> None:
    first, last = clip.frames[0].rows[0], clip.frames[-1].rows[0]
    bottom = last - THICK / 2 - 0.1
    axes.plot([x, x], [bottom, first + THICK / 2 + 0.06],
              color=FRONT,
              linewidth=1.1,
              linestyle=(0, (4, 3)),
              gid='cost/average',
              zorder=4)
    axes.text(
        x,
        bottom - 0.05,
        text,
        ha='center',
        va='top',
        size=9,
        color=FRONT,
        gid='macs/average')
