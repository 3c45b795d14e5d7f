"""Networks of a search that were exported."""
import re
from pathlib import Path
from typing import Dict, List, NamedTuple

from scalenas_mm._files import PathLike

MOST = 64  # configs in a report
LONGEST = 100_000  # characters of one
HEAD = re.compile(r'Candidate (\d+) of (\S+),\s*#?\s*architecture (\w+)')


class Exported(NamedTuple):
    """A network.

    Attributes:
        id: Of the candidate.
        digest: Of its architecture.
        config: Its config: the file, relative to the archive's folder.
        text: What is in it.
    """
    id: int
    digest: str
    config: str
    text: str


def exported_folder(archive: PathLike) -> Path:
    """Where ``tools/export.py`` puts networks if nothing else is said."""
    return Path(archive).parent / 'exported'


def read_exported(archive: PathLike) -> List[Exported]:
    """Networks in ``exported/`` beside an archive, by the head of their
    configs; what has no such head is something else."""
    found: Dict[str, Exported] = {}
    folder = exported_folder(archive)
    for path in sorted(folder.glob('**/*.py'))[:MOST]:
        with open(path, encoding='utf-8', errors='replace') as file:
            text = file.read(LONGEST)
        head = HEAD.search(text[:1000])
        if head and head[2] == Path(archive).name:
            name = path.relative_to(folder.parent).as_posix()
            found[name] = Exported(int(head[1]), head[3], name, text)
    return list(found.values())
