"""The space of HR-NAS (Sec. 3.2 and Appendix B)."""
from functools import cached_property
from numbers import Real
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ..arch import ArchError
from ..errors import SettingError
from ..settings import whole, whole_set
from ..space import GENE_DTYPE
from .arch import HRNASArch
from .costed import Costed
from .layout import BlockPlace, block_places
from .transformer import Source, TransformerSettings

HEADS: Dict[str, Tuple[int, ...]] = dict(
    dense=(90, ), classification=(36, 72, 144, 320, 1600), none=())
HIGHEST = int(np.iinfo(GENE_DTYPE).max)
BLOCKS = ((1, ), (2, 2), (2, 2, 3), (2, 2, 3, 4), (2, 2, 3, 4))
WIDTHS = ((24, ), (18, 36), (18, 36, 72), (18, 36, 72, 144), (18, 36, 72, 144))


class HRNASSpace(Costed):
    """Networks of searching blocks: mixed convolutions and a transformer.

    Two strided 3x3 convolutions, then stages of a fusion module and parallel
    branches. Every branch is a chain of searching blocks, and every arrow of
    a fusion module is one. An architecture says how many channels each
    depthwise convolution of each block has, and how many tokens its
    transformer.

    A gene vector has, for every block, a number for each kernel size and one
    for the tokens.

    Args:
        stem (Sequence[int]): Channels of the two strided convolutions.
        blocks (Sequence[Sequence[int]]): For each stage, the searching blocks
            of each branch. A stage has as many branches as the one before, or
            one more.
        widths (Sequence[Sequence[int]]): For each stage, the channels of
            each branch. 0 ends a branch: from then on it is not there, and
            has no blocks.
        kernels (Sequence[int]): Kernel sizes, odd.
        expansion (int): Channels of each depthwise convolution of the
            largest architecture, as a multiple of its block's input (r).
        tokens (int): Tokens of each transformer of the largest architecture;
            0 for no transformers.
        transformer (str | dict | TransformerSettings): Their settings.
        reductions (bool): Whether blocks that change stride or width have
            transformers, too.
        se_ratio (float): Width of squeeze-and-excitation inside the blocks,
            as a multiple of the block's input; 0 for none.
        head (str): What follows the branches. ``dense``: they are resized to
            the first one, joined and pass a searching block.
            ``classification``: searching blocks widen and join them from the
            finest to the coarsest, then a 1x1 convolution. ``none``: they are
            the outputs.
        head_channels (Sequence[int], optional): ``dense``: of the one output.
            ``classification``: of each branch and of the output.
        in_channels (int): Channels of the input image.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """
    arch_type = HRNASArch
    p_gene = 0.05  # of hundreds of numbers, a few change

    def __init__(self,
                 stem: Sequence[int] = (24, 24),
                 blocks: Sequence[Sequence[int]] = BLOCKS,
                 widths: Sequence[Sequence[int]] = WIDTHS,
                 kernels: Sequence[int] = (3, 5, 7),
                 expansion: int = 4,
                 tokens: int = 64,
                 transformer: Source = 'paper',
                 reductions: bool = False,
                 se_ratio: float = 0.0,
                 head: str = 'dense',
                 head_channels: Optional[Sequence[int]] = None,
                 in_channels: int = 3) -> None:
        if head not in HEADS:
            raise SettingError('head', f'one of {tuple(HEADS)}', head)
        self.stem = _row('stem', stem)
        self.widths = tuple(
            _row(f'widths[{i}]', row, 0) for i, row in enumerate(widths))
        self.blocks = tuple(
            _row(f'blocks[{i}]', row, 0) for i, row in enumerate(blocks))
        self.kernels = whole_set('kernels', kernels, 99)
        self.expansion = whole('expansion', expansion)
        self.tokens = whole('tokens', tokens, 0, HIGHEST)
        self.transformer = TransformerSettings.resolve(transformer)
        self.reductions = bool(reductions)
        self.se_ratio = se_ratio
        self.head = head
        self.head_channels = _row(
            'head_channels',
            HEADS[head] if head_channels is None else head_channels)
        self.in_channels = whole('in_channels', in_channels)
        super().__init__()
        self._check_settings()
        self._num_choices = np.array(self.most).reshape(-1) + 1
        self.choices = tuple(
            np.arange(num, dtype=GENE_DTYPE) for num in self._num_choices)
        self.parts = np.repeat(
            np.arange(len(self.places)),
            len(self.kernels) + 1)

    def _check_settings(self) -> None:
        branches = [len(row) for row in self.widths]
        if not branches or [len(row) for row in self.blocks] != branches:
            raise SettingError(
                'blocks', f'as many numbers as widths has: '
                f'{self.widths}', self.blocks)
        for before, now in zip([1, *branches], branches):
            if now not in (before, before + 1):
                raise SettingError(
                    'widths', 'as many branches as the stage '
                    'before or one more', self.widths)
        self._check_ends()
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise SettingError('kernels', 'odd numbers', self.kernels)
        if len(self.stem) != 2:
            raise SettingError('stem', 'two numbers', self.stem)
        if not isinstance(self.se_ratio, Real) or not 0 <= self.se_ratio <= 8:
            raise SettingError('se_ratio', 'a number from 0 to 8',
                               self.se_ratio)
        num = dict(dense=1, classification=branches[-1] + 1, none=0)[self.head]
        if len(self.head_channels) != num:
            raise SettingError('head_channels', f'{num} numbers',
                               self.head_channels)
        widest = max(place.in_channels for place in self.places)
        if self.expansion * widest > HIGHEST:
            raise SettingError(
                'expansion', f'at most {HIGHEST} // {widest}, '
                'the widest block', self.expansion)

    def _check_ends(self) -> None:
        """Of branches."""
        before: Tuple[int, ...] = (1, )
        for i, (widths, blocks) in enumerate(zip(self.widths, self.blocks)):
            again = any(now > was == 0 for was, now in zip(before, widths))
            if again or not widths[-1] or any(
                    block > width == 0
                    for block, width in zip(blocks, widths)):
                raise SettingError(
                    f'widths[{i}]', 'a last branch, no blocks in branches '
                    'that have ended, and none that begins again', widths)
            if not all(widths) and self.head == 'classification':
                raise SettingError('head', 'another one, where branches end',
                                   self.head)
            before = widths

    @cached_property
    def places(self) -> Tuple[BlockPlace, ...]:
        """All searching blocks, in order."""
        return block_places(self.stem[-1], self.blocks, self.widths, self.head,
                            self.head_channels)

    @cached_property
    def most(self) -> Tuple[Tuple[int, ...], ...]:
        """Channels of each kernel, then tokens, of each block of the largest
        architecture."""
        return tuple(
            (*[self.expansion * place.in_channels] * len(self.kernels),
             self.tokens if self.has_transformer(place) else 0)
            for place in self.places)

    def has_transformer(self, place: BlockPlace) -> bool:
        """Whether a block may have tokens."""
        return self.tokens > 0 and (self.reductions or place.keeps_shape)

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            type=type(self).__name__,
            stem=list(self.stem),
            blocks=[list(row) for row in self.blocks],
            widths=[list(row) for row in self.widths],
            kernels=list(self.kernels),
            expansion=self.expansion,
            tokens=self.tokens,
            transformer=self.transformer.to_dict(),
            reductions=self.reductions,
            se_ratio=self.se_ratio,
            head=self.head,
            head_channels=list(self.head_channels),
            in_channels=self.in_channels)

    # -- values -----------------------------------------------------------
    def _of_rows(self, rows: Any) -> HRNASArch:
        """From channels and tokens of each block."""
        rows = [tuple(map(int, row)) for row in rows]
        return HRNASArch(
            tuple(row[:-1] for row in rows), tuple(row[-1] for row in rows))

    def max_arch(self) -> HRNASArch:
        return self._of_rows(self.most)

    def min_arch(self) -> HRNASArch:
        """Shortcuts only."""
        return self._of_rows([[0] * len(row) for row in self.most])

    def canonical(self, arch: HRNASArch) -> HRNASArch:
        """``arch`` itself: no two values run the same graph."""
        self.check(arch)
        return arch

    def check(self, arch: HRNASArch) -> None:
        if not isinstance(arch, HRNASArch):
            raise ArchError('arch', 'an HRNASArch', arch)
        for field in ('channels', 'tokens'):
            if len(getattr(arch, field)) != len(self.places):
                raise ArchError(field, f'{len(self.places)} blocks',
                                len(getattr(arch, field)))
        for i, (row, most) in enumerate(zip(arch.channels, self.most)):
            if len(row) != len(self.kernels):
                raise ArchError(f'channels[{i}]',
                                f'a number for each of {self.kernels}', row)
            for k, (value, high) in enumerate(zip(row, most)):
                _check(f'channels[{i}][{k}]', value, high)
        for i, (value, most) in enumerate(zip(arch.tokens, self.most)):
            _check(f'tokens[{i}]', value, most[-1])

    def facts(self, arch: HRNASArch) -> Dict[str, int]:
        return dict(
            units=sum(map(sum, arch.channels)), tokens=sum(arch.tokens))

    # -- genes ------------------------------------------------------------
    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        return self.choices

    def genes_of(self, values: np.ndarray) -> np.ndarray:
        return values.astype(GENE_DTYPE)

    def values_of(self, genes: np.ndarray) -> np.ndarray:
        return genes

    def _pick(self, uniform: np.ndarray) -> np.ndarray:
        return (uniform * self._num_choices).astype(GENE_DTYPE)

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs.

        Each vector has a share of its own, which all numbers have of their
        largest value on average, kinds of units more or less; independent
        numbers alone would crowd around half the cost.
        """
        kinds = len(self.kernels) + 1
        share = rng.uniform(0.01, 0.99, (num, 1))
        power = (1 - share) / share * 2**rng.uniform(-1, 1, (num, kinds))
        uniform = rng.random((num, len(self.choices)))
        return self._pick(uniform**np.tile(power, len(self.places)))

    def encode(self, arch: HRNASArch) -> np.ndarray:
        self.check(arch)
        return np.array([
            value for row, tokens in zip(arch.channels, arch.tokens)
            for value in (*row, tokens)
        ], GENE_DTYPE)

    def decode(self, genes: np.ndarray) -> HRNASArch:
        """Architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or a value that is no choice.
        """
        genes = np.asarray(genes)
        if genes.shape != (len(self.choices), ):
            raise ArchError('genes', f'shape ({len(self.choices)},)',
                            genes.shape)
        arch = self._of_rows(genes.reshape(len(self.places), -1))
        self.check(arch)
        return arch

    # -- outputs ----------------------------------------------------------
    def output_channels(self, arch: HRNASArch) -> Tuple[int, ...]:
        self.check(arch)
        return self.head_channels[-1:] or tuple(filter(None, self.widths[-1]))

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        channels = self.output_channels(self.min_arch())
        return np.tile(np.array(channels, np.int64), (len(genes), 1))


def _row(field: str, values: Any, least: int = 1) -> Tuple[int, ...]:
    if not isinstance(values, (list, tuple)):
        raise SettingError(field, 'a list of whole numbers', values)
    return tuple(
        whole(f'{field}[{i}]', value, least) for i, value in enumerate(values))


def _check(field: str, value: Any, most: int) -> None:
    if type(value) is not int or not 0 <= value <= most:
        raise ArchError(field, f'an integer from 0 to {most}', value)
