"""Count parameters and MACs of a model by running it."""
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Sequence, Set

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from scalenas_mm.backbones.base import find_searchable, followers
from scalenas_mm.spaces import Complexity, CostModel, as_size
from .boxes import every_box
from .sample import blank_sample, resized_sample, run_tensor


@torch.no_grad()
def count(model: nn.Module,
          run: Callable[[], Any],
          skip: Sequence[nn.Module] = (),
          images: int = 1) -> Complexity:
    """Count what ``run`` executes.

    MACs are half of what :mod:`torch.utils.flop_counter` counts: convolutions
    (transposed ones by input positions), linear layers and every other matrix
    product, such as the two of attention. It agrees with the closed forms of
    this package. It does not see operators of mmcv such as deformable
    convolution, and it counts products that are no layer, such as a
    transformation of coordinates.

    Args:
        model (nn.Module): The model whose parameters are counted.
        run (Callable): Runs it, or more: MACs are of all that runs.
        skip (Sequence[nn.Module]): Parts of the model to leave out; they run,
            but do not count.
        images (int): How many images it runs on.

    Returns:
        Complexity: Parameters that an operator reads, each once, also those of
        no layer, such as an embedding; MACs of one image.
    """
    counter, used = FlopCounterMode(display=False), _Used()
    with _plain_attention(), counter, used, _left_out(skip, counter, used):
        run()
    params = {
        _memory(p): p.numel()
        for p in model.parameters() if _memory(p) in used.memory
    }
    macs = (counter.get_total_flops() - used.left_out) // 2
    return Complexity(sum(params.values()), macs // images)


def _memory(tensor: torch.Tensor) -> int:
    """What a tensor and its views have in common."""
    return tensor.untyped_storage()._cdata


class _Used(TorchDispatchMode):
    """Notes what memory operators read.

    Attributes:
        left_out: FLOPs of the part that does not count.
    """

    def __init__(self) -> None:
        super().__init__()
        self.memory: Set[int] = set()
        self.paused = False
        self.left_out = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not self.paused:
            self.memory.update(
                _memory(x) for x in tree_leaves((args, kwargs or {}))
                if isinstance(x, torch.Tensor))
        return func(*args, **kwargs or {})


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Attention as matrix products: the counter does not know all of its
    fused forms, such as those of CPUs."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _left_out(parts: Sequence[nn.Module], counter: FlopCounterMode,
              used: _Used) -> Iterator[None]:
    """Do not count what some parts of the model do."""

    def before(*_: Any) -> None:
        used.paused = True
        used.left_out -= counter.get_total_flops()

    def after(*_: Any) -> None:
        used.paused = False
        used.left_out += counter.get_total_flops()

    handles = [
        handle for part in parts
        for handle in (part.register_forward_pre_hook(before),
                       part.register_forward_hook(after))
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _elastic_parts(model: nn.Module) -> List[nn.Module]:
    """The searchable backbone, and the layers of what follows it: heads of
    OpenMMLab do not run by a call that a hook sees, their layers do."""
    return [
        find_searchable(model),
        *(layer for part in followers(model)
          for layer in part.modules() if not list(layer.children()))
    ]


def rest_of_model(model: nn.Module,
                  input_size: Sequence[int],
                  sample: Any = None) -> Complexity:
    """Cost of an OpenMMLab model without its searchable backbone and what
    follows the architecture of that.

    Layers that only run in training, such as auxiliary heads, do not count.
    Of a two-stage detector it is the cost for the largest number of
    proposals, whatever its weights: see :func:`every_box`.

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
        with every_box():
            return count(
                model,
                lambda: run_tensor(model, sample),
                skip=_elastic_parts(model))
    finally:
        model.train(training)


def cost_model(model: nn.Module,
               input_size: Sequence[int],
               sample: Any = None,
               tables: Sequence[Any] = ()) -> CostModel:
    """Costs of a model at every architecture of its backbone.

    Args:
        model (nn.Module): Model with a searchable backbone.
        input_size (Sequence[int]): Height and width of the image.
        sample (dict, optional): As for :func:`rest_of_model`.
        tables (Sequence[LatencyTable]): Times on machines.
    """
    backbone = find_searchable(model)
    return backbone.space.cost_model(
        as_size(input_size),
        rest=rest_of_model(model, input_size, sample),
        drop_dead=getattr(backbone, 'drop_dead', True),
        tables=tuple(tables),
        followers=tuple(
            part.cost(backbone.space) for part in followers(model)))
