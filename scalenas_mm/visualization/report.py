"""The report of a search: one HTML file that needs nothing beside it."""
import base64
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Tuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scalenas_mm._files import PathLike, write_atomic

Picture = Tuple[str, PathLike]
TEMPLATES = Path(__file__).parent / 'templates'


@dataclass(frozen=True)
class ExportedNetwork:
    """A row of the table of exported networks.

    Attributes:
        name: Short name, such as ``#17``.
        params: Number of parameters.
        macs: Multiply-accumulates for one image.
        supernet: The metric before the export, None if not measured.
        exported: The metric of the exported network, None likewise.
        drawing: Picture of its topology.
        files: What was written for it: kind and path.
        commands: How to use it again: what for and the command.
    """
    name: str
    params: int
    macs: int
    supernet: Optional[float] = None
    exported: Optional[float] = None
    drawing: Optional[PathLike] = None
    files: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What a report shows; a section without content is left out.

    Attributes:
        title: Heading of the report.
        metric: Name of the metric in the table.
        networks: The table, in this order, and a drawing each.
        introduction: A sentence or two below the title.
        scope: What params and MACs count: ``model`` or ``backbone``.
        input_size: Height and width of the image that the MACs are for.
        headline: Large numbers at the top: what it is, the number as text.
        plots: Caption and file of each plot of the search.
        predictions: Caption and file of each picture of predictions.
        commands: Commands that are not of one network: what for and the
            command.
        seconds: How long each phase took.
        versions: Packages, Python, machine.
        digits: Decimals of the metric.
        measured: Where the networks were measured before the export.
    """
    title: str
    metric: str
    networks: Sequence[ExportedNetwork] = ()
    introduction: str = ''
    scope: str = 'model'
    input_size: Optional[Tuple[int, int]] = None
    headline: Mapping[str, str] = field(default_factory=dict)
    plots: Sequence[Picture] = ()
    predictions: Sequence[Picture] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    digits: int = 2
    measured: str = 'in the supernet'

    def columns(self) -> List[str]:
        """Headings of the table of networks."""
        size = ''
        if self.input_size is not None:
            size = ' @ {} × {}'.format(*self.input_size)
        return [
            'network', f'params (M, {self.scope})',
            f'GMACs ({self.scope}{size})', f'{self.metric} {self.measured}',
            f'{self.metric} exported', 'difference'
        ]

    def rows(self) -> List[List[str]]:
        """The table of networks."""
        return [_row(network, self.digits) for network in self.networks]


def write_report(folder: PathLike, report: Report) -> Path:
    """Write ``folder/report.html``, atomically, with all pictures inside.

    Args:
        folder (str | Path): Made if missing.
        report (Report): What to show.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: A picture is missing; names it. An earlier report
            stays as it was.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    environment.filters.update(data_url=data_url, duration=duration)
    template = environment.get_template('report.html.jinja')
    path = Path(folder) / 'report.html'
    write_atomic(path, template.render(report=report) + '\n')
    return path


def data_url(path: PathLike) -> str:
    """A picture as the address of an image.

    Raises:
        FileNotFoundError: There is no such picture.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no picture {path}')
    kind = mimetypes.guess_type(path.name)[0] or 'image/png'
    data = base64.b64encode(path.read_bytes()).decode()
    return f'data:{kind};base64,{data}'


def duration(seconds: float) -> str:
    """``4.2 s``, ``3 min 07 s`` or ``2 h 05 min``."""
    if seconds < 59.95:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f'{minutes} min {rest:02d} s'
    return f'{minutes // 60} h {minutes % 60:02d} min'


def _row(network: ExportedNetwork, digits: int) -> List[str]:
    difference = None
    if network.supernet is not None and network.exported is not None:
        difference = network.exported - network.supernet
    return [
        network.name, f'{network.params / 1e6:,.3f}',
        _cost(network.macs / 1e9),
        _number(network.supernet, digits),
        _number(network.exported, digits),
        _number(difference, digits, '+')
    ]


def _cost(value: float) -> str:
    return f'{value:,.3f}' if value >= 1 else f'{value:.4f}'


def _number(value: Optional[float], digits: int, sign: str = '') -> str:
    """A dash if it was not measured."""
    if value is None:
        return '–'
    if sign and round(value, digits) == 0:
        sign, value = '', 0.0
    return f'{value:{sign},.{digits}f}'
