import json
from pathlib import Path
from typing import Any, Mapping, Sequence, Union

import numpy as np

from scalenas_mm.spaces import Arch, ArchError, CostModel
from .searcher import Candidate, Searcher


class ListedSearch(Searcher):
    """Evaluates given architectures, in their order.

    Args:
        archs (str | Sequence): Architectures as dicts, or a JSON lines file
            with one a line; an archive is such a file, too. Repeated ones
            are evaluated once.
        **kwargs: As for :class:`Searcher`.

    Raises:
        ArchError: The file is missing, or an entry is not in the space.
    """

    def __init__(self, costs: CostModel, objectives: Mapping[str, str],
                 archs: Union[str, Path,
                              Sequence[Any]], **kwargs: Any) -> None:
        entries = read_archs(archs) if isinstance(archs,
                                                  (str, Path)) else archs
        space = costs.space
        self.archs: Sequence[Arch] = list(
            dict.fromkeys(
                space.live(space.resolve(entry)) for entry in entries))
        if not self.archs:
            raise ArchError('archs', 'at least one architecture', archs)
        kwargs.update(n0=len(self.archs), N=len(self.archs))
        super().__init__(costs, objectives, **kwargs)

    def identity(self) -> dict:
        return dict(
            super().identity(), archs=[arch.digest for arch in self.archs])

    def ask(self) -> Candidate:
        return Candidate(self.archs[len(self.history)])

    def offspring(self, index: int, rng: np.random.Generator) -> Candidate:
        raise NotImplementedError('every candidate is in the list')


def read_archs(path: Union[str, Path]) -> Sequence[Any]:
    """Architectures of a JSON lines file, as dicts.

    Raises:
        ArchError: There is no such file, or a line is no JSON object.
    """
    if not Path(path).is_file():
        raise ArchError('archs', 'a JSON lines file', str(path))
    out = []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = line
        if not isinstance(entry, dict):
            raise ArchError(f'{path}, line {number}', 'a JSON object', line)
        out.append(entry.get('arch', entry))
    return out
