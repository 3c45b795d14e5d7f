"""The report of a search: one HTML file that needs nothing beside it."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from scalenas_mm._files import PathLike, whole_file
from . import html_parts as html


@dataclass(frozen=True)
class ExportedNetwork:
    """A row of the table of exported networks.

    Attributes:
        name: Short name, such as ``#17``.
        params: Number of parameters.
        macs: Multiply-accumulates for one image.
        supernet: The metric inside the supernet, None if not measured.
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
    """
    title: str
    metric: str
    networks: Sequence[ExportedNetwork] = ()
    introduction: str = ''
    scope: str = 'model'
    input_size: Optional[Tuple[int, int]] = None
    headline: Mapping[str, str] = field(default_factory=dict)
    plots: Sequence[html.Picture] = ()
    predictions: Sequence[html.Picture] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def sections(self) -> Dict[str, str]:
        """Headings and the HTML below them."""
        return {
            'The search': _pictures(self.plots),
            'Exported networks': _networks(self),
            'Predictions': _pictures(self.predictions),
            'Topologies': ''.join(map(_drawing, self.networks)),
            'Use them again': _commands(self),
            'How long it took': html.bars(self.seconds),
            'Made with': html.table((), self.versions.items(), numbers=False)
        }


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
    body = html.heading(report.title, report.introduction)
    body += html.tiles(report.headline)
    body += ''.join(html.section(*item) for item in report.sections().items())
    path = Path(folder) / 'report.html'
    with whole_file(path) as part:
        part.write_text(html.page(report.title, body), encoding='utf-8')
    return path


def _pictures(pictures: Sequence[html.Picture]) -> str:
    return ''.join(html.figure(*picture) for picture in pictures)


def _drawing(network: ExportedNetwork) -> str:
    if network.drawing is None:
        return ''
    return html.figure(network.name, network.drawing, wide=True)


def _networks(report: Report) -> str:
    scope = report.scope
    size = ''
    if report.input_size is not None:
        size = ' @ {} × {}'.format(*report.input_size)
    columns = [
        'network', f'params (M, {scope})', f'GMACs ({scope}{size})',
        f'{report.metric} in the supernet', f'{report.metric} exported',
        'difference'
    ]
    return html.table(columns, map(_row, report.networks))


def _row(network: ExportedNetwork) -> List[str]:
    difference = None
    if network.supernet is not None and network.exported is not None:
        difference = network.exported - network.supernet
    return [
        network.name, f'{network.params / 1e6:,.3f}',
        _cost(network.macs / 1e9),
        _number(network.supernet),
        _number(network.exported),
        _number(difference, '+')
    ]


def _cost(value: float) -> str:
    return f'{value:,.3f}' if value >= 1 else f'{value:.4f}'


def _number(value: Optional[float], sign: str = '') -> str:
    """Two decimals; a dash if it was not measured."""
    if value is None:
        return '–'
    if sign and round(value, 2) == 0:
        return '0.00'
    return f'{value:{sign},.2f}'


def _commands(report: Report) -> str:
    out = ''.join(html.command(*item) for item in report.commands.items())
    for network in report.networks:
        if network.files or network.commands:
            out += html.subheading(network.name)
            out += html.table((), network.files.items(), numbers=False)
            out += ''.join(
                html.command(*item) for item in network.commands.items())
    return out
