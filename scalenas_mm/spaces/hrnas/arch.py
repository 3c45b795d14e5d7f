"""Architectures of HR-NAS: what is left of every searching block."""
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

from ..arch import Arch, ArchError, check_int, check_keys

Row = Tuple[int, ...]


@dataclass(frozen=True)
class HRNASArch(Arch):
    """A network of HR-NAS.

    Blocks stand in the order of :attr:`HRNASSpace.places`.

    Attributes:
        channels: For each block, the channels of its depthwise convolutions,
            one number for each kernel size of the space. A block without any
            is its shortcut.
        tokens: For each block, the tokens of its transformer; 0 is none.
    """
    channels: Tuple[Row, ...]
    tokens: Row

    def to_dict(self) -> Dict[str, Any]:
        return {
            'channels': [list(row) for row in self.channels],
            'tokens': list(self.tokens)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'HRNASArch':
        check_keys('arch', data, ('channels', 'tokens'))
        rows = _entries('channels', data['channels'], 'lists of integers')
        tokens = _entries('tokens', data['tokens'], 'integers')
        return cls(
            tuple(_row(f'channels[{i}]', row) for i, row in enumerate(rows)),
            _row('tokens', tokens))


def _entries(field: str, data: Any, of: str) -> Any:
    if not isinstance(data, (list, tuple)):
        raise ArchError(field, f'a list of {of}', data)
    return data


def _row(field: str, row: Any) -> Row:
    return tuple(
        check_int(f'{field}[{i}]', value, 'an integer >= 0', 0, float('inf'))
        for i, value in enumerate(_entries(field, row, 'integers')))
