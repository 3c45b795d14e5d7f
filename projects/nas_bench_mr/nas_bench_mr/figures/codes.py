"""Codes of NCP's networks as bars (NCP, figure 8)."""
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scalenas_mm.spaces import NCPArch
from scalenas_mm.spaces.ncp import LENGTH, POSITIONS
from scalenas_mm.visualization.figures import (INK, MUTED, PathLike,
                                               new_figure, save_figure)
from .parts import heading_width, place_axes, place_heading, place_text

COLOURS = {'blocks': '#d1495b', 'units': '#e9a93a', 'channels': '#3b6fb6'}
SIGNS = {'blocks': 'b', 'units': 'n', 'channels': 'c'}
HIGHEST = {'blocks': 4, 'units': 4, 'channels': 128}  # NCP, Sec. 3.2
PARTS = ('input', 'stage 1', 'stage 2', 'stage 3', 'stage 4', 'out')
BANDS = ('#f4f6f9', '#e6ebf1')
RIGHT, TOP, BOTTOM = 0.6, 1.15, 0.55  # inches
LETTER = 0.068, 0.098  # inches, of a note and of a name
WIDTH, ROW, SPACE = 0.34, 0.95, 0.42  # of a column, of a network


def draw_codes(networks: Mapping[str, Any],
               notes: Optional[Mapping[str, Sequence[str]]] = None,
               path: Optional[PathLike] = None,
               title: str = 'Networks of NCP',
               below: str = '') -> Figure:
    """A row of 27 bars per network, over a background of stages.

    Bars of blocks and residual units are drawn on a scale to 4, those of
    channels on one to 128, or to the largest number there is.

    Args:
        networks (Mapping[str, Any]): By name a code: an architecture, 27
            integers or the text of a code.
        notes (Mapping[str, Sequence[str]], optional): Lines to print below
            the names.
        path (str | Path, optional): Where to save the figure, atomically.
        title (str): Heading.
        below (str): A line below it.

    Raises:
        ValueError: There is no network.
        ArchError: Something is no code.
    """
    if not networks:
        raise ValueError('networks: expected at least one, got none')
    codes = {name: _code(value) for name, value in networks.items()}
    highest = _highest(list(codes.values()))
    notes = notes or {}
    left = _left(codes, notes)
    rows = len(codes) * (ROW + SPACE) - SPACE
    figure = new_figure(
        max(left + LENGTH * WIDTH + RIGHT, heading_width(title, below)),
        TOP + rows + BOTTOM)
    for row, (name, code) in enumerate(codes.items()):
        top = TOP + row * (ROW + SPACE)
        bottom = figure.get_figheight() - top - ROW
        axes = place_axes(figure, (left, bottom, LENGTH * WIDTH, ROW))
        _draw_network(axes, code, highest)
        place_text(figure, 0.25, top + 0.08, name, size=11, weight='bold')
        place_text(
            figure,
            0.25,
            top + 0.33,
            '\n'.join(notes.get(name, ())),
            size=9,
            color=MUTED,
            linespacing=1.45)
        if row == 0:
            _name_parts(axes)
    _legend(figure, left)
    place_heading(figure, 0.25, title, below)
    if path is not None:
        save_figure(figure, path)
    return figure


def _code(value: Any) -> List[int]:
    arch = value if isinstance(value, NCPArch) else NCPArch.from_code(value)
    return list(arch.code)


def _highest(codes: List[List[int]]) -> Dict[str, int]:
    """The end of the scale of each kind."""
    largest = np.max(codes, axis=0)
    return {
        kind:
        max(
            end,
            *(int(value) for value, position in zip(largest, POSITIONS)
              if position.kind == kind))
        for kind, end in HIGHEST.items()
    }


def _left(names: Iterable[str], notes: Mapping[str, Sequence[str]]) -> float:
    """Inches that names and notes need."""
    lines = [line for lines in notes.values() for line in lines]
    note = max(map(len, lines), default=0) * LETTER[0]
    return 0.75 + max(note, max(map(len, names)) * LETTER[1], 0.6)


def _draw_network(axes: Axes, code: List[int], highest: Mapping[str,
                                                                int]) -> None:
    axes.set(xlim=(-0.5, LENGTH - 0.5), ylim=(0, 1.16))
    axes.spines[:].set_visible(False)
    for i, position in enumerate(POSITIONS):
        axes.axvspan(i - 0.5, i + 0.5, color=BANDS[position.part % 2], lw=0)
    axes.hlines([0.25, 0.5, 0.75, 1], -0.5, LENGTH - 0.5, 'white', lw=0.8)
    for i, (value, position) in enumerate(zip(code, POSITIONS)):
        height = value / highest[position.kind]
        axes.bar(
            i,
            height,
            0.72,
            color=COLOURS[position.kind],
            gid=f'bar/{i}',
            zorder=2)
        axes.text(i, height + 0.02, str(value), ha='center', size=8, color=INK)
    _scales(axes, highest)
    signs = [SIGNS[position.kind] for position in POSITIONS]
    axes.set_xticks(range(LENGTH), signs)
    axes.tick_params('x', length=0, pad=2, labelsize=8.5, colors=MUTED)


def _scales(axes: Axes, highest: Mapping[str, int]) -> None:
    """Numbers of blocks and units on the left, channels on the right."""
    shares = np.array([0.25, 0.5, 0.75, 1])
    top = max(highest['blocks'], highest['units'])
    axes.set_yticks(shares, [f'{share * top:g}' for share in shares])
    axes.tick_params('y', length=0, labelsize=8, colors=MUTED)
    other = axes.twinx()
    other.set_ylim(axes.get_ylim())
    other.set_yticks(shares,
                     [f"{share * highest['channels']:g}" for share in shares])
    other.tick_params(length=0, labelsize=8, colors=COLOURS['channels'])
    other.spines[:].set_visible(False)


def _name_parts(axes: Axes) -> None:
    """Names of the stages above the first network."""
    parts = np.array([position.part for position in POSITIONS])
    for part, name in enumerate(PARTS):
        middle = np.flatnonzero(parts == part).mean()
        axes.text(middle, 1.22, name, ha='center', size=9.5, color=INK)


def _legend(figure: Figure, left: float) -> None:
    handles = [
        Patch(color=COLOURS['blocks'], label='b: blocks'),
        Patch(color=COLOURS['units'], label='n: residual units of a branch'),
        Patch(color=COLOURS['channels'], label='c: channels (right scale)')
    ]
    width, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc='lower left',
        bbox_to_anchor=(left / width, 0.08 / height),
        ncol=3,
        frameon=False,
        borderaxespad=0,
        fontsize=9,
        handlelength=1.1,
        handleheight=0.9,
        labelcolor=INK)
