"""Batch norm after a 1x1 convolution, at a few pixels only.

A projector resizes what it has normalised to a small grid, and resizing,
projection and normalisation by given statistics commute. Statistics of all
pixels do not need the projected map either: those of a linear map follow from
mean and covariance of its input. So the projected map, often the largest one
of a block, is never made.
"""
from typing import Tuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def takes_statistics(norm: nn.Module) -> bool:
    """Whether a norm normalises by what it sees."""
    return norm.training or norm.running_mean is None


def is_plain(norm: nn.Module) -> bool:
    """Whether a norm is batch norm of this process alone, and keeps running
    statistics."""
    return (isinstance(norm, _BatchNorm)
            and not isinstance(norm, nn.SyncBatchNorm)
            and norm.track_running_stats)


def normalised(x: Tensor, conv: nn.Conv2d, norm: nn.Module,
               pixels: Tensor) -> Tensor:
    """``norm(conv(x))`` at some pixels, in training.

    Args:
        x (Tensor): Map ``(N, C, H, W)``, of whose pixels the statistics are.
            Running statistics are updated by them.
        conv (nn.Conv2d): A 1x1 convolution without bias.
        norm (nn.Module): Plain batch norm.
        pixels (Tensor): Pixels of ``x``, or means of such with weights that
            sum to 1, ``(N, C, h, w)``.
    """
    count = x.numel() // x.shape[1]
    with torch.autocast(x.device.type, enabled=False):
        mean, variance = projected_moments(x, conv.weight.flatten(1))
        scale = norm.weight * (variance + norm.eps).rsqrt()
        shift = norm.bias - mean * scale
    _update(norm, mean, variance * (count / max(count - 1, 1)))
    y = conv(pixels)
    scale, shift = (v.to(y.dtype)[:, None, None] for v in (scale, shift))
    return torch.addcmul(shift, y, scale)


def projected_moments(x: Tensor, weight: Tensor) -> Tuple[Tensor, Tensor]:
    """Mean and variance of every channel of ``weight @ x``.

    Args:
        x (Tensor): ``(N, C, H, W)``.
        weight (Tensor): ``(D, C)``.
    """
    exact = torch.promote_types(x.dtype, torch.float32)
    x, weight = x.flatten(2).to(exact), weight.to(exact)
    mean = x.mean((0, 2))
    centred = x - mean[:, None]
    covariance = torch.matmul(centred, centred.transpose(1, 2)).mean(0)
    covariance = covariance / x.shape[2]
    return weight @ mean, ((weight @ covariance) * weight).sum(1)


@torch.no_grad()
def _update(norm: nn.Module, mean: Tensor, variance: Tensor) -> None:
    """Running statistics, as batch norm does it."""
    norm.num_batches_tracked.add_(1)
    rate = norm.momentum
    if rate is None:  # cumulative average
        rate = 1 / float(norm.num_batches_tracked)
    for running, new in ((norm.running_mean, mean), (norm.running_var,
                                                     variance)):
        running.lerp_(new.to(running.dtype), rate)
