"""The fronts of two metrics of one search, and what stands on them."""
from typing import Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalenas_mm.spaces import ScaleNetSpace
from .figures import FAINT, PathLike, new_figure, save_figure
from .fronts_data import Fronts
from .pareto_parts import draw_heading, style_axes
from .scalenet.share_grid import COLOURS, MARKERS, draw_share_grid


def plot_fronts(fronts: Fronts,
                path: Optional[PathLike] = None,
                title: Optional[str] = None) -> Figure:
    """Both fronts in both metrics and, for ScaleNets, what fusions they have.

    Args:
        fronts (Fronts): From :func:`read_fronts`.
        path (str | Path, optional): Where to save the figure, atomically.
        title (str, optional): Heading.
    """
    grid = isinstance(fronts.space, ScaleNetSpace)
    figure = new_figure(13.5 if grid else 7, 8.2)
    left, width = (0.055, 0.37) if grid else (0.11, 0.84)
    for i, bottom in enumerate((0.49, 0.075)):
        axes = figure.add_axes((left, bottom, width, 0.36))
        _draw_metric(axes, fronts, i)
        if i == 0:
            axes.set_xlabel('')
            axes.legend(
                loc='lower right',
                frameon=False,
                fontsize=9,
                handletextpad=0.2)
    if grid:
        draw_share_grid(figure, (0.475, 0.07, 0.515, 0.735), fronts.choices,
                        fronts.result.best,
                        fronts.result.limit.reshape(fronts.differs.shape))
    draw_heading(figure, title
                 or 'The best by {} and by {}'.format(*fronts.names),
                 verdict(fronts), left)
    if path is not None:
        save_figure(figure, path)
    return figure


def verdict(fronts: Fronts) -> str:
    """What is on both, and what chance says to the difference, in a line."""
    one, other = fronts.result.best
    both = len(np.intersect1d(one, other))
    return (f'{len(fronts.ids)} candidates · {len(one)} and {len(other)} '
            f'best, {both} by both · {int(fronts.differs.sum())} of '
            f'{fronts.differs.size} shares differ by more than chance, '
            f'all together p = {fronts.result.p_value:.3f}')


def _draw_metric(axes: Axes, fronts: Fronts, i: int) -> None:
    """All candidates in one metric, and where the best by both are in it."""
    style_axes(axes, fronts.cost_name, fronts.names[i])
    metric = fronts.metrics[:, i]
    axes.plot(fronts.cost, metric, '.', color=FAINT, markersize=4)
    _draw_front(axes, fronts.cost, metric, fronts.sign, COLOURS[i])
    for k, rows in enumerate(fronts.result.best):
        axes.plot(
            fronts.cost[rows],
            metric[rows],
            MARKERS[k],
            color=COLOURS[k],
            markerfacecolor='none',
            markeredgewidth=1.5,
            markersize=8 if k else 5.5,
            label=f'best by {fronts.names[k]}',
            gid=f'best/{k}/{i}',
            zorder=4)


def _draw_front(axes: Axes, cost: np.ndarray, metric: np.ndarray, sign: int,
                colour: str) -> None:
    """What each cost buys at most."""
    order = np.argsort(cost, kind='stable')
    reached = sign * np.minimum.accumulate(sign * metric[order])
    axes.plot(
        cost[order],
        reached,
        drawstyle='steps-post',
        color=colour,
        linewidth=1.2,
        zorder=3)
