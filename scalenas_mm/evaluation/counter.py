"""Count parameters and MACs of a model by running it."""
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence, Set

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.spaces import Complexity, CostModel, as_size
from .sample import blank_sample, resized_sample, run_tensor


@torch.no_grad()
def count(model: nn.Module,
          run: Callable[[], Any],
          skip: Optional[nn.Module] = None,
          images: int = 1) -> Complexity:
    """Count what ``run`` executes.

    MACs are half of what :mod:`torch.utils.flop_counter` counts: convolutions
    (transposed ones by input positions), linear layers and every other matrix
    product, such as the two of attention. It agrees with the closed forms of
    this package. It does not see operators of mmcv such as deformable
    convolution, and it counts products that are no layer, such as a
    transformation of coordinates.

    Args:
        model (nn.Module): The model whose layers are watched.
        run (Callable): Runs it.
        skip (nn.Module, optional): A part of the model to leave out; it runs,
            but does not count.
        images (int): How many images it runs on.

    Returns:
        Complexity: Parameters of what ran, each once, and MACs of one image.
        A parameter that stands beside layers, such as an embedding, counts if
        a layer below its module ran.
    """
    ran: Set[nn.Module] = set()
    handles = [
        module.register_forward_hook(lambda m, *_: ran.add(m))
        for module in model.modules()
    ]
    counter = FlopCounterMode(display=False)
    try:
        with _plain_attention(), counter, _not_counted(skip, counter):
            run()
    finally:
        for handle in handles:
            handle.remove()
    skipped = set() if skip is None else set(skip.modules())
    used = [
        module for module in model.modules()
        if module not in skipped and not ran.isdisjoint(module.modules())
    ]
    params = {
        id(p): p.numel()
        for module in used
        for p in module.parameters(recurse=False)
    }
    macs = counter.get_total_flops() // 2 - getattr(counter, 'left_out', 0)
    return Complexity(sum(params.values()), macs // images)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Fused attention of evaluation mode is not seen by the counter."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _not_counted(part: Optional[nn.Module],
                 counter: FlopCounterMode) -> Iterator[None]:
    """Note as ``counter.left_out`` the MACs of a part of the model."""
    counter.left_out = 0
    if part is None:
        yield
        return
    start = 0

    def before(*_: Any) -> None:
        nonlocal start
        start = counter.get_total_flops()

    def after(*_: Any) -> None:
        counter.left_out += (counter.get_total_flops() - start) // 2

    handles = [
        part.register_forward_pre_hook(before),
        part.register_forward_hook(after)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def rest_of_model(model: nn.Module,
                  input_size: Sequence[int],
                  sample: Any = None) -> Complexity:
    """Cost of an OpenMMLab model without its searchable backbone.

    Layers that only run in training, such as auxiliary heads, do not count.
    Of a two-stage detector it is the cost for the proposals of this sample.

    Args:
        model (nn.Module): Of any task library.
        input_size (Sequence[int]): Height and width of the image.
        sample (dict, optional): A real sample, see :func:`first_sample`. Its
            image is replaced by a blank one of ``input_size``; samples
            without an image are taken as they are. By default a blank image.
    """
    if sample is None:
        sample = blank_sample(model, input_size)
    else:
        sample = resized_sample(sample, input_size)
    training = model.training
    model.eval()
    try:
        return count(
            model,
            lambda: run_tensor(model, sample),
            skip=find_searchable(model))
    finally:
        model.train(training)


def cost_model(model: nn.Module,
               input_size: Sequence[int],
               sample: Any = None) -> CostModel:
    """Costs of a model at every architecture of its backbone.

    Args:
        model (nn.Module): Model with a searchable backbone.
        input_size (Sequence[int]): Height and width of the image.
        sample (dict, optional): As for :func:`rest_of_model`.
    """
    backbone = find_searchable(model)
    return CostModel(backbone.space, as_size(input_size),
                     rest_of_model(model, input_size, sample),
                     getattr(backbone, 'drop_dead', True))
