"""What a search would take, measured on a few candidates."""
import sys
import time
from typing import Any, Dict, List

import torch
from mmengine.dist import get_world_size

from scalenas_mm.evaluation import together
from scalenas_mm.registry import LOOPS
from scalenas_mm.search import Candidate, read_archive
from .search_loop import SearchLoop
from .search_status import clock
from .stopping import SearchStopped, deterministic

SOME = 4  # candidates for each process, for what they share


@LOOPS.register_module()
class DryRunLoop(SearchLoop):
    """Measures the largest network and some candidates of a search, and says
    how long all of it would take. Writes no archive.

    Args:
        *args: As for :class:`SearchLoop`.
        **kwargs: Likewise.
    """

    def run(self) -> Any:
        """Measure and say so.

        Raises:
            SettingError: A setting, or the checkpoint, is wrong.
            SearchStopped: A measurement fails.
        """
        start = time.time()
        with deterministic(self.settings['deterministic']):
            self._measuring()
            self.searcher = together(self._new_searcher)
            self.evaluation = self._evaluation()
            try:
                ready = time.time() - start
                space = self.backbone.space
                alone = self._timed(
                    [Candidate(0, space.live(space.max_arch()))])
                some = self._timed(self._asked(SOME * get_world_size()))
            finally:
                self.evaluation.close()
        for line in self.report(ready, alone, some):
            self.runner.logger.info(line)
        return self.runner.model

    def _timed(self, candidates: List[Candidate]) -> Dict[str, float]:
        """Seconds for each candidate, how many, and metrics of the first."""
        start = time.time()
        records = self._measured(candidates)
        seconds = (time.time() - start) / len(records)
        failed = [record for record in records if not record.ok]
        if failed:
            raise SearchStopped(f'the search would fail: {failed[0].error}')
        return dict(seconds=seconds, num=len(records), **records[0].metrics)

    def _known(self) -> int:
        """How many candidates a search that goes on has."""
        going_on = self.resume and self.archive_path.is_file()
        return len(read_archive(self.archive_path)) if going_on else 0

    def report(self, ready: float, alone: Dict[str, float],
               some: Dict[str, float]) -> List[str]:
        """What was measured, in words.

        Args:
            ready (float): Seconds until the first candidate.
            alone (dict): Of the largest network.
            some (dict): Of some candidates at once.
        """
        num = self.searcher.N - self._known()
        total = ready + num * some['seconds']
        keys = self.searcher.objectives.metrics
        values = ', '.join(f'{key} {alone[key]:.4g}' for key in keys)
        return [
            f'Dry run: ready after {ready:.1f} s',
            f'the largest network: {alone["seconds"]:.2f} s, {values}',
            f'{some["num"]} candidates at once: {some["seconds"]:.2f} s each',
            f'memory: {memory()}',
            f'{num} candidates this way: about {clock(total)}, '
            'baselines and plots not counted',
        ]


def memory() -> str:
    """The most that this process has taken so far."""
    parts = []
    if sys.platform != 'win32':
        import resource
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == 'darwin' else 1024
        parts.append(f'{most * unit / 2**30:.2f} GiB')
    if torch.cuda.is_available():
        parts.append(f'{torch.cuda.max_memory_reserved() / 2**30:.2f} GiB of '
                     f'{torch.cuda.get_device_name()}')
    return ', '.join(parts) or 'unknown'
