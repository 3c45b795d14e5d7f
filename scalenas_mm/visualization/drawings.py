"""Drawings of architectures, whatever space they are of."""
from functools import singledispatch
from typing import Optional

from matplotlib.figure import Figure

from scalenas_mm.spaces import (Arch, HRNASSpace, ScaleNetSpace, Space,
                                TViPNASSpace, ViPNASSpace, WideScaleNetSpace)
from scalenas_mm.spaces.cost import Size
from .figures import PathLike
from .hrnas import draw_searching_blocks
from .scalenet import draw_topology
from .tvipnas import draw_frames
from .vipnas import draw_stages


@singledispatch
def draw_arch(space: Space,
              arch: Arch,
              path: Optional[PathLike] = None,
              input_size: Optional[Size] = None,
              title: Optional[str] = None) -> Optional[Figure]:
    """Draw an architecture if there is a drawing of its kind.

    The drawing of each system is registered by the type of its space.

    Args:
        space (Space): The space of ``arch``; its type says which drawing.
        arch (Arch): What to draw.
        path (str or Path, optional): Where to save the figure, atomically.
            The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels, for costs and map sizes.
        title (str, optional): Heading.

    Returns:
        Figure, optional: None, and no file, where there is no drawing.

    Raises:
        ArchError: ``arch`` is not in ``space``.
    """
    space.check(arch)
    return None


draw_arch.register(HRNASSpace, draw_searching_blocks)
draw_arch.register(ScaleNetSpace, draw_topology)
draw_arch.register(WideScaleNetSpace, draw_topology)
draw_arch.register(ViPNASSpace, draw_stages)
draw_arch.register(TViPNASSpace, draw_frames)


def has_drawing(space: Space) -> bool:
    """Whether :func:`draw_arch` draws architectures of this space."""
    return draw_arch.dispatch(type(space)) is not draw_arch.dispatch(object)
