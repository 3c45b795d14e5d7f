"""What a search stops for, and what makes it repeatable."""
from contextlib import contextmanager
from typing import Iterator

import torch


class SearchStopped(RuntimeError):
    """The search cannot go on: measurements fail for another reason than the
    candidates. What was recorded before is kept."""


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Deterministic algorithms inside the block, if ``wanted``.

    cuBLAS also needs ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` in the environment;
    torch raises an error that says so.
    """
    before = (torch.are_deterministic_algorithms_enabled(),
              torch.backends.cudnn.benchmark)
    if wanted:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]
