"""The report of a search: one HTML page that needs nothing beside it.

An archive and what lies beside it become JSON (``payload``), a template, a
style sheet and scripts become a page around it (``page``). Everything that can
be drawn in a browser is: the page holds architectures, not pictures of them.
"""
from .page import ReportError, render_page, write_page
from .payload import report_payload
from .server import serve
from .sources import Source, read_source
from .writer import ReportWriter

__all__ = [
    'ReportError', 'ReportWriter', 'Source', 'read_source', 'render_page',
    'report_payload', 'serve', 'write_page'
]
