"""Rank correlations as a matrix (NCP, figures 4 and 5a)."""
from typing import Optional

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from scalenas_mm.visualization.figures import (INK, MUTED, PathLike,
                                               new_figure, save_figure)
from .parts import heading_width, place_axes, place_heading

CELL = (1.0, 0.52)  # inches
LETTER = 0.085  # inches, of a label
TOP, BOTTOM, BAR = 1.15, 0.25, 0.75
COLOURS = LinearSegmentedColormap.from_list(
    'correlation', ['#8f2d1f', '#e9b3a6', '#ffffff', '#9dbfe3', '#1f5a94'])


def draw_matrix(values: pd.DataFrame,
                path: Optional[PathLike] = None,
                title: str = 'Rank correlation',
                below: str = '') -> Figure:
    """Correlations in coloured cells with their numbers.

    Args:
        values (pd.DataFrame): Square, from -1 to 1; rows and columns have the
            same names, such as :meth:`NASBenchMR.spearman` returns.
        path (str | Path, optional): Where to save the figure, atomically.
        title (str): Heading.
        below (str): A line below it.

    Raises:
        ValueError: Not square, or not between -1 and 1.
    """
    _check(values)
    num = len(values)
    left = 0.35 + LETTER * max(len(str(name)) for name in values)
    wide, high = num * CELL[0], num * CELL[1]
    figure = new_figure(
        max(left + wide + BAR, heading_width(title, below)),
        TOP + high + BOTTOM)
    axes = place_axes(figure, (left, BOTTOM, wide, high))
    draw_cells(axes, values)
    bar = figure.colorbar(
        axes.images[0],
        cax=place_axes(figure, (left + wide + 0.15, BOTTOM, 0.12, high)),
        ticks=[-1, -0.5, 0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=MUTED, labelsize=8.5, length=0)
    place_heading(figure, 0.25, title, below)
    if path is not None:
        save_figure(figure, path)
    return figure


def _check(values: pd.DataFrame) -> None:
    if not len(values) or list(values.index) != list(values.columns):
        raise ValueError('values: expected the same names for rows and '
                         f'columns, got {list(values.index)} and '
                         f'{list(values.columns)}')
    # rounding errors may exceed 1; what is not a number is drawn as such
    if (np.abs(values.to_numpy(float)) > 1 + 1e-9).any():
        raise ValueError('values: expected correlations from -1 to 1, got '
                         f'{np.abs(values.to_numpy(float)).max()}')


def draw_cells(axes: Axes, values: pd.DataFrame, size: float = 10) -> None:
    """The matrix itself: names, colours and numbers."""
    data = values.to_numpy(float)
    axes.imshow(data, cmap=COLOURS, vmin=-1, vmax=1, aspect='auto')
    names = [str(name) for name in values]
    places = np.arange(len(names))
    axes.set_xticks(places, names, color=INK, size=size)
    axes.set_yticks(places, names, color=INK, size=size)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.tick_params(length=0, pad=5)
    axes.spines[:].set_visible(False)
    for edge in places[1:] - 0.5:  # between cells
        axes.axhline(edge, color='white', linewidth=2)
        axes.axvline(edge, color='white', linewidth=2)
    for (row, column), value in np.ndenumerate(data):
        axes.text(
            column,
            row,
            '–' if np.isnan(value) else f'{value:.3f}'.replace('-', '−'),
            ha='center',
            va='center',
            size=size,
            color='white' if abs(value) > 0.6 else INK,
            gid=f'cell/{row}/{column}')
