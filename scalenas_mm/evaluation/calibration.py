"""Re-estimate batch-norm statistics for one architecture."""
import random
from contextlib import contextmanager
from typing import Any, Iterator, List, Sequence

import numpy as np
import torch
from mmengine.model import is_model_wrapper
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import nn
from torch.utils.data import DataLoader


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators and put them back afterwards."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    torch.random.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def calibration_batches(dataloader: DataLoader, num_batches: int,
                        seed: int) -> List[Any]:
    """A fixed set of training batches, the same on every rank.

    Args:
        dataloader (DataLoader): Of the training data; only its data set,
            batch size and collate function are used.
        num_batches (int): How many batches.
        seed (int): Decides which images and how they are augmented.
    """
    dataset, size = dataloader.dataset, dataloader.batch_size
    with seeded(seed):
        order = np.random.permutation(len(dataset))
        order = np.resize(order, (num_batches, size)).tolist()
        return [
            dataloader.collate_fn([dataset[i] for i in batch])
            for batch in order
        ]


@contextmanager
def calibrated(model: nn.Module, batches: Sequence[Any]) -> Iterator[None]:
    """Evaluation mode with batch-norm statistics of ``batches``.

    The statistics are the plain average over the batches (ScaleNAS
    re-estimates them for every candidate). Norms that training keeps in
    evaluation mode keep theirs. On leaving, every buffer and mode of the
    model is exactly as before.

    Args:
        model (nn.Module): An OpenMMLab model.
        batches (Sequence): From :func:`calibration_batches`; if empty,
            nothing is re-estimated.
    """
    modes = {module: module.training for module in model.modules()}
    saved = {key: value.clone() for key, value in model.named_buffers()}
    momenta = {}
    try:
        model.train()
        norms = [
            m for m in model.modules() if isinstance(m, _BatchNorm)
            and m.training and m.track_running_stats
        ]
        model.eval()
        if batches:
            momenta = {norm: norm.momentum for norm in norms}
            _estimate(model, norms, batches)
        model.eval()
        yield
    finally:
        for norm, momentum in momenta.items():
            norm.momentum = momentum
        for key, value in model.named_buffers():
            value.copy_(saved[key])
        for module, training in modes.items():
            module.training = training


def _estimate(model: nn.Module, norms: Sequence[nn.Module],
              batches: Sequence[Any]) -> None:
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
        norm.training = True
    plain = model.module if is_model_wrapper(model) else model
    with torch.no_grad():
        for batch in batches:
            data = plain.data_preprocessor(batch, True)
            plain(**data, mode='tensor')
