"""How NCP edits a code: all 27 numbers by iteration (NCP, figure 3)."""
from dataclasses import dataclass
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalenas_mm.spaces.ncp import LENGTH, POSITIONS
from scalenas_mm.visualization.figures import (INK, MUTED, PathLike,
                                               new_figure, save_figure)
from .parts import (BRANCH, heading_width, place_axes, place_heading,
                    place_text, quiet_axes)

METRIC, COST = ('#c8452f', '#e9a93a', '#a4508b', '#2a9d8f'), '#2f4b7c'
INPUT, OUTPUT = '#8794a3', '#1f2933'
WIDTHS = (3.1, 2.4, 1.8, 1.2)  # lines on each other all stay visible
ROWS, COLUMNS = 3, 3
PANEL, GAP = (2.15, 1.5), (0.52, 0.72)  # inches
LEFT, TOP, BOTTOM, BETWEEN = 0.65, 1.75, 0.6, 0.75


@dataclass(frozen=True)
class CodeTrace:
    """What is drawn of one propagation of T iterations.

    Attributes:
        name: Heading, such as the strategy.
        codes: The code before the first and after every iteration, not
            rounded, shape ``(T + 1, 27)``.
        final: The network it ends at, shape ``(27, )``.
        metrics: Predicted metrics by name, ``(T + 1, )`` each; of several
            the change since the start is drawn.
        cost: Predicted cost, ``(T + 1, )``.
    """
    name: str
    codes: np.ndarray
    final: np.ndarray
    metrics: Mapping[str, np.ndarray]
    cost: np.ndarray


class Group(NamedTuple):
    """The numbers of a code that share a panel: label and colour of each."""
    title: str
    kind: str
    genes: List[int]
    labels: Tuple[str, ...]
    colours: Tuple[str, ...]


def code_groups() -> Tuple[Group, ...]:
    """Eight groups that together hold every number once."""
    out = [
        Group('blocks', 'blocks', _genes('blocks', 1, 2, 3, 4),
              ('stage 1', '2', '3', '4'), BRANCH),
        Group('channels, input and output', 'channels',
              _genes('channels', 0, 5), ('input 1', 'input 2', 'output'),
              (INPUT, BRANCH[0], OUTPUT))
    ]
    for kind in ('channels', 'units'):
        out.append(
            Group(f'{kind}, stages 1 and 2', kind, _genes(kind, 1, 2),
                  ('stage 1', 'stage 2: branch 1', '2'), (INPUT, *BRANCH[:2])))
        for stage in (3, 4):
            out.append(
                Group(f'{kind}, stage {stage}', kind, _genes(kind, stage),
                      ('branch 1', *map(str, range(2, stage + 1))),
                      BRANCH[:stage]))
    return tuple(out)


def _genes(kind: str, *parts: int) -> List[int]:
    return [
        i for i, position in enumerate(POSITIONS)
        if position.kind == kind and position.part in parts
    ]


def draw_code_traces(traces: Sequence[CodeTrace],
                     cost: str = 'FLOPs (G)',
                     path: Optional[PathLike] = None,
                     title: str = 'Network coding propagation',
                     below: str = '') -> Figure:
    """Nine panels per propagation: predictions, and the code in 8 groups.

    Lines are the continuous values, dots at the end the network that they
    are rounded to. Equal panels of several propagations have equal scales.

    Args:
        traces (Sequence[CodeTrace]): Drawn side by side.
        cost (str): Name of the cost.
        path (str | Path, optional): Where to save the figure, atomically.
        title (str): Heading.
        below (str): A line below it.

    Raises:
        ValueError: There is no trace, or shapes do not fit; names which.
    """
    _check(traces)
    wide = COLUMNS * (PANEL[0] + GAP[0]) + BETWEEN
    figure = new_figure(
        max(LEFT + len(traces) * wide - GAP[0] - BETWEEN + 0.25,
            heading_width(title, below)),
        TOP + ROWS * (PANEL[1] + GAP[1]) - GAP[1] + BOTTOM)
    for i, trace in enumerate(traces):
        left = LEFT + i * wide
        place_text(figure, left, 0.9, trace.name, size=12, weight='bold')
        panels = [_panel(figure, left, number) for number in range(9)]
        _draw_predictions(panels[0], traces, i, cost)
        for axes, group in zip(panels[1:], code_groups()):
            _draw_group(axes, trace, group, _highest(traces, group.kind))
        for axes in panels[6:]:
            axes.set_xlabel('iteration', size=9, color=INK)
    place_heading(figure, 0.25, title, below)
    if path is not None:
        save_figure(figure, path, dpi=110)
    return figure


