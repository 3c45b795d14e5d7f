"""Drawings of HR-NAS networks, as the paper's Figure 4."""
from typing import Optional

from matplotlib.figure import Figure

from scalenas_mm.spaces import HRNASArch, HRNASSpace
from ..figures import PathLike, new_figure, save_figure
from .discs import Drawing
from .labels import Size, draw_caption, draw_legend, label_rows, label_stages
from .layout import make_layout
from .routes import draw_fusions, draw_head, draw_modules, draw_stem


def draw_searching_blocks(space: HRNASSpace,
                          arch: HRNASArch,
                          path: Optional[PathLike] = None,
                          input_size: Optional[Size] = None,
                          title: Optional[str] = None,
                          fusions: bool = True) -> Figure:
    """Draw an architecture: a disc for each searching block.

    Branches are rows, time runs from left to right. Sectors are the channels
    of each kernel size that are left, the ring around them the tokens; what
    the largest architecture has more is grey. Small discs are the blocks of
    fusion modules and of a classification head. Below a disc stand its
    channels and tokens.

    Args:
        space (HRNASSpace): The space of ``arch``.
        arch (HRNASArch): What to draw.
        path (str or Path, optional): Where to save the figure (150 dpi,
            atomically). The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels; without it MACs and map sizes are left out.
        title (str, optional): Heading. Defaults to HR-NAS.
        fusions (bool): Whether to draw fusion modules and the head; without
            them it shows what Figure 4 shows.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    layout = make_layout(space, fusions)
    figure = new_figure(layout.width, layout.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(0, layout.height))
    axes.axis('off')
    drawing = Drawing(space, arch, layout, axes, {
        place.name: i
        for i, place in enumerate(space.places)
    })
    draw_stem(drawing, fusions)
    draw_modules(drawing)
    if fusions:
        draw_fusions(drawing)
        draw_head(drawing)
    label_stages(drawing)
    label_rows(drawing, input_size)
    draw_caption(drawing, title, input_size)
    draw_legend(drawing, fusions)
    if path is not None:
        save_figure(figure, path)
    return figure
