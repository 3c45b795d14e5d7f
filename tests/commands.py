"""Run a command of tools/ as a user does, but in this process: importing
torch and a task library takes longer than most of them."""
import contextlib
import io
import runpy
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

TOOLS = Path(__file__).resolve().parents[1] / 'tools'


class Result(NamedTuple):
    """Exit code and what was printed."""
    code: int
    out: str
    err: str


def run(name, *args):
    """Run ``tools/NAME`` with arguments."""
    path = TOOLS / name
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with mock.patch.object(sys, 'argv', [str(path), *map(str, args)]), \
            mock.patch.object(sys, 'path', [str(path.parent), *sys.path]), \
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as stop:
            code = stop.code or 0
    return Result(code, out.getvalue(), err.getvalue())