def _check(traces: Sequence[CodeTrace]) -> None:
    if not traces:
        raise ValueError('traces: expected at least one, got none')
    for i, trace in enumerate(traces):
        steps = len(trace.codes)
        for name, values, shape in [('codes', trace.codes, (steps, LENGTH)),
                                    ('final', trace.final, (LENGTH, )),
                                    ('cost', trace.cost, (steps, )),
                                    *((f'metrics[{key}]', values, (steps, ))
                                      for key, values in trace.metrics.items())
                                    ]:
            if np.shape(values) != shape:
                raise ValueError(f'traces[{i}].{name}: expected shape '
                                 f'{shape}, got {np.shape(values)}')


def _panel(figure: Figure, left: float, number: int) -> Axes:
    row, column = divmod(number, COLUMNS)
    bottom = (
        figure.get_figheight() - TOP - PANEL[1] - row * (PANEL[1] + GAP[1]))
    axes = place_axes(figure,
                      (left + column * (PANEL[0] + GAP[0]), bottom, *PANEL))
    quiet_axes(axes)
    return axes


def _title(axes: Axes, title: str) -> None:
    axes.set_title(title, loc='left', size=9.5, color=INK, pad=21)


def _legend(axes: Axes, handles: Sequence) -> None:
    """One line between title and panel."""
    axes.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(0, 1.0),
        ncol=len(handles),
        frameon=False,
        borderaxespad=0.1,
        fontsize=8,
        handlelength=0.9,
        handletextpad=0.35,
        columnspacing=0.8,
        labelcolor=INK)


def _draw_predictions(axes: Axes, traces: Sequence[CodeTrace], index: int,
                      cost: str) -> None:
    """Metrics on the left scale, the cost on the right one."""
    trace = traces[index]
    handles = []
    for colour, (name, values) in zip(METRIC, _metrics(trace).items()):
        handles += axes.plot(
            values, color=colour, linewidth=1.8, label=name, gid='metric')
    other = axes.twinx()
    handles += other.plot(
        trace.cost, color=COST, linewidth=1.8, label=cost, gid='cost')
    other.spines[:].set_visible(False)
    other.tick_params(colors=COST, labelsize=8.5, length=0, pad=3)
    axes.tick_params('y', colors=METRIC[0])
    axes.set_ylim(*_limits([v for t in traces for v in _metrics(t).values()]))
    other.set_ylim(*_limits([t.cost for t in traces]))
    several = len(trace.metrics) > 1
    _title(axes, 'predicted, change of metrics' if several else 'predicted')
    _legend(axes, handles)


def _metrics(trace: CodeTrace) -> Mapping[str, np.ndarray]:
    """What is drawn: metrics of several tasks share one scale as changes."""
    if len(trace.metrics) == 1:
        return trace.metrics
    return {name: v - v[0] for name, v in trace.metrics.items()}


def _limits(arrays: Sequence[np.ndarray]) -> Tuple[float, float]:
    low = min(float(np.min(values)) for values in arrays)
    high = max(float(np.max(values)) for values in arrays)
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _highest(traces: Sequence[CodeTrace], kind: str) -> float:
    """The end of the scale for numbers of a kind."""
    genes = [i for i, p in enumerate(POSITIONS) if p.kind == kind]
    largest = max(float(trace.codes[:, genes].max()) for trace in traces)
    return max(largest, 128 if kind == 'channels' else 4)


def _draw_group(axes: Axes, trace: CodeTrace, group: Group,
                highest: float) -> None:
    handles = []
    last = len(trace.codes) - 1
    for gene, label, colour, width in zip(group.genes, group.labels,
                                          group.colours, WIDTHS):
        handles += axes.plot(
            trace.codes[:, gene],
            color=colour,
            linewidth=width,
            label=label,
            gid=f'gene/{gene}')
        axes.plot(
            last,
            trace.final[gene],
            'o',
            color=colour,
            markersize=3 + 2 * width,
            markeredgecolor='white',
            markeredgewidth=0.6,
            clip_on=False,
            gid=f'final/{gene}',
            zorder=4)
    if group.kind == 'channels':
        axes.set(ylim=(0, highest * 1.05), yticks=(8, 32, 64, 96, 128))
    else:
        axes.set(ylim=(0.7, highest + 0.3), yticks=(1, 2, 3, 4))
    axes.yaxis.label.set_color(MUTED)
    _title(axes, group.title)
    _legend(axes, handles)
