"""How metrics of the same networks agree (NCP, figure 5)."""
from typing import List, Mapping, Optional

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scalenas_mm.visualization.figures import (INK, PathLike, new_figure,
                                               save_figure)
from .matrix import draw_cells
from .parts import (heading_width, place_axes, place_heading, place_text,
                    quiet_axes)

COLOURS = ('#3b6fb6', '#e9a93a', '#a4508b', '#2a9d8f')
COLUMNS = 3
MANY = 500  # networks, drawn as fine dots
MOST = 1 + len(COLOURS)  # metrics of a panel
PANEL, GAP = 2.9, (0.8, 1.15)  # inches
LEFT, TOP, BOTTOM, RIGHT = 0.8, 1.55, 0.6, 0.3


def draw_ranks(tables: Mapping[str, pd.DataFrame],
               steps: Optional[Mapping[str, pd.DataFrame]] = None,
               path: Optional[PathLike] = None,
               title: str = 'Rankings under several metrics',
               below: str = '') -> Figure:
    """Rank of networks under one metric against that under others.

    The best network has rank 1. Legends give Spearman's correlation.

    Args:
        tables (Mapping[str, pd.DataFrame]): By heading, a row per network;
            the first column is the metric of the horizontal axis, the others
            are drawn against it.
        steps (Mapping[str, pd.DataFrame], optional): By heading, a metric of
            each network (row) after several numbers of steps (columns): a
            matrix of rank correlations each, drawn first.
        path (str | Path, optional): Where to save the figure, atomically.
        title (str): Heading.
        below (str): A line below it.

    Raises:
        ValueError: Nothing to draw, or a table has fewer than two metrics or
            networks; names which.
    """
    steps = steps or {}
    _check(tables, steps)
    num = len(tables) + len(steps)
    columns = min(num, COLUMNS)
    rows = -(-num // columns)
    figure = new_figure(
        max(LEFT + columns * (PANEL + GAP[0]) - GAP[0] + RIGHT,
            heading_width(title, below)),
        TOP + rows * (PANEL + GAP[1]) - GAP[1] + BOTTOM)
    for i, (name, table) in enumerate([*steps.items(), *tables.items()]):
        axes = _panel(figure, *divmod(i, columns), f'({chr(97 + i)})  {name}')
        if i < len(steps):
            draw_cells(axes, table.rank().corr(), 8.5)
            axes.tick_params(
                top=False, labeltop=False, bottom=True, labelbottom=True)
        else:
            quiet_axes(axes)
            _scatter(axes, table)
    place_heading(figure, 0.25, title, below)
    if path is not None:
        save_figure(figure, path)
    return figure


def _check(tables: Mapping[str, pd.DataFrame],
           steps: Mapping[str, pd.DataFrame]) -> None:
    if not tables and not steps:
        raise ValueError('tables: expected at least one, got none')
    for name, table in [*tables.items(), *steps.items()]:
        if table.shape[0] < 2 or table.shape[1] < 2:
            raise ValueError(f'{name}: expected at least two networks and '
                             f'two columns, got {table.shape}')
    for name, table in tables.items():
        if table.shape[1] > MOST:
            raise ValueError(f'{name}: expected at most {MOST} metrics, got '
                             f'{table.shape[1]}')


def _panel(figure: Figure, row: int, column: int, title: str) -> Axes:
    left = LEFT + column * (PANEL + GAP[0])
    top = TOP + row * (PANEL + GAP[1])
    place_text(figure, left, top - 0.5, title, size=10.5, weight='bold')
    return place_axes(
        figure, (left, figure.get_figheight() - top - PANEL, PANEL, PANEL))


def _scatter(axes: Axes, table: pd.DataFrame) -> None:
    ranks = table.rank(ascending=False)
    main, *others = ranks.columns
    handles: List[Line2D] = []
    rhos = ranks.corr()[main]
    for colour, name in zip(COLOURS, others):
        # transparent, and what agrees more, so is narrower, above the others
        axes.plot(
            ranks[main],
            ranks[name],
            '.',
            color=colour,
            markersize=2.6 if len(ranks) > MANY else 6,
            markeredgewidth=0,
            alpha=0.55,
            gid=f'ranks/{name}',
            zorder=2 + rhos[name])
        handles.append(
            Line2D([], [],
                   linestyle='',
                   marker='o',
                   markersize=6,
                   color=colour,
                   label=f'{name}  ρ = {rhos[name]:.3f}'))
    margin = 0.02 * len(ranks)
    axes.set(
        xlim=(1 - margin, len(ranks) + margin),
        ylim=(1 - margin, len(ranks) + margin))
    axes.set_xlabel(f'rank under {main}', color=INK, size=9.5)
    what = others[0] if len(others) == 1 else 'another metric'
    axes.set_ylabel(f'rank under {what}', color=INK, size=9.5)
    axes.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(0, 1.0),
        ncol=2,
        frameon=False,
        borderaxespad=0.1,
        fontsize=8.5,
        handletextpad=0.1,
        columnspacing=1.0,
        labelcolor=INK)
