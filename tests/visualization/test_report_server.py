"""The report of a running search over HTTP."""
import http.client
import socket
import threading
from contextlib import contextmanager

import pytest
from report_archives import make_search

from scalenas_mm.search import ArchiveError, Record, read_archive
from scalenas_mm.spaces import SettingError
from scalenas_mm.visualization.search_report import serve
from scalenas_mm.visualization.search_report.server import LiveReport, Server


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('served')
    (folder / 'secret.txt').write_text('secret')
    return make_search(folder / 'search', num=24)


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01, ))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope='module')
def server(path):
    with running(serve([(None, path)], port=0)) as server:
        yield server


def ask(server, target='/', method='GET', body=None, **headers):
    connection = http.client.HTTPConnection('127.0.0.1', server.server_port)
    try:
        connection.request(
            method,
            target,
            body,
            headers={
                k.replace('_', '-'): v
                for k, v in headers.items()
            })
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_the_report(server):
    status, body, headers = ask(server)
    assert status == 200 and body.startswith(b'<!DOCTYPE html>')
    assert headers['Content-Type'] == 'text/html; charset=utf-8'
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['X-Frame-Options'] == 'DENY'
    assert b'data-live' in body
    status, nothing, again = ask(server, method='HEAD')
    assert (status, nothing, again['ETag']) == (200, b'', headers['ETag'])
    assert ask(server, If_None_Match=headers['ETag'])[:2] == (304, b'')


@pytest.mark.parametrize('target', [
    '/secret.txt', '/../secret.txt', '/..%2fsecret.txt', '//secret.txt',
    '/search/archive.jsonl', '/archive.jsonl', '/%2e%2e/secret.txt', '/?x=1',
    '/./', '/..', '/index.html', '/favicon.ico', '/C:\\secret.txt',
    '/etc/passwd', '/....//secret.txt', '/\\..\\secret.txt'
])
def test_nothing_else_is_there(server, target):
    for method in ('GET', 'HEAD'):
        status, body, _ = ask(server, target, method)
        assert status == 404 and b'secret' not in body


def test_a_target_that_is_no_path(server, path):
    absolute = str(path.parent.parent / 'secret.txt')
    for line in (f'GET {absolute} HTTP/1.1', 'GET ../secret.txt HTTP/1.1',
                 'GET file:///etc/passwd HTTP/1.1', 'GET * HTTP/1.1'):
        address = '127.0.0.1', server.server_port
        with socket.create_connection(address) as raw:
            host = f'Host: localhost:{server.server_port}'
            raw.sendall(f'{line}\r\n{host}\r\n\r\n'.encode())
            answer = raw.recv(200)
        assert answer.startswith(b'HTTP/1.1 404 '), line


@pytest.mark.parametrize(
    'method', ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'LINK'])
def test_nothing_can_be_written(server, path, method):
    before = sorted(
        (p, p.read_bytes()) for p in path.parent.iterdir() if p.is_file())
    body = b'x' if method in ('POST', 'PUT', 'PATCH') else None
    assert ask(server, '/', method, body)[0] == 405
    assert before == sorted(
        (p, p.read_bytes()) for p in path.parent.iterdir() if p.is_file())


@pytest.mark.parametrize('host, status', [('evil.example', 403),
                                          ('evil.example:{}', 403),
                                          ('127.0.0.1.evil.example:{}', 403),
                                          ('localhost', 403),
                                          ('10.0.0.7:{}', 403), ('', 403),
                                          ('localhost:99999', 403),
                                          ('localhost:{}', 200),
                                          ('127.0.0.1:{}', 200),
                                          ('[::1]:{}', 200)])
def test_names_of_others_are_refused(server, host, status):
    """As of a page whose name points here."""
    name = host.format(server.server_port)
    assert ask(server, Host=name)[0] == status


def test_all_interfaces_only_if_asked_for(server, path):
    assert server.socket.getsockname()[0] == '127.0.0.1'
    with Server(LiveReport([(None, path)]), '0.0.0.0') as other:
        port = other.server_port
        assert other.knows(f'10.0.0.7:{port}')
        assert other.knows(f'{socket.gethostname().lower()}:{port}')
        assert other.url == f'http://{socket.gethostname()}:{port}/'
        assert not other.knows(f'evil.example:{port}')


def test_it_follows_the_search(tmp_path):
    archive = make_search(tmp_path, num=12)
    with running(serve([(None, archive)], port=0)) as server:
        _, first, headers = ask(server)
        server.report._took = 0  # it may be asked for at once
        record = read_archive(archive)[-1]
        line = Record(**{**vars(record), 'id': 12}).to_json() + '\n'
        with open(archive, 'a') as file:
            file.write(line[:40])  # torn: nothing new
        assert ask(server)[1] == first
        server.report._took = 0
        with open(archive, 'a') as file:
            file.write(line[40:])
        status, second, after = ask(server, If_None_Match=headers['ETag'])
        assert status == 200 and second != first
        # a broken line, or none at all for a moment: the last one stays
        server.report._took = 0
        with open(archive, 'a') as file:
            file.write('broken\n')
        assert ask(server)[1] == second
        archive.unlink()
        assert ask(server)[1] == second


def test_a_change_is_not_made_for_every_question(path, monkeypatch):
    report = LiveReport([(None, path)])
    report.page()
    report._took, made = 1e9, []
    monkeypatch.setattr(report, '_make', made.append)
    path.touch()
    report.page()
    assert made == []


def test_a_report_that_cannot_be_made(tmp_path, monkeypatch):
    """The page before stays; without one it is said."""

    def fail(*_):
        raise SettingError('input_size', 'sides above 0', 0)

    archive = make_search(tmp_path, num=12)
    with running(serve([(None, archive)], port=0)) as server:
        first = ask(server)[1]
        monkeypatch.setattr(f'{Server.__module__}.render_page', fail)
        server.report._took, server.report._state = 0, []
        assert ask(server)[:2] == (200, first)
        server.report._page = b''
        assert ask(server)[0] == 503


def test_without_an_archive(tmp_path):
    with pytest.raises(ArchiveError, match='there is no archive'):
        serve([(None, tmp_path / 'archive.jsonl')], port=0)
