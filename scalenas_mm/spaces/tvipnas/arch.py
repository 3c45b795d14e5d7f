"""Architectures of ViPNAS on videos (ViPNAS, Sec. 3.3)."""
from dataclasses import dataclass
from typing import Any, Dict, Mapping, NamedTuple, Tuple

from ..arch import Arch, ArchError, check_int, check_keys
from ..vipnas import ViPNASArch

NONE = 'none'
OPERATIONS = ('add', 'mul', 'cat')


class TViPNASFrame(NamedTuple):
    """The network of one frame after the key frame.

    Attributes:
        operation: How heatmaps of the frame before join the features:
            ``add``, ``mul`` or ``cat``; ``none`` if they do not.
        stage: Behind which stage, from 1 on; 0 with ``none``.
        network: What runs on the image.
    """
    operation: str
    stage: int
    network: ViPNASArch


@dataclass(frozen=True)
class TViPNASArch(Arch):
    """The networks of all frames between two key frames.

    Attributes:
        frames: In the order of time.
    """
    frames: Tuple[TViPNASFrame, ...]

    def to_dict(self) -> Dict[str, Any]:
        return dict(frames=[
            dict(frame._asdict(), network=frame.network.to_dict())
            for frame in self.frames
        ])

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'TViPNASArch':
        check_keys('arch', data, ('frames', ))
        frames = data['frames']
        if not isinstance(frames, (list, tuple)) or not frames:
            raise ArchError('arch.frames', 'a list of frames', frames)
        return cls(tuple(_frame(i, frame) for i, frame in enumerate(frames)))

    def __str__(self) -> str:
        lines = [f'TViPNASArch {self.digest}: {len(self.frames)} frames']
        for t, (operation, stage, network) in enumerate(self.frames, 1):
            where = '' if operation == NONE else f' behind stage {stage}'
            lines += [f'frame {t}: {operation}{where}', str(network)]
        return '\n'.join(lines)


def _frame(i: int, data: Any) -> TViPNASFrame:
    field = f'arch.frames[{i}]'
    check_keys(field, data, TViPNASFrame._fields)
    operation, stage = data['operation'], data['stage']
    if operation not in (*OPERATIONS, NONE):
        raise ArchError(f'{field}.operation', f'one of {(*OPERATIONS, NONE)}',
                        operation)
    least, expected = (0, '0') if operation == NONE else (
        1, 'the number of a stage, from 1 on')
    stage = check_int(f'{field}.stage', stage, expected, least, least and 256)
    try:
        network = ViPNASArch.from_dict(data['network'])
    except ArchError as error:
        raise ArchError(f'{field}.network: {error}') from None
    return TViPNASFrame(operation, stage, network)
