"""What a plot of a search consists of."""
from typing import List, Mapping, Optional, Tuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from scalenas_mm.search.record import OK
from .figures import FAINT, INK, MUTED

Reference = Tuple[float, Optional[float]]

FRONT, STAR = '#c8452f', '#f2b134'
GENERATIONS = LinearSegmentedColormap.from_list(
    'generations', ['#b9cdea', '#5b8fc9', '#1f5a94', '#0b2545'])


def style_axes(axes: Axes, x: str, y: str) -> None:
    """Labels, a faint grid, no box."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(color='#eceff2', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(FAINT)


def draw_heading(figure: Figure,
                 title: str,
                 below: str,
                 left: float = 0.09) -> None:
    """Title and a line below it, from ``left``, a share of the width."""
    figure.text(left, 0.96, title, size=14, weight='bold', color=INK, va='top')
    figure.text(
        left,
        0.96 - 0.36 / figure.get_figheight(),
        below,
        size=10,
        color=MUTED,
        va='top')


def draw_legend(figure: Figure) -> None:
    """Above the plot, where no candidate can be."""
    figure.legend(
        loc='upper right',
        bbox_to_anchor=(0.9, 0.9),
        ncol=2,
        frameon=False,
        borderaxespad=0,
        fontsize=9.5,
        labelcolor=INK)


def count_text(records: pd.DataFrame, points: pd.DataFrame,
               front: pd.DataFrame) -> str:
    """How many candidates are drawn and how many cannot be."""
    missing = len(records) - len(points)
    failed = int((records.status != OK).sum())
    parts = [f'{len(points)} candidates', f'{len(front)} on the front']
    if failed:
        parts.append(f'{failed} failed (not drawn)')
    if missing > failed:
        parts.append(f'{missing - failed} without the metric (not drawn)')
    return ' · '.join(parts)


def draw_candidates(figure: Figure, axes: Axes, points: pd.DataFrame) -> None:
    """Candidates, later generations darker; a colour bar if there are any."""
    last = int(points.generation.max())
    # beside a first generation all by itself a bar would say nothing
    drawn = axes.scatter(
        points.cost,
        points.metric,
        c=points.generation,
        cmap=GENERATIONS,
        norm=Normalize(0 if last else -1, max(last, 1)),
        s=30,
        linewidths=0.5,
        edgecolors='white',
        gid='candidates',
        zorder=3)
    if last:
        box = figure.add_axes((0.93, 0.13, 0.014, 0.7))
        bar = figure.colorbar(
            drawn, cax=box, ticks=MaxNLocator(8, integer=True))
        bar.outline.set_visible(False)
        box.set_title('generation', size=9, color=MUTED, pad=8)
        box.tick_params(colors=MUTED, labelsize=9, length=0)


def draw_front(axes: Axes, front: pd.DataFrame) -> None:
    """For each cost the best metric that it buys."""
    axes.plot(
        front.cost,
        front.metric,
        drawstyle='steps-post',
        color=FRONT,
        linewidth=1.6,
        marker='o',
        markersize=7.5,
        markerfacecolor='none',
        label='Pareto front',
        gid='front',
        zorder=4)


def draw_stars(axes: Axes, points: pd.DataFrame, selected: List[int],
               lower_is_better: bool) -> None:
    """Stars with ids on the side of the front where no candidate is."""
    missing = sorted(set(selected) - set(points.id))
    if missing:
        raise KeyError(f'selected: expected evaluated candidates, got ids '
                       f'{missing}')
    chosen = points[points.id.isin(selected)]
    if not len(chosen):
        return
    axes.plot(
        chosen.cost,
        chosen.metric,
        '*',
        color=STAR,
        markersize=17,
        markeredgecolor=INK,
        markeredgewidth=0.9,
        label='exported',
        gid='selected',
        zorder=6)
    for point in chosen.itertuples():
        axes.annotate(
            f'#{point.id}', (point.cost, point.metric),
            (-9, -9 if lower_is_better else 9),
            textcoords='offset points',
            ha='right',
            va='top' if lower_is_better else 'bottom',
            size=9.5,
            weight='bold',
            color=INK,
            gid='label',
            zorder=7)


def draw_references(axes: Axes, references: Mapping[str, Reference],
                    unit: float) -> None:
    """Other networks: diamonds, or vertical lines without a metric."""
    for name, (cost, metric) in references.items():
        if metric is None:
            axes.axvline(
                cost / unit, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
            axes.annotate(
                name, (cost / unit, 1), (-4, -4),
                xycoords=('data', 'axes fraction'),
                textcoords='offset points',
                rotation=90,
                ha='right',
                va='top',
                size=9,
                color=MUTED)
            continue
        axes.plot(
            cost / unit,
            metric,
            'D',
            color='white',
            markeredgecolor=INK,
            markeredgewidth=1.3,
            markersize=7,
            gid=f'reference/{name}',
            zorder=5)
        axes.annotate(
            name, (cost / unit, metric), (8, 0),
            textcoords='offset points',
            size=9,
            color=INK,
            va='center',
            path_effects=[withStroke(linewidth=3, foreground='white')],
            zorder=7)
