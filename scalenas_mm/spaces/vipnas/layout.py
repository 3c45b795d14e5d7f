"""Gene vectors of ViPNAS's architectures.

The stem; for each stage its depth, then width, expansion, kernel, groups and
attention of each branch; width, kernel and groups of the head. A gene of
groups is the number of groups or of channels in each, as the space says.
"""
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..space import GENE_DTYPE
from .arch import ViPNASArch, ViPNASBranch, ViPNASHead, ViPNASStage
from .groups import Table, products
from .settings import HeadChoices, StageChoices

BRANCH_GENES = len(ViPNASBranch._fields)


class Columns(NamedTuple):
    """Many architectures; as :class:`ViPNASArch`, with arrays."""
    stem: Any
    stages: Tuple[ViPNASStage, ...]
    head: Optional[ViPNASHead]


class Layout:
    """Where each choice stands, and what each gene of groups means.

    Args:
        stem (Sequence[int]): Choices of the stem.
        stages (Sequence[StageChoices]): Choices of the stages.
        head (HeadChoices, optional): Choices of the head.
        sources (Sequence[int]): Channels that may reach the head.

    Attributes:
        choices: Allowed values of each gene.
        parts: For each gene 0 for the stem, then the stage, then the head.
        names: What each gene is, such as ``stages[1].kernel``.
        branches: Where the genes of each branch begin.
    """

    def __init__(self, stem: Sequence[int], stages: Sequence[StageChoices],
                 head: Optional[HeadChoices], sources: Sequence[int]) -> None:
        self.stages, self.head = stages, head
        rows: List[Tuple[str, Sequence[int], int]] = [('stem', stem, 0)]
        self.branches: List[List[int]] = []
        for i, stage in enumerate(stages):
            rows.append((f'stages[{i}].depth', stage.depth, i + 1))
            self.branches.append([])
            for j, branch in enumerate(stage.branches):
                self.branches[-1].append(len(rows))
                at = f'[{j}]' if len(stage.branches) > 1 else ''
                values = branch._asdict()
                values['groups'] = branch.groups.values
                rows += [(f'stages[{i}].{name}{at}', values[name], i + 1)
                         for name in ViPNASBranch._fields]
        if head is not None:
            rows += [('head.width', head.width, len(stages) + 1),
                     ('head.kernel', head.kernel, len(stages) + 1),
                     ('head.groups', head.groups.values, len(stages) + 1)]
        self.names, choices, parts = zip(*rows)
        self.choices = tuple(np.array(row, GENE_DTYPE) for row in choices)
        self.parts = np.array(parts)
        self._tables = [[
            Table(branch.groups, products(branch.width, branch.expansion))
            for branch in stage.branches
        ] for stage in stages]
        if head is not None:
            self._first = Table(head.groups, sources, head.width)
            self._others = Table(head.groups, head.width)

    def columns(self, genes: np.ndarray) -> Columns:
        """Architectures of allowed genes ``(num, genes)``, with the numbers
        of groups that fit."""
        rows: List[Any] = list(np.asarray(genes).T.astype(np.int64))
        stages = []
        for starts, tables in zip(self.branches, self._tables):
            branches: List[Any] = []
            for start, table in zip(starts, tables):
                width, expansion, kernel, gene, attention = rows[start:start +
                                                                 BRANCH_GENES]
                groups: Any = table(width * expansion, gene)
                branches.append(
                    ViPNASBranch(width, expansion, kernel, groups, attention))
            stages.append(ViPNASStage(rows[starts[0] - 1], tuple(branches)))
        return Columns(rows[0], tuple(stages), self._head(rows, stages))

    def _head(self, rows: Any, stages: Any) -> Optional[ViPNASHead]:
        if self.head is None:
            return None
        width, kernel, gene = rows[-3:]
        source = stages[-1].branches[0].width
        groups: List[Any] = [self._first(source, width, gene)]
        groups += [self._others(width, gene)] * (self.head.layers - 1)
        return ViPNASHead(width, kernel, tuple(groups))

    def fitted(self, genes: np.ndarray) -> np.ndarray:
        """Genes whose numbers of groups are those that are run."""
        columns, out = self.columns(genes), np.array(genes, GENE_DTYPE)
        for starts, stage, choices in zip(self.branches, columns.stages,
                                          self.stages):
            for start, branch, choice in zip(starts, stage.branches,
                                             choices.branches):
                out[:, start + 3] = choice.groups.gene(branch.groups,
                                                       branch.middle)
        if self.head is not None and columns.head is not None:
            out[:, -1] = self.head.groups.gene(columns.head.groups[-1],
                                               columns.head.width)
        return out

    def encode(self, arch: ViPNASArch) -> List[int]:
        """Genes of a member of the space."""
        out = [arch.stem]
        for stage, choices in zip(arch.stages, self.stages):
            out.append(stage.depth)
            for branch, choice in zip(stage.branches, choices.branches):
                gene = choice.groups.gene(branch.groups, branch.middle)
                out += branch._replace(groups=gene)
        if self.head is not None and arch.head is not None:
            width, kernel, groups = arch.head
            out += [width, kernel, self.head.groups.gene(groups[-1], width)]
        return out

    def decode(self, genes: Sequence[int]) -> ViPNASArch:
        """Architecture of allowed genes, with groups that fit."""
        stages = []
        for starts, choices in zip(self.branches, self.stages):
            branches = []
            for start, choice in zip(starts, choices.branches):
                branch = ViPNASBranch(*genes[start:start + BRANCH_GENES])
                groups = choice.groups.fitted(branch.groups, branch.middle)
                branches.append(branch._replace(groups=groups))
            stages.append(ViPNASStage(genes[starts[0] - 1], tuple(branches)))
        head = None
        if self.head is not None:
            width, kernel, gene = genes[-3:]
            source = stages[-1].branches[0].width
            head = ViPNASHead(width, kernel,
                              self.head.fitted(source, width, gene))
        return ViPNASArch(genes[0], tuple(stages), head)
