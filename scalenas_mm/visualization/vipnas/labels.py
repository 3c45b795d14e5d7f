"""Title, labels and legend of a drawing of a ViPNAS network."""
from typing import Any, List, Optional, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from scalenas_mm.spaces import Arch, Space, ViPNASArch, ViPNASSpace
from scalenas_mm.spaces.cost import Size
from ..figures import FAINT, INK, MUTED
from ..hrnas.colours import BAND, EDGE
from .bars import ATTENTION, colour
from .layout import LINE, MARGIN, Band, Group, Picture, text_width
from .rows import branch_sizes, words

NAMES = dict(gc='global context (GC)', se='squeeze-and-excitation (SE)')


def summary(space: Space, arch: Arch, input_size: Optional[Size],
            networks: Sequence[ViPNASArch], what: str) -> str:
    """What there is and what it costs, in one line.

    Args:
        space (Space): The space of ``arch``.
        arch (Arch): All that is drawn.
        input_size (tuple[int], optional): Of the image.
        networks (Sequence[ViPNASArch]): What ``arch`` consists of.
        what (str): What may have attention.
    """
    facts, most = space.facts(arch), space.facts(space.max_arch())
    places = sum(
        len(stage.branches) for network in networks
        for stage in network.stages)
    cost = space.complexity(arch, input_size or (64, 64))
    parts = [
        f'{facts["blocks"]} of {most["blocks"]} blocks',
        f'attention in {facts["attention"]} of {places} {what}',
        f'backbone {_short(cost.params / 1e6)} M params'
    ]
    if input_size is not None:
        parts.append(f'{_short(cost.macs / 1e9)} GMACs @ {words(input_size)}')
    return ' · '.join([*parts, arch.digest])


def _short(value: float) -> str:
    """Three decimals, of small values three digits."""
    if value >= 0.1:
        return f'{value:,.3f}'
    return np.format_float_positional(value, 3, fractional=False)


def draw_caption(axes: Axes, picture: Picture, title: str, text: str) -> None:
    """Heading and summary."""
    top = picture.height - 0.22
    axes.text(MARGIN, top, title, size=14, weight='bold', color=INK, va='top')
    axes.text(MARGIN, top - 0.31, text, size=9.5, color=MUTED, va='top')


def label_bands(axes: Axes, bands: Sequence[Band]) -> None:
    """Title and size of the map above each column."""
    for band in bands:
        middle = (band.left + band.right) / 2
        note = band.column.note
        axes.text(
            middle,
            band.top + (0.24 if note else 0.09),
            band.column.title,
            ha='center',
            size=9.5,
            weight='bold',
            color=INK)
        axes.text(
            middle, band.top + 0.08, note, ha='center', size=8, color=MUTED)


def state_facts(axes: Axes, bands: Sequence[Band]) -> None:
    """What the bars are, below each row."""
    for band in bands:
        for group in band.groups:
            _facts(axes, (band.left + band.right) / 2, group)


def _facts(axes: Axes, middle: float, group: Group) -> None:
    """They interrupt the lines where branches meet."""
    width, lines = text_width(group.row) + 0.08, len(group.row.lines)
    axes.add_patch(
        Rectangle((middle - width / 2, group.below - LINE * lines),
                  width,
                  LINE * lines + 0.03,
                  facecolor=BAND,
                  edgecolor='none',
                  zorder=2))
    for i, text in enumerate(group.row.lines):
        axes.text(
            middle,
            group.below - LINE * i,
            text,
            ha='center',
            va='top',
            size=8,
            color=MUTED,
            zorder=3)


def label_rows(axes: Axes,
               picture: Picture,
               space: ViPNASSpace,
               input_size: Optional[Size],
               left: float = MARGIN) -> None:
    """Stride and size of the map of each branch."""
    sizes = branch_sizes(space, input_size) if input_size else []
    for b, y in enumerate(picture.rows):
        axes.text(
            left,
            y + 0.03,
            f'stride {4 * 2**b}',
            size=9.5,
            weight='bold',
            color=INK)
        if sizes:
            axes.text(
                left, y - 0.02, words(sizes[b]), size=8, va='top', color=MUTED)


def draw_legend(axes: Axes,
                pictures: Sequence[Picture],
                space: ViPNASSpace,
                others: Sequence[Any] = ()) -> None:
    """Colours, and below them what else there is to see, ``others`` last."""
    picture = pictures[0]
    groups = [
        group for each in pictures for band in each.bands
        for group in band.groups
    ]
    kernels = sorted({group.row.kernel for group in groups})
    _legend(axes, picture, 0.42, [
        Patch(facecolor=colour(k), label=f'kernel {k} × {k}') for k in kernels
    ])
    more: List[Any] = []
    if any(group.row.attention for group in groups):
        more.append(_marker('o', 4, ATTENTION, NAMES[space.attention]))
    more.append(
        Patch(facecolor='white', edgecolor=FAINT, label='largest network'))
    more.append(
        _marker('$n$', 5.5, MUTED, 'channels: height is their square root'))
    if len(picture.rows) > 1:
        more.append(
            Line2D([], [],
                   color=EDGE,
                   linewidth=0.9,
                   marker='o',
                   markersize=4.5,
                   markerfacecolor='white',
                   label='branches exchange'))
    _legend(axes, picture, 0.18, [*more, *others])


def _marker(marker: str, size: float, shade: str, label: str) -> Line2D:
    return Line2D([], [],
                  linestyle='',
                  marker=marker,
                  markersize=size,
                  markeredgewidth=0,
                  color=shade,
                  label=label)


def _legend(axes: Axes, picture: Picture, bottom: float,
            handles: List[Any]) -> None:
    axes.add_artist(
        Legend(
            axes,
            handles, [handle.get_label() for handle in handles],
            loc='lower left',
            bbox_to_anchor=(MARGIN / picture.width, bottom / picture.height),
            ncol=len(handles),
            fontsize=8.5,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=1.2,
            columnspacing=1.6,
            labelcolor=MUTED))
