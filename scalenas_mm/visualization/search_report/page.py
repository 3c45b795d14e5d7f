"""From JSON to a page: one file, no network, no scripts but ours."""
import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scalenas_mm._files import PathLike, write_atomic
from scalenas_mm.spaces import InputError
from .payload import Cache, report_payload
from .sources import Source

WEB = Path(__file__).parent / 'web'
# in this order; names of one are known in those after it
SCRIPTS = ('data', 'marks', 'axes', 'front', 'front_draw', 'front_input',
           'scalenet', 'bars', 'hrnas', 'networks', 'candidate', 'family',
           'progress', 'workers', 'genes', 'searches', 'live', 'main')
MARK = '<meta name="generator" content="scalenas_mm search report">'


class ReportError(InputError):
    """A report cannot be written where it is to be written."""


def render_page(sources: Sequence[Source],
                title: Optional[str] = None,
                live: bool = False,
                cache: Optional[Cache] = None) -> str:
    """The page of one or more searches.

    What comes from archives is compressed and in base64 in the page, and
    becomes text of elements there, never markup. The page's policy lets no
    other scripts and styles run than those that are in it, by their digests,
    and nothing be loaded.

    Args:
        sources (Sequence[Source]): From :func:`.sources.read_source`.
        title (str, optional): Heading.
        live (bool): Whether the page asks where it came from for a newer one.
        cache (dict, optional): As for :func:`.payload.report_payload`.
    """
    payload = report_payload(sources, title, cache)
    script = "(() => {\n'use strict';\n" + '\n'.join(
        (WEB / 'scripts' / f'{name}.js').read_text(encoding='utf-8')
        for name in SCRIPTS) + '\n})();\n'
    style = (WEB / 'report.css').read_text(encoding='utf-8')
    environment = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    template = environment.get_template('page.html.jinja')
    return template.render(
        mark=Markup(MARK),
        title=payload['title'],
        policy=policy(script, style, live),
        style=Markup(style),
        script=Markup(script),
        data=packed(payload),
        live=live) + '\n'


def packed(payload: Dict[str, Any]) -> str:
    """JSON, deflated, in base64."""
    text = json.dumps(payload, separators=(',', ':'), allow_nan=False)
    deflate = zlib.compressobj(6, wbits=-15)
    data = deflate.compress(text.encode()) + deflate.flush()
    return base64.b64encode(data).decode()


def policy(script: str, style: str, live: bool = False) -> str:
    """A content security policy: these two, and nothing from anywhere."""
    source = 'self' if live else 'none'
    return (f"default-src 'none'; script-src '{_digest(script)}'; "
            f"style-src '{_digest(style)}'; connect-src '{source}'; "
            "base-uri 'none'; form-action 'none'")


def _digest(text: str) -> str:
    data = hashlib.sha256(text.encode()).digest()
    return f'sha256-{base64.b64encode(data).decode()}'


def write_page(path: PathLike, text: str, force: bool = False) -> Path:
    """Write a page, atomically.

    An earlier report is replaced, any other file only with ``force``.

    Raises:
        ReportError: There is another file.
        OSError: It cannot be written; what was there stays.
    """
    path = Path(path)
    if not force and path.exists() and not _is_report(path):
        raise ReportError(f'{path} exists and is no report of a search; '
                          '--force overwrites it')
    write_atomic(path, text)
    return path


def _is_report(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, encoding='utf-8', errors='replace') as file:
        return MARK in file.read(2000)
