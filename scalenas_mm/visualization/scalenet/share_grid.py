"""Which blocks and fusions two groups of ScaleNets have."""
from typing import Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..figures import FAINT, INK, MUTED

COLOURS, MARKERS = ('#00798c', '#e07a1f'), 'os'
OWN_FACE, FUSION_FACE, BAND = '#eef4fa', 'white', '#e3e5e8'


def draw_share_grid(figure: Figure, box: Tuple[float, float, float,
                                               float], shares: np.ndarray,
                    groups: Sequence[np.ndarray], limit: np.ndarray) -> None:
    """A small chart for each target (row) and source (column).

    Each shows the share of modules that have this fusion after block 1, 2,
    ...; the diagonal, the share that have this block. Lines that leave the
    grey band differ by more than chance.

    Args:
        figure (Figure): Where to.
        box (tuple): Left, bottom, width and height, as shares of the figure.
        shares (np.ndarray): From :func:`.shares.shares`.
        groups (Sequence[np.ndarray]): Rows of the networks of each group.
        limit (np.ndarray): What the difference of both groups stays below
            by chance, shape ``(targets, sources, levels)``.
    """
    left, bottom, width, height = box
    figure.text(
        left + 0.02 * width,
        bottom + 1.115 * height,
        'Share of modules that have each block (diagonal) and each fusion. '
        'Lines outside the grey band, with\nfilled marks, differ by more than '
        'chance; dotted: all candidates.',
        size=9.5,
        color=MUTED,
        va='top')
    number, levels = shares.shape[1], shares.shape[3]
    for target in range(number):
        for source in range(number):
            axes = figure.add_axes(
                (left + width * (source + 0.08) / number,
                 bottom + height * (number - 1 - target + 0.04) / number,
                 width * 0.86 / number, height * 0.86 / number))
            _style(axes, levels, target == source)
            _label(axes, target, source, number)
            _draw_cell(axes, shares[:, target, source], groups, limit[target,
                                                                      source])


def _style(axes: Axes, levels: int, own: bool) -> None:
    axes.set_facecolor(OWN_FACE if own else FUSION_FACE)
    axes.set_xlim(0.6, levels + 0.4)
    axes.set_ylim(0, 1.08)
    axes.set_xticks(range(1, levels + 1), [])
    axes.set_yticks((0, 0.5, 1), [])
    axes.grid(color='#e7ebef', linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def _label(axes: Axes, target: int, source: int, number: int) -> None:
    """Strides at the edges, numbers at the outermost axes."""
    if target == 0:
        axes.set_title(
            f'from stride {4 * 2**source}', size=9.5, color=INK, pad=5)
    if source == 0:
        axes.set_ylabel(f'to stride {4 * 2**target}', size=9.5, color=INK)
        axes.set_yticks((0, 0.5, 1), ('0', '½', '1'))
    if target == number - 1:
        axes.set_xticks(axes.get_xticks(), axes.get_xticks().astype(int))
    if (target, source) == (number - 1, (number - 1) // 2):
        axes.set_xlabel('after block', size=9.5, color=INK)
    word = ('block' if target == source else
            'fusion up' if source > target else 'fusion down')
    axes.annotate(
        word, (1, 1), (-4, -4),
        xycoords='axes fraction',
        textcoords='offset points',
        ha='right',
        va='top',
        size=7.5,
        color=MUTED)


def _draw_cell(axes: Axes, shares: np.ndarray, groups: Sequence[np.ndarray],
               limit: np.ndarray) -> None:
    """The mean of all networks, dotted, and of each group."""
    levels = np.arange(1, shares.shape[1] + 1)
    means = np.stack([shares[rows].mean(0) for rows in groups])
    middle = means.mean(0)
    axes.fill_between(
        levels,
        middle - limit / 2,
        middle + limit / 2,
        color=BAND,
        linewidth=0,
        zorder=1)
    axes.plot(levels, shares.mean(0), ':', color=MUTED, linewidth=1, zorder=2)
    differs = np.abs(means[0] - means[1]) > limit
    for k, (mean, colour) in enumerate(zip(means, COLOURS)):
        axes.plot(
            levels, mean, color=colour, linewidth=1.5, zorder=3, gid='mean')
        for chosen, face in ((differs, colour), (~differs, 'white')):
            axes.plot(
                levels[chosen],
                mean[chosen],
                MARKERS[k],
                color=colour,
                markerfacecolor=face,
                markersize=4.5,
                zorder=4)
