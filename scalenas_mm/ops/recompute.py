"""Activations that are computed again in the backward pass."""
from contextlib import contextmanager, nullcontext
from typing import Callable, Iterator

import torch.utils.checkpoint as cp
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn


@contextmanager
def frozen_statistics(module: nn.Module) -> Iterator[None]:
    """Normalise by the batch, but do not add it to the running statistics."""
    norms = [
        m for m in module.modules()
        if isinstance(m, _BatchNorm) and m.num_batches_tracked is not None
    ]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        norm.num_batches_tracked = norm.num_batches_tracked.clone()
    try:
        yield
    finally:
        for norm, (momentum, number) in zip(norms, before):
            norm.momentum, norm.num_batches_tracked = momentum, number


def recomputed(module: nn.Module, function: Callable[[Tensor], Tensor],
               x: Tensor) -> Tensor:
    """``function(x)``, whose activations are not kept for the backward pass.

    Outputs, gradients and running statistics of batch norm are those of the
    plain call, to the last bit.

    Args:
        module (nn.Module): Holds the norms that ``function`` runs.
        function (Callable): Must depend on nothing that changes before the
            backward pass, such as the architecture that a backbone runs.
        x (Tensor): Its argument.
    """
    return cp.checkpoint(
        function,
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), frozen_statistics(module)))
