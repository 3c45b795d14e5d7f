"""What every searchable backbone offers."""
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Union

from mmengine.model import BaseModule
from torch import nn

from scalenas_mm.spaces import Arch, ArchError, Space


class SearchableBackbone(BaseModule):
    """A backbone whose architecture is one attribute.

    Built from ``space.max_arch()`` it is the supernet, and :attr:`arch` may
    be set to any member of the space. Built from a smaller architecture it
    holds the layers of that one only. Parameters have the same names in
    both.

    Args:
        space (Space): The space of architectures.
        arch (Arch | dict | str, optional): Architecture, its dict, a JSON
            file or a name. Defaults to the largest one.
        init_cfg (dict | list[dict], optional): Initialisation.

    Attributes:
        shares_weights: Whether the largest network holds the weights of all
            others. If not, the architecture can never change.
    """
    shares_weights = True

    def __init__(self,
                 space: Space,
                 arch: Any = None,
                 init_cfg: Optional[Union[dict, list]] = None):
        super().__init__(init_cfg=init_cfg)
        self.space = space
        self._built = self._arch = space.resolve('max' if arch is
                                                 None else arch)
        self.searchable = (
            self.shares_weights and self._built == space.max_arch())

    @property
    def arch(self) -> Arch:
        """The architecture that :meth:`forward` runs."""
        return self._arch

    @arch.setter
    def arch(self, value: Any) -> None:
        arch = self.space.resolve(value)
        if not self.searchable and arch != self._built:
            why = ('only one built with the largest can change'
                   if self.shares_weights else 'its weights fit no other')
            raise ArchError(
                'arch', f'{self._built.digest}, which this network was built '
                f'with ({why})', arch.digest)
        self._arch = arch

    @contextmanager
    def active(self, arch: Any) -> Iterator[Arch]:
        """Run ``arch`` inside the ``with`` block."""
        before = self._arch
        self.arch = arch
        try:
            yield self._arch
        finally:
            self._arch = before


def find_searchable(model: nn.Module) -> SearchableBackbone:
    """The searchable backbone inside ``model``.

    Raises:
        ValueError: There is none, or more than one.
    """
    found = [m for m in model.modules() if isinstance(m, SearchableBackbone)]
    if len(found) != 1:
        raise ValueError('expected a model with one searchable backbone, '
                         f'{type(model).__name__} has {len(found)}')
    return found[0]
