"""Drawings of ViPNAS networks: stages as bars."""
from typing import Any, List, Optional, Tuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch

from scalenas_mm.spaces import ViPNASArch, ViPNASSpace
from ..figures import FAINT, INK, MUTED, PathLike, new_figure, save_figure
from .layout import BAR, MARGIN, TALLEST, Block, Group, Picture, make_picture

Size = Tuple[int, int]
KERNELS = {
    2: '#b9c4cf',
    3: '#3bb3c8',
    4: '#8f9eae',
    5: '#e2604f',
    7: '#f2c14e'
}
OTHER = '#8d6bb8'
ATTENTION = '#4f9d69'


def draw_stages(space: ViPNASSpace,
                arch: ViPNASArch,
                path: Optional[PathLike] = None,
                input_size: Optional[Size] = None,
                title: Optional[str] = None) -> Figure:
    """Draw an architecture: a bar for each block.

    Stages run from left to right, branches of an HRNet are rows. A bar is as
    high as the square root of the channels of its middle convolution, its
    colour is the kernel size, a dot above it is attention. Grey outlines are
    what the largest architecture has more: wider bars, further blocks.

    Args:
        space (ViPNASSpace): The space of ``arch``.
        arch (ViPNASArch): What to draw.
        path (str or Path, optional): Where to save the figure (150 dpi,
            atomically). The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels; without it MACs are left out.
        title (str, optional): Heading. Defaults to the family.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    picture = make_picture(space, arch)
    figure = new_figure(picture.width, picture.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(0, picture.height))
    axes.axis('off')
    tallest = TALLEST['many' if space.block == 'hrnet' else 'one']
    for group in picture.groups:
        _draw_group(axes, group, tallest)
    _draw_caption(axes, picture, title or f'ViPNAS · {space.family}',
                  summary(space, arch, input_size))
    _draw_legend(axes, picture, space)
    if path is not None:
        save_figure(figure, path)
    return figure


def summary(space: ViPNASSpace, arch: ViPNASArch,
            input_size: Optional[Size]) -> str:
    """What there is and what it costs, in one line."""
    cost = space.complexity(arch, input_size or (64, 64))
    parts = [
        f'{space.facts(arch)["blocks"]} of '
        f'{space.facts(space.max_arch())["blocks"]} blocks',
        f'backbone {cost.params / 1e6:.3f} M params'
    ]
    if input_size is not None:
        height, width = input_size
        parts.append(f'{cost.macs / 1e9:.3f} GMACs @ {height} × {width}')
    return ' · '.join([*parts, arch.digest])


def _draw_group(axes: Any, group: Group, tallest: float) -> None:
    middle = (group.left + group.right) / 2
    axes.plot([group.left, group.right], [group.y] * 2,
              color=FAINT,
              lw=0.8,
              zorder=0)
    axes.text(
        middle,
        group.y + tallest / 2 + 0.2,
        group.title,
        ha='center',
        size=9.5,
        weight='bold',
        color=INK)
    for block in group.blocks:
        _draw_block(axes, block, group.y)
    axes.text(
        middle,
        group.y - tallest / 2 - 0.07,
        '\n'.join(group.lines),
        ha='center',
        va='top',
        size=7.5,
        linespacing=1.25,
        color=MUTED)


def _bar(axes: Any, block: Block, y: float, height: float,
         **options: Any) -> None:
    axes.add_patch(
        FancyBboxPatch((block.x - BAR / 2, y - height / 2),
                       BAR,
                       height,
                       boxstyle='round,pad=0,rounding_size=0.03',
                       mutation_aspect=1,
                       **options))


def _draw_block(axes: Any, block: Block, y: float) -> None:
    _bar(
        axes,
        block,
        y,
        block.ghost,
        facecolor='white',
        edgecolor=FAINT,
        lw=0.8,
        gid=f'most/{block.name}')
    if block.kernel:
        _bar(
            axes,
            block,
            y,
            block.height,
            facecolor=colour(block.kernel),
            edgecolor='none',
            gid=f'block/{block.name}')
    if block.attention:
        axes.plot(
            block.x,
            y + block.ghost / 2 + 0.07,
            'o',
            color=ATTENTION,
            ms=4,
            gid=f'attention/{block.name}')


def colour(kernel: int) -> str:
    """Of a kernel size."""
    return KERNELS.get(kernel, OTHER)


def _draw_caption(axes: Any, picture: Picture, title: str, text: str) -> None:
    top = picture.height - 0.2
    axes.text(MARGIN, top, title, size=14, weight='bold', color=INK, va='top')
    axes.text(MARGIN, top - 0.31, text, size=9.5, color=MUTED, va='top')


def _draw_legend(axes: Any, picture: Picture, space: ViPNASSpace) -> None:
    kernels = {
        block.kernel
        for group in picture.groups
        for block in group.blocks
    } - {0}
    handles: List[Any] = [
        Patch(facecolor=colour(k), label=f'kernel {k} × {k}')
        for k in sorted(kernels)
    ]
    names = dict(gc='global context', se='squeeze-and-excitation')
    handles.append(
        Line2D([], [],
               linestyle='',
               marker='o',
               ms=4,
               color=ATTENTION,
               label=names[space.attention]))
    handles.append(
        Patch(facecolor='white', edgecolor=FAINT, label='largest network'))
    axes.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(MARGIN / picture.width, 0.12 / picture.height),
        ncol=len(handles),
        fontsize=8.5,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.1,
        columnspacing=1.6,
        labelcolor=MUTED)
