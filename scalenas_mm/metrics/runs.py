"""Connected regions of label maps, of all classes at once.

A row of an image is cut into runs of equal labels. Smooth maps have a hundred
times fewer runs than pixels, so that what comes after one comparison of
neighbouring pixels costs little.
"""
from typing import Optional

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components


def run_starts(labels: np.ndarray,
               also: Optional[np.ndarray] = None) -> np.ndarray:
    """Where the runs of a map begin, in reading order.

    Args:
        labels (np.ndarray): Of shape ``(height, width)``.
        also (np.ndarray, optional): Pixels where runs are to begin, too.

    Returns:
        np.ndarray: Indices into the flattened map. Each row begins a run.
    """
    new = np.ones(labels.shape, bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=new[:, 1:])
    flat = new.reshape(-1)
    if also is not None:
        flat[also] = True
    return np.flatnonzero(flat)


def run_lengths(starts: np.ndarray, size: int) -> np.ndarray:
    """Pixels of each run of a map of ``size`` pixels."""
    return np.diff(starts, append=size)


def connect_runs(starts: np.ndarray, size: int, values: np.ndarray,
                 width: int) -> np.ndarray:
    """Number the regions of equal values, pixels of which touch by a side or
    a corner.

    Args:
        starts (np.ndarray): From :func:`run_starts`, shape ``(runs, )``.
        size (int): Pixels of the map.
        values (np.ndarray): What a region has in common. Neighbouring runs
            may have equal values.
        width (int): Of the map, in pixels.

    Returns:
        np.ndarray: For each run the number of its region, from 0.
    """
    head = np.ones(len(starts), bool)  # the first of equal ones in a row
    np.not_equal(values[1:], values[:-1], out=head[1:])
    head |= starts % width == 0
    whole = _connect(starts[head], size, values[head], width)
    return whole[np.cumsum(head) - 1]


def _connect(starts: np.ndarray, size: int, values: np.ndarray,
             width: int) -> np.ndarray:
    """:func:`connect_runs` where no neighbours in a row are equal."""
    number = len(starts)
    left = starts % width
    above = starts - left - width  # where the row above begins
    first = above + np.maximum(left - 1, 0)
    right = np.minimum(left + run_lengths(starts, size), width - 1)
    # runs of the row above that have a pixel from first to last
    low = np.searchsorted(starts, first, 'right') - 1
    count = np.searchsorted(starts, above + right, 'right') - low
    count[above < 0] = 0
    ends = np.cumsum(count)
    upper = np.arange(ends[-1]) + np.repeat(low - ends + count, count)
    same = values[upper] == np.repeat(values, count)
    rows = np.append(0, np.cumsum(same))[np.append(0, ends)]
    upper = upper[same]
    graph = csr_array(
        (np.ones(len(upper)), upper.astype(np.int32), rows.astype(np.int32)),
        (number, number))
    return connected_components(graph, directed=False)[1]
