"""The space of NCP's networks (NCP, Sec. 3.1)."""
from typing import Any, Callable, Dict, Iterable, List, Tuple

import numpy as np

from ..arch import ArchError
from ..choices import IndependentChoices
from ..cost import Complexity, Size
from ..errors import SettingError
from ..operators import Used
from ..settings import whole, whole_set
from ..space import GENE_DTYPE, ComplexityBatch, as_size
from .arch import (CODE_TEXT, HIGHEST, KINDS, LENGTH, POSITIONS, NCPArch,
                   field_of)
from .cost import batch_costs, costs, layer_sums
from .operators import ncp_operators

OUTPUT_STRIDES = (4, 8, 16, 32)
INITIAL = dict(channels=64, blocks=2, units=2)  # NCP, Sec. 4


class NCPSpace(IndependentChoices[NCPArch]):
    """Multi-resolution networks whose every number is free.

    Two strided 3x3 convolutions, then four stages; stage ``s`` has ``s``
    branches at strides 4, 8, ... and consists of blocks: a fusion module that
    joins neighbouring branches, then residual units on every branch. All
    branches are resized, concatenated and projected to the output channels.
    A gene vector is the code itself.

    Args:
        blocks (Iterable[int]): Possible numbers of blocks of a stage.
        units (Iterable[int]): Possible numbers of residual units.
        channels (Iterable[int]): Possible numbers of channels.
        output_stride (int): Stride that all branches are resized to: 4 for
            dense tasks, 32 for classification, or between.
        in_channels (int): Channels of the input image.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """
    arch_type = NCPArch

    def __init__(self,
                 blocks: Iterable[int] = (1, 2, 3, 4),
                 units: Iterable[int] = (1, 2, 3, 4),
                 channels: Iterable[int] = range(8, 129, 8),
                 output_stride: int = 4,
                 in_channels: int = 3) -> None:
        self.blocks = whole_set('blocks', blocks, HIGHEST)
        self.units = whole_set('units', units, HIGHEST)
        self.channels = whole_set('channels', channels, HIGHEST)
        if output_stride not in OUTPUT_STRIDES:
            raise SettingError('output_stride', f'one of {OUTPUT_STRIDES}',
                               output_stride)
        self.output_stride = int(output_stride)
        self.in_channels = whole('in_channels', in_channels, 1, 2**16)
        self.choices = tuple(
            np.array(getattr(self, position.kind), GENE_DTYPE)
            for position in POSITIONS)
        self.parts = np.array([position.part for position in POSITIONS])

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            blocks=list(self.blocks),
            units=list(self.units),
            channels=list(self.channels),
            output_stride=self.output_stride,
            in_channels=self.in_channels)

    # -- values -----------------------------------------------------------
    def max_arch(self) -> NCPArch:
        """The largest value everywhere."""
        return NCPArch(tuple(int(values[-1]) for values in self.choices))

    def min_arch(self) -> NCPArch:
        """The least value everywhere."""
        return NCPArch(tuple(int(values[0]) for values in self.choices))

    def initial_arch(self) -> NCPArch:
        """Where NCP starts: 2 blocks and units, 64 channels.

        In a narrower space the nearest values it has.
        """
        code = [INITIAL[position.kind] for position in POSITIONS]
        return self.decode(self.round_genes(np.array([code]))[0])

    def named(self) -> Dict[str, Callable[[], NCPArch]]:
        return dict(super().named(), initial=self.initial_arch)

    def canonical(self, arch: NCPArch) -> NCPArch:
        """``arch`` itself: no two codes run the same graph."""
        self.check(arch)
        return arch

    def check(self, arch: NCPArch) -> None:
        if not isinstance(arch, NCPArch):
            raise ArchError('arch', 'an NCPArch', arch)
        if not isinstance(arch.code, tuple) or len(arch.code) != LENGTH:
            raise ArchError('code', f'a tuple of {LENGTH} integers', arch.code)
        for i, (value, position) in enumerate(zip(arch.code, POSITIONS)):
            allowed = getattr(self, position.kind)
            if type(value) is not int or value not in allowed:
                raise ArchError(field_of(i), _one_of(allowed), value)

    def facts(self, arch: NCPArch) -> Dict[str, int]:
        stages = arch.stages
        return dict(
            modules=sum(stage.blocks for stage in stages),
            units=sum(stage.blocks * sum(stage.units) for stage in stages))

    def resolve(self, source: Any) -> NCPArch:
        """Also takes 27 integers and the text of a code.

        Raises:
            ArchError: The source is none of these, or not in the space.
        """
        if isinstance(source, (list, tuple, np.ndarray)) or (isinstance(
                source, str) and CODE_TEXT.fullmatch(source)):
            source = NCPArch.from_code(source)
        return super().resolve(source)

    # -- genes ------------------------------------------------------------
    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        return self.choices

    def genes_of(self, values: np.ndarray) -> np.ndarray:
        return values.astype(GENE_DTYPE)

    def values_of(self, genes: np.ndarray) -> np.ndarray:
        return genes

    def encode(self, arch: NCPArch) -> np.ndarray:
        self.check(arch)
        return np.array(arch.code, GENE_DTYPE)

    def decode(self, genes: np.ndarray) -> NCPArch:
        """Architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or a value that is no choice.
        """
        arch = NCPArch.from_code(np.asarray(genes))
        self.check(arch)
        return arch

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs.

        Each vector has a range of blocks, of units and of channels of its
        own; independent numbers alone would crowd around the mean cost.
        """
        kind = [KINDS.index(position.kind) for position in POSITIONS]
        bounds = np.sort(rng.random((num, 2, len(KINDS))), axis=1)[:, :, kind]
        uniform = rng.random((num, LENGTH))
        low, high = bounds[:, 0], bounds[:, 1]
        return self.genes_of(self._pick(low + uniform * (high - low)))

    # -- outputs ----------------------------------------------------------
    def output_channels(self, arch: NCPArch) -> Tuple[int, ...]:
        self.check(arch)
        return (arch.output, )

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        return np.asarray(genes)[:, -1:].astype(np.int64)

    # -- cost -------------------------------------------------------------
    def complexity(self,
                   arch: NCPArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone, without a classifier.

        Args:
            arch (NCPArch): A member of the space.
            input_size (tuple[int]): Height and width of the image.
            drop_dead (bool): Changes nothing, all layers reach the output.

        Raises:
            ArchError: ``arch`` is not in the space.
        """
        self.check(arch)
        sums = layer_sums(arch.code, self.in_channels, self.output_stride)
        return Complexity(*costs(sums, as_size(input_size))[:2])

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of codes, shape ``(num, 27)``."""
        params, macs, _ = batch_costs(genes, as_size(input_size),
                                      self.in_channels, self.output_stride)
        return ComplexityBatch(params, macs)

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        columns = np.asarray(genes).T.astype(np.int64, order='C')
        return ncp_operators(
            list(columns), as_size(input_size), self.in_channels,
            self.output_stride)


def _one_of(values: Tuple[int, ...]) -> str:
    """Choices in words, not all of them if they are many."""
    shown = list(map(str, values))
    if len(shown) > 20:
        shown[3:-1] = ['...']
    return 'one of ' + ', '.join(shown)
