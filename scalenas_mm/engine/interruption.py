"""End a search at a signal, with what is in work."""
import os
import signal
import subprocess
import threading
from typing import Any, Dict, Optional

from mmengine.dist import master_only
from mmengine.logging import MMLogger

# The end of a job; Slurm's warning before it (``--signal=USR1@300``)
SIGNALS = tuple(
    getattr(signal, name) for name in ('SIGTERM', 'SIGUSR1')
    if hasattr(signal, name))


class SearchInterrupted(SystemExit):
    """A signal ended the search; what was measured is in the archive. The
    process ends with the exit code of the signal."""


class Interruption:
    """Inside, a signal to end is remembered; a second one ends at once.

    Attributes:
        signal: What came, None before.
    """

    def __init__(self) -> None:
        self.signal: Optional[signal.Signals] = None
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> 'Interruption':
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: Any) -> None:
        self.signal = signal.Signals(number)
        self.__exit__()
        MMLogger.get_current_instance().warning(
            f'{self.signal.name}: the search ends when the candidates in work '
            'are measured; once more ends it at once')


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
    return f'{" ".join(command)}: {run.stderr.strip() or "done"}'
