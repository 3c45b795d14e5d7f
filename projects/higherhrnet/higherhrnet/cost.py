"""Cost as the published tables count it."""
from typing import Any, List, Sequence

from torch import nn

from scalenas_mm.evaluation import blank_sample, count, run_tensor
from scalenas_mm.spaces import Complexity


def published_complexity(model: nn.Module,
                         input_size: Sequence[int]) -> Complexity:
    """Parameters and MACs by the rule of HigherHRNet's and ScaleNAS's tables.

    Their counter takes a transposed convolution as weights times positions of
    its output, as if it were a convolution. It has weights times positions of
    its input, which is a fourth of that at stride 2; ``tools/analysis_tools/
    get_flops.py`` and searches count so.

    Args:
        model (nn.Module): A pose estimator.
        input_size (Sequence[int]): Height and width of the image.
    """
    surplus: List[int] = []

    def note(layer: nn.ConvTranspose2d, inputs: Any, output: Any) -> None:
        positions = output[0, 0].numel() - inputs[0][0, 0].numel()
        surplus.append(layer.weight.numel() * positions)

    handles = [
        layer.register_forward_hook(note) for layer in model.modules()
        if isinstance(layer, nn.ConvTranspose2d)
    ]
    training = model.training
    model.eval()
    try:
        sample = blank_sample(model, input_size)
        exact = count(model, lambda: run_tensor(model, sample))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return exact + Complexity(0, sum(surplus))
