"""Title, labels and legend of a topology drawing."""
from typing import Any, Dict, List, Optional, Tuple

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scalenas_mm.spaces import Complexity, ScaleNetArch
from ..figures import INK, MUTED
from .layout import LABELS, MARGIN, PAD, starts_stage
from .parts import (BAND, DEAD_EDGE, DEAD_FACE, DOWN, FIXED, UP, AnySpace,
                    Drawing, colour_of)

Size = Tuple[int, int]


def summary(space: AnySpace,
            arch: ScaleNetArch,
            input_size: Optional[Size] = None) -> str:
    """Blocks, fusions and cost of the backbone in one line."""
    cost = space.complexity(arch, input_size or (64, 64))
    return ' · '.join([
        _count(space.num_blocks(arch), 'block'),
        _count(arch.num_fusions, 'fusion'), *_cost_text(cost, input_size),
        arch.digest
    ])


def _count(number: int, what: str) -> str:
    return f'{number} {what}' + 's' * (number != 1)


def _cost_text(cost: Complexity, input_size: Optional[Size]) -> List[str]:
    texts = [f'backbone {_short(cost.params / 1e6)} M params']
    if input_size is not None:
        height, width = input_size
        texts.append(f'{_short(cost.macs / 1e9)} GMACs @ {height} × {width}')
    return texts


def _short(value: float) -> str:
    """At least three significant digits, never an exponent."""
    return f'{value:,.1f}' if value >= 100 else (
        f'{value:.2f}' if value >= 1 else f'{value:.3f}')


def _dead_text(drawing: Drawing, input_size: Optional[Size]) -> str:
    """What is drawn grey and what it costs; empty if nothing is."""
    space, arch, live = drawing.space, drawing.arch, drawing.live
    if arch == live:
        return ''
    size = input_size or (64, 64)
    all_, used = space.complexity(arch, size), space.complexity(live, size)
    dead = Complexity(all_.params - used.params, all_.macs - used.macs)
    return ' · '.join([
        'of these reach no output: ' +
        _count(arch.num_blocks - live.num_blocks, 'block'),
        _count(arch.num_fusions - live.num_fusions,
               'fusion'), *_cost_text(dead, input_size)
    ])


def _write(drawing: Drawing, x: float, y: float, text: str, size: float,
           **options: Any) -> None:
    drawing.axes.text(x, y, text, size=size * drawing.layout.text, **options)


def draw_caption(drawing: Drawing, title: Optional[str],
                 input_size: Optional[Size]) -> None:
    space, layout = drawing.space, drawing.layout
    lines = (summary(space, drawing.arch,
                     input_size), _dead_text(drawing, input_size))
    top = layout.height - 0.22 * layout.text
    if title is None:
        elastic = hasattr(space, 'widths')
        title = 'ScaleNet, ' + ('elastic widths'
                                if elastic else f'width {space.width}')
    _write(drawing, MARGIN, top, title, 15, color=INK, weight='bold', va='top')
    for text, down in zip(lines, (0.34, 0.56)):
        _write(
            drawing,
            MARGIN,
            top - down * layout.text,
            text,
            10.5,
            color=MUTED,
            va='top')


def label_stages(drawing: Drawing) -> None:
    """Stem, stage 1, stage 2, ... with a line over their modules."""
    space, layout = drawing.space, drawing.layout
    spans = [('Stem', layout.band(layout.stem)),
             ('Stage 1', layout.band(layout.stage1))]
    first = 0
    for stage, count in enumerate(space.num_modules):
        edges = layout.stage(first, first + count - 1)
        spans.append((f'Stage {stage + 2}', edges))
        first += count
    height = layout.rows[0] + BAND + 0.36 * layout.text
    for text, (left, right) in spans:
        drawing.axes.plot((left, right), (height, height),
                          color=INK,
                          linewidth=1.2)
        _write(
            drawing, (left + right) / 2,
            height + 0.08,
            text,
            10.5,
            weight='bold',
            color=INK,
            ha='center')


def label_modules(drawing: Drawing) -> None:
    """Number, depths and fusions of each module."""
    layout, space = drawing.layout, drawing.space
    number = 0
    style: Dict[str, Any] = dict(color=MUTED, ha='center')
    for i, module in enumerate(drawing.arch.modules):
        number = 1 if starts_stage(space, i) else number + 1
        centre = sum(layout.modules[i]) / 2
        below = (f"depth {'-'.join(map(str, module.depth))}\n"
                 f"{_count(module.num_fusions, 'fusion')}")
        _write(drawing, centre, layout.rows[0] + BAND + 0.09,
               f'module {number}', 8.5, **style)
        _write(
            drawing,
            centre,
            layout.rows[len(module.depth) - 1] - BAND - 0.09,
            below,
            8.5,
            va='top',
            **style)


def label_rows(drawing: Drawing, input_size: Optional[Size]) -> None:
    """Stride, channels and size of the map of each branch."""
    left = drawing.layout.stem[0] - PAD - LABELS * drawing.layout.text
    for j, height in enumerate(drawing.layout.rows):
        stride = 4 * 2**j
        text = f'{_channels(drawing.space, j)} channels'
        if input_size is not None:
            text += '\n' + ' × '.join(str(-(-x // stride)) for x in input_size)
        _write(
            drawing,
            left,
            height + 0.05,
            f'stride {stride}',
            10.5,
            weight='bold',
            color=colour_of(j))
        _write(drawing, left, height, text, 8.5, color=MUTED, va='top')


def _channels(space: AnySpace, branch: int) -> str:
    """Of a branch, from the least to the most."""
    if not hasattr(space, 'widths'):
        return str(space.width * 2**branch)
    choices = space.widths[branch]
    return '–'.join(map(str, sorted({choices[0], choices[-1]})))


def label_widths(drawing: Drawing) -> None:
    """Channels of each branch in each module, where they are elastic."""
    layout = drawing.layout
    for i, row in enumerate(getattr(drawing.arch, 'widths', ())):
        for j, width in enumerate(row):
            _write(
                drawing,
                layout.modules[i][0] + 0.05,
                layout.rows[j] - BAND + 0.05,
                str(width),
                7.5,
                color=colour_of(j),
                weight='bold',
                gid=f'width/{i}/{j}',
                zorder=6)


def draw_legend(drawing: Drawing) -> None:
    """One line below the drawing, two in a narrow one."""
    handles = [
        Patch(facecolor='white', edgecolor=FIXED, label='strided convolution'),
        Patch(facecolor=FIXED, label='bottleneck'),
        Patch(facecolor=colour_of(0), label='residual block'),
        Line2D([], [], color=UP, label='fusion up (1×1, upsample)'),
        Line2D([], [], color=DOWN, label='fusion down (strided 3×3)'),
        Line2D([], [], color=INK, linewidth=2, label='new branch'),
        Line2D([], [],
               color=colour_of(0),
               linewidth=0.7,
               label='carried through'),
        Patch(
            facecolor=DEAD_FACE,
            edgecolor=DEAD_EDGE,
            label='reaches no output')
    ]
    if drawing.arch == drawing.live:
        del handles[-1]
    layout = drawing.layout
    drawing.axes.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(MARGIN / layout.width, 0.15 / layout.height),
        ncol=len(handles) if layout.width > 13 else 4,
        fontsize=8.5 * layout.text,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.4,
        columnspacing=1.4,
        labelcolor=MUTED)
