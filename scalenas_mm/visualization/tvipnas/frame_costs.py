"""MACs of each frame of some candidates."""
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalenas_mm.search.record import Record
from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size
from ..figures import INK, MUTED, PathLike, new_figure, save_figure
from ..pareto_data import as_table
from ..pareto_parts import FRONT, GENERATIONS, draw_heading, style_axes
from .candidates import Candidate, by_cost, of_archs, of_table
from .costs import frame_name, unit_for
from .labels import KEY

Given = Union[pd.DataFrame, Iterable[Record], Iterable[TViPNASArch]]
BAR = 0.17  # inches, where there is room
APART = 0.28  # two candidates
LEAST, MOST = 0.56, 13.0  # width of a candidate, of all if there is room
NARROW = 6.4  # least width of all


def draw_frame_costs(candidates: Given,
                     path: Optional[PathLike] = None,
                     metric: Optional[str] = None,
                     space: Optional[TViPNASSpace] = None,
                     input_size: Optional[Size] = None,
                     selected: Optional[Iterable[int]] = None,
                     front: bool = False,
                     lower_is_better: bool = False,
                     stacked: bool = False,
                     title: Optional[str] = None) -> Figure:
    """A group of bars for each candidate, the cheapest first: what the key
    frame and each frame after it cost.

    Args:
        candidates (pd.DataFrame | Iterable[Record] | Iterable[TViPNASArch]):
            An archive, from :func:`load_records`, or records; those that
            failed are left out. Or architectures.
        path (str | Path, optional): Where to save the figure, atomically.
        metric (str, optional): Which metric of an archive to write above.
        space (TViPNASSpace, optional): Of architectures, whose costs are then
            those of networks and fusions without heads; the key frame has the
            largest network.
        input_size (tuple[int], optional): Height and width of their images.
        selected (Iterable[int], optional): Ids of an archive; all without.
        front (bool): Only those that no other beats in metric and
            ``propagated_macs``.
        lower_is_better (bool): Whether the metric is an error.
        stacked (bool): Frames on top of each other, in place of side by side.
        title (str, optional): Heading.

    Raises:
        ArchError: An architecture is not in ``space``.
        KeyError: There is no such metric or id, or an archive does not have
            the costs of clips; lists what there is.
        ValueError: There is no candidate, or an argument does not fit.
    """
    shown = by_cost(
        _read(candidates, metric, space, input_size, selected, front,
              lower_is_better))
    figure, axes = _figure(shown, stacked)
    unit, name, _ = unit_for(max(_tops(shown, stacked)))
    style_axes(axes, 'candidate',
               f'{name} of a {"clip" if stacked else "frame"}')
    _draw_bars(axes, shown, unit, stacked)
    _label(axes, shown, unit, stacked)
    _legend(figure, axes, len(shown[0].costs.every))
    draw_heading(figure, title or 'MACs of each frame',
                 _summary(shown, metric, front), _left(figure))
    if path is not None:
        save_figure(figure, path)
    return figure


def _read(given: Given, metric: Optional[str], space: Optional[TViPNASSpace],
          input_size: Optional[Size], selected: Optional[Iterable[int]],
          front: bool, lower_is_better: bool) -> List[Candidate]:
    if front and metric is None:
        raise ValueError('front: expected a metric with it, got none')
    if isinstance(given, pd.DataFrame):
        return of_table(given, metric, selected, front, lower_is_better)
    items: List[Any] = list(given)
    if not items:
        raise ValueError('candidates: expected at least one, got none')
    if all(isinstance(item, TViPNASArch) for item in items):
        if metric is not None or selected is not None:
            raise ValueError('metric, selected: expected none for '
                             f'architectures, got {metric}, {selected}')
        return of_archs(items, space, input_size)
    wrong = [item for item in items if not isinstance(item, Record)]
    if wrong:
        raise ValueError('candidates: expected records, or architectures, '
                         f'got {wrong[0]!r:.80}')
    return of_table(as_table(items), metric, selected, front, lower_is_better)


def _tops(shown: Sequence[Candidate], stacked: bool) -> List[float]:
    """MACs of the highest bars."""
    return [(sum if stacked else max)(one.costs.every) for one in shown]


