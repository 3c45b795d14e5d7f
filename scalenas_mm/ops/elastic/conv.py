"""Convolutions of which a part can be run (ViPNAS, Appendix A.1)."""
from typing import Dict, Optional, Tuple

import torch.nn.functional as F
from torch import Tensor, nn

from .views import Index, centre, view


class ElasticConv2d(nn.Conv2d):
    """A convolution with elastic width, kernel size and groups.

    It runs with the first filters, the centre of each kernel, and the first
    input channels of each filter: ``in / groups`` of them, whichever channels
    these then read. Channels of the input are elastic by what comes in.

    Args:
        in_channels (int): Most channels of the input.
        out_channels (int): Most filters.
        kernel_size (int): Largest kernel. The map is padded so that it keeps
            its size at stride 1.
        stride (int): Stride.
        groups (int): Fewest groups, so that ``in / groups`` is the most input
            channels of a filter.
        bias (bool): Whether there is a bias.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel_size: int,
                 stride: int = 1,
                 groups: int = 1,
                 bias: bool = False):
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=bias)

    def slices(self,
               in_channels: int,
               out_channels: Optional[int] = None,
               kernel: Optional[int] = None,
               groups: Optional[int] = None) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        groups = groups or self.groups
        weight = (slice(out_channels), slice(in_channels // groups),
                  *2 * (centre(self.kernel_size[0], kernel), ))
        if self.bias is None:
            return dict(weight=weight)
        return dict(weight=weight, bias=(slice(out_channels), ))

    def forward(self,
                x: Tensor,
                out_channels: Optional[int] = None,
                kernel: Optional[int] = None,
                groups: Optional[int] = None) -> Tensor:
        """Map ``(N, in, H, W)`` to ``(N, out, H / stride, W / stride)``.

        Args:
            x (Tensor): The input.
            out_channels (int, optional): How many filters. Defaults to all,
                as those below.
            kernel (int, optional): Size of the kernel.
            groups (int, optional): Groups, which divide both channels. At
                least as many as keep ``in / groups`` within what is stored.
        """
        sizes = self.slices(x.shape[1], out_channels, kernel, groups)
        bias = self.bias if self.bias is None else view(
            self.bias, sizes['bias'])
        return F.conv2d(x, view(self.weight, sizes['weight']), bias,
                        self.stride, (kernel or self.kernel_size[0]) // 2,
                        self.dilation, groups or self.groups)


# padding of a transposed convolution that doubles the size, by its kernel
DOUBLING: Dict[int, int] = {2: 0, 4: 1}


class ElasticConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution, of stride 2, with elastic width, kernel size
    and groups.

    It runs with the first rows of the weight, one for each input channel,
    the first ``out / groups`` columns of each, and the centre of the kernel.
    (The paper says what is shared for convolutions; this is the same for a
    weight whose first dimension is the input.)

    Args:
        in_channels (int): Most channels of the input.
        out_channels (int): Most channels of the output.
        kernel_size (int): Largest kernel, 2 or 4.
        groups (int): Fewest groups.
        bias (bool): Whether there is a bias.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 kernel_size: int = 4,
                 groups: int = 1,
                 bias: bool = False):
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride=2,
            padding=DOUBLING[kernel_size],
            groups=groups,
            bias=bias)

    def slices(self,
               in_channels: int,
               out_channels: Optional[int] = None,
               kernel: Optional[int] = None,
               groups: Optional[int] = None) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        out = out_channels or self.out_channels
        weight: Tuple = (slice(in_channels),
                         slice(out // (groups or self.groups)),
                         *2 * (centre(self.kernel_size[0], kernel), ))
        if self.bias is None:
            return dict(weight=weight)
        return dict(weight=weight, bias=(slice(out), ))

    def forward(self,
                x: Tensor,
                out_channels: Optional[int] = None,
                kernel: Optional[int] = None,
                groups: Optional[int] = None) -> Tensor:
        """Map ``(N, in, H, W)`` to ``(N, out, 2 H, 2 W)``; arguments as for
        :meth:`ElasticConv2d.forward`."""
        sizes = self.slices(x.shape[1], out_channels, kernel, groups)
        bias = self.bias if self.bias is None else view(
            self.bias, sizes['bias'])
        return F.conv_transpose2d(
            x,
            view(self.weight, sizes['weight']),
            bias,
            stride=2,
            padding=DOUBLING[kernel or self.kernel_size[0]],
            groups=groups or self.groups)


class ElasticLinear(nn.Linear):
    """A linear layer with elastic width: the first rows, and as many of the
    first columns as come in."""

    def slices(self,
               in_features: int,
               out_features: Optional[int] = None) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        weight = (slice(out_features), slice(in_features))
        if self.bias is None:
            return dict(weight=weight)
        return dict(weight=weight, bias=(slice(out_features), ))

    def forward(self, x: Tensor, out_features: Optional[int] = None) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)``."""
        sizes = self.slices(x.shape[-1], out_features)
        bias = self.bias if self.bias is None else view(
            self.bias, sizes['bias'])
        return F.linear(x, view(self.weight, sizes['weight']), bias)
