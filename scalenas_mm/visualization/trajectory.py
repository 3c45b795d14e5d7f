"""How a network that shrinks while it trains got smaller."""
from typing import Any, Callable, Iterable, List, Optional, Tuple, Union

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from scalenas_mm.search.record import Record
from scalenas_mm.spaces import HRNASSpace
from .figures import FAINT, INK, PathLike, new_figure, save_figure
from .hrnas.colours import TOKENS, kernel_colours
from .pareto_data import as_table, evaluated, unit_of
from .pareto_parts import FRONT, draw_heading, style_axes

Panel = Tuple[str, Callable[[Axes], None]]
COST = '#2f5d8a'


def plot_trajectory(records: Union[pd.DataFrame, Iterable[Record]],
                    path: Optional[PathLike],
                    space: Any = None,
                    metric: Optional[str] = None,
                    cost: str = 'macs',
                    budget: Optional[float] = None,
                    title: Optional[str] = None) -> Figure:
    """Cost, metric, units of each kernel size and tokens over the training.

    Args:
        records (pd.DataFrame | Iterable[Record]): The archive of a run that
            shrinks, a record for each shrink: from :func:`load_records`, or
            the records. They stand at their ``step`` (iterations) if all have
            one, else at their ``generation`` (number of the shrink).
        path (str | Path, optional): Where to save the figure, atomically.
        space (Space, optional): Of the architectures. Without an
            :class:`HRNASSpace` units and tokens are left out.
        metric (str, optional): Which metric, as named in the archive.
            Defaults to the first one; left out if there is none.
        cost (str): Which cost, as named in the archive.
        budget (float, optional): What the run is to end at, as a plain
            number in the unit of the archive; drawn as a line.
        title (str, optional): Heading.

    Raises:
        KeyError: No record has the metric or the cost; lists what there is.
        ValueError: There is no record that did not fail.
    """
    if not isinstance(records, pd.DataFrame):
        records = as_table(records)
    costs = evaluated(records, None, cost)
    rows = records.set_index('id').loc[costs.id]
    at, label = _positions(rows)
    panels: List[Panel] = [(unit_of(cost)[1], lambda axes: _draw_cost(
        axes, at, costs.cost, budget and budget / unit_of(cost)[0]))]
    metric = metric or _first_metric(records)
    if metric:
        points = evaluated(records, metric, cost)
        where = np.asarray(at)[costs.id.isin(points.id)]
        panels.append(
            (metric, lambda axes: _draw_metric(axes, where, points.metric)))
    if isinstance(space, HRNASSpace):
        panels += _units(space, rows, at)
    figure = _grid(panels, label)
    draw_heading(figure, title or 'A network shrinks while it trains',
                 _summary(costs.cost,
                          unit_of(cost)[1], len(rows)))
    if path is not None:
        save_figure(figure, path)
    return figure


def _positions(rows: pd.DataFrame) -> Tuple[np.ndarray, str]:
    if 'step' in rows and rows.step.notna().all():
        return rows.step.to_numpy(np.int64), 'iteration'
    return rows.generation.to_numpy(np.int64), 'shrink'


def _first_metric(records: pd.DataFrame) -> Optional[str]:
    names = [name for name in records if name.startswith('metrics.')]
    if 'metrics' in records:
        return next((key for row in records.metrics for key in row), None)
    return names[0].partition('.')[2] if names else None


def _summary(cost: pd.Series, unit: str, num: int) -> str:
    first, last = cost.iloc[0], cost.iloc[-1]
    return (f'{num} records · {first:.3g} to {last:.3g} {unit}, '
            f'{last / first:.0%} of the first')


