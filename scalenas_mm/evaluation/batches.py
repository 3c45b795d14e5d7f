"""The training batches on which candidates are calibrated."""
import copy
import itertools
import random
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, List

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, Sampler

from scalenas_mm.spaces import SettingError
from .sample import tensors
from .weights import tensors_digest


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators and put them back afterwards."""
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        with torch.random.fork_rng(devices=devices()):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def devices() -> List[int]:
    """The GPU that this process has begun to use."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return [torch.cuda.current_device()]
    return []


class _FixedOrder(Sampler):
    """All images in one random order, again and again."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.order = np.random.permutation(len(dataset)).tolist()

    def __iter__(self) -> Iterator[int]:
        return itertools.cycle(self.order)

    def __len__(self) -> int:
        return len(self.order)


def _batch_sampler(dataloader: DataLoader) -> Iterable[List[int]]:
    """The loader's way to make batches, on a fixed order of the images."""
    sampler = dataloader.batch_sampler
    if sampler is None or isinstance(dataloader.dataset, IterableDataset):
        raise SettingError(
            'train_dataloader', 'a data set with indices and batches, to '
            'calibrate batch norm on',
            type(dataloader.dataset).__name__)
    order = _FixedOrder(dataloader.dataset)
    if not hasattr(sampler, 'sampler'):
        return BatchSampler(order, getattr(sampler, 'batch_size', 1), False)
    clone = copy.copy(sampler)
    # what it has gathered so far, such as images by aspect ratio, is its own
    clone.__dict__.update({
        key: copy.deepcopy(value)
        for key, value in vars(sampler).items() if key != 'sampler'
    })
    clone.sampler = order
    return clone


def calibration_batches(dataloader: DataLoader, num_batches: int,
                        seed: int) -> List[Any]:
    """A fixed set of training batches, the same on every rank.

    Args:
        dataloader (DataLoader): Of the training data; only its data set,
            collate function and way to make batches are used, be it a batch
            size or a batch sampler.
        num_batches (int): How many batches.
        seed (int): Decides which images and how they are augmented.

    Raises:
        SettingError: The data set has no indices, or no batches.
    """
    if not num_batches:
        return []
    dataset = dataloader.dataset
    with seeded(seed):
        chosen = itertools.islice(_batch_sampler(dataloader), num_batches)
        batches = [
            dataloader.collate_fn([dataset[i] for i in batch])
            for batch in chosen
        ]
    if len(batches) < num_batches:
        raise SettingError(
            'train_dataloader',
            f'{num_batches} batches to calibrate batch norm on', len(batches))
    return batches


def batches_digest(batches: List[Any]) -> str:
    """SHA-256 of all tensors in some batches, first 16 digits."""
    return tensors_digest({
        f'{i:06}': tensor
        for i, tensor in enumerate(tensors(batches))
    })
