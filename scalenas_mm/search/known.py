"""Objectives of many candidates as arrays that grow with the history."""
from typing import Optional, Sequence, Tuple

import numpy as np

from .objectives import Objectives
from .record import Record


class Known:
    """Reads every record once, however often its values are needed.

    Args:
        objectives (Objectives): What is read.
    """

    def __init__(self, objectives: Objectives) -> None:
        self.objectives = objectives
        self._read = 0
        self._ids = np.empty(0, int)
        self._values = np.empty((0, len(objectives.directions)))

    def __call__(
            self,
            history: Sequence[Record],
            before: Optional[int] = None) -> Tuple[np.ndarray, np.ndarray]:
        """Ids ``(num,)`` of the candidates that did not fail, ascending, and
        their values ``(num, objectives)``, to be minimised.

        Args:
            history (Sequence[Record]): All candidates; those of the last
                call come first.
            before (int, optional): Only candidates with a smaller id.
        """
        fresh = [record for record in history[self._read:] if record.ok]
        if fresh:
            values = self.objectives.values(fresh)
            self._values = np.concatenate([self._values, values])
            self._ids = np.concatenate([self._ids, [r.id for r in fresh]])
        self._read = len(history)
        num = len(self._ids) if before is None else int(
            np.searchsorted(self._ids, before))
        return self._ids[:num], self._values[:num]
