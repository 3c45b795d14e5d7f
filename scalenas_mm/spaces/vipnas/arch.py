"""Architectures of ViPNAS on images (ViPNAS, Sec. 3.2 and Appendix A)."""
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..arch import Arch, ArchError, check_int, check_keys
from ..space import GENE_DTYPE

HIGHEST = int(np.iinfo(GENE_DTYPE).max)
POSITIVE = f'an integer from 1 to {HIGHEST}'


class ViPNASBranch(NamedTuple):
    """What all blocks of a stage, or of one branch of it, have in common.

    Attributes:
        width: Channels that a block puts out; of a bottleneck, of its middle
            convolution.
        expansion: Channels of the middle convolution of a mobile block as a
            multiple of the width; 1 in other blocks.
        kernel: Kernel size of the convolution that has groups.
        groups: Its groups.
        attention: 1 with attention, 0 without.
    """
    width: int
    expansion: int
    kernel: int
    groups: int
    attention: int

    @property
    def middle(self) -> Any:
        """Channels of the convolution that has groups."""
        return self.width * self.expansion


class ViPNASStage(NamedTuple):
    """A stage.

    Attributes:
        depth: Number of blocks; where a stage has several modules, of all.
        branches: One, or one for each resolution.
    """
    depth: int
    branches: Tuple[ViPNASBranch, ...]


class ViPNASHead(NamedTuple):
    """Transposed convolutions behind the last stage.

    Attributes:
        width: Channels of each.
        kernel: Kernel size of each.
        groups: Groups of each, in order.
    """
    width: int
    kernel: int
    groups: Tuple[int, ...]


@dataclass(frozen=True)
class ViPNASArch(Arch):
    """A network of ViPNAS.

    Attributes:
        stem: Channels of the stem.
        stages: The stages.
        head: The transposed convolutions, None without.
    """
    stem: int
    stages: Tuple[ViPNASStage, ...]
    head: Optional[ViPNASHead] = None

    @property
    def out_width(self) -> int:
        """Width of the last stage, in its finest branch."""
        return self.stages[-1].branches[0].width

    def to_dict(self) -> Dict[str, Any]:
        """A stage of one branch has numbers, one of several has lists."""
        head = None
        if self.head is not None:
            head = dict(
                width=self.head.width,
                kernel=self.head.kernel,
                groups=list(self.head.groups))
        return dict(
            stem=self.stem,
            stages=[_stage_dict(stage) for stage in self.stages],
            head=head)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'ViPNASArch':
        check_keys('arch', data, ('stem', 'stages', 'head'))
        stages = data['stages']
        if not isinstance(stages, (list, tuple)) or not stages:
            raise ArchError('arch.stages', 'a list of stages', stages)
        return cls(
            _positive('arch.stem', data['stem']),
            tuple(
                _stage(f'arch.stages[{i}]', stage)
                for i, stage in enumerate(stages)), _head(data['head']))

    def __str__(self) -> str:
        lines = [f'ViPNASArch {self.digest}: stem {self.stem}']
        for i, (depth, branches) in enumerate(self.stages, 1):
            lines += [
                f'  stage {i}  {depth} x  width {b.width:<4} middle '
                f'{b.middle:<5} kernel {b.kernel}  groups {b.groups:<4} '
                f'{"attention" if b.attention else "-"}' for b in branches
            ]
        if self.head is not None:
            lines.append(f'  head     {len(self.head.groups)} x  width '
                         f'{self.head.width:<4} kernel {self.head.kernel}  '
                         f'groups {" ".join(map(str, self.head.groups))}')
        return '\n'.join(lines)


def _stage_dict(stage: ViPNASStage) -> Dict[str, Any]:
    columns = [list(column) for column in zip(*stage.branches)]
    if len(stage.branches) == 1:
        columns = [column[0] for column in columns]
    return dict(depth=stage.depth, **dict(zip(ViPNASBranch._fields, columns)))


def _positive(field: str, value: Any) -> int:
    return check_int(field, value, POSITIVE, 1, HIGHEST)


def _stage(field: str, data: Any) -> ViPNASStage:
    check_keys(field, data, ('depth', *ViPNASBranch._fields))
    columns: List[List[int]] = []
    for name in ViPNASBranch._fields:
        values, where = data[name], f'{field}.{name}'
        if not isinstance(values, (list, tuple)):
            values, where = [values], f'{field}.{name}'
        if not values or columns and len(values) != len(columns[0]):
            raise ArchError(where, 'a number for each branch', data[name])
        least, expected = (0, '0 or 1') if name == 'attention' else (1,
                                                                     POSITIVE)
        most = HIGHEST if least else 1
        columns.append([
            check_int(
                where if len(values) == 1 else f'{where}[{j}]', value,
                expected, least, most) for j, value in enumerate(values)
        ])
    return ViPNASStage(
        _positive(f'{field}.depth', data['depth']),
        tuple(map(ViPNASBranch._make, zip(*columns))))


def _head(data: Any) -> Optional[ViPNASHead]:
    if data is None:
        return None
    check_keys('arch.head', data, ViPNASHead._fields)
    groups = data['groups']
    if not isinstance(groups, (list, tuple)) or not groups:
        raise ArchError('arch.head.groups', 'a number for each layer', groups)
    return ViPNASHead(
        _positive('arch.head.width', data['width']),
        _positive('arch.head.kernel', data['kernel']),
        tuple(
            _positive(f'arch.head.groups[{i}]', value)
            for i, value in enumerate(groups)))
