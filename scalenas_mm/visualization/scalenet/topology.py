"""Drawings of ScaleNet topologies."""
from typing import Optional

from matplotlib.figure import Figure

from scalenas_mm.spaces import ScaleNetArch
from ..figures import PathLike, new_figure, save_figure
from .arrows import draw_fusions, draw_transitions
from .labels import (Size, draw_caption, draw_legend, label_modules,
                     label_rows, label_stages, label_widths)
from .layout import make_layout
from .parts import AnySpace, Drawing, draw_bands, draw_blocks, draw_maps


def draw_topology(space: AnySpace,
                  arch: ScaleNetArch,
                  path: Optional[PathLike] = None,
                  input_size: Optional[Size] = None,
                  title: Optional[str] = None,
                  live: bool = True) -> Figure:
    """Draw an architecture: branches as rows, time from left to right.

    Boxes are residual blocks, arrows from row to row are fusions, dark
    arrows start new branches. Every block has a ``gid`` that starts with
    ``block/``, every fusion one with ``fusion/``; those of dead layers end
    with ``/dead``.

    Args:
        space (ScaleNetSpace | WideScaleNetSpace): The space of ``arch``.
        arch (ScaleNetArch): What to draw.
        path (str or Path, optional): Where to save the figure (150 dpi,
            atomically). The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels; without it MACs and map sizes are left out.
        title (str, optional): Heading. Defaults to the width of the space.
        live (bool): Whether to grey layers whose result reaches no output.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    layout = make_layout(space, arch)
    figure = new_figure(layout.width, layout.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(0, layout.height))
    axes.axis('off')
    drawing = Drawing(space, arch,
                      space.live(arch) if live else arch, layout, axes)
    for draw in (draw_bands, draw_maps, draw_fusions, draw_transitions,
                 draw_blocks, label_stages, label_modules, label_widths):
        draw(drawing)
    label_rows(drawing, input_size)
    draw_caption(drawing, title, input_size)
    draw_legend(drawing)
    if path is not None:
        save_figure(figure, path)
    return figure
