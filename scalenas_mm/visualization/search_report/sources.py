"""An archive and what lies beside it."""
import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from scalenas_mm._files import PathLike
from scalenas_mm.benchmarks.archives import space_from_dict
from scalenas_mm.search.baselines import baselines_path, read_baselines
from scalenas_mm.search.reading import (ArchiveError, meta_path, read_archive,
                                        read_meta)
from scalenas_mm.search.record import Record
from scalenas_mm.spaces import InputError, Space
from .exported import Exported, exported_folder, read_exported
from .times import Span, read_times, times_path


@dataclass
class Source:
    """A search, as far as it has come.

    Attributes:
        path: The archive.
        name: What the search is called in the report.
        records: Candidates.
        meta: What they depend on; empty where that file is missing.
        baselines: What they are compared with.
        exported: Networks that were exported.
        times: When candidates were recorded; empty if nobody looked.
        config: The config of the search and its checkpoint, if known.
        notes: What could not be read, a sentence each.
    """
    path: Path
    name: str
    records: Sequence[Record]
    meta: Dict[str, Any] = field(default_factory=dict)
    baselines: Sequence[Record] = ()
    exported: Sequence[Exported] = ()
    times: Sequence[Span] = ()
    config: Tuple[Optional[str], Optional[str]] = (None, None)
    notes: List[str] = field(default_factory=list)

    def space(self) -> Optional[Space]:
        """Of the architectures; None where it is not known."""
        try:
            return space_from_dict(self.meta.get('space'))
        except InputError:
            return None

    def input_size(self) -> Optional[Tuple[int, int]]:
        """Height and width that costs are counted for."""
        tasks = list(_dict(self.meta, 'tasks').values())
        first = tasks[0] if tasks and isinstance(tasks[0], dict) else self.meta
        try:
            height, width = _dict(first, 'evaluation')['input_size']
            return int(height), int(width)
        except (KeyError, TypeError, ValueError):
            return None

    def objectives(self) -> Dict[str, str]:
        """``max`` or ``min`` by name; where the description of the archive
        does not say, the first metric and the first cost."""
        found = _dict(_dict(self.meta, 'searcher'), 'objectives')
        if found:
            return {str(key): str(way) for key, way in found.items()}
        good = next((record for record in self.records if record.ok), None)
        if good is None:
            return {}
        guess = {key: 'max' for key in list(good.metrics)[:1]}
        guess.update({key: 'min' for key in list(good.cost)[:1]})
        return guess


def _dict(data: Dict[str, Any], key: str) -> Dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def read_source(path: PathLike, name: Optional[str] = None) -> Source:
    """Read an archive, also while a search writes it.

    Only the archive itself has to be there. What else cannot be read is left
    out, and noted.

    Args:
        path (str | Path): The archive.
        name (str, optional): Defaults to the name of its folder.

    Raises:
        ArchiveError: There is no such file, or a line is not a candidate.
    """
    path = Path(path)
    records = read_archive(path)
    return read_beside(path, records, name)


def read_beside(path: Path,
                records: Sequence[Record],
                name: Optional[str] = None) -> Source:
    """As :func:`read_source`, of records that are in memory."""
    source = Source(path, name or path.absolute().parent.name, records)
    for key, read in (('meta', read_meta), ('baselines', read_baselines),
                      ('times', read_times), ('exported', read_exported)):
        try:
            setattr(source, key, read(path))
        except (ArchiveError, OSError, ValueError) as error:
            source.notes.append(str(error))
    source.config = find_config(path.parent)
    return source


def watched(path: Path) -> List[Path]:
    """Files and folders whose change makes another report."""
    return [
        path,
        meta_path(path),
        baselines_path(path),
        times_path(path),
        exported_folder(path)
    ]


def find_config(folder: Path) -> Tuple[Optional[str], Optional[str]]:
    """The config that a search was started with, and its ``load_from``, as
    MMEngine wrote it into the work directory; None what is not clear."""
    found = sorted(folder.glob('*.py'))
    if len(found) != 1:
        return None, None
    try:
        tree = ast.parse(found[0].read_text(encoding='utf-8'))
    except (OSError, SyntaxError, ValueError):
        return str(found[0]), None
    checkpoint = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(
                node.value, ast.Constant) and any(
                    isinstance(target, ast.Name) and target.id == 'load_from'
                    for target in node.targets):
            checkpoint = node.value.value
    return str(found[0]), checkpoint if isinstance(checkpoint, str) else None