def _grid(panels: List[Panel], label: str) -> Figure:
    """Two panels in a row, all over the same steps."""
    rows = (len(panels) + 1) // 2
    height = 1.0 + 2.35 * rows
    figure = new_figure(9.4, height)
    grid = figure.add_gridspec(
        rows,
        2,
        left=0.09,
        right=0.97,
        bottom=0.55 / height,
        top=1 - 0.95 / height,
        hspace=0.26,
        wspace=0.24)
    first: Optional[Axes] = None
    for i, (name, draw) in enumerate(panels):
        wide = i % 2 == 0 and i == len(panels) - 1
        cell = grid[i // 2, :] if wide else grid[i // 2, i % 2]
        axes = figure.add_subplot(cell, sharex=first)
        first = first or axes
        below = i + 2 >= len(panels)
        style_axes(axes, label if below else '', name)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.tick_params(labelbottom=below)
        draw(axes)
    return figure


def _draw_cost(axes: Axes, at: np.ndarray, cost: pd.Series,
               budget: Optional[float]) -> None:
    axes.fill_between(at, cost, step='post', color=COST, alpha=0.13, lw=0)
    axes.plot(
        at,
        cost,
        drawstyle='steps-post',
        color=COST,
        marker='o',
        markersize=3.5,
        clip_on=False,
        gid='cost')
    axes.set_ylim(0, max(cost.max(), budget or 0) * 1.08)
    if budget:
        axes.axhline(budget, color=FRONT, linestyle=(0, (4, 3)), linewidth=1.1)
        axes.annotate(
            'budget', (1, budget), (0, 3),
            xycoords=('axes fraction', 'data'),
            textcoords='offset points',
            ha='right',
            size=9,
            color=FRONT)


def _draw_metric(axes: Axes, at: np.ndarray, metric: pd.Series) -> None:
    axes.plot(at, metric, color=FAINT, linewidth=1.2, zorder=2)
    axes.plot(
        at,
        metric,
        'o',
        color=FRONT,
        markersize=4.5,
        markeredgecolor='white',
        markeredgewidth=0.6,
        gid='metric',
        zorder=3)
    axes.margins(y=0.12)


def _units(space: HRNASSpace, rows: pd.DataFrame,
           at: np.ndarray) -> List[Panel]:
    """Panels of units and, if there can be any, of tokens."""
    archs = [_arch(space, row) for _, row in rows.iterrows()]
    units = np.array([np.sum(arch.channels, 0) for arch in archs])
    tokens = np.array([sum(arch.tokens) for arch in archs])
    panels: List[Panel] = [
        ('units left', lambda axes: _stack(axes, at, units, space.kernels))
    ]
    if sum(space.max_arch().tokens):
        panels.append(
            ('tokens left', lambda axes: _draw_tokens(axes, at, tokens)))
    return panels


def _arch(space: HRNASSpace, row: pd.Series) -> Any:
    if 'arch' in row:
        return space.from_dict(row.arch)
    return space.from_dict(
        dict(channels=row['arch.channels'], tokens=row['arch.tokens']))


def _stack(axes: Axes, at: np.ndarray, units: np.ndarray,
           kernels: Tuple[int, ...]) -> None:
    """Units of each kernel size on top of each other, named inside."""
    below = np.zeros(len(units))
    for k, colour in enumerate(kernel_colours(len(kernels))):
        above = below + units[:, k]
        axes.fill_between(
            at,
            below,
            above,
            step='post',
            color=colour,
            alpha=0.85,
            linewidth=0.8,
            edgecolor='white',
            label=f'{kernels[k]} × {kernels[k]}',
            gid=f'units/{kernels[k]}')
        below = above
    _legend_above(axes)
    axes.set_ylim(0, max(below.max(), 1) * 1.08)
    axes.yaxis.set_major_formatter(EngFormatter(sep=''))


def _legend_above(axes: Axes) -> None:
    """In a row above the panel, where no curve can be."""
    axes.legend(
        loc='lower right',
        bbox_to_anchor=(1.01, 0.98),
        ncol=len(axes.get_legend_handles_labels()[0]),
        fontsize=9,
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.2,
        labelcolor=INK)


def _draw_tokens(axes: Axes, at: np.ndarray, tokens: np.ndarray) -> None:
    axes.fill_between(at, tokens, step='post', color=TOKENS, alpha=0.18, lw=0)
    axes.plot(
        at,
        tokens,
        drawstyle='steps-post',
        color=TOKENS,
        marker='o',
        markersize=3.5,
        clip_on=False,
        gid='tokens')
    axes.set_ylim(0, max(tokens.max(), 1) * 1.08)
