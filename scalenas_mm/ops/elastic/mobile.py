"""The mobile block of which a part can be run (ViPNAS, table A1)."""
from typing import Any, Dict, Optional

from torch import Tensor, nn

from ..mix_conv import build_activation
from .attention import build_attention
from .blocks import BN, ElasticBlock
from .conv import ElasticConv2d
from .norm import elastic_norm
from .views import Index, joined


class ElasticConvNorm(nn.Module):
    """A convolution and its norm, with the names of mmcv's ``ConvModule``.

    Args:
        norm_cfg (dict): Config of the norm layer.
        *args: As for :class:`ElasticConv2d`.
    """

    def __init__(self, norm_cfg: dict, *args: Any):
        super().__init__()
        self.conv = ElasticConv2d(*args)
        self.bn = elastic_norm(norm_cfg, self.conv.out_channels)

    def forward(self, x: Tensor, *args: Any) -> Tensor:
        return self.bn(self.conv(x, *args))

    def slices(self, in_channels: int, out_channels: int, *rest:
               Any) -> Dict[str, Index]:
        """Where the weights of such layers lie in those of these."""
        return joined({
            'conv':
            self.conv.slices(in_channels, out_channels, *rest),
            'bn':
            self.bn.slices(out_channels)
        })


class ElasticMobileBlock(ElasticBlock):
    """Expansion, k x k (grouped) convolution, squeeze-and-excitation on the
    expanded channels, projection; the input is added if the shape stays.

    Args:
        in_channels (int): Most channels of the input.
        width (int): Most channels of the output.
        expanded (int): Most channels of the middle convolution. If it is
            ``in_channels`` and ``expand`` is not set, there is no expansion.
        kernel (int): Largest kernel of the middle convolution.
        groups (int): Its fewest groups.
        stride (int): Its stride.
        attention (str, optional): ``se`` or ``gc``.
        expand (bool, optional): Whether there is an expansion.
        act_cfg (dict): Config of the activation behind the first two
            convolutions.
        norm_cfg (dict): Config of the norm layers.
        with_cp (bool): Recompute activations to save memory.
    """

    def __init__(self,
                 in_channels: int,
                 width: int,
                 expanded: int,
                 kernel: int = 3,
                 groups: int = 1,
                 stride: int = 1,
                 attention: Optional[str] = None,
                 expand: Optional[bool] = None,
                 act_cfg: dict = dict(type='ReLU'),
                 norm_cfg: dict = BN,
                 with_cp: bool = False):
        super().__init__()
        self.stride = stride
        self.with_cp = with_cp
        if expand is None:
            expand = expanded != in_channels
        self.expand_conv = ElasticConvNorm(norm_cfg, in_channels, expanded,
                                           1) if expand else None
        self.depthwise_conv = ElasticConvNorm(norm_cfg, expanded, expanded,
                                              kernel, stride, groups)
        self.se = build_attention(attention, expanded)
        self.linear_conv = ElasticConvNorm(norm_cfg, expanded, width, 1)
        self.act = build_activation(act_cfg)

    def slices(self,
               in_channels: int,
               width: Optional[int] = None,
               expanded: Optional[int] = None,
               kernel: Optional[int] = None,
               groups: Optional[int] = None,
               attention: Any = True) -> Dict[str, Index]:
        """Where the weights of a part lie in those of this block.

        Args:
            in_channels (int): Channels of the input.
            width (int, optional): Channels of the output. Defaults, as those
                below, to what the block was built with.
            expanded (int, optional): Channels of the middle convolution.
            kernel (int, optional): Its kernel.
            groups (int, optional): Its groups.
            attention (bool): Whether attention runs.
        """
        width = width or self.linear_conv.conv.out_channels
        expanded = expanded or self.depthwise_conv.conv.out_channels
        layers = [
            ('expand_conv', in_channels, expanded),
            ('depthwise_conv', expanded, expanded, kernel, groups),
            ('linear_conv', expanded, width),
        ][self.expand_conv is None:]
        parts = {
            name: getattr(self, name).slices(*sizes)
            for name, *sizes in layers
        }
        if self.se is not None and attention:
            parts['se'] = self.se.slices(expanded)
        return joined(parts)

    def _body(self,
              x: Tensor,
              width: Optional[int] = None,
              expanded: Optional[int] = None,
              kernel: Optional[int] = None,
              groups: Optional[int] = None,
              attention: Any = True) -> Tensor:
        out = x
        if self.expand_conv is not None:
            out = self.act(self.expand_conv(out, expanded))
        out = self.depthwise_conv(out, expanded, kernel, groups)
        out = self.act(out)
        if self.se is not None and attention:
            out = self.se(out)
        out = self.linear_conv(out, width)
        if self.stride == 1 and out.shape[1] == x.shape[1]:
            return x + out
        return out
