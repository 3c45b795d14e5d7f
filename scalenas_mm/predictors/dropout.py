"""Dropout for small networks on a CPU."""
import torch
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError

LEVELS = 2**16


class Dropout(nn.Module):
    """:class:`torch.nn.Dropout` with 16 random bits for each unit.

    Torch draws a Bernoulli number for each one, which takes longer than the
    predictor's layers. The ratio is rounded to a multiple of 2^-16. What is
    drawn depends on torch's generator only.

    Args:
        p (float): Ratio of units that are zeroed, in [0, 1).

    Raises:
        SettingError: Another ratio.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise SettingError('dropout', 'a number in [0, 1)', p)
        self.p = p
        self._zeroed = min(round(p * LEVELS), LEVELS - 1)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self._zeroed:
            return x
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
        numbers = words.random_(-2**63, None).view(torch.int16)
        kept = numbers[:x.numel()].view_as(x) >= self._zeroed - LEVELS // 2
        return x * kept.to(x.dtype).mul_(LEVELS / (LEVELS - self._zeroed))
