"""How far a search is: in a line, and at the foot of a terminal."""
import atexit
import logging
import sys
import time
from typing import Any, List, Optional

from scalenas_mm.evaluation.profile import FORWARD
from scalenas_mm.search import Record

CANDIDATE = 'search_candidate'  # marks log records of single candidates


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{seconds:02}'


def short_number(value: float) -> str:
    """Four digits, with a unit for large numbers."""
    for size, unit in ((1e9, 'G'), (1e6, 'M')):
        if abs(value) >= size:
            return f'{value / size:.4g}{unit}'
    return f'{value:.4g}'


class SearchStatus:
    """Numbers of a search that runs.

    Args:
        loop (SearchLoop): It has a searcher.
    """

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.before = len(loop.searcher.history)
        self.start = time.time()
        self.failed = sum(not one.ok for one in loop.searcher.history)

    @property
    def done(self) -> int:
        """Candidates that were measured, also by an earlier run."""
        return len(self.loop.searcher.history)

    @property
    def total(self) -> int:
        """All candidates of the search."""
        return self.loop.searcher.N

    @property
    def left(self) -> float:
        """Seconds until the end, at the speed of this run."""
        new = max(1, self.done - self.before)
        return (time.time() - self.start) / new * (self.total - self.done)

    def share(self) -> Optional[float]:
        """The part of the measured time that is forward passes; only with
        ``evaluation.profile``."""
        profile = getattr(self.loop.evaluation, 'profile', None)
        seconds = getattr(profile, 'seconds', {})
        whole = sum(seconds.values())
        return sum(seconds.get(key, 0.)
                   for key in FORWARD) / whole if whole else None

    def line(self, generation: int) -> str:
        """Generation, done, failed, speed, share of the network, time."""
        minutes = max(time.time() - self.start, 1e-3) / 60
        parts = [
            f'generation {generation}', f'{self.done}/{self.total} done',
            f'{self.failed} failed',
            f'{(self.done - self.before) / minutes:.1f} a minute'
        ]
        share = self.share()
        if share is not None:
            parts.append(f'{share:.0%} in the network')
        return '  '.join([*parts, f'{clock(self.left)} left'])

    def best(self) -> List[str]:
        """For each objective the candidate that is best by it."""
        objectives = self.loop.searcher.objectives.directions
        good = [one for one in self.loop.searcher.history if one.ok]
        out = []
        for key, direction in objectives.items():
            if not good:
                break
            pick = max if direction == 'max' else min
            one: Record = pick(good, key=lambda record: record.value(key))
            values = '  '.join(
                f'{other} {short_number(one.value(other))}'
                for other in [key, *(k for k in objectives if k != key)])
            out.append(f'#{one.id}  {values}')
        return out


class SearchTerminal:
    """A bar with the status below it, while log lines go by above.

    Single candidates are left out of what the terminal shows; the log file
    has them.

    Args:
        logger (logging.Logger): What writes to the terminal.
    """

    def __init__(self, logger: logging.Logger) -> None:
        from rich.console import Console
        from rich.live import Live
        self.live = Live(console=Console(), auto_refresh=False, transient=True)
        self.handlers = [
            handler for handler in logger.handlers
            if isinstance(handler, logging.StreamHandler)
            and not isinstance(handler, logging.FileHandler)
        ]
        self.streams = [handler.stream for handler in self.handlers]
        self.live.start()
        for handler in self.handlers:
            handler.stream = sys.stdout  # that of rich, which knows the bar
            handler.addFilter(_no_candidates)
        atexit.register(self.stop)  # whatever ends the search

    def show(self, status: SearchStatus, generation: int) -> None:
        """Draw the bar anew."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text
        rows = Table.grid(expand=True)
        rows.add_row(ProgressBar(total=status.total, completed=status.done))
        rows.add_row(Text(status.line(generation), style='bold'))
        for line in status.best():
            rows.add_row(Text(f'best: {line}', style='dim'))
        self.live.update(rows, refresh=True)

    def stop(self) -> None:
        """Take it off the terminal; more than once does no harm."""
        atexit.unregister(self.stop)
        for handler, stream in zip(self.handlers, self.streams):
            handler.stream = stream
            handler.removeFilter(_no_candidates)
        self.live.stop()


def _no_candidates(record: logging.LogRecord) -> bool:
    return not getattr(record, CANDIDATE, False)


def on_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stdout.isatty()
