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
