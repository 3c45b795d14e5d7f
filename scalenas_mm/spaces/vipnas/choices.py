"""What a space of ViPNAS is made of."""
from typing import Any, Dict, Optional, Sequence, Set, Tuple

import numpy as np

from ..arch import ArchError
from ..choices import IndependentChoices
from ..errors import SettingError
from ..settings import whole, whole_set
from ..space import GENE_DTYPE
from .arch import HIGHEST, ViPNASArch, ViPNASBranch, ViPNASHead, ViPNASStage
from .families import FAMILIES
from .layout import Layout
from .settings import (MODULE_BLOCKS, BranchChoices, HeadChoices, head_choices,
                       stage_choices)

PAPER = 'paper'


class ViPNASChoices(IndependentChoices[ViPNASArch]):
    """Choices of a :class:`~.space.ViPNASSpace`, which says what they are.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """
    arch_type = ViPNASArch

    def __init__(self,
                 family: str = 'resnet50',
                 stem: Any = PAPER,
                 stages: Any = PAPER,
                 head: Any = PAPER,
                 out_indices: Optional[Sequence[int]] = None,
                 in_channels: int = 3) -> None:
        if family not in FAMILIES:
            raise SettingError('family', f'one of {tuple(FAMILIES)}', family)
        self.family = family
        found = FAMILIES[family]
        self.block, self.attention = found.block, found.attention
        self.stem = whole_set('stem', found.stem if stem == PAPER else stem,
                              HIGHEST)
        stages = found.stages if stages == PAPER else stages
        if not isinstance(stages, (list, tuple)) or not stages:
            raise SettingError('stages', 'a list of dicts, not empty', stages)
        self.stages = tuple(
            stage_choices(f'stages[{i}]', stage)
            for i, stage in enumerate(stages))
        self._check_stages()
        sources = self.stages[-1].branches[0].width
        head = found.head if head == PAPER else head
        self.head = None if head is None else head_choices(
            'head', head, sources)
        self.out_indices = self._outputs(out_indices)
        self.in_channels = whole('in_channels', in_channels, 1, 2**16)
        self.layout = Layout(self.stem, self.stages, self.head, sources)
        self.choices, self.parts = self.layout.choices, self.layout.parts
        self._combinations = [
            (start, np.array(branch.combinations(), GENE_DTYPE))
            for starts, stage in zip(self.layout.branches, self.stages)
            for start, branch in zip(starts, stage.branches)
        ]
        self._checked: Set[Any] = set()

    def _check_stages(self) -> None:
        hrnet = self.block == 'hrnet'
        previous = self.stem
        for i, stage in enumerate(self.stages):
            branches = max(1, i + 1 if hrnet else 1)
            if len(stage.branches) != branches:
                raise SettingError(f'stages[{i}].branches',
                                   f'{branches} of them', len(stage.branches))
            if hrnet and i and any(d % MODULE_BLOCKS for d in stage.depth):
                raise SettingError(
                    f'stages[{i}].depth', f'multiples of {MODULE_BLOCKS}, the '
                    'blocks of a module', stage.depth)
            if hrnet and stage.stride != 1:
                raise SettingError(f'stages[{i}].stride', '1', stage.stride)
            for branch in stage.branches:
                mobile = self.block == 'mobile'
                if not mobile and branch.expansion != (1, ):
                    raise SettingError(f'stages[{i}].expansion',
                                       'none, or 1: blocks are not mobile',
                                       branch.expansion)
                if mobile and 1 in branch.expansion and not (
                        branch.expansion == (1, ) and previous == branch.width
                        and len(previous) == 1):
                    raise SettingError(
                        f'stages[{i}].expansion', '1 only alone, with one '
                        'width, that of the stage before', branch.expansion)
            previous = stage.branches[0].width
        if hrnet and len(self.stages) < 2:
            raise SettingError('stages', 'at least two', len(self.stages))

    def _outputs(self, indices: Optional[Sequence[int]]) -> Tuple[int, ...]:
        every = tuple(range(len(self.stages)))
        hrnet = self.block == 'hrnet'
        if indices is None:
            return every[:1] if hrnet else every[-1:]
        found = tuple(
            whole(f'out_indices[{i}]', index, 0, every[-1])
            for i, index in enumerate(indices))
        good = found in (every[:1], every) if hrnet else (
            found == tuple(sorted(set(found))) and found[-1:] == every[-1:])
        if not good:
            raise SettingError(
                'out_indices', f'{every[:1]} or {every}'
                if hrnet else f'ascending, the last one {every[-1]}', indices)
        return found

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            family=self.family,
            stem=list(self.stem),
            stages=[stage.to_dict() for stage in self.stages],
            head=None if self.head is None else self.head.to_dict(),
            out_indices=list(self.out_indices),
            in_channels=self.in_channels)

    def check(self, arch: ViPNASArch) -> None:
        if not isinstance(arch, ViPNASArch):
            raise ArchError('arch', 'a ViPNASArch', arch)
        _check('arch.stem', arch.stem, self.stem)
        if len(arch.stages) != len(self.stages):
            raise ArchError('arch.stages', f'{len(self.stages)} stages',
                            len(arch.stages))
        for i, stage in enumerate(arch.stages):
            self._check_stage(i, stage)
        self._check_head(arch)

    def _check_stage(self, i: int, stage: ViPNASStage) -> None:
        choices, field = self.stages[i], f'arch.stages[{i}]'
        _check(f'{field}.depth', stage.depth, choices.depth)
        if len(stage.branches) != len(choices.branches):
            raise ArchError(field, f'{len(choices.branches)} branches',
                            len(stage.branches))
        for j, branch in enumerate(stage.branches):
            if (i, j, branch) not in self._checked:
                where = f'[{j}]' if len(stage.branches) > 1 else ''
                self._check_branch(field, where, branch, choices.branches[j])
                self._checked.add((i, j, branch))

    @staticmethod
    def _check_branch(field: str, where: str, branch: ViPNASBranch,
                      choices: BranchChoices) -> None:
        for name in ('width', 'expansion', 'kernel', 'attention'):
            _check(f'{field}.{name}{where}', getattr(branch, name),
                   getattr(choices, name))
        _check(f'{field}.groups{where}', branch.groups,
               choices.groups.most(branch.middle))

    def _check_head(self, arch: ViPNASArch) -> None:
        key = (arch.out_width, arch.head)
        if key in self._checked:
            return
        if arch.head is None or self.head is None:
            if arch.head is not self.head:
                raise ArchError(
                    'arch.head',
                    'one, as the space has' if self.head else 'none',
                    arch.head)
        else:
            self._check_deconvs(arch.out_width, arch.head, self.head)
        self._checked.add(key)

    @staticmethod
    def _check_deconvs(source: int, head: ViPNASHead,
                       choices: HeadChoices) -> None:
        _check('arch.head.width', head.width, choices.width)
        _check('arch.head.kernel', head.kernel, choices.kernel)
        allowed = sorted({
            choices.fitted(source, head.width, gene)
            for gene in choices.groups.values
        })
        if head.groups not in allowed:
            raise ArchError('arch.head.groups',
                            'one of ' + ', '.join(map(str, allowed)),
                            head.groups)


def _check(field: str, value: Any, allowed: Sequence[int]) -> None:
    if type(value) is not int or value not in allowed:
        raise ArchError(field, f'one of {tuple(allowed)}', value)
