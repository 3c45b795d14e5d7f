"""Times of many things that are compared."""
import statistics
import time
from typing import Any, Callable, Dict, Hashable, List, Mapping, NamedTuple

import torch

Run = Callable[[], Any]

LEAST_MS = 0.3  # what is timed at once takes as long, or the clock is coarse
THROTTLED = 1.15  # times the control's best time
PATIENCE = 10  # times the rounds that are wanted


class Timed(NamedTuple):
    """Of one thing, in milliseconds.

    Attributes:
        ms: Median over the rounds that were not throttled.
        spread: Half of the distance between their quartiles, a part of the
            median.
        rounds: How often it was timed.
        throttled: How many of these were left out because the control was
            slow beside them.
    """
    ms: float
    spread: float
    rounds: int
    throttled: int


class Control:
    """Always the same work, whose time says how fast the machine is now.

    Args:
        device (str): ``cpu`` or ``cuda``.

    Attributes:
        best: Its least time so far, in milliseconds.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.x = torch.ones(192, 192, device=device)
        self.best = float('inf')
        for _ in range(200):
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
        ms = once(self._run)
        self.best = min(ms, self.best)
        return ms


def once(run: Run, times: int = 1) -> float:
    """Milliseconds of one of so many runs in a row."""
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) / times * 1e3


def interleaved(runs: Mapping[Hashable, Run], control: Control,
                rounds: int) -> Dict[Any, Timed]:
    """Time things in turn, the control before and behind each.

    Every round runs each of them: twice, the first time to fill the caches,
    and more often if that takes too little time for a clock. There are more
    rounds for those that a slow machine has spoilt.

    Args:
        runs (dict): What runs each thing once.
        control (Control): The control.
        rounds (int): How often each is timed on a machine that is not slow.
    """
    often = {}
    for key, run in runs.items():
        once(run)
        often[key] = max(1, round(LEAST_MS / max(once(run), 1e-4)))
    times: Dict[Any, List] = {key: [] for key in runs}
    for _ in range(rounds * PATIENCE):
        most = control.best * THROTTLED
        missing = [
            key for key, rows in times.items()
            if sum(beside <= most for beside, _ in rows) < rounds
        ]
        if not missing:
            break
        before = control()
        for key in missing:
            runs[key]()
            ms = once(runs[key], often[key])
            after = control()
            times[key].append((max(before, after), ms))
            before = after
    return {
        key: _timed(rows, control.best * THROTTLED, rounds)
        for key, rows in times.items()
    }


def _timed(rows: Any, most: float, wanted: int) -> Timed:
    """Of the rounds that were not throttled; if they are too few, of those
    beside which the control was the fastest."""
    rows = sorted(rows)
    good = sum(beside <= most for beside, _ in rows)
    kept = [ms for _, ms in rows[:max(good, min(wanted, len(rows)))]]
    median = statistics.median(kept)
    spread = 0.0
    if len(kept) > 1:
        low, _, high = statistics.quantiles(kept, n=4)
        spread = (high - low) / 2 / median
    return Timed(median, spread, len(rows), len(rows) - good)
