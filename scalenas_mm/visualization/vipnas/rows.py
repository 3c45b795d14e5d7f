"""What the drawing of a ViPNAS network shows, before it has a place."""
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from scalenas_mm.spaces import ViPNASArch, ViPNASBranch, ViPNASSpace
from scalenas_mm.spaces.cost import Size, half
from scalenas_mm.spaces.vipnas.settings import MODULE_BLOCKS


class Row(NamedTuple):
    """The blocks of a stage, or of one branch of it.

    Attributes:
        lines: What stands below.
        kernel: Kernel size of all.
        attention: Whether they have attention.
        channels: Of the middle convolution.
        most: Those of the largest architecture.
        depth: How many blocks there are.
        deepest: How many the largest architecture has.
        name: For the gids of its bars.
    """
    lines: Tuple[str, ...]
    kernel: int
    attention: bool
    channels: int
    most: int
    depth: int
    deepest: int
    name: str


class Column(NamedTuple):
    """The stem, a stage or the head.

    Attributes:
        title: What it is.
        note: Size of its map, if it has one and the image's is known.
        rows: One, or one for each branch.
        module: Blocks between two exchanges of branches.
    """
    title: str
    note: str
    rows: Tuple[Row, ...]
    module: int


def make_columns(space: ViPNASSpace, arch: ViPNASArch,
                 input_size: Optional[Size]) -> List[Column]:
    """From left to right."""
    columns = [_stem(space, arch), *_stages(space, arch)]
    if arch.head is not None:
        columns.append(_head(space, arch))
    if input_size is None or space.block == 'hrnet':
        return columns
    return [
        column._replace(note=words(size))
        for column, size in zip(columns, _sizes(space, input_size))
    ]


def words(size: Size) -> str:
    """Height and width."""
    return f'{size[0]} × {size[1]}'


def _sizes(space: ViPNASSpace, input_size: Size) -> List[Size]:
    """Maps that come out of the stem, each stage and the head."""
    size = half(input_size)
    sizes = [size]
    if space.block == 'bottleneck':
        size = half(size)  # max-pooling
    for stage in space.stages:
        size = half(size) if stage.stride == 2 else size
        sizes.append(size)
    if space.head is not None:
        times = 2**space.head.layers
        sizes.append((size[0] * times, size[1] * times))
    return sizes


def branch_sizes(space: ViPNASSpace, input_size: Size) -> List[Size]:
    """Maps of the branches of an HRNet."""
    sizes = [half(half(input_size))]
    while len(sizes) < len(space.stages):
        sizes.append(half(sizes[-1]))
    return sizes


def _stem(space: ViPNASSpace, arch: ViPNASArch) -> Column:
    kernel = 7 if space.block == 'bottleneck' else 3
    layers = 2 if space.block == 'hrnet' else 1
    row = Row((f'{layers} × {arch.stem}', f'kernel {kernel}'), kernel, False,
              arch.stem, space.stem[-1], layers, layers, 'stem')
    return Column('stem', '', (row, ), layers)


def _stages(space: ViPNASSpace, arch: ViPNASArch) -> List[Column]:
    most, out = space.max_arch(), []
    for i, (stage, largest) in enumerate(zip(arch.stages, most.stages)):
        rows = tuple(
            Row(
                _lines(space, stage.depth, branch), branch.kernel,
                bool(branch.attention), branch.middle, largest.branches[j].
                middle, stage.depth, largest.depth, f'stage/{i}/{j}')
            for j, branch in enumerate(stage.branches))
        module = MODULE_BLOCKS if len(rows) > 1 else largest.depth
        out.append(Column(f'stage {i + 1}', '', rows, module))
    return out


def _lines(space: ViPNASSpace, depth: int,
           branch: ViPNASBranch) -> Tuple[str, ...]:
    wide = f'{depth} × {branch.width}'
    if branch.expansion > 1:
        wide += f' (× {branch.expansion})'
    attention = space.attention.upper() if branch.attention else ''
    return _wrapped(space, wide, branch.kernel,
                    _groups(branch.middle, [branch.groups]), attention)


def _wrapped(space: ViPNASSpace,
             wide: str,
             kernel: int,
             groups: str,
             attention: str = '') -> Tuple[str, ...]:
    """Two lines below the flat rows of an HRNet, else three."""
    more = f' · {attention}' if attention else ''
    if space.block == 'hrnet':
        return f'{wide} · kernel {kernel}', groups + more
    return wide, f'kernel {kernel}{more}', groups


def _groups(channels: int, groups: Sequence[int]) -> str:
    first, last = groups[0], groups[-1]
    if first != last:
        return f'groups {first}, then {last}'
    if first == 1:
        return 'no groups'
    return f'{first} groups of {channels // first}'


def _head(space: ViPNASSpace, arch: ViPNASArch) -> Column:
    head: Any = arch.head
    width, kernel, groups = head
    choices: Any = space.head
    layers = len(groups)
    lines = _wrapped(space, f'{layers} × {width}', kernel,
                     _groups(width, groups))
    row = Row(lines, kernel, False, width, choices.width[-1], layers, layers,
              'head')
    return Column('transposed', '', (row, ), layers)
