"""What the drawings of NCP's codes and of benchmarks share."""
from typing import Any, Dict, Tuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalenas_mm.visualization.figures import FAINT, INK, MUTED

BRANCH = ('#3b6fb6', '#2a9d8f', '#e9a93a', '#a4508b')
GRID = '#eceff2'

# left, bottom, width, height
Box = Tuple[float, float, float, float]


def place_axes(figure: Figure, box: Box) -> Axes:
    """Axes at a place in inches."""
    width, height = figure.get_size_inches()
    left, bottom, wide, high = box
    return figure.add_axes(
        (left / width, bottom / height, wide / width, high / height))


def place_text(figure: Figure, left: float, top: float, text: str,
               **style: Any) -> None:
    """Text whose upper left corner is at a place in inches from the top."""
    width, height = figure.get_size_inches()
    options: Dict[str, Any] = dict(va='top', color=INK, size=10)
    options.update(style)
    figure.text(left / width, 1 - top / height, text, **options)


def place_heading(figure: Figure, left: float, title: str, below: str) -> None:
    """Title and a line below it; they need 0.75 inches."""
    place_text(figure, left, 0.14, title, size=14, weight='bold')
    place_text(figure, left, 0.44, below, color=MUTED)


def heading_width(title: str, below: str) -> float:
    """Inches that a heading needs."""
    return 0.5 + max(0.125 * len(title), 0.078 * len(below))


def quiet_axes(axes: Axes) -> None:
    """A faint grid behind, no ticks, no box."""
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=8.5, length=0, pad=3)
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(FAINT)
