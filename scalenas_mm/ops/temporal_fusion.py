"""Heatmaps of the frame before join the features of a frame."""
from typing import Dict, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .elastic import ElasticConv2d, joined
from .elastic.views import Index

SHARED = 'shared'


class ElasticJoin(ElasticConv2d):
    """A 1x1 convolution over features and heatmaps, each of which has half of
    the input channels.

    Where fewer channels come in, it runs with the first ones of either half.
    One half alone runs with the weights of the first half.

    Args:
        channels (int): Most channels of the features; as many come out.
        halves (int): 2; or 1 for features that the heatmaps are already in.
    """

    def __init__(self, channels: int, halves: int = 2):
        super().__init__(halves * channels, channels, 1, bias=True)
        self.halves = halves

    @torch.no_grad()
    def reset_to_identity(self) -> None:
        """Put out the features, or their sum with the heatmaps."""
        one = torch.eye(self.out_channels)[:, :, None, None]
        self.weight.copy_(torch.cat([one] * self.halves, 1))
        self.bias.zero_()

    def columns(self, channels: int, halves: int) -> Sequence[int]:
        """Input channels of a part."""
        return [
            half * self.out_channels + i for half in range(halves)
            for i in range(channels)
        ]

    def slices(self, channels: int, halves: int = 2) -> Dict[str, Index]:
        """Where the parameters of such a layer lie in those of this one."""
        weight = (slice(channels), self.columns(channels, halves))
        return dict(weight=weight, bias=(slice(channels), ))

    def forward(self, x: Tensor, channels: int) -> Tensor:
        """Map ``(N, channels, H, W)``, or twice as many, to as many as
        ``channels``."""
        if x.shape[1] == self.in_channels:  # all of it
            return F.conv2d(x, self.weight, self.bias)
        size = self.out_channels
        halves = [
            self.weight[:channels, start:start + channels]
            for start in range(0, x.shape[1] // channels * size, size)
        ]
        weight = torch.cat(halves, 1) if len(halves) > 1 else halves[0]
        return F.conv2d(x, weight, self.bias[:channels])


class TemporalFusion(nn.Module):
    """Heatmaps of the frame before join the features of a stage.

    ViPNAS, Sec. 3.3 and figure 2: a 1x1 convolution gives the heatmaps as many
    channels as the features have, they are resized to their size, joined with
    them, and a 1x1 convolution brings the result back to their shape.

    - ``add``: the sum.
    - ``mul``: features times one plus the heatmaps. (As the convolution has a
      bias, it is the product of the paper, with a bias that is less by one.)
    - ``cat``: both, one after the other.

    The paper leaves open which of these weights operations have in common.
    Here the convolution of the heatmaps is one for all, the second one is of
    each operation. At the start the fusion puts out the features as they are,
    to the last bit: the first one is zero, the second one the identity.

    Args:
        heatmaps (int): Channels of the heatmaps.
        channels (int): Most channels of the features.
        operations (Sequence[str]): Which there are.
        share_operations (bool): The second convolution is one for all, too.
    """

    def __init__(self,
                 heatmaps: int,
                 channels: int,
                 operations: Sequence[str] = ('add', 'mul', 'cat'),
                 share_operations: bool = False):
        super().__init__()
        self.heatmap_conv = ElasticConv2d(heatmaps, channels, 1, bias=True)
        self.share_operations = share_operations
        halves = {name: 1 + (name == 'cat') for name in operations}
        if share_operations:
            halves = {SHARED: max(halves.values())}
        self.convs = nn.ModuleDict({
            name: ElasticJoin(channels, num)
            for name, num in halves.items()
        })
        for parameter in self.heatmap_conv.parameters():
            nn.init.zeros_(parameter)
        for conv in self.convs.values():
            conv.reset_to_identity()

    def _name(self, operation: str) -> str:
        return SHARED if self.share_operations else operation

    def slices(self, operation: str, channels: int) -> Dict[str, Index]:
        """Where the weights of one operation lie in those of all."""
        name = self._name(operation)
        return joined({
            'heatmap_conv':
            self.heatmap_conv.slices(self.heatmap_conv.in_channels, channels),
            f'convs.{name}':
            self.convs[name].slices(channels, 1 + (operation == 'cat'))
        })

    def forward(self, x: Tensor, heatmaps: Tensor, operation: str) -> Tensor:
        """Fuse.

        Args:
            x (Tensor): Features ``(N, C, H, W)``.
            heatmaps (Tensor): ``(N, K, H', W')``.
            operation (str): Which one.

        Returns:
            Tensor: ``(N, C, H, W)``.
        """
        past = self.heatmap_conv(heatmaps, x.shape[1])
        past = F.interpolate(
            past, x.shape[2:], mode='bilinear', align_corners=False)
        if operation == 'add':
            both = x + past
        elif operation == 'mul':
            both = x * (1 + past)
        else:
            both = torch.cat([x, past], 1)
        return self.convs[self._name(operation)](both, x.shape[1])
