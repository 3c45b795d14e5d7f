"""Pixels of label maps by class and by the size of the region they are of."""
from typing import NamedTuple, Sequence

import numpy as np

from .runs import connect_runs, run_lengths, run_starts

OUTSIDE = -1  # of all that counts: an ignored pixel


class TrueRegions(NamedTuple):
    """What the ground truth of an image says, run by run.

    Attributes:
        starts: Where the runs begin; shape ``(runs, )``.
        cells: Of each run, ``class * sizes + size`` of its region;
            :data:`OUTSIDE` where it is ignored, ``classes * sizes`` where
            its label is no class.
        area: Pixels of each cell, shape ``(classes * sizes, )``.
    """
    starts: np.ndarray
    cells: np.ndarray
    area: np.ndarray

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self)


def true_regions(labels: np.ndarray, classes: int, thresholds: Sequence[int],
                 ignore: int) -> TrueRegions:
    """Find the regions of a ground truth and their sizes.

    Args:
        labels (np.ndarray): Of shape ``(height, width)``.
        classes (int): Labels are from 0 to ``classes - 1``.
        thresholds (Sequence[int]): A region of as many pixels or more is of
            the next size.
        ignore (int): Label of pixels that do not count.
    """
    sizes = len(thresholds) + 1
    starts = run_starts(labels)
    lengths = run_lengths(starts, labels.size)
    values = labels.reshape(-1)[starts].astype(np.int64)
    regions = connect_runs(starts, labels.size, values, labels.shape[1])
    size = _size(_sum(regions, lengths), thresholds)[regions]
    known = (values >= 0) & (values < classes)
    cells = np.where(known, values * sizes + size, classes * sizes)
    cells[values == ignore] = OUTSIDE
    counted = cells >= 0
    area = _sum(cells[counted], lengths[counted], classes * sizes + 1)[:-1]
    return TrueRegions(starts.astype(np.uint32), cells.astype(np.int32), area)


def count_regions(prediction: np.ndarray, true: TrueRegions,
                  thresholds: Sequence[int]) -> np.ndarray:
    """Compare a predicted map with a ground truth.

    A false positive is of the size of the true regions of its class that its
    predicted region covers: that of which it covers most pixels, the smaller
    one of two equals. Where it covers none, its own size counts.

    Args:
        prediction (np.ndarray): Labels, shape ``(height, width)``.
        true (TrueRegions): Of the same image.
        thresholds (Sequence[int]): As for :func:`true_regions`.

    Returns:
        np.ndarray: True positives, pixels of the ground truth and false
        positives of each cell, shape ``(3, classes * sizes)``.
    """
    sizes, cells = len(thresholds) + 1, len(true.area)
    starts = run_starts(prediction, true.starts)
    lengths = run_lengths(starts, prediction.size)
    values = prediction.reshape(-1)[starts].astype(np.int64)
    cell = true.cells[np.searchsorted(true.starts, starts, 'right') - 1]
    values[(cell < 0) | (values < 0) | (values >= cells // sizes)] = OUTSIDE
    regions = connect_runs(starts, prediction.size, values,
                           prediction.shape[1])
    hit = (values >= 0) & (cell // sizes == values)
    wrong = (values >= 0) & ~hit
    number = int(regions.max()) + 1
    covered = _sum(regions[hit] * sizes + cell[hit] % sizes, lengths[hit],
                   number * sizes).reshape(number, sizes)
    own = _size(_sum(regions, lengths, number), thresholds)
    size = np.where(covered.any(1), covered.argmax(1), own)[regions]
    charged = values[wrong] * sizes + size[wrong]
    return np.stack([
        _sum(cell[hit], lengths[hit], cells), true.area,
        _sum(charged, lengths[wrong], cells)
    ])


def _size(area: np.ndarray, thresholds: Sequence[int]) -> np.ndarray:
    """Index of the size of regions of so many pixels, the smallest is 0."""
    return np.searchsorted(thresholds, area, 'right')


def _sum(index: np.ndarray, pixels: np.ndarray, number: int = 0) -> np.ndarray:
    """Pixels of each index, exact."""
    return np.bincount(index, pixels, number).astype(np.int64)
