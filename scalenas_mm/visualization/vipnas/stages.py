"""Drawings of ViPNAS networks: stages as bars."""
from typing import Optional

from matplotlib.figure import Figure

from scalenas_mm.spaces import ViPNASArch, ViPNASSpace
from scalenas_mm.spaces.cost import Size
from ..figures import PathLike, new_figure, save_figure
from .bars import draw_band, draw_routes
from .labels import (draw_caption, draw_legend, label_bands, label_rows,
                     state_facts, summary)
from .layout import make_picture
from .rows import make_columns


def draw_stages(space: ViPNASSpace,
                arch: ViPNASArch,
                path: Optional[PathLike] = None,
                input_size: Optional[Size] = None,
                title: Optional[str] = None) -> Figure:
    """Draw an architecture: a bar for each block.

    Stages run from left to right, branches of an HRNet are rows. A bar is as
    high as the square root of the channels of its middle convolution, which
    stand in the first one; its colour is the kernel size, a dot above it is
    attention. Grey outlines are what the largest architecture has more:
    wider bars, further blocks.

    Args:
        space (ViPNASSpace): The space of ``arch``.
        arch (ViPNASArch): What to draw.
        path (str or Path, optional): Where to save the figure (150 dpi,
            atomically). The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels; without it MACs and map sizes are left out.
        title (str, optional): Heading. Defaults to the family.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    branches = space.block == 'hrnet'
    picture = make_picture(make_columns(space, arch, input_size), branches)
    figure = new_figure(picture.width, picture.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(0, picture.height))
    axes.axis('off')
    for band in picture.bands:
        draw_band(axes, band)
    draw_routes(axes, picture, len(space.out_indices) if branches else 1)
    label_bands(axes, picture.bands)
    state_facts(axes, picture.bands)
    if branches:
        label_rows(axes, picture, space, input_size)
    draw_caption(
        axes, picture, title or f'ViPNAS · {space.family}',
        summary(space, arch, input_size, [arch],
                'branches' if branches else 'stages'))
    draw_legend(axes, [picture], space)
    if path is not None:
        save_figure(figure, path)
    return figure
