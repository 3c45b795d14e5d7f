"""Cross-resolution fusion with elastic widths; names of parameters are those
of :mod:`scalenas_mm.ops.fusion`, and of HRNet."""
from typing import Dict, Optional, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ..resize import enlarge
from .conv import ElasticConv2d
from .norm import elastic_norm
from .views import Index, joined


class ElasticConvSequence(nn.Sequential):
    """A convolution and its norm, ``0`` and ``1``.

    Args:
        in_channels (int): Most channels of the input.
        out_channels (int): Most channels of the output.
        kernel (int): Kernel size.
        stride (int): Stride.
        norm_cfg (dict): Config of the norm layer.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int,
                 stride: int, norm_cfg: dict):
        super().__init__(
            ElasticConv2d(in_channels, out_channels, kernel, stride),
            elastic_norm(norm_cfg, out_channels))

    def slices(self, in_channels: int,
               out_channels: Optional[int]) -> Dict[str, Index]:
        """Where the weights of such layers lie in those of these."""
        conv, norm = self
        return joined({
            '0': conv.slices(in_channels, out_channels),
            '1': norm.slices(out_channels)
        })

    def forward(self, x: Tensor, out_channels: Optional[int] = None) -> Tensor:
        conv, norm = self
        return norm(conv(x, out_channels))


class ElasticUpsample(ElasticConvSequence):
    """As :class:`~scalenas_mm.ops.Upsample`, with elastic widths."""

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict,
                 mode: str):
        super().__init__(in_channels, out_channels, 1, 1, norm_cfg)
        self.mode = mode

    def forward(self,
                x: Tensor,
                size: Sequence[int],
                out_channels: Optional[int] = None) -> Tensor:
        return enlarge(super().forward(x, out_channels), size, self.mode)


class ElasticDownsample(nn.Sequential):
    """As :class:`~scalenas_mm.ops.Downsample`, with elastic widths: all but
    the last convolution keep the channels of what comes in."""

    def __init__(self, in_channels: int, out_channels: int, steps: int,
                 norm_cfg: dict):
        super().__init__(
            *(ElasticConvSequence(in_channels, in_channels, 3, 2, norm_cfg)
              for _ in range(steps - 1)),
            ElasticConvSequence(in_channels, out_channels, 3, 2, norm_cfg))

    def slices(self, in_channels: int,
               out_channels: Optional[int]) -> Dict[str, Index]:
        """Where the weights of such layers lie in those of these."""
        widths = [in_channels] * (len(self) - 1) + [out_channels]
        return joined({
            str(i): step.slices(in_channels, width)
            for i, (step, width) in enumerate(zip(self, widths))
        })

    def forward(self,
                x: Tensor,
                size: Sequence[int] = (),
                out_channels: Optional[int] = None) -> Tensor:
        channels = x.shape[1]
        *inner, last = self
        for step in inner:
            x = F.relu(step(x, channels), inplace=True)
        return last(x, out_channels)


def elastic_fusion(source: int, target: int, widths: Sequence[int],
                   norm_cfg: dict, upsample: str) -> nn.Module:
    """The fusion layer that takes branch ``source`` to ``target``."""
    if source > target:
        return ElasticUpsample(widths[source], widths[target], norm_cfg,
                               upsample)
    return ElasticDownsample(widths[source], widths[target], target - source,
                             norm_cfg)
