"""IoU of small, medium and large regions."""
import zlib
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log

from scalenas_mm.registry import METRICS
from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .region_counts import TrueRegions, count_regions, true_regions


@METRICS.register_module()
class SizeAwareIoU(BaseMetric):
    """How well regions of each size are segmented, by class.

    Stands beside mmseg's ``IoUMetric``. A region is what is connected, by
    sides or corners of pixels, in the ground truth of a class: an object,
    several that touch, or a piece of road. Its pixels decide about its size;
    with the default thresholds those of COCO: small below 32 x 32, large from
    96 x 96 on. For a class c and a size s, summed over the data set,

        IoU = TP / (area + FP)      Acc = TP / area

    where ``area`` counts pixels of such regions, ``TP`` those of them that
    are predicted as c, and ``FP`` pixels of other classes predicted as c,
    which are each charged to one size, as in COCO: those of a predicted
    region that covers something of the class to the size of which it covers
    most pixels (the smaller of two equals), those of any other to the size
    that the predicted region has itself. Added over sizes, all three are
    those of the usual IoU.

    ``mIoU_<size>`` and ``mAcc_<size>`` are means over classes in percent.
    Classes that have no region of a size are left out, whatever is
    predicted, so that all networks are judged by the same classes. A size of
    which there is no region at all has no metric.

    Ignored pixels belong to no region, true or predicted. With
    ``reduce_zero_label`` the data set has made the zero label an ignored one.

    Args:
        thresholds (Sequence[int]): Pixels from which on a region is of the
            next size, rising; of label maps as they are in the files.
        sizes (Sequence[str]): Names, one more than thresholds.
        classes (Sequence[str], optional): Names of the classes of which means
            are taken. Defaults to all.
        ignore_index (int): Label of pixels that do not count.
        cache_mb (float): Memory for the regions of ground truths in MB,
            which need not be found again for the next candidate of a search.
            A label map of Cityscapes takes about 0.3 MB.
        collect_device (str): As for every metric.
        prefix (str, optional): As for every metric.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 thresholds: Sequence[int] = (32**2, 96**2),
                 sizes: Sequence[str] = ('small', 'medium', 'large'),
                 classes: Optional[Sequence[str]] = None,
                 ignore_index: int = 255,
                 cache_mb: float = 512,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thresholds = _rising(thresholds)
        self.sizes = _names(sizes, len(self.thresholds) + 1)
        self.classes = classes if classes is None else list(classes)
        self.ignore_index = ignore_index
        self.cache_bytes = cache_mb * 1e6
        self._cache: Dict[Tuple, TrueRegions] = {}
        self._cached = 0

    # -- one image --------------------------------------------------------
    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With label maps of shape
                ``(1, height, width)``, ``pred_sem_seg`` and ``gt_sem_seg``.

        Raises:
            SettingError: A sample has no ground truth, or one of another
                shape.
        """
        for sample in data_samples:
            if 'gt_sem_seg' not in sample:
                raise SettingError('data_samples', 'gt_sem_seg in each',
                                   sorted(sample))
            truth = as_array(sample['gt_sem_seg']['data'])
            prediction = as_array(sample['pred_sem_seg']['data'])
            if truth.shape != prediction.shape:
                raise SettingError('pred_sem_seg',
                                   f'the shape of gt_sem_seg, {truth.shape}',
                                   prediction.shape)
            regions = self._regions(sample.get('img_path'), truth)
            counts = count_regions(prediction, regions, self.thresholds)
            # few cells occur in an image: little is sent to other ranks
            cells = np.flatnonzero(counts.any(0))
            self.results.append((cells.astype(np.int32), counts[:, cells]))

    def _regions(self, name: Optional[str], truth: np.ndarray) -> TrueRegions:
        """Those of a ground truth; found once where memory allows it."""
        key = (name, truth.shape, zlib.crc32(truth))
        regions = self._cache.get(key)
        if regions is None:
            regions = true_regions(truth, self.num_classes, self.thresholds,
                                   self.ignore_index)
            # what comes first stays: a search asks for all in turn
            if self._cached + regions.nbytes <= self.cache_bytes:
                self._cache[key] = regions
                self._cached += regions.nbytes
        return regions

    # -- the data set -----------------------------------------------------
    @property
    def num_classes(self) -> int:
        return len(self.dataset_meta['classes'])

    def compute_metrics(self, results: List[Any]) -> Dict[str, float]:
        """``mIoU_<size>`` and ``mAcc_<size>`` in percent."""
        counts = np.zeros((3, self.num_classes * len(self.sizes)), np.int64)
        for cells, part in results:
            counts[:, cells] += part
        iou, acc = rates(counts.reshape(3, self.num_classes, len(self.sizes)))
        names = list(self.dataset_meta['classes'])
        print_log('IoU (Acc) by size:\n' + self._table(names, iou, acc),
                  MMLogger.get_current_instance())
        chosen = self._chosen(names)
        return {
            f'm{kind}_{size}': round(float(np.nanmean(values)), 4)
            for kind, rate in (('IoU', iou), ('Acc', acc))
            for size, values in zip(self.sizes, rate[chosen].T)
            if not np.isnan(values).all()
        }

    def _chosen(self, names: List[str]) -> List[int]:
        """Indices of the classes of which means are taken."""
        unknown = [name for name in self.classes or () if name not in names]
        if unknown:
            raise SettingError('classes', f'some of {names}', unknown)
        return [names.index(name) for name in self.classes or names]

    def _table(self, names: List[str], iou: np.ndarray,
               acc: np.ndarray) -> str:
        """A line for each class; a dash where it has no such region."""
        width = max(map(len, names))

        def line(name: str, cells: Sequence[str]) -> str:
            return ' '.join([name.ljust(width), *(f'{c:>15}' for c in cells)])

        def cell(iou: float, acc: float) -> str:
            return '-' if np.isnan(iou) else f'{iou:.2f} ({acc:.2f})'

        rows = [line(n, map(cell, *r)) for n, *r in zip(names, iou, acc)]
        return '\n'.join([line('class', self.sizes), *rows])


def rates(counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """IoU and accuracy in percent, NaN where the ground truth has nothing.

    Args:
        counts (np.ndarray): True positives, pixels of the ground truth and
            false positives, shape ``(3, ...)``.
    """
    hit, area, wrong = counts.astype(float)
    area[area == 0] = np.nan
    return 100 * hit / (area + wrong), 100 * hit / area


def as_array(labels: torch.Tensor) -> np.ndarray:
    """A label map ``(1, height, width)`` without its first axis."""
    labels = labels.detach().squeeze(0)
    if labels.dtype != torch.uint8:
        labels = labels.to(torch.int32)  # half of what comes from a GPU
    return np.ascontiguousarray(labels.cpu().numpy())


def _rising(thresholds: Sequence[int]) -> Tuple[int, ...]:
    values = tuple(
        whole(f'thresholds[{i}]', value) for i, value in enumerate(thresholds))
    if list(values) != sorted(set(values)):
        raise SettingError('thresholds', 'rising numbers of pixels', values)
    return values


def _names(sizes: Sequence[str], number: int) -> Tuple[str, ...]:
    names = tuple(sizes)
    if len(names) != number or len(set(names)) != number:
        raise SettingError('sizes',
                           f'{number} names, one more than thresholds', names)
    return names
