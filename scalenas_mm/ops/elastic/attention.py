"""Attention over as many channels as come in (ViPNAS, Sec. 3.2)."""
from typing import Dict, Optional

import torch.nn.functional as F
from mmengine.model import constant_init, kaiming_init
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.vipnas.attention import gc_width, se_width
from .conv import ElasticConv2d
from .views import Index, joined, view


class _Conv(nn.Module):
    """A 1x1 convolution with the name that mmcv's ``ConvModule`` gives it."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv = ElasticConv2d(in_channels, out_channels, 1, bias=True)


class ElasticSE(nn.Module):
    """Squeeze-and-excitation: weighs channels by what all pixels say.

    Mean over the map, 1x1 convolution to a fourth of the channels, ReLU, 1x1
    convolution, the hard sigmoid ``clamp((x + 1) / 2, 0, 1)``. Names are those
    of mmpose's ``SELayer``.

    Args:
        channels (int): Most channels of the map.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = _Conv(channels, se_width(channels))
        self.conv2 = _Conv(se_width(channels), channels)

    def slices(self, channels: int) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        hidden = se_width(channels)
        return joined({
            'conv1.conv': self.conv1.conv.slices(channels, hidden),
            'conv2.conv': self.conv2.conv.slices(hidden, channels)
        })

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to the same shape."""
        channels = x.shape[1]
        out = F.adaptive_avg_pool2d(x, 1)
        out = F.relu(self.conv1.conv(out, se_width(channels)), inplace=True)
        out = self.conv2.conv(out, channels)
        return x * ((out + 1) / 2).clamp(0, 1)


class ElasticGC(nn.Module):
    """Global context block: adds what attention over all pixels says.

    A 1x1 convolution and a softmax weigh the pixels; their weighted sum
    passes a 1x1 convolution, layer norm, ReLU and a 1x1 convolution and is
    added to every pixel. Names are those of mmcv's ``ContextBlock``.

    Args:
        channels (int): Most channels of the map.
    """

    def __init__(self, channels: int):
        super().__init__()
        hidden = gc_width(channels)
        self.conv_mask = ElasticConv2d(channels, 1, 1, bias=True)
        self.channel_add_conv = nn.Sequential(
            ElasticConv2d(channels, hidden, 1, bias=True),
            nn.LayerNorm([hidden, 1, 1]), nn.ReLU(inplace=True),
            ElasticConv2d(hidden, channels, 1, bias=True))
        kaiming_init(self.conv_mask, mode='fan_in')
        constant_init(self.channel_add_conv[-1], val=0)  # adds nothing yet

    def slices(self, channels: int) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        hidden = gc_width(channels)
        first, norm, _, last = self.channel_add_conv
        return joined({
            'conv_mask': self.conv_mask.slices(channels),
            'channel_add_conv.0': first.slices(channels, hidden),
            'channel_add_conv.1': {
                name: (slice(hidden), )
                for name, _ in norm.named_parameters()
            },
            'channel_add_conv.3': last.slices(hidden, channels)
        })

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to the same shape."""
        channels = x.shape[1]
        first, norm, relu, last = self.channel_add_conv
        mask = self.conv_mask(x).flatten(2).softmax(2).view_as(x[:, :1])
        # no matrix product, so that it is none that counts
        context = (x * mask).sum((2, 3), keepdim=True)
        hidden = gc_width(channels)
        out = first(context, hidden)
        out = F.layer_norm(
            out, (hidden, 1, 1),
            *(view(tensor, (slice(hidden), ))
              for tensor in (norm.weight, norm.bias)), norm.eps)
        return x + last(relu(out), channels)


ATTENTIONS = dict(se=ElasticSE, gc=ElasticGC)


def build_attention(kind: Optional[str], channels: int) -> Optional[nn.Module]:
    """``se``, ``gc``, or None for none.

    Raises:
        SettingError: There is no such attention.
    """
    if kind is None:
        return None
    if kind not in ATTENTIONS:
        raise SettingError('attention', f'None or one of {list(ATTENTIONS)}',
                           kind)
    return ATTENTIONS[kind](channels)
