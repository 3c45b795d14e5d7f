"""Networks with a name that a search is compared with.

They are measured as candidates are, and lie in an archive of their own: what
a searcher proposes does not depend on them.
"""
from pathlib import Path
from typing import Dict, List, Sequence, Union

from scalenas_mm.spaces import Arch, SettingError, Space
from .reading import PathLike, read_archive
from .record import Record


def baseline_archs(space: Space,
                   wanted: Union[bool, Sequence[str]]) -> Dict[str, Arch]:
    """Architectures by name, each once.

    Args:
        space (Space): Of the search.
        wanted (bool | Sequence[str]): All that the space has a name for,
            none, or these.

    Raises:
        SettingError: The space has no architecture of such a name.
    """
    named = space.named()
    names = list(named) if wanted is True else list(wanted or [])
    out: Dict[str, Arch] = {}
    for name in names:
        if name not in named:
            raise SettingError('baselines', f'names among {", ".join(named)}',
                               name)
        arch = space.live(named[name]())
        if arch not in out.values():
            out[name] = arch
    return out


def baselines_path(archive: PathLike) -> Path:
    """The file of the baselines beside an archive."""
    return Path(archive).with_suffix('.baselines.jsonl')


def read_baselines(archive: PathLike) -> List[Record]:
    """Baselines of a search by the archive of its candidates; none where none
    were measured.

    Raises:
        ArchiveError: Their file is broken.
    """
    path = baselines_path(archive)
    return read_archive(path) if path.is_file() else []
