"""What the networks of a video model cost."""
from typing import Any, List, Sequence

from torch import nn

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import cost_model


def network_macs(model: nn.Module, input_size: Sequence[int]) -> List[int]:
    """MACs of each network for a person: the key frame's, then those of the
    frames after it, with fusion and head.

    Args:
        model (nn.Module): A ``TViPNet``.
        input_size (Sequence[int]): Height and width of a crop.
    """
    arch: Any = find_searchable(model).arch
    costs = cost_model(model, input_size)(arch)
    frames = [costs[f'macs_{t + 1}'] for t in range(len(arch.frames))]
    return [costs['macs'] - costs['propagated_macs'], *frames]
