"""Count parameters and MACs of a model by running it."""
from typing import Any, Callable, List, Optional, Sequence

import torch
from torch import nn

from scalenas_mm.backbones.base import find_searchable
from scalenas_mm.spaces import Complexity, CostModel, as_size

_CONVS = (nn.modules.conv._ConvNd, )


def _macs(module: nn.Module, inputs: Sequence[Any], output: Any) -> int:
    """MACs of one call of a convolution or linear layer, one image."""
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        positions = inputs[0][0, 0].numel()
    elif isinstance(module, _CONVS):
        positions = output[0, 0].numel()
    elif isinstance(module, nn.Linear):
        positions = output[0].numel() // module.out_features
    else:
        return 0
    return module.weight.numel() * positions


def count(model: nn.Module,
          run: Callable[[], Any],
          skip: Optional[nn.Module] = None) -> Complexity:
    """Count the layers that ``run`` executes.

    Args:
        model (nn.Module): The model whose layers are watched.
        run (Callable): Runs it on one image.
        skip (nn.Module, optional): A part of the model to leave out.

    Returns:
        Complexity: Parameters of the layers that ran, each once, and MACs of
        all calls of convolutions and linear layers.
    """
    skipped = set(skip.modules()) if skip is not None else set()
    ran: List[nn.Module] = []
    macs = 0

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal macs
        ran.append(module)
        macs += _macs(module, inputs, output)

    handles = [
        module.register_forward_hook(watch) for module in model.modules()
        if module not in skipped
    ]
    try:
        with torch.no_grad():
            run()
    finally:
        for handle in handles:
            handle.remove()
    params = {
        id(p): p.numel()
        for module in ran
        for p in module.parameters(recurse=False)
    }
    return Complexity(sum(params.values()), macs)


def image_of(model: nn.Module, input_size: Sequence[int]) -> torch.Tensor:
    """A blank image ``(1, C, H, W)`` where the model is."""
    backbone = find_searchable(model)
    channels = getattr(backbone.space, 'in_channels', 3)
    device = next(model.parameters()).device
    return torch.zeros(1, channels, *as_size(input_size), device=device)


def rest_of_model(model: nn.Module, input_size: Sequence[int]) -> Complexity:
    """Cost of an OpenMMLab model without its searchable backbone.

    It does not depend on the architecture, so it is measured once. Layers
    that only run in training, such as auxiliary heads, do not count.

    Args:
        model (nn.Module): Model with ``forward(inputs, mode='tensor')``.
        input_size (Sequence[int]): Height and width of the image.
    """
    training = model.training
    model.eval()
    try:
        image = image_of(model, input_size)
        return count(
            model,
            lambda: model(image, mode='tensor'),
            skip=find_searchable(model))
    finally:
        model.train(training)


def cost_model(model: nn.Module, input_size: Sequence[int]) -> CostModel:
    """Costs of a model at every architecture of its backbone.

    Args:
        model (nn.Module): Model with a searchable backbone.
        input_size (Sequence[int]): Height and width of the image.
    """
    backbone = find_searchable(model)
    return CostModel(backbone.space, as_size(input_size),
                     rest_of_model(model, input_size),
                     getattr(backbone, 'drop_dead', True))
