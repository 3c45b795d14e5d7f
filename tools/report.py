"""The report of a search as one HTML page, at any time; or watch it live.

    report.py ARCHIVE [NAME=ARCHIVE ...] [--out report.html]
    report.py --serve ARCHIVE [--port 8000]

The page needs nothing beside it and loads nothing: open it in a browser, send
it to somebody. With --serve it is shown to browsers of this machine instead,
and follows the search while it runs; nothing else is served, nothing can be
written. Several archives are compared.
"""
import argparse
from pathlib import Path

from _cli import fail, readable_errors

LOCAL = '127.0.0.1'


def archive(text):
    """``NAME=FILE`` or a file."""
    name, equals, path = text.partition('=')
    if equals and not Path(text).exists():
        return name or None, Path(path)
    return None, Path(text)


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'archives',
        nargs='+',
        type=archive,
        metavar='[NAME=]ARCHIVE',
        help='archive.jsonl of a search; the name defaults to its folder')
    parser.add_argument(
        '--out',
        type=Path,
        help='the page (default: report.html beside the archive, of several '
        'comparison.html beside the first one)')
    parser.add_argument('--title', help='heading (default: the names)')
    parser.add_argument(
        '--force',
        action='store_true',
        help='overwrite a file that is no report')
    parser.add_argument(
        '--serve',
        action='store_true',
        help='show it to browsers, and follow the search')
    parser.add_argument(
        '--port',
        type=int,
        default=8000,
        help='with --serve; 0 is any that is free (default: 8000)')
    parser.add_argument(
        '--host',
        default=LOCAL,
        help='with --serve: the interface to listen at, such as 0.0.0.0 for '
        'all (default: this machine only). Everybody who reaches it can read '
        'the report')
    args = parser.parse_args()
    if args.serve and args.out:
        parser.error('--serve writes no file: no --out')
    if not 0 <= args.port < 2**16:
        parser.error(f'--port: expected 0 to 65535, got {args.port}')
    return args


def write(args):
    from scalenas_mm.visualization.search_report import (read_source,
                                                         render_page,
                                                         write_page)
    several = len(args.archives) > 1
    name = 'comparison.html' if several else 'report.html'
    out = args.out or args.archives[0][1].with_name(name)
    sources = [read_source(path, name) for name, path in args.archives]
    path = write_page(out, render_page(sources, args.title), args.force)
    num = sum(len(source.records) for source in sources)
    print(f'{path}: {num} candidates, {path.stat().st_size / 1e6:.1f} MB')
    for source in sources:
        for note in source.notes:
            print(f'left out: {note}')


def show(args):
    from scalenas_mm.visualization.search_report import serve
    try:
        server = serve(args.archives, args.host, args.port, args.title)
    except (OSError, OverflowError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        fail(f'{args.host}:{args.port} cannot be listened at ({error})')
    with server:
        print(f'{server.url} shows the report; Ctrl-C ends it', flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main():
    args = parse_args()
    with readable_errors():
        if args.serve:
            show(args)
        else:
            write(args)


if __name__ == '__main__':
    main()
