"""Small pieces of HTML; every text given to them is escaped."""
import base64
import mimetypes
from html import escape
from pathlib import Path
from typing import Iterable, Mapping, Sequence, Tuple

from .figures import PathLike

Picture = Tuple[str, PathLike]

STYLE = """
:root { --ink: #1f2933; --muted: #66727f; --line: #e3e8ee; --soft: #f4f6f9;
  --accent: #1f5a94; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--soft); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 32px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 20px; margin: 0 0 16px; }
h3 { font-size: 16px; margin: 24px 0 8px; }
.lead { color: var(--muted); max-width: 75ch; margin: 0; }
section, .tile { background: #fff; border: 1px solid var(--line);
  border-radius: 12px; }
section { padding: 24px; margin-top: 24px; }
.tiles { display: flex; flex-wrap: wrap; gap: 16px; margin-top: 24px; }
.tile { flex: 1 1 170px; padding: 16px 20px; }
.tile b { display: block; font-size: 26px; line-height: 1.25;
  color: var(--accent); }
.tile span { color: var(--muted); font-size: 14px; }
table { border-collapse: collapse; width: 100%;
  font-variant-numeric: tabular-nums; }
th { color: var(--muted); font-size: 13px; font-weight: 600;
  text-align: left; vertical-align: bottom; }
th, td { padding: 9px 12px; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; }
.scroll { overflow-x: auto; }
figure { margin: 0 0 16px; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figure.wide img { max-width: none; height: 400px; margin: 0; }
figcaption { color: var(--muted); font-size: 14px; margin: 8px 0;
  text-align: center; }
figure.wide figcaption { text-align: left; font-weight: 600; }
pre { background: var(--soft); border: 1px solid var(--line); margin: 0;
  border-radius: 8px; padding: 12px 14px; overflow-x: auto;
  font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }
.label { color: var(--muted); font-size: 14px; margin: 12px 0 4px; }
.bar { background: var(--accent); height: 10px; border-radius: 5px;
  min-width: 2px; }
@media print { body { background: #fff; } section { break-inside: avoid; }
  figure.wide img { max-width: 100%; height: auto; } }
"""


def page(title: str, body: str) -> str:
    """A whole document; ``body`` is HTML."""
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, '
            'initial-scale=1">'
            f'<title>{escape(title)}</title><style>{STYLE}</style></head>\n'
            f'<body><main>\n{body}</main></body></html>\n')


def heading(title: str, below: str) -> str:
    """Title and an optional sentence below it."""
    lead = f'<p class="lead">{escape(below)}</p>\n' if below else ''
    return f'<h1>{escape(title)}</h1>\n{lead}'


def subheading(text: str) -> str:
    return f'<h3>{escape(text)}</h3>\n'


def section(heading: str, body: str) -> str:
    """A card with a heading; nothing if ``body`` is empty."""
    if not body:
        return ''
    return f'<section><h2>{escape(heading)}</h2>\n{body}</section>\n'


def tiles(numbers: Mapping[str, str]) -> str:
    """Large numbers side by side."""
    if not numbers:
        return ''
    cells = ''.join(f'<div class="tile"><b>{escape(value)}</b>'
                    f'<span>{escape(name)}</span></div>'
                    for name, value in numbers.items())
    return f'<div class="tiles">{cells}</div>\n'


def table(columns: Sequence[str],
          rows: Iterable[Sequence[str]],
          numbers: bool = True) -> str:
    """A table, numbers or texts after the first column; empty without rows.
    """
    rows = list(rows)
    if not rows:
        return ''
    kind = ' class="number"' if numbers else ''

    def cells(tag: str, texts: Sequence[str]) -> str:
        return ''.join(f'<{tag}{kind if i else ""}>{escape(text)}</{tag}>'
                       for i, text in enumerate(texts))

    head = f'<thead><tr>{cells("th", columns)}</tr></thead>' if columns else ''
    body = '\n'.join(f'<tr>{cells("td", row)}</tr>' for row in rows)
    return (f'<div class="scroll"><table>{head}<tbody>\n{body}\n'
            '</tbody></table></div>\n')


def figure(caption: str, path: PathLike, wide: bool = False) -> str:
    """A picture, inside the document; a wide one scrolls sideways.

    Raises:
        FileNotFoundError: There is no such picture.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no picture {path}')
    kind = mimetypes.guess_type(path.name)[0] or 'image/png'
    data = base64.b64encode(path.read_bytes()).decode()
    text = escape(caption)
    image = f'<img alt="{text}" src="data:{kind};base64,{data}">'
    if wide:
        return (f'<figure class="wide"><figcaption>{text}</figcaption>'
                f'<div class="scroll">{image}</div></figure>\n')
    return (f'<figure>{image}<figcaption>{text}</figcaption></figure>\n')


def command(purpose: str, text: str) -> str:
    """What a command is for, and the command."""
    return (f'<p class="label">{escape(purpose)}</p>'
            f'<pre>{escape(text)}</pre>\n')


def bars(seconds: Mapping[str, float]) -> str:
    """Durations with a bar each and their sum; empty if there are none."""
    if not seconds:
        return ''
    longest = max(seconds.values()) or 1
    rows = ''.join(
        f'<tr><td>{escape(name)}</td>'
        f'<td class="number">{escape(duration(value))}</td><td width="60%">'
        f'<div class="bar" style="width:{100 * value / longest:.1f}%"></div>'
        '</td></tr>\n' for name, value in seconds.items())
    total = escape(duration(sum(seconds.values())))
    return (f'<table><tbody>{rows}<tr><td><b>total</b></td>'
            f'<td class="number"><b>{total}</b></td><td></td></tr>'
            '</tbody></table>\n')


def duration(seconds: float) -> str:
    """``4.2 s``, ``3 min 07 s`` or ``2 h 05 min``."""
    if seconds < 59.95:
        return f'{seconds:.1f} s'
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f'{minutes} min {rest:02d} s'
    return f'{minutes // 60} h {minutes % 60:02d} min'
