"""What a search stops for, and what makes it repeatable."""
from contextlib import contextmanager
from typing import Any, Iterator, List, Sequence, Tuple

import torch

from scalenas_mm.search import Record
from scalenas_mm.spaces import Space


class SearchStopped(RuntimeError):
    """The search cannot go on: measurements fail for another reason than the
    candidates. What was recorded before is kept."""


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Deterministic algorithms inside the block, if ``wanted``.

    cuBLAS also needs ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` in the environment;
    torch raises an error that says so.
    """
    if not wanted:
        yield
        return
    before = torch.get_deterministic_debug_mode()
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
        torch.backends.cudnn.benchmark = benchmark


def witnesses(space: Space, good: Sequence[Record]) -> List[Tuple[str, Any]]:
    """Networks of which one can be measured unless something else is wrong.

    Args:
        space (Space): Of the candidates.
        good (Sequence[Record]): The last candidate that did not fail, if
            there is one.

    Returns:
        list[tuple]: Names and architectures: of that candidate; else of the
        smallest network and, since a small detector may find nothing and then
        has no metric, of the largest.
    """
    if good:
        return [(f'candidate {good[-1].id}', space.from_dict(good[-1].arch))]
    return [('the smallest network', space.live(space.min_arch())),
            ('the largest network', space.live(space.max_arch()))]
