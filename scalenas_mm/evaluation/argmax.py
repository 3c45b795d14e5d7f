"""The class of every pixel, sooner."""
from contextlib import contextmanager
from typing import Any, Iterator, Optional
from unittest.mock import patch

import torch
from torch import Tensor

_plain = Tensor.argmax


@contextmanager
def quick_argmax() -> Iterator[None]:
    """Inside, ``tensor.argmax(dim)`` is quick on a CPU, too, if the values to
    compare do not lie side by side.

    That is how segmentation chooses the class of a pixel. PyTorch takes
    several times as long for it as for ``tensor.max(dim)``, which finds the
    same indices: of equal values the first, of values with a NaN that.
    """
    with patch.object(Tensor, 'argmax', _quick):
        yield


def _quick(tensor: Tensor,
           dim: Optional[int] = None,
           keepdim: bool = False,
           **kwargs: Any) -> Tensor:
    if (kwargs or not isinstance(dim, int) or tensor.dim() == 0
            or tensor.device.type != 'cpu' or tensor.stride(dim) == 1
            or tensor.dtype not in (torch.float32, torch.float64)):
        return _plain(tensor, dim, keepdim, **kwargs)
    return tensor.max(dim, keepdim=keepdim).indices
