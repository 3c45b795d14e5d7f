"""Decoded images kept in memory."""
import copy
from typing import Any, Dict, Iterator, List, Tuple, Union

import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.dist import get_world_size
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader

from scalenas_mm.spaces import SettingError
from .memory import available

SHARE = 4  # images may take a quarter of the free memory
LIBRARIES = ('mmcv', 'mmpose', 'mmseg', 'mmdet', 'mmdet3d', 'mmpretrain')


class CachedImages:
    """A transform that loads images, each of them once.

    What it gives is a copy: later transforms may write into it.

    Args:
        load (LoadImageFromFile): The transform; what it gives must depend on
            ``img_path`` only.
        limit (float): Most bytes to keep; images beyond it are loaded again.
    """

    def __init__(self, load: LoadImageFromFile, limit: float) -> None:
        self.load = load
        self.limit = limit
        self.kept: Dict[str, Dict[str, Any]] = {}
        self.bytes = 0

    def __call__(self, results: Dict[str, Any]) -> Any:
        path = results.get('img_path')
        if path is None or 'img' in results:
            return self.load(results)
        if path not in self.kept:
            before = dict(results)
            results = self.load(results)
            if results is not None:
                self._keep(path, before, results)
            return results
        results.update(copy.deepcopy(self.kept[path]))
        return results

    def _keep(self, path: str, before: Dict[str, Any],
              after: Dict[str, Any]) -> None:
        new = {
            key: value
            for key, value in after.items()
            if key not in before or value is not before[key]
        }
        size = sum(value.nbytes for value in new.values()
                   if isinstance(value, np.ndarray))
        if self.bytes + size <= self.limit:
            self.bytes += size
            self.kept[path] = copy.deepcopy(new)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.load!r})'


def cache_images(dataloader: DataLoader,
                 setting: Union[str, bool] = 'auto') -> int:
    """Keep the images of a data loader in memory from its next epoch on.

    It changes nothing of what the loader gives. Every worker keeps those that
    it loads, so they share the memory; workers that end with each epoch would
    keep theirs for nothing, and none are kept then.

    Args:
        dataloader (DataLoader): Its data set has a ``pipeline`` of
            transforms, or holds others that have.
        setting (str | bool): ``auto``: as many as fit into a quarter of the
            free memory, shared by all workers of all processes. True: all,
            False: none.

    Returns:
        int: How many transforms keep images now; 0 if none does.

    Raises:
        SettingError: ``setting`` is something else.
    """
    if setting not in ('auto', True, False):
        raise SettingError('cache_images', 'auto, True or False', setting)
    workers = getattr(dataloader, 'num_workers', 0)
    lasting = not workers or dataloader.persistent_workers
    if setting is False or not lasting:
        return 0
    places = list(_loads(dataloader.dataset))
    if not places:
        return 0
    limit = float('inf')
    if setting == 'auto':
        parts = max(1, workers) * get_world_size() * len(places)
        limit = available(torch.device('cpu')) // SHARE // parts
        MMLogger.get_current_instance().info(
            f'decoded images: up to {limit * len(places) / 2**20:.0f} MiB of '
            f'them are kept in each of {max(1, workers)} processes that load')
    for transforms, i in places:
        transforms[i] = CachedImages(transforms[i], limit)
    return len(places)


def _loads(dataset: Any) -> Iterator[Tuple[List[Any], int]]:
    """Where in its pipelines a data set loads images."""
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', [])
    for i, transform in enumerate(transforms):
        if isinstance(transform, LoadImageFromFile) and _of_openmmlab(
                type(transform)):
            yield transforms, i
    inner = getattr(dataset, 'datasets', [])
    for one in (*inner, getattr(dataset, 'dataset', None)):
        if one is not None:
            yield from _loads(one)


def _of_openmmlab(kind: type) -> bool:
    """Whether what it loads is known to depend on the path only."""
    return kind.transform.__module__.split('.')[0] in LIBRARIES
