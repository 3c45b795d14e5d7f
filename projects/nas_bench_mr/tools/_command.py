"""What the commands of this project share; standard library only."""
import sys
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT.parents[1] / 'tools')]

from _cli import fail, readable_errors  # noqa: E402

__all__ = ['fail', 'new_console', 'run', 'training_bars']


def new_console(width=140):
    """Tables are not squeezed where nobody looks at a terminal."""
    from rich.console import Console
    return Console(
        width=None if sys.stdout.isatty() else width, highlight=False)


@contextmanager
def training_bars():
    """Progress of trainings, as the keyword arguments of ``fitted``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn('{task.description:<14}'), BarColumn(),
               TextColumn('epoch {task.completed:.0f} of {task.total:.0f}'))
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def watch(name, epochs):
            task = progress.add_task(name, total=epochs)
            return lambda *_: progress.advance(task)

        yield dict(
            watch=watch,
            tell=lambda line: progress.console.print(line, soft_wrap=True))


def run(main, *args):
    """Run a command; what the user can mend becomes one line."""
    try:
        with readable_errors():
            main(*args)
    except (ValueError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit('\ninterrupted')
