"""The spatial space of ViPNAS (Sec. 3.2, Appendix A)."""
from functools import partial
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from ..arch import ArchError
from ..cost import Complexity, ComplexityBatch, Size, half
from ..operators import Used
from ..settings import only
from ..space import GENE_DTYPE, as_size
from . import walk
from .arch import ViPNASArch
from .choices import ViPNASChoices
from .cost import Sums
from .cost_model import ViPNASCostModel
from .families import FAMILIES
from .layout import BRANCH_GENES
from .operators import Operators
from .within import settings_within

CHUNK = 4096  # keeps all intermediate columns in cache


class ViPNASSpace(ViPNASChoices):
    """Networks whose stages have elastic depth, width, kernel, groups and
    attention.

    All blocks of a stage, in HRNet of a branch of it, have the same width,
    kernel size, number of groups and attention (ViPNAS, A.2).

    Args:
        family (str): ``resnet50`` (table A2), ``mobilenetv3`` (A1) or
            ``hrnet_w32`` (A3): kind of blocks, and what ``paper`` means.
        stem (Iterable[int]): Choices of the channels of the stem.
        stages (Sequence[Mapping]): Choices of each stage, see
            :func:`~.settings.stage_choices`.
        head (Mapping, optional): Choices of the transposed convolutions, see
            :func:`~.settings.head_choices`; None for none.
        out_indices (Iterable[int], optional): Which maps are put out: stages,
            with the last one among them, by default that one; of an HRNet
            branches, ``(0, )``, which is the default, or all.
        in_channels (int): Channels of the input image.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """

    # -- values -----------------------------------------------------------
    def _extreme(self, place: int) -> ViPNASArch:
        """The first or last choice everywhere; more groups are cheaper."""
        genes = [int(values[place]) for values in self.choices]
        rules = [(start + 3, branch.groups)
                 for starts, stage in zip(self.layout.branches, self.stages)
                 for start, branch in zip(starts, stage.branches)]
        if self.head is not None:
            rules.append((len(genes) - 1, self.head.groups))
        for i, rule in rules:
            if not rule.of_channels:
                genes[i] = rule.values[-1 - place]
        return self.layout.decode(genes)

    def max_arch(self) -> ViPNASArch:
        """The largest value everywhere, the fewest groups, attention."""
        return self._extreme(-1)

    def min_arch(self) -> ViPNASArch:
        """The least value everywhere, the most groups, no attention."""
        return self._extreme(0)

    def named(self) -> Dict[str, Callable[[], ViPNASArch]]:
        """``max``, ``min`` and what the family has, if it is in the space:
        ``published``, the network of the paper, or ``hrnet``."""
        names = super().named()
        for name, data in FAMILIES[self.family].named.items():
            arch = ViPNASArch.from_dict(data)
            if self.contains(arch):
                names[name] = partial(_same, arch)
        return names

    def within(self, arch: ViPNASArch) -> 'ViPNASSpace':
        """The networks that are nowhere larger than ``arch``, which becomes
        the largest one, see :func:`~.within.settings_within`."""
        return ViPNASSpace(self.family, **settings_within(self, arch))

    def canonical(self, arch: ViPNASArch) -> ViPNASArch:
        """``arch`` itself: a number of groups that does not fit is no member,
        and of all others no two run the same graph."""
        self.check(arch)
        return arch

    def size(self) -> int:
        """Exact number of canonical architectures."""
        rows = iter(self._combinations)
        shared = len(self.stem)
        for stage in self.stages:
            shared *= len(stage.depth)
            for branch in stage.branches:
                last = next(rows)[1]
                shared *= len(last) * len(branch.kernel) * len(
                    branch.attention)
        if self.head is None:
            return shared
        # how many heads there are may depend on the width that comes in
        first = self._combinations[-len(self.stages[-1].branches)][1]
        heads = sum(self._num_heads(int(width)) for width in first[:, 0])
        return shared // len(first) * heads

    def _num_heads(self, source: int) -> int:
        head: Any = self.head
        return len(head.kernel) * sum(
            len({
                head.fitted(source, width, gene)
                for gene in head.groups.values
            }) for width in head.width)

    def facts(self, arch: ViPNASArch) -> Dict[str, int]:
        return dict(
            blocks=sum(stage.depth for stage in arch.stages),
            attention=sum(branch.attention for stage in arch.stages
                          for branch in stage.branches))

    # -- genes ------------------------------------------------------------
    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        return self.choices

    def canonical_genes(self, genes: np.ndarray) -> np.ndarray:
        """Groups that do not fit become the largest below that do."""
        return self.layout.fitted(genes)

    def genes_of(self, values: np.ndarray) -> np.ndarray:
        return self.layout.fitted(values)

    def values_of(self, genes: np.ndarray) -> np.ndarray:
        return genes

    def sample_genes(self, rng: np.random.Generator, num: int,
                     **options: Any) -> np.ndarray:
        """Random architectures: every choice uniform, but widths with groups
        that do not fit are not drawn; no options."""
        only(options)
        uniform = rng.random((num, len(self.choices)))
        values = self._pick(uniform)
        for start, rows in self._combinations:
            drawn = rows[(uniform[:, start] * len(rows)).astype(np.intp)]
            values[:, [start, start + 1, start + 3]] = drawn
        return self.genes_of(values)

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs.

        Each vector has a range of its own for each kind of choice;
        independent choices alone would crowd around the mean cost.
        """
        kinds = BRANCH_GENES + 1
        kind = np.zeros(len(self.choices), np.intp)
        for starts in self.layout.branches:
            for start in starts:
                kind[start:start + BRANCH_GENES] = 1 + np.arange(BRANCH_GENES)
        bounds = np.sort(rng.random((num, 2, kinds)), axis=1)[:, :, kind]
        low, high = bounds[:, 0], bounds[:, 1]
        uniform = rng.random((num, len(self.choices)))
        return self.genes_of(self._pick(low + uniform * (high - low)))

    def encode(self, arch: ViPNASArch) -> np.ndarray:
        self.check(arch)
        return np.array(self.layout.encode(arch), GENE_DTYPE)

    def decode(self, genes: np.ndarray) -> ViPNASArch:
        """Canonical architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or a value that is no choice.
        """
        genes = np.asarray(genes)
        if genes.shape != (len(self.choices), ):
            raise ArchError('genes', f'shape ({len(self.choices)},)',
                            genes.shape)
        values: List[int] = genes.tolist()
        for name, value, allowed in zip(self.layout.names, values,
                                        self.choices):
            if value not in allowed:
                raise ArchError(f'genes ({name})',
                                f'one of {allowed.tolist()}', value)
        return self.layout.decode(list(map(int, values)))

    # -- outputs ----------------------------------------------------------
    def _outputs_of(self, stages: Sequence[Any]) -> List[Any]:
        if self.block == 'hrnet':
            widths = [branch.width for branch in stages[-1].branches]
        else:
            widths = [stage.branches[0].width for stage in stages]
        return [widths[i] for i in self.out_indices]

    def output_channels(self, arch: ViPNASArch) -> Tuple[int, ...]:
        self.check(arch)
        return tuple(self._outputs_of(arch.stages))

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        columns = self.layout.columns(np.asarray(genes))
        return np.stack(self._outputs_of(columns.stages), 1)

    def stage_sizes(self, input_size: Size) -> List[Size]:
        """Height and width of the map behind each stage, in HRNet of its
        finest branch."""
        size = half(as_size(input_size))
        if self.block != 'mobile':
            size = half(size)
        sizes = []
        for stage in self.stages:
            size = half(size) if stage.stride == 2 else size
            sizes.append(size)
        return sizes

    def stage_channels(self, stages: Sequence[Any]) -> List[Any]:
        """Channels of that map; ``stages`` are those of an architecture, or
        columns of many."""
        widths = [stage.branches[0].width for stage in stages]
        if self.block == 'hrnet':
            widths[0] = walk.BOTTLENECK_EXPANSION['hrnet'] * widths[0]
        return widths

    def output_size(self, input_size: Size) -> Size:
        """Height and width of the map that the head reads."""
        return self.stage_sizes(input_size)[-1]

    def heatmap_size(self, input_size: Size) -> Size:
        """Height and width behind the transposed convolutions."""
        scale = 2**(self.head.layers if self.head else 0)
        height, width = self.output_size(input_size)
        return scale * height, scale * width

    # -- cost -------------------------------------------------------------
    def cost_model(self, input_size: Size, **parts: Any) -> ViPNASCostModel:
        """Also counts as the paper does."""
        return ViPNASCostModel(self, input_size, **parts)

    def walk(self, visit: Any, stem: Any, stages: Sequence[Any],
             size: Size) -> None:
        """Tell a visitor what a network runs, see :mod:`.walk`; ``stages``
        are those of an architecture, or columns of many."""
        common = visit, self.attention, self.in_channels, stem, stages
        if self.block == 'hrnet':
            walk.hrnet(*common, self.stages, size, len(self.out_indices) > 1)
        else:
            walk.chain(visit, self.block, *common[1:], self.stages, size)

    def _sums(self, stem: Any, stages: Sequence[Any], size: Size) -> Sums:
        sums = Sums()
        self.walk(sums, stem, stages, size)
        return sums

    def complexity(self,
                   arch: ViPNASArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone, without the head.

        Args:
            arch (ViPNASArch): A member of the space.
            input_size (tuple[int]): Height and width of the image.
            drop_dead (bool): Changes nothing, all layers reach an output.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        self.check(arch)
        sums = self._sums(arch.stem, arch.stages, as_size(input_size))
        return Complexity(sums.params, sums.macs)

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of canonical gene vectors, shape ``(num, genes)``."""
        size, genes = as_size(input_size), np.asarray(genes)
        out = np.empty((2, len(genes)), np.int64)
        for start in range(0, len(genes), CHUNK):
            part = slice(start, start + CHUNK)
            columns = self.layout.columns(genes[part])
            sums = self._sums(columns.stem, columns.stages, size)
            out[:, part] = sums.params, sums.macs
        return ComplexityBatch(*out)

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        """Of the backbone, without the head; see
        :class:`~.operators.Operators`."""
        columns, found = self.layout.columns(genes), Operators()
        self.walk(found, columns.stem, columns.stages, as_size(input_size))
        return found.used


def _same(arch: ViPNASArch) -> ViPNASArch:
    return arch
