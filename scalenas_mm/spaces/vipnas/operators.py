"""The operators of ViPNAS's networks."""
from contextlib import contextmanager
from typing import Any, Iterator, List, Sequence

import numpy as np

from ..cost import Size
from ..operators import Operator, Used, conv
from .arch import ViPNASBranch
from .settings import BranchChoices


class Operators:
    """A list of what networks run: a visitor of :mod:`.walk`.

    Kernel sizes and groups are fixed numbers of an operator, so that where
    they differ between networks there is an operator for each.

    Attributes:
        used: Operators that run at least once.
    """

    def __init__(self) -> None:
        self.used: List[Used] = []

    def run(self, operator: Operator, times: Any = 1) -> None:
        """Note an operator."""
        if np.any(times):
            self.used.append(Used(operator, 1 * times))

    def grouped(self,
                width: Any,
                size: Size,
                branch: ViPNASBranch,
                choices: BranchChoices,
                acts: Sequence[int],
                times: Any,
                stride: int = 1) -> None:
        """Note convolutions; arguments as of :meth:`.cost.Sums.grouped`."""
        codes = group_codes(width, branch.groups, choices.groups.of_channels)
        for kernel, code in sorted({*np.broadcast(branch.kernel, codes)}):
            here = 1 * ((branch.kernel == kernel) & (codes == code))
            for i, act in enumerate(acts):
                operator = conv(width, width, size, int(kernel), 1, int(code),
                                act)
                strided = here if stride != 1 and i == 0 else 0
                self.run(operator, here * times - strided)
                fixed = (operator.fixed[0], stride, *operator.fixed[2:])
                self.run(operator._replace(fixed=fixed), strided)

    @contextmanager
    def repeated(self, times: Any) -> Iterator['Operators']:
        """What is told to the visitor that it gives runs so many times."""
        inner = Operators()
        yield inner
        for operator, often in inner.used:
            self.run(operator, often * times)


def group_codes(width: Any, groups: Any, of_channels: bool) -> Any:
    """Groups as :func:`~scalenas_mm.spaces.operators.conv` takes them:
    channels of a group if they are what is chosen, 0 if it is one channel."""
    code = -(width // groups) if of_channels else groups
    return np.where(width == groups, 0, code)
