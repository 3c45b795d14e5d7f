"""Costs of whole models: the backbone's by formula, the rest measured."""
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, Tuple, Union

import numpy as np

from .cost import Complexity, ComplexityBatch
from .errors import SettingError

if TYPE_CHECKING:
    from .latency import LatencyTable
    from .space import Space

Channels = Tuple[int, ...]
Rest = Callable[[Channels], Complexity]


@dataclass(frozen=True)
class CostModel:
    """Costs of the architectures of a space inside one model.

    Calling it gives ``params`` and ``macs`` of the model and, with the prefix
    ``backbone_``, of the backbone alone. A model with further costs (times,
    sums over frames) extends :attr:`keys`, :meth:`__call__` and
    :meth:`batch`; nothing else knows the names of costs.

    Attributes:
        space: The space.
        input_size: Height and width of the image in pixels.
        rest: Cost of the model without its backbone: one for every
            architecture, or a function of the channels of the backbone's
            outputs, which is asked once for each tuple of channels.
        drop_dead: Whether layers whose result reaches no output are left
            out, as the backbone does by default.
        followers: Costs of parts outside the backbone that follow its
            architecture, such as an elastic head. Each has
            ``complexity(arch, input_size)`` and ``complexity_batch(genes,
            input_size)``.
        tables: Times on machines; each adds ``latency@NAME``, milliseconds of
            the backbone.

    Raises:
        SettingError: A table is of another space or size or of networks with
            dead layers, or two have the same name.
    """
    space: 'Space'
    input_size: Tuple[int, int]
    rest: Union[Complexity, Rest] = Complexity()
    drop_dead: bool = True
    followers: Tuple[Any, ...] = ()
    tables: Tuple['LatencyTable', ...] = ()
    _rests: Dict[Channels, Complexity] = field(
        default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [table.name for table in self.tables]
        for i, table in enumerate(self.tables):
            table.check_fits(self.space, self.input_size)
            if table.drop_dead != self.drop_dead:
                raise SettingError(
                    f'drop_dead of latency table {table.name!r}',
                    str(self.drop_dead), table.drop_dead)
            if table.name in names[:i]:
                raise SettingError('latency tables', 'different names',
                                   table.name)

    @property
    def keys(self) -> Tuple[str, ...]:
        """Names of the costs."""
        return ('params', 'macs', 'backbone_params', 'backbone_macs',
                *(table.cost for table in self.tables))

    def __call__(self, arch: Any) -> Dict[str, Any]:
        """Costs of one architecture by name, exact integers; latencies."""
        rest = self.rest
        if not isinstance(rest, Complexity):
            rest = self._rest_at(rest, self.space.output_channels(arch))
        for part in self.followers:
            rest = rest + part.complexity(arch, self.input_size)
        backbone = self.space.complexity(arch, self.input_size, self.drop_dead)
        out = self._named(backbone, rest)
        if self.tables:
            genes = self.space.encode(arch)[None]
            for key, times in self._latencies(genes).items():
                out[key] = float(times[0])
        return out

    def _latencies(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        return {
            table.cost: table.batch_ms(self.space, genes)
            for table in self.tables
        }

    def batch(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        """Costs of many canonical gene vectors, arrays of ``int64``, and of
        ``float64`` for latencies."""
        rest: Any = self.rest
        if not isinstance(rest, Complexity):
            rest = self._rests_of(rest, genes)
        for part in self.followers:
            more = part.complexity_batch(genes, self.input_size)
            rest = ComplexityBatch(rest.params + more.params,
                                   rest.macs + more.macs)
        backbone = self.space.complexity_batch(genes, self.input_size,
                                               self.drop_dead)
        return {**self._named(backbone, rest), **self._latencies(genes)}

    def _rest_at(self, rest: Rest, channels: Channels) -> Complexity:
        if channels not in self._rests:
            self._rests[channels] = rest(channels)
        return self._rests[channels]

    def _rests_of(self, rest: Rest, genes: np.ndarray) -> Any:
        every = self.space.output_channels_batch(genes)
        if len(every) and (every == every[0]).all():  # no need to sort
            return self._rest_at(rest, tuple(every[0].tolist()))
        channels, rows = np.unique(every, axis=0, return_inverse=True)
        found = [self._rest_at(rest, tuple(row)) for row in channels.tolist()]
        table = np.array([(cost.params, cost.macs) for cost in found],
                         np.int64).reshape(-1, 2)
        return ComplexityBatch(*table[rows.reshape(-1)].T)

    @staticmethod
    def _named(backbone: Any, rest: Any) -> Dict[str, Any]:
        return {
            'params': backbone.params + rest.params,
            'macs': backbone.macs + rest.macs,
            'backbone_params': backbone.params,
            'backbone_macs': backbone.macs
        }
