"""Norms of which the first channels can be run."""
from typing import Dict

import torch.nn.functional as F
from torch import Tensor, nn

from scalenas_mm.spaces import SettingError
from .views import Index


class ElasticBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over as many channels as come in, the first ones.

    Only their running statistics are updated. With ``momentum=None`` they are
    the average over all batches since they were reset, as far as all of these
    had as many channels: there is one number of batches for the whole layer.
    """

    def slices(self, channels: int) -> Dict[str, Index]:
        """Where the parameters and buffers of such a layer lie in this
        one's."""
        own = {**self._parameters, **self._buffers}
        return {
            name: (slice(channels), ) if value.dim() else ...
            for name, value in own.items() if value is not None
        }

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(N, C, H, W)``."""
        channels = x.shape[1]
        if channels == self.num_features:
            return super().forward(x)
        factor = self.momentum or 0.0
        mean, var = self.running_mean, self.running_var
        if self.training and self.track_running_stats and mean is not None:
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
                if self.momentum is None:
                    factor = 1.0 / float(self.num_batches_tracked)
        elif self.training:
            mean = var = None
        return F.batch_norm(
            x,
            *(tensor if tensor is None else tensor[:channels]
              for tensor in (mean, var, self.weight, self.bias)), self.training
            or mean is None, factor, self.eps)


def elastic_norm(norm_cfg: dict, channels: int) -> ElasticBatchNorm2d:
    """An elastic norm.

    Args:
        norm_cfg (dict): Config of a norm layer, of type ``BN``.
        channels (int): Most channels.

    Raises:
        SettingError: It is of another type.
    """
    cfg = dict(norm_cfg)
    kind, learns = cfg.pop('type'), cfg.pop('requires_grad', True)
    if kind not in ('BN', 'BN2d'):
        raise SettingError('norm_cfg.type', 'BN, the norm that is elastic',
                           kind)
    cfg.setdefault('eps', 1e-5)
    norm = ElasticBatchNorm2d(channels, **cfg)
    for parameter in norm.parameters():
        parameter.requires_grad = learns
    return norm
