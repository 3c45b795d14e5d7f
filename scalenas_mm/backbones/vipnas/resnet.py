"""The ResNet of ViPNAS (table A2)."""
from typing import Any, Dict, Optional, Tuple

import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.ops import (ElasticBottleneck, ElasticConv2d, elastic_norm,
                             joined)
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ViPNASBranch
from ..base import Index
from .base import Chain


@MODELS.register_module()
class ViPNASResNet(Chain):
    """A ResNet of bottlenecks without a neck: all of their channels
    are as many. Global context blocks stand before the addition.

    `ViPNAS <https://arxiv.org/abs/2105.10154>`_. Weights of mmpose's
    ``ViPNAS_ResNet`` load, with ``arch='published'`` its published ones.

    Args:
        *args, **kwargs: As for :class:`~.base.ViPNASBackbone`.
    """
    family = 'resnet50'

    def _build_stem(self, channels: int) -> None:
        self.conv1 = ElasticConv2d(self.space.in_channels, channels, 7, 2)
        self.bn1 = elastic_norm(self.norm_cfg, channels)

    def stem_layers(self) -> Tuple[nn.Module, nn.Module]:
        return self.conv1, self.bn1

    def _block(self, source: int, branch: ViPNASBranch, stride: int,
               projection: Optional[bool], choices: Any) -> nn.Module:
        return ElasticBottleneck(
            source,
            branch.width,
            branch.kernel,
            branch.groups,
            stride,
            attention=self._attention(branch),
            projection=projection,
            norm_cfg=self.norm_cfg,
            with_cp=self.with_cp)

    @staticmethod
    def _part(branch: ViPNASBranch) -> Tuple[int, ...]:
        return branch.width, branch.kernel, branch.groups, branch.attention

    def _run_stem(self, x: Tensor, channels: int) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x, channels)), inplace=True)
        return F.max_pool2d(x, 3, 2, 1)

    def _slices_of_stem(self, channels: int) -> Dict[str, Index]:
        image = self.space.in_channels
        return joined({
            'conv1': self.conv1.slices(image, channels),
            'bn1': self.bn1.slices(channels)
        })
