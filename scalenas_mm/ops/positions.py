"""Positions of pixels as maps that are joined to features (HR-NAS, Eq. 2)."""
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.spaces.hrnas import TransformerSettings

Size = Tuple[int, int]


class Positions(nn.Module):
    """Maps of positions.

    All of them depend on the row or on the column only, so each is made and
    resized as a vector.

    Args:
        settings (TransformerSettings): ``positions`` and what goes with it.

    Attributes:
        table: Learned positions ``(2, channels / 2, size)``, of rows and of
            columns, else None.
    """

    def __init__(self, settings: TransformerSettings):
        super().__init__()
        self.kind = settings.positions
        self.channels = settings.num_positions
        self.table: Optional[nn.Parameter] = None
        if self.kind == 'learned':
            self.table = nn.Parameter(
                torch.empty(2, self.channels // 2, settings.size))
            nn.init.uniform_(self.table)

    def forward(self,
                like: Tensor,
                size: Size,
                resized: Optional[Size] = None) -> Tensor:
        """Positions of a map as ``(channels, H, W)``.

        Args:
            like (Tensor): Gives data type and device.
            size (tuple): Height and width of the map.
            resized (tuple, optional): Height and width to which the
                positions are resized (bilinearly), as if they were features.
        """
        if not self.channels:
            return like.new_empty(0, *(resized or size))
        rows, columns = (self._along(axis, length, like)
                         for axis, length in enumerate(size))
        if resized is not None:
            rows, columns = (x if x.shape[-1] == length else _resized(
                x, length) for x, length in zip((rows, columns), resized))
        height, width = rows.shape[-1], columns.shape[-1]
        maps = [
            rows[:, :, None].expand(-1, -1, width),
            columns[:, None, :].expand(-1, height, -1)
        ]
        if self.kind == 'normalised':  # in the order of the released code
            maps.reverse()
        return torch.cat(maps).to(like.dtype)

    def _along(self, axis: int, length: int, like: Tensor) -> Tensor:
        """Positions along an axis, ``(channels / 2, length)``."""
        if self.table is not None:
            return _resized(self.table[axis], length)
        steps = torch.arange(length, dtype=torch.float32, device=like.device)
        if self.kind == 'sinusoidal':
            return _waves(steps, self.channels // 2)
        if self.kind == 'map':
            return (steps / length)[None]
        deviation = ((length**2 - 1) / 12)**0.5
        return ((steps - (length - 1) / 2) / (deviation or 1.0))[None]


def _resized(x: Tensor, length: int) -> Tensor:
    """Vectors ``(C, L)`` to ``(C, length)``."""
    return F.interpolate(
        x[None], size=length, mode='linear', align_corners=False)[0]


def _waves(steps: Tensor, channels: int) -> Tensor:
    """Sines and cosines of Vaswani et al., in turn, ``(channels, L)``."""
    index = torch.arange(0, channels, 2, device=steps.device)
    angles = steps / 10000**(index[:, None] / channels)
    return torch.stack([angles.sin(), angles.cos()], 1).flatten(0, 1)
