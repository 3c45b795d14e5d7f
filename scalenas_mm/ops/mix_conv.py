"""Mixed depthwise convolution: one expansion, several kernels, one projection.
"""
from typing import Optional, Sequence

import torch
from mmcv.cnn import build_activation_layer, build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from scalenas_mm.spaces.hrnas.cost import se_channels

# Activations of mmcv and torch that can overwrite their input
INPLACE = ('ReLU', 'ReLU6', 'LeakyReLU', 'RReLU', 'ELU', 'SiLU', 'Hardswish')


def build_activation(act_cfg: dict, inplace: bool = True) -> nn.Module:
    """An activation.

    Args:
        act_cfg (dict): Its config.
        inplace (bool): Overwrite the input where that can be done. It may
            stand only behind a layer whose output is nobody else's.
    """
    if act_cfg['type'] in INPLACE:
        act_cfg = dict(act_cfg, inplace=inplace)
    return build_activation_layer(act_cfg)


class SqueezeExcitation(BaseModule):
    """Weighs the channels of a map by what all of its pixels say.

    Mean over the map, 1x1 convolution, activation, 1x1 convolution, sigmoid,
    as in the retraining blocks of HR-NAS (Sec. 4.1, the rows with a dagger).

    Args:
        channels (int): Of the map.
        hidden (int): Between the two convolutions.
        act_cfg (dict): Config of the activation.
    """

    def __init__(self, channels: int, hidden: int, act_cfg: dict):
        super().__init__()
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.act = build_activation(act_cfg)
        self.expand = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to the same shape."""
        weights = self.act(self.reduce(x.mean((2, 3), keepdim=True)))
        return x * self.expand(weights).sigmoid()


class MixConv(BaseModule):
    """The convolutions of a searching block of HR-NAS (Sec. 3.2, Eq. 5).

    A 1x1 convolution to all channels at once, which are split among depthwise
    convolutions of several kernel sizes and joined again for one projection.
    Norm and activation follow the first two, a norm the last. What the
    released code computes by an expansion and a projection of each kernel is
    the same (its retraining block has one of each).

    A channel of the middle is a unit of the search: the weights of
    :attr:`norm` are the importance factors of all units, kernel by kernel.

    Args:
        in_channels (int): Channels of the input.
        channels (Sequence[int]): Channels of the depthwise convolution of
            each kernel size; at least one is not 0.
        out_channels (int): Channels of the output.
        stride (int): Of the depthwise convolutions.
        kernels (Sequence[int]): Kernel sizes, odd.
        norm_cfg (dict): Config of the norm layers.
        act_cfg (dict): Config of the activations.
        se_ratio (float): Hidden channels of squeeze-and-excitation before
            the projection, as a multiple of ``in_channels``; 0 for none.

    Attributes:
        depthwise: The convolutions by their kernel size, only those that have
            channels.
    """

    def __init__(self,
                 in_channels: int,
                 channels: Sequence[int],
                 out_channels: int,
                 stride: int = 1,
                 kernels: Sequence[int] = (3, 5, 7),
                 norm_cfg: dict = dict(type='BN'),
                 act_cfg: dict = dict(type='ReLU'),
                 se_ratio: float = 0.0):
        super().__init__()
        units = sum(channels)
        self.expand = nn.Conv2d(in_channels, units, 1, bias=False)
        self.expand_norm = build_norm_layer(norm_cfg, units)[1]
        self.act = build_activation(act_cfg)
        self.depthwise = nn.ModuleDict({
            str(kernel):
            nn.Conv2d(
                num, num, kernel, stride, kernel // 2, groups=num, bias=False)
            for kernel, num in zip(kernels, channels) if num
        })
        self.norm = build_norm_layer(norm_cfg, units)[1]
        self.se: Optional[SqueezeExcitation] = None
        if se_ratio:
            self.se = SqueezeExcitation(units,
                                        se_channels(in_channels, se_ratio),
                                        act_cfg)
        self.project = nn.Conv2d(units, out_channels, 1, bias=False)
        self.project_norm = build_norm_layer(norm_cfg, out_channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', ceil(H / s), ceil(W / s))``."""
        x = self._mix(self.act(self.expand_norm(self.expand(x))))
        x = self.act(self.norm(x))
        if self.se is not None:
            x = self.se(x)
        return self.project_norm(self.project(x))

    def _mix(self, x: Tensor) -> Tensor:
        """The depthwise convolutions, each on its share of the channels."""
        convs = list(self.depthwise.values())
        if len(convs) == 1:
            return convs[0](x)
        parts = x.split([conv.in_channels for conv in convs], 1)
        return torch.cat([conv(part) for conv, part in zip(convs, parts)], 1)
