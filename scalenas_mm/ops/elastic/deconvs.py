"""The transposed convolutions of an elastic head (ViPNAS, A.2)."""
from typing import Dict, Optional, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from .conv import ElasticConvTranspose2d
from .norm import elastic_norm
from .views import Index, joined


class ElasticDeconvs(nn.Sequential):
    """Transposed convolutions of stride 2, each with norm and ReLU.

    Names of parameters are those of mmpose's ``HeatmapHead`` and
    ``ViPNASHead``.

    Args:
        in_channels (int): Most channels of the input.
        widths (Sequence[int]): Most channels of each layer.
        kernels (Sequence[int]): Largest kernel of each, 2 or 4.
        groups (Sequence[int]): Fewest groups of each.
        norm_cfg (dict): Config of the norm layers.
    """

    def __init__(self,
                 in_channels: int,
                 widths: Sequence[int],
                 kernels: Sequence[int],
                 groups: Sequence[int],
                 norm_cfg: dict = dict(type='BN')):
        layers = []
        for width, kernel, group in zip(widths, kernels, groups, strict=True):
            layers += [
                ElasticConvTranspose2d(in_channels, width, kernel, group),
                elastic_norm(norm_cfg, width),
                nn.ReLU(inplace=True)
            ]
            in_channels = width
        super().__init__(*layers)

    def slices(self, in_channels: int, width: int, kernel: int,
               groups: Sequence[int]) -> Dict[str, Index]:
        """Where the weights of a part lie in those of these layers.

        Args:
            in_channels (int): Channels of the input.
            width (int): Channels of each layer.
            kernel (int): Kernel of each.
            groups (Sequence[int]): Groups of each.
        """
        parts = {}
        for i, group in enumerate(groups):
            conv, norm = self[3 * i], self[3 * i + 1]
            parts[f'{3 * i}'] = conv.slices(in_channels, width, kernel, group)
            parts[f'{3 * i + 1}'] = norm.slices(width)
            in_channels = width
        return joined(parts)

    def forward(self,
                x: Tensor,
                width: Optional[int] = None,
                kernel: Optional[int] = None,
                groups: Optional[Sequence[int]] = None) -> Tensor:
        """Map ``(N, C, H, W)`` to ``(N, C', 2^n H, 2^n W)`` for ``n`` layers;
        arguments as for :meth:`slices`, by default as built."""
        for i in range(0, len(self), 3):
            x = self[i](x, width, kernel, groups and groups[i // 3])
            x = F.relu(self[i + 1](x), inplace=True)
        return x
