"""Cross-resolution fusion: bring one branch to the shape of another."""
from typing import Sequence, Tuple

from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from .resize import enlarge


def conv_norm(in_channels: int, out_channels: int, kernel: int, stride: int,
              norm_cfg: dict) -> Tuple[nn.Module, nn.Module]:
    """A convolution without bias and its norm layer."""
    conv = nn.Conv2d(
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=kernel // 2,
        bias=False)
    return conv, build_norm_layer(norm_cfg, out_channels)[1]


class Upsample(nn.Sequential):
    """1x1 convolution and norm, then resizing to the target's size.

    Args:
        in_channels (int): Channels of the source, the lower resolution.
        out_channels (int): Channels of the target.
        norm_cfg (dict): Config of the norm layer.
        mode (str): ``bilinear`` (the paper) or ``nearest`` (its released
            code).
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict,
                 mode: str):
        super().__init__(*conv_norm(in_channels, out_channels, 1, 1, norm_cfg))
        self.mode = mode

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        return enlarge(super().forward(x), size, self.mode)


class Downsample(nn.Sequential):
    """Strided 3x3 convolutions; all but the last keep the channels.

    Args:
        in_channels (int): Channels of the source, the higher resolution.
        out_channels (int): Channels of the target.
        steps (int): How many times the resolution is halved.
        norm_cfg (dict): Config of the norm layers.
    """

    def __init__(self, in_channels: int, out_channels: int, steps: int,
                 norm_cfg: dict):
        inner = [
            nn.Sequential(*conv_norm(in_channels, in_channels, 3, 2, norm_cfg),
                          nn.ReLU(inplace=True)) for _ in range(steps - 1)
        ]
        last = nn.Sequential(
            *conv_norm(in_channels, out_channels, 3, 2, norm_cfg))
        super().__init__(*inner, last)

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        return super().forward(x)


def build_fusion(source: int, target: int, widths: Sequence[int],
                 norm_cfg: dict, upsample: str) -> nn.Module:
    """The fusion layer that takes branch ``source`` to ``target``."""
    if source > target:
        return Upsample(widths[source], widths[target], norm_cfg, upsample)
    return Downsample(widths[source], widths[target], target - source,
                      norm_cfg)
