"""Where the stages of a ViPNAS network stand in its drawing, in inches."""
from math import sqrt
from typing import List, NamedTuple, Sequence, Tuple

from scalenas_mm.spaces import ViPNASArch, ViPNASBranch, ViPNASSpace

PITCH = 0.2  # from block to block
BAR = 0.15
GAP = 0.35  # between stages
LEAST = 1.2  # width of a stage, for its text
MARGIN = 0.35
TEXT = 0.62  # below a row
TOP = 1.2  # to the first row, its titles included
BOTTOM = 0.55
TALLEST = dict(one=1.5, many=0.8)


class Block(NamedTuple):
    """A bar.

    Attributes:
        x: Its middle.
        height: It is as high as the square root of its channels.
        ghost: That of the largest architecture.
        kernel: Kernel size; 0 if it is not in the network.
        attention: Whether it has attention.
        name: For its gid.
    """
    x: float
    height: float
    ghost: float
    kernel: int
    attention: bool
    name: str


class Group(NamedTuple):
    """The blocks of a stage, or of one branch of it.

    Attributes:
        left, right: Where it begins and ends.
        y: The middle of its row.
        title: What it is.
        lines: What stands below.
        blocks: Its bars.
    """
    left: float
    right: float
    y: float
    title: str
    lines: Tuple[str, ...]
    blocks: Tuple[Block, ...]


class Picture(NamedTuple):
    """Groups of bars and the size of the figure."""
    width: float
    height: float
    groups: Tuple[Group, ...]


class _Row(NamedTuple):
    """What to draw of a group before it has a place."""
    branch: int
    title: str
    lines: Tuple[str, ...]
    kernel: int
    attention: bool
    channels: int
    most: int
    depth: int
    deepest: int
    name: str


def make_picture(space: ViPNASSpace, arch: ViPNASArch) -> Picture:
    """Place all bars: stages from left to right, branches as rows."""
    columns = [[_stem(space, arch)], *_stages(space, arch)]
    if arch.head is not None:
        columns.append([_head(space, arch)])
    rows = max(len(column) for column in columns)
    tallest = TALLEST['one' if rows == 1 else 'many']
    unit = tallest / sqrt(max(row.most for col in columns for row in col))
    step = tallest + TEXT
    height = TOP + rows * step + BOTTOM
    groups: List[Group] = []
    left = MARGIN
    for column in columns:
        width = max(LEAST, PITCH * max(row.deepest for row in column))
        for row in column:
            y = height - TOP - tallest / 2 - row.branch * step
            groups.append(_placed(row, left, left + width, y, unit))
        left += width + GAP
    return Picture(left - GAP + MARGIN, height, tuple(groups))


def _placed(row: _Row, left: float, right: float, y: float,
            unit: float) -> Group:
    start = (left + right - PITCH * (row.deepest - 1)) / 2
    blocks = []
    for i in range(row.deepest):
        there = i < row.depth
        blocks.append(
            Block(start + i * PITCH,
                  unit * sqrt(row.channels) if there else 0.0,
                  unit * sqrt(row.most), row.kernel if there else 0,
                  row.attention and there, f'{row.name}/{i}'))
    return Group(left, right, y, row.title, row.lines, tuple(blocks))


def _stem(space: ViPNASSpace, arch: ViPNASArch) -> _Row:
    kernel = 7 if space.block == 'bottleneck' else 3
    layers = 2 if space.block == 'hrnet' else 1
    return _Row(0, 'stem', (f'{arch.stem} channels', f'kernel {kernel}'),
                kernel, False, arch.stem, space.stem[-1], layers, layers,
                'stem')


def _stages(space: ViPNASSpace, arch: ViPNASArch) -> List[List[_Row]]:
    most, out = space.max_arch(), []
    for i, (stage, largest) in enumerate(zip(arch.stages, most.stages)):
        out.append([
            _Row(j, f'stage {i + 1}' if j == 0 else '',
                 _words(space, stage.depth, branch), branch.kernel,
                 bool(branch.attention), branch.middle,
                 largest.branches[j].middle, stage.depth, largest.depth,
                 f'stage/{i}/{j}') for j, branch in enumerate(stage.branches)
        ])
    return out


def _words(space: ViPNASSpace, depth: int,
           branch: ViPNASBranch) -> Tuple[str, ...]:
    wide = f'{depth} × {branch.width}'
    if branch.expansion > 1:
        wide += f' (× {branch.expansion})'
    per = branch.middle // branch.groups
    groups = 'no groups' if branch.groups == 1 else (
        f'{branch.groups} groups of {per}')
    attention = f' · {space.attention.upper()}' if branch.attention else ''
    return (f'{wide}{attention}', f'kernel {branch.kernel}', groups)


def _head(space: ViPNASSpace, arch: ViPNASArch) -> _Row:
    width, kernel, groups = arch.head
    layers = len(groups)
    shown: Sequence[int] = groups[:1] if len(set(groups)) == 1 else groups
    return _Row(0, 'transposed', (f'{layers} × {width}', f'kernel {kernel}',
                                  f'{", ".join(map(str, shown))} groups'),
                kernel, False, width, space.head.width[-1], layers, layers,
                'head')
