"""ScaleNets whose branches also have elastic widths; ours."""
from math import prod
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from ..arch import ArchError
from ..cost import Complexity, ComplexityBatch, Size
from ..errors import SettingError
from ..operators import Used
from ..settings import only, probability, whole_set
from ..space import GENE_DTYPE, Space, as_size
from .arch import ScaleNetArch
from .operators import wide_operators
from .space import ScaleNetSpace
from .wide_arch import HIGHEST, WideScaleNetArch
from .wide_cost import CHUNK, WideCost


class WideScaleNetSpace(Space[WideScaleNetArch]):
    """A :class:`ScaleNetSpace` with elastic widths.

    Every module chooses the channels of each of its branches. Where those of
    a branch change from one module to the next, the first block has a
    projection as its shortcut. A gene vector is that of the plain space, then
    the widths of all modules.

    Args:
        widths (Sequence[Sequence[int]]): For each branch its choices.
        **kwargs: As for :class:`ScaleNetSpace`. Where ``width`` is a choice of
            the first branch, twice of it of the second and so on, HRNet is in
            the space.

    Raises:
        SettingError: Names the argument, what was expected and what came.
    """
    arch_type = WideScaleNetArch

    def __init__(self, widths: Sequence[Sequence[int]], **kwargs: Any) -> None:
        self.plain = ScaleNetSpace(**kwargs)
        branches = len(self.plain.num_modules) + 1
        if not isinstance(widths, (list, tuple)) or len(widths) != branches:
            raise SettingError('widths', f'choices for {branches} branches',
                               widths)
        self.widths = tuple(
            whole_set(f'widths[{j}]', row, HIGHEST)
            for j, row in enumerate(widths))
        self.branches = self.plain.branches
        self._module, self._branch = (
            np.array(column)
            for column in zip(*((m, j) for m, n in enumerate(self.branches)
                                for j in range(n))))
        self._choices = [
            np.array(self.widths[j], GENE_DTYPE) for j in self._branch
        ]
        self._costs: Dict[Size, WideCost] = {}

    def __getattr__(self, name: str) -> Any:
        """Settings of the plain space."""
        if name.startswith('_') or name == 'plain':
            raise AttributeError(name)
        return getattr(self.plain, name)

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            self.plain.to_dict(),
            type=type(self).__name__,
            widths=[list(row) for row in self.widths])

    # -- values -----------------------------------------------------------
    def _with(self, plain: ScaleNetArch, widths: Any) -> WideScaleNetArch:
        """``widths`` are those of all modules in a row."""
        values, rows = list(map(int, widths)), []
        for n in self.branches:
            rows.append(tuple(values[:n]))
            values = values[n:]
        return WideScaleNetArch(plain.modules, tuple(rows))

    def max_arch(self) -> WideScaleNetArch:
        return self._with(self.plain.max_arch(),
                          [c[-1] for c in self._choices])

    def min_arch(self) -> WideScaleNetArch:
        return self._with(self.plain.min_arch(), [c[0] for c in self._choices])

    def hrnet_arch(self) -> WideScaleNetArch:
        """HRNet.

        Raises:
            ArchError: Its widths or depths are not in the space.
        """
        arch = self._with(self.plain.hrnet_arch(),
                          self.plain.width * 2**self._branch)
        self.check(arch)
        return arch

    def named(self) -> Dict[str, Callable[[], WideScaleNetArch]]:
        names = super().named()
        if 'hrnet' in self.plain.named() and all(
                self.plain.width * 2**j in row
                for j, row in enumerate(self.widths)):
            names['hrnet'] = self.hrnet_arch
        return names

    def canonical(self, arch: WideScaleNetArch) -> WideScaleNetArch:
        self._check_widths(arch)
        return self._with(
            self.plain.canonical(arch.plain), sum(arch.widths, ()))

    def check(self, arch: WideScaleNetArch) -> None:
        self._check_widths(arch)
        self.plain.check(arch.plain)

    def _check_widths(self, arch: WideScaleNetArch) -> None:
        if not isinstance(arch, WideScaleNetArch):
            raise ArchError('arch', 'a WideScaleNetArch', arch)
        if tuple(map(len, arch.widths)) != self.branches:
            raise ArchError('arch.widths', f'rows of {self.branches} widths',
                            arch.widths)
        for m, row in enumerate(arch.widths):
            for j, value in enumerate(row):
                if type(value) is not int or value not in self.widths[j]:
                    raise ArchError(f'arch.widths[{m}][{j}]',
                                    f'one of {self.widths[j]}', value)

    def size(self) -> int:
        return self.plain.size() * prod(map(len, self._choices))

    def live(self, arch: WideScaleNetArch) -> WideScaleNetArch:
        return WideScaleNetArch(
            self.plain.live(arch.plain).modules, arch.widths)

    def live_genes(self, genes: np.ndarray) -> np.ndarray:
        """:meth:`live` on gene vectors, shape ``(num, genes)``."""
        plain, widths = self._split(genes)
        return self._join(self.plain.live_genes(plain), widths)

    def facts(self, arch: WideScaleNetArch) -> Dict[str, int]:
        return self.plain.facts(arch.plain)

    # -- genes ------------------------------------------------------------
    def _split(self, genes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        length = self.plain.layout.length
        return genes[..., :length], genes[..., length:]

    @staticmethod
    def _join(plain: np.ndarray, widths: np.ndarray) -> np.ndarray:
        return np.concatenate([plain, widths], -1).astype(GENE_DTYPE)

    def encode(self, arch: WideScaleNetArch) -> np.ndarray:
        self._check_widths(arch)
        return self._join(
            self.plain.encode(arch.plain), np.array(sum(arch.widths, ())))

    def decode(self, genes: np.ndarray) -> WideScaleNetArch:
        """Canonical architecture of a gene vector.

        Raises:
            ArchError: Wrong length, or a value that is no choice.
        """
        genes = np.asarray(genes)
        length = self.plain.layout.length + len(self._choices)
        if genes.shape != (length, ):
            raise ArchError('genes', f'shape ({length},)', genes.shape)
        plain, widths = self._split(genes)
        arch = self._with(self.plain.decode(plain), widths)
        self._check_widths(arch)
        return arch

    def gene_choices(self) -> Tuple[np.ndarray, ...]:
        return (*self.plain.gene_choices(), *self._choices)

    def canonical_genes(self, genes: np.ndarray) -> np.ndarray:
        plain, widths = self._split(genes)
        return self._join(self.plain.canonical_genes(plain), widths)

    def _pick(self, uniform: np.ndarray) -> np.ndarray:
        return np.stack([
            values[(column * len(values)).astype(np.intp)]
            for values, column in zip(self._choices, uniform.T)
        ], 1)

    def sample_genes(self, rng: np.random.Generator, num: int,
                     **options: Any) -> np.ndarray:
        """Widths are uniform; options as for the plain space."""
        plain = self.plain.sample_genes(rng, num, **options)
        return self._join(plain,
                          self._pick(rng.random((num, len(self._choices)))))

    def groups(self, **options: Any) -> List[Tuple[str, Dict[str, Any]]]:
        return self.plain.groups(**options)

    def spread_genes(self, rng: np.random.Generator, num: int) -> np.ndarray:
        plain = self.plain.spread_genes(rng, num)
        low, high = np.sort(rng.random((2, num, 1)), axis=0)
        uniform = rng.random((num, len(self._choices)))
        return self._join(plain, self._pick(low + uniform * (high - low)))

    def step(self, arch: WideScaleNetArch,
             rng: np.random.Generator) -> WideScaleNetArch:
        """Change one random depth, fusion bit or width."""
        widths = list(sum(arch.widths, ()))
        if rng.random() < 2 / 3:
            return self._with(self.plain.step(arch.plain, rng), widths)
        i = int(rng.integers(len(widths)))
        widths[i] = rng.choice(self._choices[i])
        return self._with(arch.plain, widths)

    def mutate(self,
               arch: WideScaleNetArch,
               rng: np.random.Generator,
               p_m: float = 0.5,
               p_width: float = 0.2,
               keep_last: bool = False,
               **options: Any) -> WideScaleNetArch:
        """As the plain space, and draw widths of the same modules anew.

        Args:
            p_m (float): Probability that a module is mutated at all.
            p_width (float): Probability of each width of a mutated module to
                be drawn anew.
            keep_last (bool): Never mutate the last module, nor its widths.
            **options: As for the plain space.
        """
        probability('p_width', p_width)
        chosen = rng.random(len(self.branches)) < probability('p_m', p_m)
        if keep_last:
            chosen[-1] = False
        mutant = self.plain.mutate(arch.plain, rng, p_m=1.0, **options)
        modules = tuple(
            b if mutated else a
            for a, b, mutated in zip(arch.modules, mutant.modules, chosen))
        change = chosen[self._module] & (
            rng.random(len(self._choices)) < p_width)
        fresh = self._pick(rng.random((1, len(self._choices))))[0]
        return self._with(
            ScaleNetArch(modules), np.where(change, fresh,
                                            sum(arch.widths, ())))

    def crossover(self,
                  first: WideScaleNetArch,
                  second: WideScaleNetArch,
                  rng: np.random.Generator,
                  p_c: float = 0.25,
                  **options: Any) -> WideScaleNetArch:
        """Replace whole modules of ``first``, with their widths."""
        only(options, 'p_c')
        swap = rng.random(len(self.branches)) < probability('p_c', p_c)
        rows = [(b if other else a)
                for a, b, other in zip(
                    zip(first.modules, first.widths),
                    zip(second.modules, second.widths), swap)]
        modules, widths = zip(*rows)
        return WideScaleNetArch(modules, widths)

    # -- outputs and cost -------------------------------------------------
    def _outputs(self) -> int:
        return self.branches[-1] if self.plain.multi_scale_output else 1

    def output_channels(self, arch: WideScaleNetArch) -> Tuple[int, ...]:
        self._check_widths(arch)
        return arch.widths[-1][:self._outputs()]

    def output_channels_batch(self, genes: np.ndarray) -> np.ndarray:
        _, widths = self._split(np.asarray(genes))
        last = widths[:, -self.branches[-1]:]
        return last[:, :self._outputs()].astype(np.int64)

    def _cost(self, input_size: Size) -> WideCost:
        size = as_size(input_size)
        if size not in self._costs:
            self._costs[size] = WideCost(self.plain, size)
        return self._costs[size]

    def complexity(self,
                   arch: WideScaleNetArch,
                   input_size: Size,
                   drop_dead: bool = False) -> Complexity:
        """Exact cost of the backbone; arguments as for the plain space."""
        self.check(arch)
        if drop_dead:
            arch = self.live(arch)
        return self._cost(input_size)(arch)

    def complexity_batch(self,
                         genes: np.ndarray,
                         input_size: Size,
                         drop_dead: bool = False) -> ComplexityBatch:
        """Costs of canonical gene vectors, shape ``(num, genes)``."""
        cost, genes = self._cost(input_size), np.asarray(genes)
        out = np.empty((2, len(genes)), np.int64)
        for start in range(0, len(genes), CHUNK):
            plain, widths = self._split(genes[start:start + CHUNK])
            if drop_dead:
                plain = self.plain.live_genes(plain)
            out[:, start:start + CHUNK] = cost.batch(plain, widths)
        return ComplexityBatch(*out)

    def operators(self,
                  genes: np.ndarray,
                  input_size: Size,
                  drop_dead: bool = False) -> List[Used]:
        plain, widths = self._split(np.asarray(genes))
        if drop_dead:
            plain = self.plain.live_genes(plain)
        cost = self._cost(input_size)
        return wide_operators(cost.plain, *cost.columns(plain, widths))
