"""What all figures share: no global state, files that are never half."""
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

from matplotlib.figure import Figure

PathLike = Union[str, Path]

INK = '#1f2933'
MUTED = '#66727f'
FAINT = '#c5ccd3'


def new_figure(width: float, height: float) -> Figure:
    """A white figure of ``width`` x ``height`` inches outside pyplot."""
    return Figure(figsize=(width, height), facecolor='white')


@contextmanager
def whole_file(path: PathLike) -> Iterator[Path]:
    """Give a path to write to; ``path`` is replaced when all went well.

    Folders are made. After an exception ``path`` is as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def save_figure(figure: Figure, path: PathLike, dpi: int = 150) -> Path:
    """Save atomically; the suffix of ``path`` is the format (or PNG)."""
    path = Path(path)
    suffix = path.suffix[1:].lower() or 'png'
    with whole_file(path) as part:
        figure.savefig(part, format=suffix, dpi=dpi)
    return path
