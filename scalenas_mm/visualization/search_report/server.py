"""The report of a running search for a browser: nothing else, read only."""
import hashlib
import ipaddress
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from scalenas_mm.search.reading import ArchiveError
from scalenas_mm.spaces import InputError
from .page import render_page
from .sources import read_source, watched

LOCAL, ANY = '127.0.0.1', '0.0.0.0'
WRONG = (ArchiveError, InputError)  # what an archive may be
SHARE = 0.2  # of its time that a server makes new reports at most


class LiveReport:
    """A page that is made anew when one of its archives has changed.

    Args:
        archives (Sequence[tuple]): Name (or None) and path of each.
        title (str, optional): Heading.
    """

    def __init__(self,
                 archives: Sequence[Tuple[Optional[str], Path]],
                 title: Optional[str] = None) -> None:
        self.archives = list(archives)
        self.title = title
        self._lock = threading.Lock()
        self._cache: Dict[str, Any] = {}
        self._state: List[Any] = []
        self._page, self._etag = b'', ''
        self._took, self._done = 0.0, float('-inf')

    def page(self) -> Tuple[bytes, str]:
        """The page and its digest; the one before, if the archive cannot be
        read at this moment.

        Raises:
            ArchiveError: It cannot be read, and there is none before.
        """
        with self._lock:
            state = [_state(path) for _, path in self.archives]
            begin = time.monotonic()
            soon = begin - self._done < self._took / SHARE
            if state != self._state and not (self._page and soon):
                self._make(state)
                self._done = time.monotonic()
                self._took = self._done - begin
            return self._page, self._etag

    def _make(self, state: List[Any]) -> None:
        try:
            sources = [read_source(path, name) for name, path in self.archives]
            text = render_page(sources, self.title, True, self._cache)
        except WRONG:
            if not self._page:
                raise
            return  # it is asked for again
        self._page = text.encode()
        self._etag = f'"{hashlib.sha256(self._page).hexdigest()[:32]}"'
        self._state = state


def _state(path: Path) -> List[Any]:
    """What changes when a file or the names in a folder do."""
    out: List[Any] = []
    for one in watched(path):
        try:
            stat = one.stat()
            out.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            out.append(None)
    return out


class Server(ThreadingHTTPServer):
    """Answers ``/`` with a report, everything else with an error.

    Args:
        report (LiveReport): What to show.
        host (str): The interface to listen at.
        port (int): 0 for any that is free.

    Raises:
        OSError: The port is taken.
    """
    daemon_threads = True
    # on Windows a second server could listen at the same port, too
    allow_reuse_address = os.name == 'posix'

    def __init__(self,
                 report: LiveReport,
                 host: str = LOCAL,
                 port: int = 0) -> None:
        self.report = report
        self.host = host
        self.names = {'localhost', host}
        if host != LOCAL:  # once: it may ask a name server
            self.names |= {
                socket.gethostname().lower(),
                socket.getfqdn().lower()
            }
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        host = socket.gethostname() if self.host == ANY else self.host
        return f'http://{host}:{self.server_port}/'

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def knows(self, host: str) -> bool:
        """Whether a request's ``Host`` is this server's.

        A page of another site may let its own name point to this machine;
        then the browser says that name. An address is none that can be made
        to point elsewhere.
        """
        try:
            parts = urlsplit(f'//{host}')
            name, port = parts.hostname or '', parts.port or 80
        except ValueError:
            return False
        if port != self.server_port:
            return False
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.host != LOCAL


class Handler(BaseHTTPRequestHandler):
    """One request."""
    server: Server
    server_version, sys_version = 'scalenas_mm', ''
    protocol_version = 'HTTP/1.1'
    timeout = 30  # seconds for a request to come in

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def __getattr__(self, name: str) -> Any:
        """Any other method."""
        if name.startswith('do_'):
            return lambda: self._send(405, b'only GET and HEAD\n')
        raise AttributeError(name)

    def _answer(self, body: bool) -> None:
        if not self.server.knows(self.headers.get('Host', '')):
            self._send(403, b'unknown host\n', body)
        elif self.path != '/':
            self._send(404, b'there is only /\n', body)
        else:
            self._report(body)

    def _report(self, body: bool) -> None:
        try:
            page, etag = self.server.report.page()
        except WRONG:
            self._send(503, b'the archive cannot be read\n', body)
            return
        if self.headers.get('If-None-Match') == etag:
            self._send(304, b'', False, ETag=etag)
        else:
            self._send(200, page, body, 'text/html', ETag=etag)

    def _send(self,
              code: int,
              content: bytes,
              body: bool = True,
              kind: str = 'text/plain',
              **headers: str) -> None:
        self.send_response(code)
        if code != 304:
            self.send_header('Content-Type', f'{kind}; charset=utf-8')
            self.send_header('Content-Length', str(len(content)))
        headers['Cache-Control'] = 'no-cache'
        for name, value in headers.items():
            self.send_header(name, value)
        for name, value in (('X-Content-Type-Options', 'nosniff'),
                            ('X-Frame-Options', 'DENY'), ('Referrer-Policy',
                                                          'no-referrer'),
                            ('Cross-Origin-Resource-Policy', 'same-origin')):
            self.send_header(name, value)
        if code >= 400:  # what else came with the request is not read
            self.send_header('Connection', 'close')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a page asks every few seconds."""


def serve(archives: Sequence[Tuple[Optional[str], Path]],
          host: str = LOCAL,
          port: int = 8000,
          title: Optional[str] = None) -> Server:
    """A server that is ready; ``serve_forever`` starts it.

    Raises:
        ArchiveError: An archive cannot be read.
        OSError: The port is taken.
    """
    report = LiveReport(archives, title)
    report.page()
    return Server(report, host, port)
