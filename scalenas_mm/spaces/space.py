"""What every search space offers."""
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import (Any, Callable, Dict, Generic, List, Mapping, Tuple, Type,
                    TypeVar, Union)

import numpy as np

from .arch import Arch, ArchError
from .cost import Complexity, ComplexityBatch, Size
from .cost_model import CostModel
from .errors import SettingError
from .operators import Used
from .settings import whole

A = TypeVar('A', bound=Arch)

# counts and widths may exceed 255; each space states its own range
GENE_DTYPE = np.int16


class Space(ABC, Generic[A]):
    """Knows which architectures exist and what each one costs.

    Everything here is numpy only. Random functions take a
    :class:`numpy.random.Generator` and never touch global state.
    """
    arch_type: Type[A]

    @abstractmethod
    def to_dict(self) -> Dict[str, Any]:
        """``dict(type=..., **arguments)``, which rebuilds this space."""

    # -- values -----------------------------------------------------------
    @abstractmethod
    def max_arch(self) -> A:
        """The largest architecture: the supernet itself."""

    @abstractmethod
    def min_arch(self) -> A:
        """The cheapest architecture."""

    def largest(self, rng: np.random.Generator) -> A:
        """One of the largest architectures: :meth:`max_arch`, with random
        values of choices that make a network neither larger nor smaller."""
        return self.max_arch()

    def smallest(self, rng: np.random.Generator) -> A:
        """One of the smallest architectures, as :meth:`largest`."""
        return self.min_arch()

    def is_largest(self, arch: A) -> bool:
        """Whether :meth:`largest` may give ``arch``."""
        return arch == self.max_arch()

    @abstractmethod
    def canonical(self, arch: A) -> A:
        """The one value that stands for all that run the same graph."""

    @abstractmethod
    def check(self, arch: A) -> None:
        """Raise :class:`ArchError` unless ``arch`` is in the space."""

    @abstractmethod
    def size(self) -> int:
        """Exact number of canonical architectures."""

    def live(self, arch: A) -> A:
        """``arch`` without the layers whose result reaches no output."""
        return arch

    def facts(self, arch: A) -> Dict[str, int]:
        """What a table may say about ``arch`` beside its cost, by name."""
        return {}

    def contains(self, arch: Any) -> bool:
        """Whether ``arch`` is a canonical member of the space."""
        try:
            self.check(arch)
        except ArchError:
            return False
        return True

    # -- genes ------------------------------------------------------------
    @abstractmethod
    def encode(self, arch: A) -> np.ndarray:
        """Gene vector of fixed length, :data:`GENE_DTYPE`."""

    @abstractmethod
    def decode(self, genes: np.ndarray) -> A:
        """Canonical architecture of a gene vector."""

    @abstractmethod
    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        """Allowed values of each gene, ascending, :data:`GENE_DTYPE`."""

    def canonical_genes(self, genes: np.ndarray) -> np.ndarray:
        """Canonical form of allowed gene vectors, shape ``(num, genes)``."""
        return genes

    def round_genes(self, values: np.ndarray) -> np.ndarray:
        """Canonical gene vectors nearest to any numbers.

        Args:
            values: Finite numbers, shape ``(num, genes)``. Between two
                choices the lesser one is taken.

        Raises:
            ArchError: Another shape, or a number that is not finite.
        """
        choices = self.gene_choices()
        values = as_gene_values(values, len(choices))
        out = np.empty(values.shape, GENE_DTYPE)
        for i, allowed in enumerate(choices):
            middles = (allowed[1:].astype(np.float64) + allowed[:-1]) / 2
            out[:, i] = allowed[np.searchsorted(middles, values[:, i])]
        return self.canonical_genes(out)

    @abstractmethod
    def sample_genes(self, rng: np.random.Generator, num: int,
                     **options: Any) -> np.ndarray:
        """``num`` random canonical gene vectors, shape ``(num, genes)``."""

    def sample(self, rng: np.random.Generator, **options: Any) -> A:
        """One random architecture; options as :meth:`sample_genes`."""
        return self.decode(self.sample_genes(rng, 1, **options)[0])

    def groups(self, **options: Any) -> List[Tuple[str, Dict[str, Any]]]:
        """Parts of the space to draw from in turn.

        Returns:
            list: Names, and the options of :meth:`sample` that draw from
            each.

        Raises:
            SettingError: The space has no groups, or an option is wrong.
        """
        raise SettingError('space', 'one that has groups', type(self).__name__)

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """As :meth:`sample_genes`, spread over the whole range of costs."""
        return self.sample_genes(rng, num)

    @abstractmethod
    def step(self, arch: A, rng: np.random.Generator) -> A:
        """``arch`` with one random choice drawn anew."""

    @abstractmethod
    def mutate(self, arch: A, rng: np.random.Generator, **options: Any) -> A:
        """A changed copy of ``arch``."""

    @abstractmethod
    def crossover(self, first: A, second: A, rng: np.random.Generator,
                  **options: Any) -> A:
        """A mixture of two parents, which stay as they are."""

    # -- outputs ----------------------------------------------------------
    @abstractmethod
    def output_channels(self, arch: A) -> Tuple[int, ...]:
        """Channels of each output map, in the order of the backbone's."""

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        """:meth:`output_channels` of canonical gene vectors.

        Returns:
            np.ndarray: ``int64``, shape ``(num, outputs)``; every
            architecture of a space has as many outputs.
        """
        rows = [self.output_channels(self.decode(row)) for row in genes]
        outputs = len(self.output_channels(self.min_arch()))
        return np.array(rows, np.int64).reshape(-1, outputs)

    # -- cost -------------------------------------------------------------
    @abstractmethod
    def complexity(self,
                   arch: A,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone for one ``(height, width)`` image."""

    @abstractmethod
    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of many canonical gene vectors at once."""

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        """What the networks of canonical gene vectors run: their parameters
        and MACs add up to :meth:`complexity_batch`.

        Raises:
            SettingError: The space does not say it.
        """
        raise SettingError('space', 'one that says what its networks run',
                           type(self).__name__)

    def cost_model(self, input_size: Size, **parts: Any) -> CostModel:
        """Costs of whole models; arguments as for :class:`CostModel`."""
        return CostModel(self, input_size, **parts)

    # -- names and files --------------------------------------------------
    def named(self) -> Dict[str, Callable[[], A]]:
        """Architectures that have a name."""
        return {'max': self.max_arch, 'min': self.min_arch}

    def from_dict(self, data: Mapping[str, Any]) -> A:
        """Build an architecture and check that it is in the space.

        Raises:
            ArchError: Names the field, what was expected and what came.
        """
        arch = self.arch_type.from_dict(data)
        self.check(arch)
        return arch

    def resolve(self, source: Union[A, str, Path, Mapping[str, Any]]) -> A:
        """An architecture from a value, a dict, a name or a JSON file.

        Raises:
            ArchError: The source is none of these, or not in the space.
        """
        if isinstance(source, self.arch_type):
            self.check(source)
            return source
        if isinstance(source, Mapping):
            return self.from_dict(source)
        if isinstance(source, str) and source in self.named():
            return self.named()[source]()
        path = Path(str(source))
        if not isinstance(source, (str, Path)) or not path.is_file():
            names = ', '.join(self.named())
            raise ArchError('arch', f'a dict, a JSON file or one of {names}',
                            source)
        try:
            data = json.loads(path.read_text())
        except ValueError as error:
            raise ArchError(f'arch file {path}', 'JSON', str(error)) from None
        return self.from_dict(data)


def as_gene_values(values: Any, length: int) -> np.ndarray:
    """Check finite numbers of shape ``(num, length)``."""
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != length:
        raise ArchError('values', f'shape (num, {length})', values.shape)
    if not np.isfinite(values).all():
        num, gene = np.argwhere(~np.isfinite(values))[0]
        raise ArchError(f'values[{num}][{gene}]', 'a finite number',
                        float(values[num, gene]))
    return values


def as_size(input_size: Any) -> Tuple[int, int]:
    """Check an input size ``(height, width)`` in pixels.

    Raises:
        SettingError: Not two positive whole numbers.
    """
    try:
        height, width = input_size
    except (TypeError, ValueError):
        raise SettingError('input_size', '(height, width)',
                           input_size) from None
    return whole('input_size[0]', height), whole('input_size[1]', width)
