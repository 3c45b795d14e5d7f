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


def forget_visualizers():
    """As in a process of its own: runs that begin in one second have one
    name, and the later would draw into the folder of the earlier."""
    module = sys.modules.get('mmengine.visualization')
    kinds = [module.Visualizer] if module else []
    for kind in kinds:
        kind._instance_dict.clear()
        kinds += kind.__subclasses__()


def run(name, *args):
    """Run ``tools/NAME`` with arguments."""
    forget_visualizers()
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