def _width(shown: Sequence[Candidate], stacked: bool) -> Tuple[float, float]:
    """Inches of a candidate and of a bar."""
    num, bars = len(shown), 1 if stacked else len(shown[0].costs.every)
    wide = BAR * bars * (2 if stacked else 1) + APART
    wide = max(wide, min(NARROW / num, 1.6 * wide))  # if there are only few
    wide = max(min(wide, MOST / num), LEAST)
    return wide, (wide - min(APART, wide / 3)) / bars


def _figure(shown: Sequence[Candidate], stacked: bool) -> Tuple[Figure, Axes]:
    content = max(_width(shown, stacked)[0] * len(shown), NARROW)
    width = content + 1.15
    figure = new_figure(width, 5.2)
    axes = figure.add_axes((0.85 / width, 0.13, content / width, 0.62))
    return figure, axes


def _left(figure: Figure) -> float:
    return 0.85 / figure.get_figwidth()


def _colours(frames: int) -> List[Any]:
    """The key frame's, and later ones darker."""
    return [KEY, *GENERATIONS(np.linspace(0.2, 0.95, frames - 1))]


def _draw_bars(axes: Axes, shown: Sequence[Candidate], unit: float,
               stacked: bool) -> None:
    costs = np.array([one.costs.every for one in shown]) / unit
    group, bar = _width(shown, stacked)
    share = bar / group
    at = np.arange(len(shown))
    below = np.zeros(len(shown))
    for t, colour in enumerate(_colours(costs.shape[1])):
        drawn = axes.bar(
            at if stacked else at + share * (t - (costs.shape[1] - 1) / 2),
            costs[:, t],
            share * (1 if stacked else 0.9),
            below,
            color=colour,
            label=frame_name(t),
            zorder=3)
        for i, patch in enumerate(drawn):
            patch.set_gid(f'bar/{i}/{t}')
        if stacked:
            below = below + costs[:, t]
    if not stacked:
        _draw_averages(axes, costs.mean(1), share * costs.shape[1] / 2)


def _draw_averages(axes: Axes, averages: np.ndarray, half: float) -> None:
    at = np.arange(len(averages))
    axes.hlines(
        averages,
        at - half - 0.02,
        at + half + 0.02,
        color=FRONT,
        linewidth=1.6,
        label='average',
        gid='averages',
        zorder=4)


def _label(axes: Axes, shown: Sequence[Candidate], unit: float,
           stacked: bool) -> None:
    """Names below, metrics above, and room for them."""
    tops = [top / unit for top in _tops(shown, stacked)]
    for i, (one, top) in enumerate(zip(shown, tops)):
        if one.metric is not None:
            axes.annotate(
                f'{one.metric:#.4g}', (i, top), (0, 4),
                textcoords='offset points',
                ha='center',
                size=9.5,
                weight='bold',
                color=INK,
                gid=f'metric/{i}')
    axes.set_xticks(
        range(len(shown)), [one.name for one in shown], color=MUTED, size=9)
    margin = max(0.6,
                 (NARROW / _width(shown, stacked)[0] - len(shown) + 1) / 2)
    axes.set_xlim(-margin, len(shown) - 1 + margin)
    axes.set_ylim(0, 1.1 * max(tops))
    axes.grid(visible=False, axis='x')


def _legend(figure: Figure, axes: Axes, frames: int) -> None:
    """In a row above the plot."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: labels[i] == 'average')
    figure.legend([handles[i] for i in order], [labels[i] for i in order],
                  loc='lower left',
                  bbox_to_anchor=(_left(figure), 0.77),
                  ncol=frames + 1,
                  frameon=False,
                  borderaxespad=0,
                  borderpad=0,
                  fontsize=9.5,
                  handlelength=1.2,
                  columnspacing=1.5,
                  labelcolor=INK)


def _summary(shown: Sequence[Candidate], metric: Optional[str],
             front: bool) -> str:
    num = len(shown)
    parts = [
        f'{num} on the front'
        if front else f'{num} candidate{"s" if num > 1 else ""}',
        f'costs: {shown[0].costs.what}'
    ]
    if metric is not None:
        parts.append(f'above: {metric}')
    return ' · '.join(parts)
