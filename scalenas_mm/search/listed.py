import json
from pathlib import Path
from typing import Any, Mapping, Sequence, Union

from scalenas_mm.spaces import Arch, CostModel, SettingError
from .searcher import Draw, Searcher


class ListedSearch(Searcher):
    """Evaluates given architectures, in their order.

    Args:
        archs (str | Sequence): Architectures as dicts, or a JSON lines file
            with one a line; an archive is such a file, too. Repeated ones
            are evaluated once.
        **kwargs: As for :class:`Searcher`.

    Raises:
        SettingError: The file is missing, or holds no architecture.
        ArchError: An entry is not in the space.
    """

    def __init__(self, costs: CostModel, objectives: Mapping[str, str],
                 archs: Union[str, Path,
                              Sequence[Any]], **kwargs: Any) -> None:
        if kwargs.get('warm_start'):
            raise SettingError('warm_start', 'nothing, as archs are listed',
                               kwargs['warm_start'])
        entries = read_archs(archs) if isinstance(archs,
                                                  (str, Path)) else archs
        space = costs.space
        self.archs: Sequence[Arch] = list(
            dict.fromkeys(
                space.live(space.resolve(entry)) for entry in entries))
        if not self.archs:
            raise SettingError('archs', 'at least one architecture', archs)
        super().__init__(costs, objectives, **{**kwargs, 'N': len(self.archs)})

    def identity(self) -> dict:
        return dict(
            super().identity(), archs=[arch.digest for arch in self.archs])

    def propose(self, id: int) -> Draw:
        return self.archs[id], ()


def read_archs(path: Union[str, Path]) -> Sequence[Any]:
    """Architectures of a JSON lines file, as dicts.

    Raises:
        SettingError: There is no such file, or a line is no JSON object.
    """
    if not Path(path).is_file():
        raise SettingError('archs', 'a JSON lines file', str(path))
    out = []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = line
        if not isinstance(entry, dict):
            raise SettingError(f'{path}, line {number}', 'a JSON object', line)
        out.append(entry.get('arch', entry))
    return out
