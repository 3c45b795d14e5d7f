"""The space of ScaleNets (ScaleNAS, Sec. 3.2)."""
from math import prod
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from ..arch import ArchError
from ..cost import Complexity, Size
from ..errors import SettingError
from ..operators import Used
from ..settings import whole, whole_set
from ..space import GENE_DTYPE, ComplexityBatch, as_size
from .arch import MAX_DEPTH, ScaleNetArch, ScaleNetModule
from .cost import ScaleNetCost
from .genes import GeneLayout
from .operators import plain_operators
from .variation import ScaleNetVariation


class ScaleNetSpace(ScaleNetVariation):
    """HRNet-like networks with elastic depth and free cross-scale fusion.

    Stage ``s`` (from 2 on) has ``num_modules[s - 2]`` modules of ``s``
    branches; branch ``b`` works at stride ``4 * 2**b`` with ``width * 2**b``
    channels. HRNet is the point with depth 4 everywhere and all fusions after
    the last block only.

    With single-scale output only the first branch of the last module is
    read. As in the released code its last level then fuses all branches and
    the last level of every other branch of that module fuses none.

    Args:
        width (int): Channels of the branch with the highest resolution.
        multi_scale_output (bool): Whether all branches are read.
        depths (tuple[int]): Possible numbers of blocks of a branch.
        num_modules (tuple[int]): Modules of each stage from stage 2 on.
        stem_width (int): Channels of the stem; stage 1 has four times as
            many.
        stage1_blocks (int): Number of bottlenecks of stage 1.
        in_channels (int): Channels of the input image.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 width: int = 32,
                 multi_scale_output: bool = True,
                 depths: Sequence[int] = (2, 3, 4, 5),
                 num_modules: Sequence[int] = (1, 4, 3),
                 stem_width: int = 64,
                 stage1_blocks: int = 4,
                 in_channels: int = 3) -> None:
        self.width = whole('width', width, 1, 2**16)
        self.multi_scale_output = bool(multi_scale_output)
        self.depths = whole_set('depths', depths, MAX_DEPTH)
        self.num_modules = _counts('num_modules', num_modules)
        self.stem_width = whole('stem_width', stem_width, 1, 2**16)
        self.stage1_blocks = whole('stage1_blocks', stage1_blocks, 1, 64)
        self.in_channels = whole('in_channels', in_channels, 1, 2**16)
        self.branches = tuple(stage + 2
                              for stage, n in enumerate(self.num_modules)
                              for _ in range(n))
        self.layout = GeneLayout(self.branches, self.depths[-1])
        self._costs: Dict[Size, ScaleNetCost] = {}

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            width=self.width,
            multi_scale_output=self.multi_scale_output,
            depths=list(self.depths),
            num_modules=list(self.num_modules),
            stem_width=self.stem_width,
            stage1_blocks=self.stage1_blocks,
            in_channels=self.in_channels)

    # -- values -----------------------------------------------------------
    def _uniform(self, depth: int, fused: Callable[[int],
                                                   bool]) -> ScaleNetArch:
        """Equal depths; every fusion at the levels where ``fused`` holds."""
        genes = np.where(self.layout.is_bit,
                         [fused(level) for level in self.layout.level], depth)
        return self.decode(genes)

    def max_arch(self) -> ScaleNetArch:
        """Full depth, all fusions: teacher and supernet."""
        return self._uniform(self.depths[-1], lambda level: True)

    def min_arch(self) -> ScaleNetArch:
        """Least depth, no optional fusion."""
        return self._uniform(self.depths[0], lambda level: False)

    def hrnet_arch(self) -> ScaleNetArch:
        """HRNet: 4 blocks a branch, fusions after the last one only.

        Raises:
            ArchError: 4 is not among the depths of the space.
        """
        if 4 not in self.depths:
            raise ArchError('depths', '4 among the depths (HRNet has it)',
                            self.depths)
        return self._uniform(4, lambda level: level == 3)

    def named(self) -> Dict[str, Callable[[], ScaleNetArch]]:
        names = super().named()
        if 4 in self.depths:
            names['hrnet'] = self.hrnet_arch
        return names

    def canonical(self, arch: ScaleNetArch) -> ScaleNetArch:
        """Set what the space fixes in the last module, change nothing else.

        Raises:
            ArchError: Branches or depths are not those of the space.
        """
        self._check_shape(arch)
        return self.decode(self.layout.encode(arch))

    def check(self, arch: ScaleNetArch) -> None:
        self._check_shape(arch)
        if self.multi_scale_output:
            return
        last = len(arch.modules) - 1
        expected = self.canonical(arch).modules[last]
        for j, rows in enumerate(arch.modules[last].fusion):
            if rows != expected.fusion[j]:
                raise ArchError(
                    f'arch.modules[{last}].fusion[{j}][{len(rows) - 1}]',
                    f'{expected.fusion[j][-1]} (single-scale output)',
                    rows[-1])

    def _check_shape(self, arch: ScaleNetArch) -> None:
        if type(arch) is not ScaleNetArch:  # one with widths is another
            raise ArchError('arch', 'a ScaleNetArch', arch)
        if len(arch.modules) != len(self.branches):
            raise ArchError('arch.modules', f'{len(self.branches)} modules',
                            len(arch.modules))
        for i, (module, n) in enumerate(zip(arch.modules, self.branches)):
            if len(module.depth) != n:
                raise ArchError(f'arch.modules[{i}].depth', f'{n} branches',
                                module.depth)
            for j, depth in enumerate(module.depth):
                if depth not in self.depths:
                    raise ArchError(f'arch.modules[{i}].depth[{j}]',
                                    f'one of {self.depths}', depth)

    def size(self) -> int:
        """Exact number of canonical architectures."""
        counts = [
            sum(2**((n - 1) * depth) for depth in self.depths)**n
            for n in self.branches
        ]
        if not self.multi_scale_output:  # the last level is fixed
            n = self.branches[-1]
            counts[-1] = sum(2**((n - 1) * (depth - 1))
                             for depth in self.depths)**n
        return prod(counts)

    def live(self, arch: ScaleNetArch) -> ScaleNetArch:
        """Drop what never reaches the single output; same function, cheaper.

        The last level of branch 0 reads every branch. What the others do
        after that level, and their own fusion at it, is dead.
        """
        if self.multi_scale_output:
            return arch
        *modules, last = arch.modules
        keep = last.depth[0]
        off = (0, ) * len(last.depth)
        fusion = [last.fusion[0]]
        for rows in last.fusion[1:]:
            rows = rows[:keep]
            fusion.append(rows[:keep - 1] + (off, ) * (len(rows) == keep))
        depth = tuple(min(d, keep) for d in last.depth)
        return ScaleNetArch((*modules, ScaleNetModule(depth, tuple(fusion))))

    def live_genes(self, genes: np.ndarray) -> np.ndarray:
        """:meth:`live` on gene vectors, shape ``(num, genes)``."""
        if self.multi_scale_output:
            return genes
        layout = self.layout
        start = layout.starts[len(self.branches) - 1]
        keep = genes[:, start][:, None]
        out = genes.copy()
        last = out[:, start:]
        bit, level = layout.is_bit[start:], layout.level[start:]
        other = layout.target[start:] > 0
        np.minimum(last, keep, out=last, where=other & ~bit)
        last[other & bit & (level >= keep - 1)] = 0
        return out

    def num_blocks(self, arch: ScaleNetArch) -> int:
        """Residual blocks, those of stage 1 included."""
        return self.stage1_blocks + arch.num_blocks

    def facts(self, arch: ScaleNetArch) -> Dict[str, int]:
        return dict(blocks=self.num_blocks(arch), fusions=arch.num_fusions)

    # -- genes ------------------------------------------------------------
    def encode(self, arch: ScaleNetArch) -> np.ndarray:
        self._check_shape(arch)
        return self.layout.encode(arch)

    def decode(self, genes: np.ndarray) -> ScaleNetArch:
        """Canonical architecture of a gene vector.

        Raises:
            ArchError: Wrong length, a depth outside the set, a bit that is
                neither 0 nor 1.
        """
        genes = self.layout.check(genes, self.depths)
        return self.layout.decode(self.canonical_genes(genes[None])[0])

    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        depths = np.array(self.depths, GENE_DTYPE)
        bits = np.arange(2, dtype=GENE_DTYPE)
        return tuple(bits if bit else depths for bit in self.layout.is_bit)

    def canonical_genes(self, genes: np.ndarray) -> np.ndarray:
        """Zero the bits that cannot act, shape ``(num, genes)``."""
        layout = self.layout
        depth = genes[:, layout.depth_of]
        out = np.where(layout.is_bit & (layout.level >= depth), 0, genes)
        if not self.multi_scale_output:
            last = layout.is_bit & (layout.module == len(self.branches) - 1)
            fixed = last & (layout.level == depth - 1)
            out = np.where(fixed, layout.target == 0, out)
        return out.astype(GENE_DTYPE)

    # -- outputs ----------------------------------------------------------
    def _output_channels(self) -> Tuple[int, ...]:
        """Widths of the branches that are read; the same for all."""
        outputs = self.branches[-1] if self.multi_scale_output else 1
        return tuple(self.width * 2**j for j in range(outputs))

    def output_channels(self, arch: ScaleNetArch) -> Tuple[int, ...]:
        self._check_shape(arch)
        return self._output_channels()

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        channels = np.array(self._output_channels(), np.int64)
        return np.tile(channels, (len(genes), 1))

    # -- cost -------------------------------------------------------------
    def _cost(self, input_size: Size) -> ScaleNetCost:
        size = as_size(input_size)
        if size not in self._costs:
            self._costs[size] = ScaleNetCost(self.width, self.stem_width,
                                             self.stage1_blocks,
                                             self.in_channels,
                                             self.num_modules, size)
        return self._costs[size]

    def complexity(self,
                   arch: ScaleNetArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone.

        Args:
            arch (ScaleNetArch): A member of the space.
            input_size (tuple[int]): Height and width of the image.
            drop_dead (bool): Whether to leave out layers whose result
                reaches no output. The released code counts them.

        Raises:
            ArchError: Branches or depths are not those of the space.
        """
        self._check_shape(arch)
        if drop_dead:
            arch = self.live(arch)
        return self._cost(input_size)(arch)

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of canonical gene vectors, shape ``(num, genes)``.

        Sums are taken in double precision, which is exact below 2**53.
        """
        if drop_dead:
            genes = self.live_genes(genes)
        return ComplexityBatch(
            *self._cost(input_size).batch(genes, self.layout))

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        if drop_dead:
            genes = self.live_genes(genes)
        return plain_operators(self._cost(input_size), genes, self.layout)


def _counts(field: str, values: Sequence[int]) -> Tuple[int, ...]:
    """Modules of each stage, in order."""
    if not isinstance(values, (list, tuple)) or not values:
        raise SettingError(field, 'a list of whole numbers, not empty', values)
    return tuple(
        whole(f'{field}[{i}]', n, 1, 64) for i, n in enumerate(values))
