"""Every process measures other architectures."""
import itertools
from datetime import timedelta
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

import torch.distributed
from mmengine.dist import all_gather_object, get_rank, get_world_size
from torch.utils.data import DataLoader

from scalenas_mm.registry import EVALUATIONS
from scalenas_mm.spaces import SettingError
from .base import Evaluation, Outcome
from .ranks import alone, describe
from .sequential import log

CALLS = itertools.count()  # the same on every process


class PerRank(Evaluation):
    """Each process measures some architectures on all of the validation data.

    A process that is done takes the next ones, by a counter in the store of
    the process group. None waits for another but at the end. An architecture
    is measured as by a process on its own, so that outcomes are the same
    however many there are.

    Args:
        evaluation (Evaluation): Measures, on one process and all of the data.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.profile = evaluation.profile
        self.size = evaluation.size * get_world_size()

    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        mine: Dict[int, List[Outcome]] = {}
        key = f'scalenas_mm/search/{next(CALLS)}'
        for first, part in self._taken(archs, key):
            mine[first] = self._measured(part)
        wait_for_all(key)
        every: Dict[int, List[Outcome]] = {}
        for found in all_gather_object(mine):
            every.update(found)
        return [outcome for first in sorted(every) for outcome in every[first]]

    def _measured(self, archs: Sequence[Any]) -> List[Outcome]:
        """Outcomes; whatever happens, others do not wait in vain."""
        rank = get_rank()
        try:
            with alone():
                return [
                    outcome._replace(worker=rank)
                    for outcome in self.evaluation(archs)
                ]
        except Exception as error:
            log('measuring candidates failed')
            return [Outcome(error=describe(error)) for _ in archs]

    def _taken(self, archs: Sequence[Any], key: str) -> Iterator[Any]:
        """Parts of ``archs`` that this process takes, with where they begin.

        There are about two for each process: few, as a part shares its
        batches, but some that are left for who is done early.
        """
        ranks = get_world_size()
        size = min(self.evaluation.size, -(-len(archs) // (2 * ranks)) or 1)
        for part in counted(key):
            first = part * size
            if first >= len(archs):
                return
            yield first, archs[first:first + size]


def counted(key: str) -> Iterator[int]:
    """Whole numbers from 0 on, each for one process only; in turn where there
    is no store to count in."""
    store = default_store()
    if store is None:
        yield from itertools.count(get_rank(), get_world_size())
    while True:
        yield store.add(key, 1) - 1


def wait_for_all(key: str) -> None:
    """Wait until all processes are here, for as long as it takes: what they
    exchange then has the time limit of the process group."""
    store = default_store()
    if store is None:
        return
    store.set(f'{key}/{get_rank()}', '')
    everyone = [f'{key}/{rank}' for rank in range(get_world_size())]
    store.wait(everyone, timedelta(days=30))


def default_store() -> Any:
    """The store of the process group, None if there is none."""
    if get_world_size() == 1:
        return None
    try:
        return torch.distributed.distributed_c10d._get_default_store()
    except (AttributeError, RuntimeError, ValueError):
        return None


def build_evaluation(cfg: Mapping[str, Any], parallel: str,
                     all_data: Callable[[], DataLoader],
                     **arguments: Any) -> Evaluation:
    """An evaluation for all processes.

    Args:
        cfg (dict): Of the evaluation.
        parallel (str): ``candidates``: each process measures others, on all
            of the data. ``data``: all measure the same ones, on the part of
            the data that their ``dataloader`` has.
        all_data (Callable): Builds a loader of all data, on a process that
            takes itself for the only one.
        **arguments: Of the evaluation.

    Raises:
        SettingError: ``parallel`` is something else.
    """
    if parallel not in ('candidates', 'data'):
        raise SettingError('parallel', 'candidates or data', parallel)
    if parallel == 'data' or get_world_size() == 1:
        return EVALUATIONS.build(dict(cfg), default_args=arguments)
    with alone():
        arguments['dataloader'] = all_data()
    return PerRank(EVALUATIONS.build(dict(cfg), default_args=arguments))
