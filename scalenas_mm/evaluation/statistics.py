"""Batch-norm statistics of one architecture, as data.

Shared weights see other inputs in every sub-network, so the statistics of
batch norm are re-estimated for each one (ScaleNAS, Sec. 4.2).
"""
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, Sequence

import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from .batches import seeded
from .sample import preprocessed, run_tensor

Statistics = Dict[str, Tensor]


def local_norms(model: nn.Module) -> None:
    """Replace synchronised batch norm by plain batch norm, in place.

    Calibration batches are the same on every rank; results must not depend on
    how many there are.
    """
    for name, child in model.named_children():
        replaced = revert_sync_batchnorm(child)
        if replaced is not child:
            setattr(model, name, replaced)


def estimate_statistics(model: nn.Module,
                        batches: Sequence[Any],
                        seed: int = 0) -> Statistics:
    """Mean and variance of every batch norm over some batches.

    The plain average over the batches. The model is left as it was.

    Args:
        model (nn.Module): An OpenMMLab model at the architecture it runs.
        batches (Sequence): From :func:`calibration_batches`.
        seed (int): Of randomness in the data preprocessor, so that all
            architectures see the same.

    Returns:
        dict: Buffers of the norms by name, as in the model's state dict.
        Norms that no batch ran through, and those that training keeps in
        evaluation mode, are left out.
    """
    with unchanged(model) as saved:
        return {
            f'{name}.{key}': value.clone()
            for name, norm in _estimate(model, batches, seed, saved).items()
            for key, value in norm.named_buffers()
        }


@torch.no_grad()
def _estimate(model: nn.Module, batches: Sequence[Any], seed: int,
              saved: Statistics) -> Dict[str, nn.Module]:
    """Put the statistics into the model, which is then in evaluation mode;
    norms that nothing ran through get theirs back. Returns the others."""
    norms = trained_norms(model)
    for norm in norms.values():
        norm.reset_running_stats()
    calibrate(norms.values())
    with seeded(seed):
        for batch in batches:
            run_tensor(model, preprocessed(model, batch, training=True))
    model.eval()
    ran = {n: norm for n, norm in norms.items() if norm.num_batches_tracked}
    for name in norms.keys() - ran.keys():
        for key, value in norms[name].named_buffers():
            value.copy_(saved[f'{name}.{key}'])
    return ran


def calibrate(norms: Iterable[nn.Module]) -> None:
    """Let norms take the plain average over the batches that follow."""
    for norm in norms:
        norm.momentum = None  # cumulative average
        norm.training = True


def trained_norms(model: nn.Module) -> Dict[str, nn.Module]:
    """Norms whose statistics training would update; all in evaluation mode."""
    model.train()
    norms = {
        name: m
        for name, m in model.named_modules()
        if isinstance(m, _BatchNorm) and m.training and m.track_running_stats
    }
    model.eval()
    return norms


@contextmanager
def unchanged(model: nn.Module) -> Iterator[Statistics]:
    """Put back all modes, momenta and buffers afterwards; gives the latter."""
    modes = {module: module.training for module in model.modules()}
    momenta = {
        module: module.momentum
        for module in modes if isinstance(module, _BatchNorm)
    }
    saved = {key: value.clone() for key, value in model.named_buffers()}
    try:
        yield saved
    finally:
        for key, value in model.named_buffers():
            value.copy_(saved[key])
        for norm, momentum in momenta.items():
            norm.momentum = momentum
        for module, training in modes.items():
            module.training = training


@contextmanager
def with_statistics(model: nn.Module,
                    statistics: Statistics) -> Iterator[None]:
    """Evaluation mode with other statistics of batch norm.

    On leaving, every buffer and mode of the model is exactly as before.

    Args:
        model (nn.Module): An OpenMMLab model.
        statistics (dict): From :func:`estimate_statistics`; norms that are
            not named keep theirs.
    """
    with unchanged(model):
        model.eval()
        buffers = dict(model.named_buffers())
        for key, value in statistics.items():
            buffers[key].copy_(value)
        yield


@contextmanager
def calibrated(model: nn.Module,
               batches: Sequence[Any],
               seed: int = 0) -> Iterator[None]:
    """Evaluation mode with the statistics of ``batches``, if there are any.

    The same as :func:`with_statistics` of :func:`estimate_statistics`, with
    half the copies.
    """
    with unchanged(model) as saved:
        model.eval()
        if batches:
            _estimate(model, batches, seed, saved)
        yield
