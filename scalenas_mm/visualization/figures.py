"""What all figures share: no global state, files that are never half."""
from pathlib import Path

from matplotlib.figure import Figure

from scalenas_mm._files import PathLike, whole_file

INK = '#1f2933'
MUTED = '#66727f'
FAINT = '#c5ccd3'


def new_figure(width: float, height: float) -> Figure:
    """A white figure of ``width`` x ``height`` inches outside pyplot."""
    return Figure(figsize=(width, height), facecolor='white')


def save_figure(figure: Figure, path: PathLike, dpi: int = 150) -> Path:
    """Save atomically; the suffix of ``path`` is the format (or PNG)."""
    path = Path(path)
    suffix = path.suffix[1:].lower() or 'png'
    with whole_file(path) as part:
        figure.savefig(part, format=suffix, dpi=dpi)
    return path
