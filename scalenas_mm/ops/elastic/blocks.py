"""Residual blocks of which a part can be run (ViPNAS, Appendix A.2).

Each is an ordinary block if it is called with a map only. What else
:meth:`forward` takes says which part runs; so it is right also where
activations are computed again later. ``slices`` takes the same and says where
the weights of that part lie.
"""
from typing import Any, Dict, Optional

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..recompute import recomputed
from ..sums import add_to
from .attention import build_attention
from .conv import ElasticConv2d
from .norm import elastic_norm
from .views import Index, joined

BN = dict(type='BN')


class ElasticBlock(BaseModule):
    """Recomputes activations if it is told so."""
    with_cp: bool

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', H / stride, W / stride)``; what
        else it takes are the arguments of ``slices`` behind the first."""

        def body(x: Tensor) -> Tensor:
            return self._body(x, *args, **kwargs)

        if self.with_cp and x.requires_grad:
            return recomputed(self, body, x)
        return body(x)

    def _body(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        raise NotImplementedError


class _ElasticResidual(ElasticBlock):
    """Convolutions ``conv1, conv2, ...`` with norms, and a shortcut."""
    stride: int
    attention: Optional[nn.Module]
    downsample: Optional[nn.Module]

    def _add(self, i: int, conv: ElasticConv2d, norm_cfg: dict) -> None:
        """The names are those of every ResNet checkpoint."""
        self.add_module(f'conv{i}', conv)
        self.add_module(f'bn{i}', elastic_norm(norm_cfg, conv.out_channels))

    def _add_shortcut(self, in_channels: int, out_channels: int,
                      norm_cfg: dict, projection: Optional[bool]) -> None:
        if projection is None:
            projection = self._projects(in_channels, out_channels)
        self.downsample = nn.Sequential(
            ElasticConv2d(in_channels, out_channels, 1, self.stride),
            elastic_norm(norm_cfg, out_channels)) if projection else None

    def _projects(self, in_channels: int, out_channels: int) -> bool:
        return self.stride != 1 or in_channels != out_channels

    def _shortcut(self, x: Tensor, out_channels: int) -> Tensor:
        if not self._projects(x.shape[1], out_channels):
            return x
        conv, norm = self.downsample
        return norm(conv(x, out_channels))

    def _end(self, x: Tensor, out: Tensor, attention: Any) -> Tensor:
        if self.attention is not None and attention:
            out = self.attention(out)
        return F.relu(
            add_to(out, self._shortcut(x, out.shape[1])), inplace=True)

    def _parts(self, in_channels: int, attention: Any, *convs:
               Any) -> Dict[str, Index]:
        """Where the weights of a part lie.

        Args:
            in_channels (int): Channels of the input.
            attention (bool): Whether attention runs.
            *convs (tuple): Of each convolution input, output and the rest.
        """
        parts = {}
        for i, (source, out, *rest) in enumerate(convs, 1):
            conv, norm = getattr(self, f'conv{i}'), getattr(self, f'bn{i}')
            parts[f'conv{i}'] = conv.slices(source, out, *rest)
            parts[f'bn{i}'] = norm.slices(out)
        if self.attention is not None and attention:
            parts['attention'] = self.attention.slices(out)
        if self._projects(in_channels, out):
            conv, norm = self.downsample
            parts['downsample.0'] = conv.slices(in_channels, out)
            parts['downsample.1'] = norm.slices(out)
        return joined(parts)


class ElasticBottleneck(_ElasticResidual):
    """1x1, k x k (grouped) and 1x1 convolutions, attention, shortcut.

    Args:
        in_channels (int): Most channels of the input.
        width (int): Most channels of the middle convolution.
        kernel (int): Its largest kernel.
        groups (int): Its fewest groups.
        stride (int): Its stride.
        expansion (int): Output channels as a multiple of the width.
        attention (str, optional): ``gc`` or ``se``, before the addition.
        projection (bool, optional): Whether to hold a projection for the
            shortcut. It runs where the stride is not 1 or the channels
            differ. Defaults to whether the whole block needs it.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): Recompute activations to save memory.
    """

    def __init__(self,
                 in_channels: int,
                 width: int,
                 kernel: int = 3,
                 groups: int = 1,
                 stride: int = 1,
                 expansion: int = 1,
                 attention: Optional[str] = None,
                 projection: Optional[bool] = None,
                 norm_cfg: dict = BN,
                 with_cp: bool = False):
        super().__init__()
        self.stride = stride
        self.expansion = expansion
        self.with_cp = with_cp
        out_channels = width * expansion
        self._add(1, ElasticConv2d(in_channels, width, 1), norm_cfg)
        self._add(2, ElasticConv2d(width, width, kernel, stride, groups),
                  norm_cfg)
        self._add(3, ElasticConv2d(width, out_channels, 1), norm_cfg)
        self.attention = build_attention(attention, out_channels)
        self._add_shortcut(in_channels, out_channels, norm_cfg, projection)

    def slices(self,
               in_channels: int,
               width: Optional[int] = None,
               kernel: Optional[int] = None,
               groups: Optional[int] = None,
               attention: Any = True) -> Dict[str, Index]:
        """Where the weights of a part lie in those of this block.

        Args:
            in_channels (int): Channels of the input.
            width (int, optional): Of the middle convolution. Defaults, as
                those below, to what the block was built with.
            kernel (int, optional): Its kernel.
            groups (int, optional): Its groups.
            attention (bool): Whether attention runs.
        """
        width = width or self.conv1.out_channels
        return self._parts(in_channels, attention, (in_channels, width),
                           (width, width, kernel, groups),
                           (width, width * self.expansion))

    def _body(self,
              x: Tensor,
              width: Optional[int] = None,
              kernel: Optional[int] = None,
              groups: Optional[int] = None,
              attention: Any = True) -> Tensor:
        width = width or self.conv1.out_channels
        out = F.relu(self.bn1(self.conv1(x, width)), inplace=True)
        out = self.conv2(out, width, kernel, groups)
        out = F.relu(self.bn2(out), inplace=True)
        out = self.bn3(self.conv3(out, width * self.expansion))
        return self._end(x, out, attention)


class ElasticBasicBlock(_ElasticResidual):
    """Two k x k (grouped) convolutions, attention, shortcut.

    Args:
        in_channels (int): Most channels of the input.
        width (int): Most channels of the output.
        kernel (int): Largest kernel of both convolutions.
        groups (int): Fewest groups of both, which divide both channels.
        stride (int): Stride of the first.
        attention, projection, norm_cfg, with_cp: As for
            :class:`ElasticBottleneck`.
        zero_init_residual (bool): Whether the block starts as the identity.
    """

    def __init__(self,
                 in_channels: int,
                 width: int,
                 kernel: int = 3,
                 groups: int = 1,
                 stride: int = 1,
                 attention: Optional[str] = None,
                 projection: Optional[bool] = None,
                 norm_cfg: dict = BN,
                 with_cp: bool = False,
                 zero_init_residual: bool = False):
        super().__init__()
        self.stride = stride
        self.with_cp = with_cp
        self._add(1, ElasticConv2d(in_channels, width, kernel, stride, groups),
                  norm_cfg)
        self._add(2, ElasticConv2d(width, width, kernel, 1, groups), norm_cfg)
        self.attention = build_attention(attention, width)
        self._add_shortcut(in_channels, width, norm_cfg, projection)
        if zero_init_residual:
            self.init_cfg = dict(
                type='Constant', val=0, override=dict(name='bn2'))

    def slices(self,
               in_channels: int,
               width: Optional[int] = None,
               kernel: Optional[int] = None,
               groups: Optional[int] = None,
               attention: Any = True) -> Dict[str, Index]:
        """As :meth:`ElasticBottleneck.slices`."""
        width = width or self.conv1.out_channels
        return self._parts(in_channels, attention,
                           (in_channels, width, kernel, groups),
                           (width, width, kernel, groups))

    def _body(self,
              x: Tensor,
              width: Optional[int] = None,
              kernel: Optional[int] = None,
              groups: Optional[int] = None,
              attention: Any = True) -> Tensor:
        width = width or self.conv1.out_channels
        out = self.conv1(x, width, kernel, groups)
        out = F.relu(self.bn1(out), inplace=True)
        out = self.bn2(self.conv2(out, width, kernel, groups))
        return self._end(x, out, attention)
