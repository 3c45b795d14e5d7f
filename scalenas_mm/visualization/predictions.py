"""Contact sheets of segmentation results."""
from typing import Mapping, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .figures import FAINT, INK, PathLike, new_figure, save_figure

CELL = 2.0  # inches, the longer side of an image
SPACE = 0.08
MARGIN = 0.2
LINE = 0.17  # of a heading
IGNORED = np.array([255, 255, 255], np.uint8)


def draw_predictions(images: Sequence[np.ndarray],
                     truths: Sequence[np.ndarray],
                     predictions: Mapping[str, Sequence[np.ndarray]],
                     palette: Sequence[Tuple[int, int, int]],
                     class_names: Sequence[str],
                     path: Optional[PathLike] = None) -> Figure:
    """A row per image: image, ground truth, what each network says.

    Args:
        images (Sequence[np.ndarray]): RGB, ``uint8``, shape (H, W, 3).
        truths (Sequence[np.ndarray]): Class indices, shape (H, W). Pixels
            with an index that is no class (such as 255) are ignored and
            drawn white.
        predictions (Mapping[str, Sequence[np.ndarray]]): Per network, under
            its heading, class indices for every image.
        palette (Sequence[tuple]): RGB of each class, 0 to 255.
        class_names (Sequence[str]): Names of the classes.
        path (str | Path, optional): Where to save the figure, atomically.

    Raises:
        ValueError: Numbers or shapes do not fit; names which.
    """
    _check(images, truths, predictions, palette, class_names)
    colours = np.asarray(palette, np.uint8)
    columns = [('image', images), ('ground truth', truths),
               *predictions.items()]
    cell = _cell(images)
    heading = _heading_height(predictions)
    figure = _figure(len(columns), len(images), cell, heading, class_names)
    for column, (name, maps) in enumerate(columns):
        for row, image in enumerate(maps):
            axes = _axes(figure, column, row, cell, heading)
            picture = image if column == 0 else colourise(image, colours)
            axes.imshow(picture, interpolation='nearest')
            if row == 0:
                axes.set_title(name, size=10, color=INK, pad=6)
    _legend(figure, colours, class_names)
    if path is not None:
        save_figure(figure, path)
    return figure


def colourise(labels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """RGB image of class indices; indices outside the palette are white.

    Args:
        labels (np.ndarray): Integers, shape (H, W).
        palette (np.ndarray): ``uint8``, shape (classes, 3).
    """
    known = (labels >= 0) & (labels < len(palette))
    index = np.where(known, labels, len(palette))
    return np.vstack([palette, IGNORED])[index]


def _check(images: Sequence[np.ndarray], truths: Sequence[np.ndarray],
           predictions: Mapping[str, Sequence[np.ndarray]],
           palette: Sequence[Tuple[int, int,
                                   int]], class_names: Sequence[str]) -> None:
    if not len(images):
        raise ValueError('images: expected at least one, got none')
    if len(palette) != len(class_names):
        raise ValueError(f'palette: expected {len(class_names)} colours (the '
                         f'number of class names), got {len(palette)}')
    for name, maps in {'truths': truths, **predictions}.items():
        if len(maps) != len(images):
            raise ValueError(f'{name}: expected {len(images)} maps (the '
                             f'number of images), got {len(maps)}')
        for i, (image, labels) in enumerate(zip(images, maps)):
            if labels.shape != image.shape[:2]:
                raise ValueError(f'{name}[{i}]: expected shape '
                                 f'{image.shape[:2]}, got {labels.shape}')


def _cell(images: Sequence[np.ndarray]) -> Tuple[float, float]:
    """Width and height in inches that hold every image."""
    heights = np.array([image.shape[0] for image in images], float)
    widths = np.array([image.shape[1] for image in images], float)
    longest = np.maximum(heights, widths)
    scale = CELL * max(1.0, (widths / heights).max()**0.5)
    return (float((widths / longest).max() * scale),
            float((heights / longest).max() * scale))


def _heading_height(predictions: Mapping[str, Sequence[np.ndarray]]) -> float:
    return MARGIN + LINE * (1 + max(
        (name.count('\n') for name in predictions), default=0))


def _legend_rows(class_names: Sequence[str], width: float) -> Tuple[int, int]:
    """Columns and rows of the legend that fit ``width`` inches."""
    lengths = [0.5 + 0.078 * len(name) for name in class_names]
    columns = len(class_names)
    if sum(lengths) > width - 2 * MARGIN:
        columns = max(1, int((width - 2 * MARGIN) / max(lengths)))
    return columns, -(-len(class_names) // columns)


def _figure(columns: int, rows: int, cell: Tuple[float, float], heading: float,
            class_names: Sequence[str]) -> Figure:
    width = columns * (cell[0] + SPACE) - SPACE + 2 * MARGIN
    legend = 0.22 * _legend_rows(class_names, width)[1] + 0.3
    return new_figure(width, heading + rows * (cell[1] + SPACE) + legend)


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


def _legend(figure: Figure, colours: np.ndarray,
            class_names: Sequence[str]) -> None:
    width, height = figure.get_size_inches()
    handles = [
        Patch(facecolor=colour / 255, edgecolor=FAINT, label=name)
        for colour, name in zip(colours, class_names)
    ]
    figure.legend(
        handles=handles,
        loc='lower center',
        bbox_to_anchor=(0.5, 0.12 / height),
        ncol=_legend_rows(class_names, width)[0],
        frameon=False,
        borderaxespad=0,
        fontsize=9,
        handlelength=1.2,
        handleheight=1.0,
        columnspacing=1.4,
        labelcolor=INK)
