"""Contact sheets of pictures."""
from typing import Mapping, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .figures import FAINT, INK, PathLike, new_figure, save_figure

CELL = 2.0  # inches, the longer side of a picture
SPACE = 0.08
MARGIN = 0.2
LINE = 0.17  # of a heading

Colour = Tuple[int, int, int]


def draw_sheet(columns: Mapping[str, Sequence[np.ndarray]],
               path: Optional[PathLike] = None,
               legend: Optional[Mapping[str, Colour]] = None) -> Figure:
    """A column of pictures under each heading; rows are what is compared.

    Args:
        columns (Mapping[str, Sequence[np.ndarray]]): Pictures under their
            heading: RGB, ``uint8``, shape (H, W, 3). Those of a row have the
            same shape.
        path (str | Path, optional): Where to save the figure, atomically.
        legend (Mapping[str, tuple], optional): Names and their colour, 0 to
            255.

    Raises:
        ValueError: Numbers or shapes do not fit; names which.
    """
    _check(columns)
    first = next(iter(columns.values()))
    cell = _cell(first)
    heading = MARGIN + LINE * (1 + max(name.count('\n') for name in columns))
    figure = _figure(len(columns), len(first), cell, heading, legend or {})
    for column, (name, pictures) in enumerate(columns.items()):
        for row, picture in enumerate(pictures):
            axes = _axes(figure, column, row, cell, heading)
            axes.imshow(picture, interpolation='nearest')
            if row == 0:
                axes.set_title(name, size=10, color=INK, pad=6)
    if legend:
        _legend(figure, legend)
    if path is not None:
        save_figure(figure, path)
    return figure


def _check(columns: Mapping[str, Sequence[np.ndarray]]) -> None:
    if not columns or not len(next(iter(columns.values()))):
        raise ValueError('columns: expected at least one picture, got none')
    first, *_ = columns.values()
    for name, pictures in columns.items():
        if len(pictures) != len(first):
            raise ValueError(f'{name}: expected {len(first)} pictures, got '
                             f'{len(pictures)}')
        for i, (picture, other) in enumerate(zip(pictures, first)):
            if picture.shape != other.shape:
                raise ValueError(f'{name}[{i}]: expected shape '
                                 f'{other.shape}, got {picture.shape}')


def _cell(images: Sequence[np.ndarray]) -> Tuple[float, float]:
    """Width and height in inches that hold every image."""
    heights = np.array([image.shape[0] for image in images], float)
    widths = np.array([image.shape[1] for image in images], float)
    longest = np.maximum(heights, widths)
    scale = CELL * max(1.0, (widths / heights).max()**0.5)
    return (float((widths / longest).max() * scale),
            float((heights / longest).max() * scale))


def _legend_rows(names: Sequence[str], width: float) -> Tuple[int, int]:
    """Columns and rows of the legend that fit ``width`` inches."""
    lengths = [0.5 + 0.078 * len(name) for name in names]
    columns = len(names)
    if sum(lengths) > width - 2 * MARGIN:
        columns = max(1, int((width - 2 * MARGIN) / max(lengths)))
    return columns, -(-len(names) // columns)


def _figure(columns: int, rows: int, cell: Tuple[float, float], heading: float,
            legend: Mapping[str, Colour]) -> Figure:
    width = columns * (cell[0] + SPACE) - SPACE + 2 * MARGIN
    bottom = MARGIN
    if legend:
        bottom = 0.3 + 0.22 * _legend_rows(list(legend), width)[1]
    return new_figure(width, heading + rows * (cell[1] + SPACE) + bottom)


def _axes(figure: Figure, column: int, row: int, cell: Tuple[float, float],
          heading: float) -> Axes:
    """Axes of one picture, placed from the upper left corner."""
    width, height = figure.get_size_inches()
    left = MARGIN + column * (cell[0] + SPACE)
    top = heading + row * (cell[1] + SPACE)
    axes = figure.add_axes((left / width, 1 - (top + cell[1]) / height,
                            cell[0] / width, cell[1] / height))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(FAINT)
    axes.spines[:].set_linewidth(0.6)
    return axes


def _legend(figure: Figure, legend: Mapping[str, Colour]) -> None:
    width, height = figure.get_size_inches()
    handles = [
        Patch(facecolor=np.array(colour) / 255, edgecolor=FAINT, label=name)
        for name, colour in legend.items()
    ]
    figure.legend(
        handles=handles,
        loc='lower center',
        bbox_to_anchor=(0.5, 0.12 / height),
        ncol=_legend_rows(list(legend), width)[0],
        frameon=False,
        borderaxespad=0,
        fontsize=9,
        handlelength=1.2,
        handleheight=1.0,
        columnspacing=1.4,
        labelcolor=INK)
