"""Cells of NAS-Bench-201 (Dong and Yang, ICLR 2020)."""
import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

from ..arch import Arch, ArchError, check_keys, check_list

# in the order of the one-hot columns of NAS-Bench-MR
OPERATIONS = ('avg_pool_3x3', 'none', 'skip_connect', 'nor_conv_1x1',
              'nor_conv_3x3')
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


def edge_name(edge: int) -> str:
    """Name of an edge in error messages, ``operations[3] (0->3)``."""
    return 'operations[{}] ({}->{})'.format(edge, *EDGES[edge])


@dataclass(frozen=True)
class NASBench201Arch(Arch):
    """One operation on each of the six edges between four nodes.

    Attributes:
        operations: Of the edges 0->1, 0->2, 1->2, 0->3, 1->3 and 2->3, each
            one of :data:`OPERATIONS`.
    """
    operations: Tuple[str, ...]

    def to_dict(self) -> Dict[str, Any]:
        return {'operations': list(self.operations)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'NASBench201Arch':
        check_keys('arch', data, ('operations', ))
        operations = data['operations']
        check_list('operations', operations, len(EDGES), 'names')
        arch = cls(tuple(operations))
        arch.check()
        return arch

    @classmethod
    def from_text(cls, text: str) -> 'NASBench201Arch':
        """From the benchmark's own text, ``|a~0|+|b~0|c~1|+|...|``.

        Raises:
            ArchError: Not of this form, or an unknown operation.
        """
        names = re.findall(r'\w+(?=~)', text)
        arch = cls(tuple(names))
        if len(names) != len(EDGES) or str(arch) != text:
            raise ArchError('arch', 'a text |a~0|+|b~0|c~1|+|d~0|e~1|f~2|',
                            text)
        arch.check()
        return arch

    def check(self) -> None:
        """Raise :class:`ArchError` unless all six operations exist."""
        if not isinstance(self.operations, tuple):
            raise ArchError('operations', 'a tuple', self.operations)
        if len(self.operations) != len(EDGES):
            raise ArchError('operations', f'{len(EDGES)} names',
                            self.operations)
        for i, name in enumerate(self.operations):
            if name not in OPERATIONS:
                raise ArchError(
                    edge_name(i), 'one of ' + ', '.join(OPERATIONS), name)

    def __str__(self) -> str:
        nodes: Dict[int, str] = {}
        for (source, target), name in zip(EDGES, self.operations):
            nodes[target] = nodes.get(target, '|') + f'{name}~{source}|'
        return '+'.join(nodes.values())
