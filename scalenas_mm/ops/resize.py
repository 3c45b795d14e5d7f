"""Resizing maps."""
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def enlarge(x: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """Resize maps ``(N, C, H, W)`` to ``(N, C, *size)``.

    Args:
        x (Tensor): The maps.
        size (Sequence[int]): Height and width.
        mode (str): ``bilinear`` (corners not aligned) or ``nearest``.
    """
    if mode != 'nearest':
        return F.interpolate(x, size, mode=mode, align_corners=False)
    if x.is_cuda or not x.is_contiguous() or torch.is_grad_enabled():
        return F.interpolate(x, size, mode=mode)
    # on a CPU torch's kernel for the other memory format is several times as
    # fast, and it only moves numbers, so that bits stay the same
    x = x.contiguous(memory_format=torch.channels_last)
    return F.interpolate(x, size, mode=mode).contiguous()


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """``x`` in another height and width, bilinear."""
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


def upsampled(x: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """``x`` enlarged twice, to ``size``; ``mode`` is ``nearest``, ``bilinear``
    or ``released``, see :class:`~scalenas_mm.backbones.HRNAS`."""
    if mode == 'released':
        return resize(F.interpolate(x, scale_factor=2.0), size)
    align = False if mode == 'bilinear' else None
    return F.interpolate(x, size, mode=mode, align_corners=align)
