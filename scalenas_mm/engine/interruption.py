"""End a search at a signal, with what is in work."""
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, Optional

from mmengine.dist import master_only
from mmengine.logging import MMLogger

# The end of a job; Slurm's warning before it (``--signal=USR1@300``)
SIGNALS = tuple(
    getattr(signal, name) for name in ('SIGTERM', 'SIGUSR1')
    if hasattr(signal, name))

# Seconds in which a signal that comes twice is one: sent to all processes, and
# once more by their launcher
TWICE = 2.0
NOTE = (b'the search ends when the candidates in work are measured; once more '
        b'ends it at once\n')


class SearchInterrupted(SystemExit):
    """A signal ended the search; what was measured is in the archive. The
    process ends with the exit code of the signal."""


class Interruption:
    """Inside, a signal to end is remembered; a second one ends at once.

    Processes that are forked inside, such as workers of a data loader, go on
    at a SIGUSR1, which Slurm sends to all of them: the search needs them.

    Attributes:
        signal: What came, None before.
    """

    def __init__(self) -> None:
        self.signal: Optional[signal.Signals] = None
        self._since = 0.0
        self._process = os.getpid()
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> 'Interruption':
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: Any) -> None:
        for number, handler in self._before.items():
            # None: of a library in C, which Python cannot put back
            signal.signal(number, handler or signal.SIG_DFL)
        self._before = {}

    def _note(self, number: int, frame: Any) -> None:
        if os.getpid() != self._process:
            if number == signal.SIGTERM:
                self._end(number)
        elif self.signal is None:
            self.signal, self._since = signal.Signals(number), time.monotonic()
            with suppress(OSError):  # logging may be what is interrupted
                os.write(2, f'{self.signal.name}: '.encode() + NOTE)
        elif time.monotonic() - self._since > TWICE:
            self._end(number)

    def _end(self, number: int) -> None:
        """What would have come of the signal without this."""
        self.__exit__()
        os.kill(os.getpid(), number)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """What sets handlers of signals inside, as Ray does, sets none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


@master_only
def _say(number: signal.Signals, done: int, resumed: bool) -> None:
    logger = MMLogger.get_current_instance()
    logger.warning(f'the search ends by {number.name}; {done} candidates are '
                   'in the archive, --resume goes on')
    job = os.environ.get('SLURM_JOB_ID')
    if number.name == 'SIGUSR1' and job:
        logger.warning(
            requeue(job) if resumed else f'job {job} is not queued again: '
            'without --resume it would not go on')


def leave(number: signal.Signals, done: int, resumed: bool) -> None:
    """Say what was done and end the process.

    Args:
        number (signal.Signals): What came.
        done (int): Candidates in the archive.
        resumed (bool): Whether the same command goes on with them; then
            Slurm is asked to run it again, if it gave the signal.

    Raises:
        SearchInterrupted: Always, with a code such as 143 for SIGTERM.
    """
    _say(number, done, resumed)
    raise SearchInterrupted(128 + number)


def requeue(job: str) -> str:
    """Ask Slurm to run a job again; what came of it."""
    command = ['scontrol', 'requeue', job]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f'{" ".join(command)}: {error}'
    result = f'exit code {run.returncode}' if run.returncode else 'done'
    return f'{" ".join(command)}: {run.stderr.strip() or result}'
