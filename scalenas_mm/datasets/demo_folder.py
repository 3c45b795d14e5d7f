"""How a demo data set gets into a folder: all of it or nothing.

A maker writes into a hidden folder beside the wanted one, the manifest
``demo.json`` last, and renames it. What stood there is only replaced if it is
a demo data set.
"""
import json
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Union

from .photographs import SPLITS

MANIFEST = 'demo.json'
# called with the numbers of images, or videos, that are made and wanted
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Kind:
    """One kind of demo data set.

    Args:
        name (str): As the command line calls it.
        spec (object): Dataclass of the default parameters, with ``train``,
            ``val``, ``size`` and ``seed``.
        write (callable): ``write(root, spec, done)`` writes images and
            labels below ``root``, calls ``done()`` after each of what
            ``train`` and ``val`` count, and returns what the manifest says
            beside the parameters; with ``counts[split]['images']`` and,
            unless there is one of annotations per split, the number
            ``other_files`` of files that are not of one image.
        files (regex): Matches the path below the folder of every file that
            ``write`` makes.
        per_image (int): Number of such files for an image.
        marked (str): Beginning of the content of ``.json`` files. Their
            names alone do not show that they are ours.
    """
    name: str
    spec: Any
    write: Callable[[Path, Any, Callable[[], None]], Dict[str, Any]]
    files: 're.Pattern[str]'
    per_image: int
    marked: str = ''

    def owns(self, path: Path, root: Path) -> bool:
        """Whether a maker of this kind wrote a file."""
        name = path.relative_to(root).as_posix()
        if name == MANIFEST:
            return True
        if not self.files.fullmatch(name):
            return False
        if path.suffix != '.json':
            return True
        with path.open(encoding='utf-8', errors='replace') as file:
            return file.read(len(self.marked)) == self.marked

    def parameters(self, spec: Any) -> Dict[str, Any]:
        """What the manifest of a data set says, as JSON returns it."""
        return json.loads(json.dumps(asdict(spec)))


def files_of(out: Path) -> Iterator[Path]:
    """Everything in a folder but real folders."""
    return (path for path in out.rglob('*')
            if path.is_symlink() or not path.is_dir())


def is_ours(out: Path, kinds: Iterable[Kind]) -> bool:
    """Whether a folder holds nothing but a demo data set or parts of one."""
    left = list(kinds)
    for path in files_of(out):
        left = [kind for kind in left if kind.owns(path, out)]
        if not left:
            return False
    return True


def read_parameters(out: Path, kind: Kind) -> Optional[Dict[str, Any]]:
    """Parameters of the finished data set in ``out``, None if there is none.

    A folder without a manifest of this kind, or with fewer files than it
    counts, is not finished.
    """
    try:
        content = json.loads((out / MANIFEST).read_text())
        images = sum(content['counts'][split]['images'] for split in SPLITS)
        parameters = content['parameters']
        other = content.get('other_files', len(SPLITS) if kind.marked else 0)
        if content.get('kind', 'digits') != kind.name:
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    files = sum(1 for path in files_of(out)
                if kind.files.fullmatch(path.relative_to(out).as_posix()))
    return parameters if files == kind.per_image * images + other else None


def check_free(out: Path, kinds: Iterable[Kind], force: bool) -> None:
    """Raise OSError if making a data set in ``out`` would cost something."""
    kinds = list(kinds)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f'{out} is not a folder')
    if not out.exists() or force:
        return
    if any(read_parameters(out, kind) is not None for kind in kinds):
        raise FileExistsError(f'{out} holds a demo data set made with other '
                              'parameters, --force replaces it')
    if not is_ours(out, kinds):
        raise FileExistsError(f'{out} is not empty, --force moves what it '
                              f'holds to {out.name}.old')


def move_away(out: Path, scratch: Path, kinds: Iterable[Kind]) -> None:
    """Move ``out`` to ``scratch`` if it is ours, else to ``<out>.old``."""
    if is_ours(out, kinds):
        out.replace(scratch / 'replaced')
        return
    keep = out.with_name(f'{out.name}.old')
    if keep.exists():
        raise FileExistsError(f'{out} is not empty and {keep} exists')
    out.replace(keep)


def remove_stale(out: Path, age: float = 3600.) -> None:
    """Remove what makers of ``out`` left that were killed an hour ago."""
    for path in out.parent.glob(f'.{escape(out.name)}.partial-*'):
        if time.time() - path.stat().st_mtime > age:
            shutil.rmtree(path, ignore_errors=True)


def write_all(root: Path, kind: Kind, spec: Any,
              report: Optional[Report]) -> None:
    """Write the data set below ``root``, the manifest last."""
    total = spec.train + spec.val
    number = 0

    def done() -> None:
        nonlocal number
        number += 1
        if report:
            report(number, total)

    content = kind.write(root, spec, done)
    content = dict(parameters=asdict(spec), **content)
    if kind.name != 'digits':
        content = dict(kind=kind.name, **content)
    (root / MANIFEST).write_text(json.dumps(content, indent=1) + '\n')


@contextmanager
def whole_folder(
        out: Path,
        kinds: Iterable[Kind],
        made_before: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """A folder to write to, which becomes ``out`` unless there is an error.

    Args:
        out (Path): Absolute; what is there is replaced as by ``move_away``.
        kinds (iterable): See :func:`make`.
        made_before (Callable): Whether another process has made the same in
            the meantime, and may read it already: then that stays.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(out)
    with tempfile.TemporaryDirectory(
            prefix=f'.{out.name}.partial-', dir=out.parent) as scratch:
        made = Path(scratch) / out.name
        made.mkdir()
        yield made
        if made_before():
            return
        if out.exists():
            move_away(out, Path(scratch), kinds)
        made.replace(out)


def make(out: Union[str, Path],
         kind: Kind,
         spec: Any,
         kinds: Iterable[Kind],
         force: bool = False,
         report: Optional[Report] = None) -> bool:
    """Make a demo data set in a folder; see ``make_demo``.

    Args:
        kinds (iterable): All kinds, whose data sets may be replaced.

    Returns:
        bool: False if ``out`` holds this very data set already.
    """
    out, kinds = Path(out).resolve(), list(kinds)

    def is_made() -> bool:
        return read_parameters(out, kind) == kind.parameters(spec)

    if is_made():
        return False
    check_free(out, kinds, force)
    with whole_folder(out, kinds, is_made) as made:
        write_all(made, kind, spec, report)
    return True
