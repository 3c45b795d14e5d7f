"""The space of NAS-Bench-201, one-hot (NCP, appendix C.3)."""
from typing import Any, Dict, List, Tuple

import numpy as np

from ..arch import ArchError
from ..choices import IndependentChoices
from ..cost import Complexity, Size, conv_bn, half, total
from ..settings import whole
from ..space import GENE_DTYPE, ComplexityBatch, as_gene_values, as_size
from .arch import EDGES, OPERATIONS, NASBench201Arch, edge_name

POINTWISE = OPERATIONS.index('nor_conv_1x1')
SPATIAL = OPERATIONS.index('nor_conv_3x3')


class NASBench201Space(IndependentChoices[NASBench201Arch]):
    """Cells of four nodes whose six edges each hold one of five operations.

    A benchmark, so that there is no backbone: costs are those of the whole
    network and, with the defaults and 32 x 32 pixels, the numbers that the
    table gives. Every edge counts, as there, even where its result reaches no
    output; accordingly all 15,625 cells are different architectures.

    Args:
        channels (int): Channels of the first of the three stages; every
            further one has twice as many.
        cells (int): Cells of each stage.
        num_classes (int): Outputs of the classifier.

    Raises:
        SettingError: An argument is not valid.
    """
    arch_type = NASBench201Arch
    p_gene = 1.0  # a part is a single edge

    def __init__(self,
                 channels: int = 16,
                 cells: int = 5,
                 num_classes: int = 100) -> None:
        self.channels = whole('channels', channels, 1, 2**16)
        self.cells = whole('cells', cells, 1, 64)
        self.num_classes = whole('num_classes', num_classes, 1, 2**31)
        self.choices = (np.arange(len(OPERATIONS)), ) * len(EDGES)
        self.parts = np.arange(len(EDGES))

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            channels=self.channels,
            cells=self.cells,
            num_classes=self.num_classes)

    # -- values -----------------------------------------------------------
    def max_arch(self) -> NASBench201Arch:
        """3x3 convolutions everywhere."""
        return NASBench201Arch((OPERATIONS[SPATIAL], ) * len(EDGES))

    def min_arch(self) -> NASBench201Arch:
        """No operation at all; pooling and skipping cost as little."""
        return NASBench201Arch(('none', ) * len(EDGES))

    def canonical(self, arch: NASBench201Arch) -> NASBench201Arch:
        """``arch`` itself: the table has a row for each."""
        self.check(arch)
        return arch

    def check(self, arch: NASBench201Arch) -> None:
        if not isinstance(arch, NASBench201Arch):
            raise ArchError('arch', 'a NASBench201Arch', arch)
        arch.check()

    def resolve(self, source: Any) -> NASBench201Arch:
        """Also takes the text of a cell, ``|a~0|+|b~0|c~1|+|...|``.

        Raises:
            ArchError: The source is none of these, or not in the space.
        """
        if isinstance(source, str) and source.startswith('|'):
            source = NASBench201Arch.from_text(source)
        return super().resolve(source)

    # -- genes ------------------------------------------------------------
    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        return (np.arange(2, dtype=GENE_DTYPE), ) * (
            len(EDGES) * len(OPERATIONS))

    def genes_of(self, values: np.ndarray) -> np.ndarray:
        one_hot = np.eye(len(OPERATIONS), dtype=GENE_DTYPE)[values]
        return one_hot.reshape(-1, len(EDGES) * len(OPERATIONS))

    def values_of(self, genes: np.ndarray) -> np.ndarray:
        return self._groups(genes).argmax(2)

    @staticmethod
    def _groups(genes: np.ndarray) -> np.ndarray:
        return genes.reshape(-1, len(EDGES), len(OPERATIONS))

    def encode(self, arch: NASBench201Arch) -> np.ndarray:
        self.check(arch)
        values = [OPERATIONS.index(name) for name in arch.operations]
        return self.genes_of(np.array([values]))[0]

    def decode(self, genes: np.ndarray) -> NASBench201Arch:
        """Architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or an edge without exactly one 1.
        """
        genes = np.asarray(genes)
        length = len(EDGES) * len(OPERATIONS)
        if genes.shape != (length, ):
            raise ArchError('genes', f'shape ({length},)', genes.shape)
        groups = self._groups(genes)[0]
        right = np.isin(groups, (0, 1)).all(1) & (groups.sum(1) == 1)
        for edge in np.flatnonzero(~right):
            raise ArchError(
                edge_name(edge), 'one 1 and otherwise 0',
                groups[edge].tolist())
        return NASBench201Arch(
            tuple(OPERATIONS[value] for value in groups.argmax(1)))

    def round_genes(self, values: np.ndarray) -> np.ndarray:
        """The operation with the greatest number on each edge.

        Args:
            values: Finite numbers, shape ``(num, 30)``. Among equal numbers
                the first is taken.

        Raises:
            ArchError: Another shape, or a number that is not finite.
        """
        length = len(EDGES) * len(OPERATIONS)
        return self.genes_of(self.values_of(as_gene_values(values, length)))

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs.

        Each vector has probabilities of operations of its own.
        """
        odds = rng.dirichlet(np.full(len(OPERATIONS), 0.5), num)
        draws = rng.random((num, len(EDGES), 1))
        values = (draws > odds.cumsum(1)[:, None, :-1]).sum(2)
        return self.genes_of(values)

    # -- outputs ----------------------------------------------------------
    def output_channels(self, arch: NASBench201Arch) -> Tuple[int, ...]:
        """Channels of the last stage, which the classifier reads."""
        self.check(arch)
        return (4 * self.channels, )

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        return np.full((len(genes), 1), 4 * self.channels, np.int64)

    # -- cost -------------------------------------------------------------
    def _tables(self,
                input_size: Size) -> Tuple[Complexity, Complexity, Complexity]:
        """Cost of what is fixed, and of a 1x1 and a 3x3 on one edge."""
        c, size = self.channels, as_size(input_size)
        fixed: List[Complexity] = [conv_bn(3, c, 3, size)]
        edges: Dict[int, List[Complexity]] = {1: [], 3: []}
        for stage in range(3):
            if stage:  # residual block; its shortcut has no norm
                size = half(size)
                shortcut = Complexity(2 * c * c, 2 * c * c * size[0] * size[1])
                fixed += [
                    conv_bn(c, 2 * c, 3, size),
                    conv_bn(2 * c, 2 * c, 3, size), shortcut
                ]
                c *= 2
            for kernel, costs in edges.items():
                costs.append(conv_bn(c, c, kernel, size) * self.cells)
        weights = c * self.num_classes
        fixed.append(Complexity(2 * c + weights + self.num_classes, weights))
        return total(fixed), total(edges[1]), total(edges[3])

    def complexity(self,
                   arch: NASBench201Arch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the whole network, classifier included.

        Args:
            arch (NASBench201Arch): The cell.
            input_size (tuple[int]): Height and width of the image; the
                table's numbers are those of 32 x 32.
            drop_dead (bool): Changes nothing, see the class.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        batch = self.complexity_batch(self.encode(arch)[None], input_size)
        return Complexity(int(batch.params[0]), int(batch.macs[0]))

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of one-hot genes, shape ``(num, 30)``."""
        fixed, pointwise, spatial = self._tables(input_size)
        counts = self._groups(np.asarray(genes)).sum(1, dtype=np.int64)
        few, many = counts[:, POINTWISE], counts[:, SPATIAL]
        return ComplexityBatch(
            fixed.params + few * pointwise.params + many * spatial.params,
            fixed.macs + few * pointwise.macs + many * spatial.macs)
