"""Plots of a search: its Pareto front and its progress."""
from typing import Iterable, Mapping, Optional

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .figures import FAINT, PathLike, new_figure, save_figure
from .pareto_data import evaluated, front_of, hypervolumes, unit_of
from .pareto_parts import (FRONT, Reference, count_text, draw_candidates,
                           draw_front, draw_heading, draw_legend,
                           draw_references, draw_stars, style_axes)


def plot_pareto(records: pd.DataFrame,
                path: Optional[PathLike],
                metric: str,
                cost: str = 'macs',
                selected: Iterable[int] = (),
                references: Optional[Mapping[str, Reference]] = None,
                lower_is_better: bool = False,
                title: Optional[str] = None) -> Figure:
    """All candidates of a search, cost against metric, and their front.

    Args:
        records (pd.DataFrame): From :func:`load_records`, or an archive read
            by ``pandas.read_json(file, lines=True)``.
        path (str | Path, optional): Where to save the figure, atomically.
        metric (str): Which metric, as named in the archive.
        cost (str): Which cost, as named in the archive.
        selected (Iterable[int]): Ids to mark with a star and their number,
            for example the exported ones.
        references (Mapping[str, tuple], optional): Other networks by name:
            cost (plain number, not giga) and metric; without a metric
            (``None``) only the cost is marked.
        lower_is_better (bool): Whether the metric is an error.
        title (str, optional): Heading.

    Raises:
        KeyError: No candidate has the metric or the cost; lists what there
            is. Or a selected id was not evaluated.
        ValueError: No candidate was evaluated.
    """
    points = evaluated(records, metric, cost)
    front = front_of(points, lower_is_better)
    figure = new_figure(9, 5.6)
    axes = figure.add_axes((0.09, 0.12, 0.81, 0.72))
    style_axes(axes, unit_of(cost)[1], metric)
    draw_candidates(figure, axes, points)
    draw_front(axes, front)
    draw_stars(axes, points, list(selected), lower_is_better)
    draw_references(axes, references or {}, unit_of(cost)[0])
    axes.margins(0.07)
    draw_legend(figure)
    draw_heading(figure, title or f'{metric} against {unit_of(cost)[1]}',
                 count_text(records, points, front))
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_progress(records: pd.DataFrame,
                  path: Optional[PathLike],
                  metric: str,
                  cost: str = 'macs',
                  lower_is_better: bool = False,
                  title: Optional[str] = None) -> Figure:
    """Best metric and hypervolume so far over the candidates.

    The hypervolume is that of cost and metric, each scaled to [0, 1] over
    the search, and is given as a share of the whole square.

    Args and errors are those of :func:`plot_pareto`.
    """
    points = evaluated(records, metric, cost)
    figure = new_figure(9, 3.2)
    left = figure.add_axes((0.09, 0.19, 0.38, 0.54))
    right = figure.add_axes((0.58, 0.19, 0.38, 0.54))
    style_axes(left, 'candidate', f'{metric}, best so far')
    style_axes(right, 'candidate', 'hypervolume')
    best = points.metric.cummin() if lower_is_better else (
        points.metric.cummax())
    left.plot(points.id, points.metric, '.', color=FAINT, markersize=4)
    left.plot(points.id, best, drawstyle='steps-post', color=FRONT, gid='best')
    right.plot(
        points.id,
        hypervolumes(points, lower_is_better),
        drawstyle='steps-post',
        color=FRONT,
        gid='hypervolume')
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    draw_heading(figure, title or 'Progress of the search',
                 f'{len(points)} candidates')
    if path is not None:
        save_figure(figure, path)
    return figure
