"""How fast searches of several methods get somewhere."""
from typing import Mapping, Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from scalenas_mm.search.compare import Method
from scalenas_mm.spaces import SettingError
from .figures import INK, PathLike, new_figure, save_figure
from .pareto_parts import draw_heading, style_axes

# Okabe and Ito's, which the colour-blind can tell apart; the first is the
# baseline. Dashes tell them apart without any colour.
COLOURS = (INK, '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9',
           '#e69f00')
DASHES = ('solid', (0, (7, 2)), (0, (3, 1.5)), (0, (7, 2, 1.5, 2)),
          (0, (1.2, 1.2)), (0, (7, 2, 1.5, 2, 1.5, 2)), (0, (11, 3)))


def plot_comparison(methods: Mapping[str, Method],
                    path: Optional[PathLike],
                    metric: str,
                    cost: str = 'macs',
                    title: Optional[str] = None) -> Figure:
    """Hypervolume over the number of candidates, for each method.

    Lines are means over seeds, bands a standard deviation to both sides.

    Args:
        methods (Mapping[str, Method]): From
            :func:`scalenas_mm.search.compare_searches`.
        path (str | Path, optional): Where to save the figure, atomically.
        metric (str): Name of the metric, for the heading.
        cost (str): Name of the cost, for the heading.
        title (str, optional): Heading.

    Raises:
        SettingError: There are more methods than can be told apart.
    """
    if len(methods) > len(COLOURS):
        raise SettingError('methods to plot', f'at most {len(COLOURS)}',
                           len(methods))
    figure = new_figure(9, 5.2)
    axes = figure.add_axes((0.09, 0.12, 0.87, 0.68))
    style_axes(axes, 'candidates', 'hypervolume')
    for i, (name, method) in enumerate(methods.items()):
        _draw(axes, i, name, np.stack(method.curves))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.01)
    axes.legend(
        loc='lower right',
        frameon=False,
        handlelength=3.2,
        fontsize=9.5,
        labelcolor=INK)
    draw_heading(figure, title or 'Searches at an equal budget',
                 _below(methods, metric, cost))
    if path is not None:
        save_figure(figure, path)
    return figure


def _draw(axes: Axes, i: int, name: str, curves: np.ndarray) -> None:
    """Mean and deviation of curves, shape ``(seeds, candidates)``."""
    at = np.arange(1, curves.shape[1] + 1)
    mean = curves.mean(0)
    axes.plot(
        at,
        mean,
        color=COLOURS[i],
        linestyle=DASHES[i],
        linewidth=1.8,
        label=name,
        gid=f'mean/{name}',
        zorder=4)
    if len(curves) > 1:
        deviation = curves.std(0, ddof=1)
        axes.fill_between(
            at,
            np.maximum(mean - deviation, 0),
            np.minimum(mean + deviation, 1),
            color=COLOURS[i],
            alpha=0.1,
            linewidth=0,
            gid=f'band/{name}',
            zorder=3)


def _below(methods: Mapping[str, Method], metric: str, cost: str) -> str:
    """What is drawn, and of how many seeds."""
    numbers = sorted({len(method.volumes) for method in methods.values()})
    seeds = ' to '.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
    if numbers[-1] == 1:
        return f'{metric} and {cost} · one seed each'
    return (f'{metric} and {cost} · mean of {seeds} seeds, band of a standard '
            'deviation to both sides')
