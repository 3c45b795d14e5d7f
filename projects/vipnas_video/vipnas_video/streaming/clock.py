"""Where the time of a stream goes."""
from contextlib import contextmanager
from time import perf_counter
from typing import Callable, Dict, Iterator


class Clock:
    """Seconds and calls of named stages.

    Args:
        wait (Callable): Called before the time is read; on a GPU it waits for
            what was started.

    Attributes:
        seconds: Sum of each stage.
        calls: How often it ran.
    """

    def __init__(self, wait: Callable[[], None] = lambda: None):
        self.wait = wait
        self.seconds: Dict[str, float] = {}
        self.calls: Dict[str, int] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what is inside of the ``with`` block."""
        start = perf_counter()
        try:
            yield
        finally:
            self.wait()
            passed = perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.) + passed
            self.calls[stage] = self.calls.get(stage, 0) + 1
