"""Times of many things that are compared."""
import statistics
import time
from typing import (Any, Callable, Dict, Hashable, List, Mapping, NamedTuple,
                    Tuple)

import numpy as np
import torch

Run = Callable[[], Any]

LEAST_MS = 0.3  # what is timed at once takes as long, or the clock is coarse
THROTTLED = 1.15  # times what the control takes on a machine that is not slow
FASTEST = 0.05  # the quantile of its times that this is; the least is luck
# What the control took beside a round, and what the round took, in ms
Rows = List[Tuple[float, float]]


class Timed(NamedTuple):
    """Of one thing, in milliseconds.

    Attributes:
        ms: Median over all rounds, each divided by how much slower than on a
            machine that is not slow the control was beside it.
        spread: Half of the distance between the quartiles of the same, a part
            of the median.
        rounds: How often it was timed.
        throttled: Beside how many of these the control was slow.
    """
    ms: float
    spread: float
    rounds: int
    throttled: int


class Control:
    """Always the same work, whose time says how fast the machine is now.

    Args:
        device (str): ``cpu`` or ``cuda``.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.x = torch.ones(192, 192, device=device)
        for _ in range(20):  # warms up
            self()

    @torch.inference_mode()
    def _run(self) -> None:
        y = self.x
        for _ in range(4):
            y = y @ self.x
        if self.device == 'cuda':
            torch.cuda.synchronize()

    def __call__(self) -> float:
        """Milliseconds it takes now."""
        return once(self._run)


def once(run: Run, times: int = 1) -> float:
    """Milliseconds of one of so many runs in a row."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) / times * 1e3


def interleaved(runs: Mapping[Hashable, Run], control: Run,
                rounds: int) -> Dict[Any, Rows]:
    """Time things in turn, the control before and behind each.

    Every round runs each of them: twice, the first time to fill the caches,
    and more often if that takes too little time for a clock.

    Args:
        runs (dict): What runs each thing once.
        control (Callable): Gives the control's time now, see
            :class:`Control`.
        rounds (int): How often each is timed.
    """
    often = {}
    for key, run in runs.items():
        once(run)
        often[key] = max(1, round(LEAST_MS / max(once(run), 1e-4)))
    times: Dict[Any, Rows] = {key: [] for key in runs}
    for _ in range(rounds):
        before = control()
        for key, run in runs.items():
            run()
            ms = once(run, often[key])
            after = control()
            times[key].append((max(before, after), ms))
            before = after
    return times


def timed(times: Mapping[str, Rows]) -> Dict[str, Timed]:
    """Times of all that :func:`interleaved` has timed, as on a machine that
    is not slow: on one that is shared, what slows a thing down slows the
    control beside it."""
    usual = float(
        np.quantile([beside for rows in times.values() for beside, _ in rows],
                    FASTEST))
    return {key: _timed(rows, usual) for key, rows in times.items()}


def _timed(rows: Rows, usual: float) -> Timed:
    values = [ms * usual / beside for beside, ms in rows]
    median = statistics.median(values)
    spread = 0.0
    if len(values) > 1:
        low, _, high = statistics.quantiles(values, n=4)
        spread = (high - low) / 2 / median
    slow = sum(beside > usual * THROTTLED for beside, _ in rows)
    return Timed(median, spread, len(rows), slow)
