"""Times of HR-NAS's networks on a machine, from a table."""
import json
from dataclasses import dataclass, fields
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ..cost_model import CostModel
from ..errors import SettingError
from .space import HRNASSpace

EXPECTED = 'milliseconds, a number >= 0'


@dataclass(frozen=True)
class LatencyTable:
    """Milliseconds by what there is in each block, on one machine.

    Attributes:
        machine: Which one, and with what.
        input_size: Height and width of the image in pixels.
        fixed: Of the network of shortcuts, with its head.
        blocks: Of each block that has units or tokens, once.
        units: Of a unit of each kernel of each block, and of a token, shape
            ``(blocks, kernels + 1)``.
    """
    machine: str
    input_size: Tuple[int, int]
    fixed: float
    blocks: np.ndarray
    units: np.ndarray

    @classmethod
    def from_dict(cls, data: Mapping[str, Any],
                  space: HRNASSpace) -> 'LatencyTable':
        """From what a JSON file holds::

            {"machine": "...", "input_size": [512, 1024], "fixed": 3.1,
             "blocks": {"stages.0.fusion.0_0": {
                 "fixed": 0.1, "units": {"3": 0.01, "5": 0.02, "7": 0.02},
                 "token": 0.01}, ...}}

        Raises:
            SettingError: Something is missing, unknown or no time; names it.
        """
        _keys('table', data, ('machine', 'input_size', 'fixed', 'blocks'))
        if not data['machine'] or not isinstance(data['machine'], str):
            raise SettingError('table.machine', 'its name', data['machine'])
        size = data['input_size']
        if not isinstance(size, (list, tuple)) or len(size) != 2:
            raise SettingError('table.input_size', '[height, width]', size)
        names = [place.name for place in space.places]
        _keys('table.blocks', data['blocks'], names)
        blocks, units = [], []
        for name in names:
            row, field = data['blocks'][name], f'table.blocks.{name}'
            _keys(field, row, ('fixed', 'units', 'token'))
            kernels = [str(kernel) for kernel in space.kernels]
            _keys(f'{field}.units', row['units'], kernels)
            blocks.append(_time(f'{field}.fixed', row['fixed']))
            units.append([
                *(_time(f'{field}.units.{kernel}', row['units'][kernel])
                  for kernel in kernels),
                _time(f'{field}.token', row['token'])
            ])
        return cls(data['machine'], (size[0], size[1]),
                   _time('table.fixed', data['fixed']), np.array(blocks),
                   np.array(units))

    @classmethod
    def read(cls, path: Union[str, Path], space: HRNASSpace) -> 'LatencyTable':
        """From a JSON file, as :meth:`from_dict`."""
        try:
            data = json.loads(Path(path).read_text(encoding='utf-8'))
        except (OSError, ValueError, TypeError) as error:
            raise SettingError(f'latency table {path}', 'a JSON file',
                               str(error)) from None
        return cls.from_dict(data, space)

    def batch(self, genes: np.ndarray) -> np.ndarray:
        """Milliseconds of gene vectors, ``float64``."""
        counts = genes.reshape(len(genes), *self.units.shape)
        used = counts.any(-1) @ self.blocks
        return self.fixed + used + (counts * self.units).sum((1, 2))


@dataclass(frozen=True)
class LatencyCosts(CostModel):
    """As :class:`CostModel`, with ``latency`` in milliseconds.

    Attributes:
        table: Where it is from.
    """
    table: Optional[LatencyTable] = None

    @classmethod
    def of(cls, costs: CostModel, path: Union[str, Path]) -> 'LatencyCosts':
        """Costs with those of a table beside them.

        Raises:
            SettingError: The table is not valid, or of another size of image.
        """
        if not isinstance(costs.space, HRNASSpace):
            raise SettingError('latency table', 'a backbone HRNAS',
                               type(costs.space).__name__)
        table = LatencyTable.read(path, costs.space)
        if table.input_size != tuple(costs.input_size):
            raise SettingError('table.input_size', str(costs.input_size),
                               table.input_size)
        own = {
            field.name: getattr(costs, field.name)
            for field in fields(costs) if field.init
        }
        return cls(**own, table=table)

    @property
    def keys(self) -> Tuple[str, ...]:
        return *super().keys, 'latency'

    def __call__(self, arch: Any) -> Dict[str, Any]:
        genes = self.space.encode(arch)[None]
        return dict(
            super().__call__(arch), latency=float(self._times(genes)[0]))

    def batch(self, genes: np.ndarray) -> Dict[str, np.ndarray]:
        return dict(super().batch(genes), latency=self._times(genes))

    def _times(self, genes: np.ndarray) -> Any:
        assert self.table is not None
        return self.table.batch(genes)


def _keys(field: str, data: Any, names: Sequence[str]) -> None:
    if not isinstance(data, Mapping):
        raise SettingError(field, 'an object', data)
    for name in names:
        if name not in data:
            raise SettingError(field, f'an entry {name!r}', sorted(data))
    for name in data:
        if name not in names:
            raise SettingError(field, 'entries ' + ', '.join(names), name)


def _time(field: str, value: Any) -> float:
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not isfinite(value) or value < 0:
        raise SettingError(field, EXPECTED, value)
    return float(value)
