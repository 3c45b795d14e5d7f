"""The architecture code of NCP: 27 integers (NCP, Sec. 3.1)."""
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

import numpy as np

from ..arch import Arch, ArchError, check_int, check_keys
from ..space import GENE_DTYPE

Row = Tuple[int, ...]

NUM_STAGES = 4
HIGHEST = int(np.iinfo(GENE_DTYPE).max)
KINDS = ('channels', 'blocks', 'units')
SEPARATORS = r'[\s|,_;()\[\]]|(?<=\d)-'  # a dash before a number is its sign
# where the released code strings also say the number of branches
BRANCH_COUNTS = {3: 1, 7: 2, 13: 3, 21: 4}
# what can be nothing but a code
CODE_TEXT = re.compile(r'(?=\D*\d)[\s|,_;()\[\]\d.+-]+')


class Position(NamedTuple):
    """One number of a code.

    Attributes:
        kind: One of :data:`KINDS`.
        part: 0 for the input, 1 to 4 for the stages, 5 for the output.
        words: What it stands for.
    """
    kind: str
    part: int
    words: str


def _positions() -> Tuple[Position, ...]:
    out = [
        Position('channels', 0, 'first input channels'),
        Position('channels', 0, 'second input channels')
    ]
    for stage in range(1, NUM_STAGES + 1):
        out.append(Position('blocks', stage, f'stage {stage} blocks'))
        for kind in ('units', 'channels'):
            for branch in range(stage):
                where = f' branch {branch}' if stage > 1 else ''
                out.append(
                    Position(kind, stage, f'stage {stage}{where} {kind}'))
    return (*out, Position('channels', NUM_STAGES + 1, 'output channels'))


POSITIONS = _positions()
LENGTH = len(POSITIONS)


def field_of(index: int) -> str:
    """Name of a number in error messages, ``code[4] (stage 1 channels)``."""
    return f'code[{index}] ({POSITIONS[index].words})'


class NCPStage(NamedTuple):
    """A stage: blocks of a fusion module and parallel branches.

    Attributes:
        blocks: Number of blocks.
        units: Residual blocks of each branch in every block.
        channels: Channels of each branch.
    """
    blocks: Any
    units: Sequence[Any]
    channels: Sequence[Any]


def split_stages(code: Sequence[Any]) -> Tuple[NCPStage, ...]:
    """The stages of a code, whose entries may also be arrays."""
    stages, start = [], 2
    for n in range(1, NUM_STAGES + 1):
        units = start + 1
        stages.append(
            NCPStage(code[start], code[units:units + n],
                     code[units + n:units + 2 * n]))
        start = units + 2 * n
    return tuple(stages)


@dataclass(frozen=True)
class NCPArch(Arch):
    """A network of NCP.

    Attributes:
        code: ``in0 in1 | b1 n c | b2 n,n c,c | b3 n,n,n c,c,c |
            b4 n,n,n,n c,c,c,c | out``: channels of the two input
            convolutions; per stage the number of blocks, the residual units
            and the channels of every branch; channels of the output.
    """
    code: Row

    @property
    def inputs(self) -> Tuple[int, int]:
        """Channels of the two strided convolutions."""
        return self.code[0], self.code[1]

    @property
    def stages(self) -> Tuple[NCPStage, ...]:
        """The four stages; stage ``s`` has ``s`` branches."""
        return split_stages(self.code)

    @property
    def output(self) -> int:
        """Channels of the output."""
        return self.code[-1]

    def to_dict(self) -> Dict[str, Any]:
        return {'code': list(self.code)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'NCPArch':
        check_keys('arch', data, ('code', ))
        return cls.from_code(data['code'])

    @classmethod
    def from_code(cls, code: Union[str, Sequence[Any],
                                   np.ndarray]) -> 'NCPArch':
        """Check 27 numbers, or a text that holds them.

        Args:
            code: Numbers, which must be whole, or a text such as
                ``str(arch)``: bars, commas, blanks, underscores, semicolons,
                dashes and brackets all separate numbers. The released texts
                with numbers of branches are read, too.

        Raises:
            ArchError: Names the position in words, what was expected and
                what came.
        """
        numbers = _tokens(code) if isinstance(code, str) else code
        if not isinstance(numbers, (list, tuple, np.ndarray)) or np.shape(
                np.asarray(numbers, object)) != (LENGTH, ):
            raise ArchError('code', f'{LENGTH} integers', _what(numbers))
        expected = f'an integer from 1 to {HIGHEST}'
        return cls(
            tuple(
                check_int(field_of(i), _whole(value), expected, 1, HIGHEST)
                for i, value in enumerate(numbers)))

    def __str__(self) -> str:
        parts = [' '.join(map(str, self.inputs))]
        parts += [
            ' '.join([
                str(stage.blocks), ','.join(map(str, stage.units)),
                ','.join(map(str, stage.channels))
            ]) for stage in self.stages
        ]
        return ' | '.join([*parts, str(self.output)])


def _tokens(text: str) -> List[Any]:
    """Numbers of a text; what is none stays as it is."""
    words = [word for word in re.split(SEPARATORS, text) if word]
    numbers: List[Any] = [
        float(word) if re.fullmatch(r'[+-]?\d+(\.\d*)?', word) else word
        for word in words
    ]
    with_counts = len(numbers) == LENGTH + len(BRANCH_COUNTS) and all(
        numbers[i] == count for i, count in BRANCH_COUNTS.items())
    return [
        number for i, number in enumerate(numbers)
        if not with_counts or i not in BRANCH_COUNTS
    ]


def _whole(value: Any) -> Any:
    """A whole number as ``int``, anything else as it is."""
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        return int(value) if value == int(value) else float(value)
    return value


def _what(numbers: Any) -> Any:
    """What came, said so that a wrong length is seen."""
    if isinstance(numbers, np.ndarray):
        return f'an array of shape {numbers.shape}'
    if isinstance(numbers, (list, tuple)):
        return f'{len(numbers)}: {[_whole(number) for number in numbers]}'
    return numbers
