"""The architecture of a ScaleNet with elastic widths."""
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

import numpy as np

from ..arch import check_int, check_keys, check_list
from ..space import GENE_DTYPE
from .arch import Row, ScaleNetArch

HIGHEST = int(np.iinfo(GENE_DTYPE).max)


@dataclass(frozen=True)
class WideScaleNetArch(ScaleNetArch):
    """A ScaleNet with a width of every branch in every module.

    Attributes:
        widths: For each module the channels of its branches.
    """
    widths: Tuple[Row, ...] = ()

    @property
    def plain(self) -> ScaleNetArch:
        """Depths and fusions alone."""
        return ScaleNetArch(self.modules)

    def __str__(self) -> str:
        head, *lines = super().__str__().split('\n')
        return '\n'.join([
            head, *(f'{line}  width {"-".join(map(str, row))}'
                    for line, row in zip(lines, self.widths))
        ])

    def to_dict(self) -> Dict[str, Any]:
        return dict(
            super().to_dict(), widths=[list(row) for row in self.widths])

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'WideScaleNetArch':
        check_keys('arch', data, ('modules', 'widths'))
        plain = ScaleNetArch.from_dict(dict(modules=data['modules']))
        check_list('arch.widths', data['widths'], len(plain.modules),
                   'lists, one a module')
        rows = []
        for i, (row, module) in enumerate(zip(data['widths'], plain.modules)):
            field = f'arch.widths[{i}]'
            check_list(field, row, len(module.depth), 'widths, one a branch')
            rows.append(
                tuple(
                    check_int(f'{field}[{j}]', value, 'a positive integer', 1,
                              HIGHEST) for j, value in enumerate(row)))
        return cls(plain.modules, tuple(rows))
