"""Title, labels and legend of a drawing of an HR-NAS network."""
from typing import Any, List, Optional, Tuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..figures import INK, MUTED
from .colours import REMOVED, TOKENS, kernel_colours
from .discs import Drawing
from .layout import LABELS, MARGIN, RADIUS, RING
from .routes import there

Size = Tuple[int, int]


def summary(drawing: Drawing, input_size: Optional[Size]) -> str:
    """What is left and what it costs, in one line."""
    space, arch = drawing.space, drawing.arch
    left, all_ = space.facts(arch), space.facts(space.max_arch())
    parts = [
        f'{left[what]:,} of {all_[what]:,} {what}'
        for what in ('units', 'tokens') if all_[what]
    ]
    cost = space.complexity(arch, input_size or (64, 64))
    parts.append(f'backbone {_short(cost.params / 1e6)} M params')
    if input_size is not None:
        height, width = input_size
        parts.append(f'{_short(cost.macs / 1e9)} GMACs @ {height} × {width}')
    return ' · '.join([*parts, arch.digest])


def _short(value: float) -> str:
    """Three or four significant digits, never an exponent."""
    if value >= 1:
        return f'{value:,.1f}' if value >= 100 else f'{value:.2f}'
    return np.format_float_positional(value, 3, fractional=False)


def _write(drawing: Drawing, x: float, y: float, text: str, size: float,
           **options: Any) -> None:
    drawing.axes.text(x, y, text, size=size * drawing.layout.text, **options)


def draw_caption(drawing: Drawing, title: Optional[str],
                 input_size: Optional[Size]) -> None:
    layout = drawing.layout
    top = layout.height - 0.25 * layout.text
    _write(
        drawing,
        MARGIN,
        top,
        title or 'HR-NAS',
        15,
        color=INK,
        weight='bold',
        va='top')
    _write(
        drawing,
        MARGIN,
        top - 0.34 * layout.text,
        summary(drawing, input_size),
        10.5,
        color=MUTED,
        va='top')


def label_stages(drawing: Drawing) -> None:
    """Above each parallel module its number."""
    above = RADIUS * (1 + RING) + 0.12 + 0.14 * drawing.layout.text
    for s, stage in enumerate(drawing.layout.stages):
        _write(
            drawing, (stage.left + stage.right) / 2,
            max(there(drawing, s).values()) + above,
            f'stage {s + 1}',
            9,
            ha='center',
            color=MUTED)


def label_rows(drawing: Drawing, input_size: Optional[Size]) -> None:
    """Stride, channels and size of the map of each branch."""
    space, layout = drawing.space, drawing.layout
    left = layout.stem - LABELS * layout.text
    for b, height in enumerate(layout.rows):
        stride = 4 * 2**b
        widths = list(
            dict.fromkeys(row[b] for row in space.widths if sum(row[b:b + 1])))
        text = ', '.join(map(str, widths)) + ' channels'
        if input_size is not None:
            text += '\n' + ' × '.join(str(-(-x // stride)) for x in input_size)
        _write(
            drawing,
            left,
            height + 0.05,
            f'stride {stride}',
            10.5,
            weight='bold',
            color=INK)
        _write(drawing, left, height, text, 8.5, color=MUTED, va='top')


def draw_legend(drawing: Drawing, fusions: bool) -> None:
    """One line below the drawing, two in a narrow one."""
    kernels = drawing.space.kernels
    handles: List[Any] = [
        Patch(facecolor=colour, label=f'channels of {k} × {k} kernels')
        for k, colour in zip(kernels, kernel_colours(len(kernels)))
    ]
    if drawing.space.facts(drawing.space.max_arch())['tokens']:
        handles.append(
            Patch(facecolor=TOKENS, label='ring, green number: tokens'))
    handles.append(Patch(facecolor=REMOVED, label='removed'))
    if fusions:
        handles.append(
            Line2D([], [],
                   linestyle='',
                   marker='o',
                   markersize=6,
                   color=REMOVED,
                   markeredgecolor=MUTED,
                   label='small: a block of a fusion'))
    layout = drawing.layout
    drawing.axes.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(MARGIN / layout.width, 0.16 / layout.height),
        ncol=len(handles) if layout.width > 12 or len(handles) < 5 else 3,
        fontsize=8.5 * layout.text,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.5,
        labelcolor=MUTED)
