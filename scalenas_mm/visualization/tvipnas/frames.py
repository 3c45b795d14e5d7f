"""Drawings of architectures of ViPNAS on videos: a row for each frame."""
from typing import Mapping, Optional

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size
from ..figures import PathLike, new_figure, save_figure
from ..vipnas.bars import draw_band, draw_routes
from ..vipnas.labels import (draw_caption, draw_legend, label_bands,
                             label_rows, state_facts, summary)
from ..vipnas.layout import MARGIN
from .costs import clip_costs
from .fusion import draw_fusions, legend_handle
from .labels import draw_costs, label_heatmaps, name_frames
from .layout import NAMES, Clip, make_clip


def draw_frames(space: TViPNASSpace,
                arch: TViPNASArch,
                path: Optional[PathLike] = None,
                input_size: Optional[Size] = None,
                title: Optional[str] = None,
                cost: Optional[Mapping[str, float]] = None) -> Figure:
    """Draw an architecture like figure 5 of ViPNAS: a row for each frame.

    Above all is the key frame, with the largest network of the space. Stages
    are drawn as by :func:`~scalenas_mm.visualization.draw_stages`. Arrows
    bring the heatmaps of a frame into the next one, behind the stage and with
    the operation that ``arch`` has. Bars on the right are the MACs of each
    frame.

    Args:
        space (TViPNASSpace): The space of ``arch``.
        arch (TViPNASArch): What to draw.
        path (str or Path, optional): Where to save the figure (150 dpi,
            atomically). The suffix is the format.
        input_size (tuple[int], optional): Height and width of the image in
            pixels; without it map sizes and MACs are left out.
        title (str, optional): Heading. Defaults to the family.
        cost (Mapping[str, float], optional): Costs of the model, as an
            archive has them. Without them the bars are of networks and
            fusions without heads, and say so.

    Raises:
        ArchError: ``arch`` is not in ``space``.
        KeyError: ``cost`` is not that of a clip; lists what it has.
        ValueError: It is of another number of frames, or has no key frame.
    """
    space.check(arch)
    costs = clip_costs(space, arch, input_size, cost)
    clip = make_clip(space, arch, input_size, costs is not None)
    picture = clip.frames[0]
    figure = new_figure(picture.width, picture.height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(0, picture.height))
    axes.axis('off')
    _draw_networks(axes, clip, space, input_size)
    draw_fusions(axes, clip)
    name_frames(axes, clip, arch)
    label_heatmaps(axes, clip, space, input_size)
    if costs is not None:
        draw_costs(axes, clip, costs)
    draw_caption(axes, picture, title or f'T-ViPNAS · {space.spatial.family}',
                 _summary(space, arch, input_size))
    draw_legend(axes, clip.frames, space.spatial, [legend_handle()])
    if path is not None:
        save_figure(figure, path)
    return figure


def _draw_networks(axes: Axes, clip: Clip, space: TViPNASSpace,
                   input_size: Optional[Size]) -> None:
    spatial = space.spatial
    branches = spatial.block == 'hrnet'
    label_bands(axes, clip.frames[0].bands)
    for picture in clip.frames:
        for band in picture.bands:
            draw_band(axes, band)
        draw_routes(axes, picture, len(spatial.out_indices) if branches else 1)
        state_facts(axes, picture.bands)
        if branches:
            label_rows(axes, picture, spatial, input_size, MARGIN + NAMES)


def _summary(space: TViPNASSpace, arch: TViPNASArch,
             input_size: Optional[Size]) -> str:
    """Of the frames after the key frame."""
    what = 'branches' if space.spatial.block == 'hrnet' else 'stages'
    networks = [frame.network for frame in arch.frames]
    frames = 'frame' if space.num_frames == 1 else 'frames'
    text = summary(space, arch, input_size, networks, what)
    return f'{space.num_frames} {frames} after the key frame: {text}'
