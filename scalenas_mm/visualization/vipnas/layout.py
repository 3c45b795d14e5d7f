"""Where the stages of a ViPNAS network stand in its drawing, in inches."""
from math import sqrt
from typing import List, NamedTuple, Sequence, Tuple

from .rows import Column, Row

PITCH = 0.2  # from block to block
BAR = 0.15
EXCHANGE = 0.2  # between two modules of a stage
PAD = 0.1  # left and right of the bars of a stage
LEAST = 1.1  # width of a stage, for its title
MARGIN = 0.35
LABELS = 0.9  # width of the labels of branches
ARROW = 0.4
ABOVE = 0.2  # in a band, above the bars of a row: its attention
LINE = 0.142  # of text
LETTER = 0.064  # at most, on average
BOTTOM = 0.85
NARROW = 9.3  # least width of a figure, for its caption


class Shape(NamedTuple):
    """Lengths that depend on the number of rows.

    Attributes:
        top: From the upper edge to the bands.
        gap: Between two stages.
        tallest: Height of the highest bar.
        lines: Of text below a row.
        labels: Width left free for labels of the rows.
    """
    top: float
    gap: float
    tallest: float
    lines: int
    labels: float


CHAIN = Shape(1.4, 0.24, 1.5, 3, 0)
BRANCHES = Shape(1.26, 0.42, 0.9, 2, LABELS)


class Block(NamedTuple):
    """A bar.

    Attributes:
        x: Its middle.
        there: Whether it is in the network.
        name: For its gid.
    """
    x: float
    there: bool
    name: str


class Group(NamedTuple):
    """A row of a column.

    Attributes:
        row: What it shows.
        y: The middle of its bars.
        height: Of its bars: the square root of their channels.
        ghost: Of those of the largest architecture.
        below: Where its text begins.
        blocks: Its bars.
    """
    row: Row
    y: float
    height: float
    ghost: float
    below: float
    blocks: Tuple[Block, ...]


class Band(NamedTuple):
    """A column.

    Attributes:
        left, right, top, bottom: Its edges.
        groups: Its rows.
        exchanges: Where its branches meet, before it and in it.
    """
    column: Column
    left: float
    right: float
    top: float
    bottom: float
    groups: Tuple[Group, ...]
    exchanges: Tuple[float, ...]


class Picture(NamedTuple):
    """Bands, heights of the rows and the size of the figure.

    Attributes:
        end: Where the arrow of the first row ends.
        name: For the gids of its lines.
    """
    width: float
    height: float
    rows: Tuple[float, ...]
    bands: Tuple[Band, ...]
    end: float
    name: str = ''


def make_picture(columns: Sequence[Column], branches: bool) -> Picture:
    """Place all bars: stages from left to right, branches as rows."""
    shape = BRANCHES if branches else CHAIN
    widths = [column_width(column) for column in columns]
    height = shape.top + total_height(columns, shape) + BOTTOM
    content = sum(widths) + shape.gap * (len(columns) - 1)
    before = MARGIN + shape.labels
    width = max(before + content + ARROW + MARGIN, NARROW)
    left = before + (width - before - content - ARROW - MARGIN) / 2
    rows, bands = place(columns, widths, shape, left, height - shape.top)
    return Picture(width, height, rows, bands, bands[-1].right + ARROW)


def place(columns: Sequence[Column], widths: Sequence[float], shape: Shape,
          left: float,
          top: float) -> Tuple[Tuple[float, ...], Tuple[Band, ...]]:
    """Heights of the rows, and bands of these widths, from a corner on."""
    unit, tall = _unit(columns, shape), _heights(columns, shape)
    rows: List[float] = []
    edge = top
    for value in tall:
        rows.append(edge - ABOVE - value / 2)
        edge -= ABOVE + value + _text(shape)
    bands = []
    for column, width in zip(columns, widths):
        right = left + width
        last = len(column.rows) - 1
        bands.append(
            Band(
                column, left, right, top,
                rows[last] - tall[last] / 2 - _text(shape),
                tuple(
                    _group(row, left, right, rows[j], tall[j], unit,
                           column.module)
                    for j, row in enumerate(column.rows)),
                _exchanges(column, left, right, shape.gap)))
        left = right + shape.gap
    return tuple(rows), tuple(bands)


def total_height(columns: Sequence[Column], shape: Shape) -> float:
    """Of the highest band."""
    tall = _heights(columns, shape)
    return sum(tall) + len(tall) * (ABOVE + _text(shape))


def _text(shape: Shape) -> float:
    """Height of the text below a row."""
    return 0.12 + LINE * shape.lines


def _unit(columns: Sequence[Column], shape: Shape) -> float:
    """Height of a bar of one channel."""
    return shape.tallest / sqrt(
        max(row.most for column in columns for row in column.rows))


def _heights(columns: Sequence[Column], shape: Shape) -> List[float]:
    """Of the highest bar of each row."""
    unit = _unit(columns, shape)
    num = max(len(column.rows) for column in columns)
    return [
        unit * sqrt(
            max(column.rows[j].most
                for column in columns if len(column.rows) > j))
        for j in range(num)
    ]


def _bars(column: Column) -> float:
    """From the middle of the first bar to that of the last."""
    last = column.rows[0].deepest - 1
    return PITCH * last + EXCHANGE * (last // column.module)


def column_width(column: Column) -> float:
    """Room for its bars and its text."""
    text = max(text_width(row) for row in column.rows)
    return max(LEAST, 2 * PAD + max(text, _bars(column) + BAR))


def text_width(row: Row) -> float:
    """Of the text below a row, roughly."""
    return LETTER * max(map(len, row.lines))


def _group(row: Row, left: float, right: float, y: float, tall: float,
           unit: float, module: int) -> Group:
    last = row.deepest - 1
    span = PITCH * last + EXCHANGE * (last // module)
    start = (left + right - span) / 2
    blocks = tuple(
        Block(start + PITCH * i + EXCHANGE *
              (i // module), i < row.depth, f'{row.name}/{i}')
        for i in range(row.deepest))
    return Group(row, y, unit * sqrt(row.channels), unit * sqrt(row.most),
                 y - tall / 2 - 0.07, blocks)


def _exchanges(column: Column, left: float, right: float,
               gap: float) -> Tuple[float, ...]:
    """Before a stage of several branches, and between its modules."""
    if len(column.rows) == 1:
        return ()
    start = (left + right - _bars(column)) / 2
    step = PITCH * column.module + EXCHANGE
    inside = column.rows[0].depth // column.module - 1
    return (left - gap / 2, *(start - (PITCH + EXCHANGE) / 2 + step * (k + 1)
                              for k in range(inside)))
