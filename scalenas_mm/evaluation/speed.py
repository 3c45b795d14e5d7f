"""Ways to compute that are faster on some devices, and round otherwise."""
from typing import Optional

import torch
from torch import nn

from scalenas_mm.spaces import SettingError

TYPES = dict(float16=torch.float16, bfloat16=torch.bfloat16)


def amp_dtype(name: Optional[str], model: nn.Module) -> Optional[torch.dtype]:
    """The type of mixed precision of a name; None is that of the device.

    Raises:
        SettingError: There is none of this name on the device of the model.
    """
    if name is None:
        return None
    device = next(model.parameters()).device.type
    known = ['bfloat16'] if device == 'cpu' else list(TYPES)
    if name not in known:
        raise SettingError('amp', f'{" or ".join(known)} on {device}', name)
    return TYPES[name]


def to_channels_last(model: nn.Module) -> None:
    """Keep the weights of two-dimensional convolutions with channels last, in
    place; their outputs are so, too, then. Values are the same."""
    for parameter in model.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(
                memory_format=torch.channels_last)
