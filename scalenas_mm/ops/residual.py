"""Residual blocks of HRNet-like networks."""
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from .recompute import recomputed
from .sums import add_to


class _ResidualBlock(BaseModule):
    """Convolutions ``conv1, conv2, ...`` with batch norms, added to ``x``.

    The names of parameters are those of every HRNet checkpoint.
    """

    def __init__(self, shapes, norm_cfg: dict, with_cp: bool,
                 zero_init_residual: bool, downsample: Optional[nn.Module]):
        super().__init__()
        self.with_cp = with_cp
        self.layers = []
        for i, (in_channels, out_channels, kernel) in enumerate(shapes, 1):
            name, norm = build_norm_layer(norm_cfg, out_channels, postfix=i)
            self.add_module(
                f'conv{i}',
                nn.Conv2d(
                    in_channels,
                    out_channels,
                    kernel,
                    padding=kernel // 2,
                    bias=False))
            self.add_module(name, norm)
            self.layers.append((f'conv{i}', name))
        self.downsample = downsample
        if zero_init_residual:
            self.init_cfg = dict(
                type='Constant', val=0, override=dict(name=name))

    def _body(self, x: Tensor) -> Tensor:
        out = x
        for i, (conv, norm) in enumerate(self.layers):
            out = getattr(self, norm)(getattr(self, conv)(out))
            if i < len(self.layers) - 1:
                out = F.relu(out, inplace=True)
        return add_to(out,
                      x if self.downsample is None else self.downsample(x))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', H, W)``."""
        if self.with_cp and x.requires_grad:
            out = recomputed(self, self._body, x)
        else:
            out = self._body(x)
        return F.relu(out, inplace=True)


class BasicBlock(_ResidualBlock):
    """Two 3x3 convolutions.

    Args:
        channels (int): Number of input and output channels.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): Whether to recompute activations in the backward
            pass.
        zero_init_residual (bool): Whether the block starts as the identity.
    """

    def __init__(self,
                 channels: int,
                 norm_cfg: dict,
                 with_cp: bool = False,
                 zero_init_residual: bool = False):
        super().__init__([(channels, channels, 3)] * 2, norm_cfg, with_cp,
                         zero_init_residual, None)


class Bottleneck(_ResidualBlock):
    """1x1, 3x3 and 1x1 convolutions; the last one widens four times.

    Args:
        in_channels (int): Number of input channels. The residual path gets
            a projection unless it is ``4 * planes``.
        planes (int): Channels of the 3x3 convolution.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): As for :class:`BasicBlock`.
        zero_init_residual (bool): As for :class:`BasicBlock`.
    """

    def __init__(self,
                 in_channels: int,
                 planes: int,
                 norm_cfg: dict,
                 with_cp: bool = False,
                 zero_init_residual: bool = False):
        downsample = None
        if in_channels != 4 * planes:
            downsample = nn.Sequential(
                nn.Conv2d(in_channels, 4 * planes, 1, bias=False),
                build_norm_layer(norm_cfg, 4 * planes)[1])
        super().__init__([(in_channels, planes, 1), (planes, planes, 3),
                          (planes, 4 * planes, 1)], norm_cfg, with_cp,
                         zero_init_residual, downsample)
