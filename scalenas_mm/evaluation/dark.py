"""Key points between pixels, sooner."""
import sys
from contextlib import contextmanager, nullcontext
from typing import Any, ContextManager, Dict, Iterator, Tuple
from unittest.mock import patch

import cv2
import numpy as np

_SAME: Dict[Any, bool] = {}  # by shape: whether the first bits were mmpose's


def quick_dark() -> ContextManager[None]:
    """Inside, mmpose's ``MSRAHeatmap(unbiased=True)`` decodes all key points
    of an image at once instead of one by one, to the same bits.

    For want of an option of mmpose. The first heatmaps of each shape are
    decoded both ways; should a bit differ, mmpose decodes them all.
    """
    codec: Any = sys.modules.get('mmpose.codecs.msra_heatmap')
    return nullcontext() if codec is None else _patched(codec)


@contextmanager
def _patched(codec: Any) -> Iterator[None]:
    plain = codec.refine_keypoints_dark

    def refine(points: np.ndarray, maps: np.ndarray,
               blur_kernel_size: int) -> np.ndarray:
        key = maps.shape, maps.dtype, blur_kernel_size
        if key not in _SAME:
            again = quickly(points.copy(), maps.copy(), blur_kernel_size)
            points = plain(points, maps, blur_kernel_size)
            _SAME[key] = again.tobytes() == points.tobytes()
            return points
        decode = quickly if _SAME[key] else plain
        return decode(points, maps, blur_kernel_size)

    with patch.object(codec, 'refine_keypoints_dark', refine):
        yield


def quickly(keypoints: np.ndarray, heatmaps: np.ndarray,
            blur_kernel_size: int) -> np.ndarray:
    """Move each key point to the top of the parabola through the logarithms
    around it (DARK, Zhang et al. 2020, Sec. 3.1), in place.

    Points at the border stay, and those where no parabola has a top.

    Args:
        keypoints (np.ndarray): Where heatmaps are largest, (N, K, 2).
        heatmaps (np.ndarray): (K, H, W).
        blur_kernel_size (int): To smooth heatmaps.
    """
    smooth = _smooth(heatmaps, blur_kernel_size)
    for points in keypoints:
        _refine(points, smooth)
    return keypoints


def _smooth(maps: np.ndarray, kernel: int) -> np.ndarray:
    """Blurred, with the same maxima; as one image of maps below each other,
    which see nothing of each other for the borders between them."""
    border = kernel // 2
    inside = slice(None), slice(border, -border), slice(border, -border)
    padded = np.pad(maps.astype(np.float32), ((0, 0), *[(border, border)] * 2))
    image = padded.reshape(-1, padded.shape[-1])
    image = cv2.GaussianBlur(image, (kernel, kernel), 0)
    blurred = image.reshape(padded.shape)[inside].astype(maps.dtype)
    scale = maps.max((1, 2)) / blurred.max((1, 2))
    return blurred * scale[:, None, None]


def _refine(points: np.ndarray, maps: np.ndarray) -> None:
    height, width = maps.shape[1:]
    x, y = points[:, :2].astype(int).T
    inner = np.flatnonzero((1 < x) & (x < width - 2) & (1 < y)
                           & (y < height - 2))
    slope, hessian = _derivatives(maps, inner, x[inner], y[inner])
    # as scalars: their square may be rounded otherwise than that of an array
    curved = np.array([a * c - b**2 != 0 for (a, b), (_, c) in hessian], bool)
    top = -np.linalg.inv(hessian[curved]) @ slope[curved]
    points[inner[curved], :2] += top[..., 0]


def _derivatives(maps: np.ndarray, k: np.ndarray, x: np.ndarray,
                 y: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Of the logarithm: first (n, 2, 1) and second ones (n, 2, 2)."""

    def at(across: int, down: int) -> np.ndarray:
        return np.log(np.maximum(maps[k, y + down, x + across], 1e-10))

    # of scalars, which numpy before 2.0 makes wider than arrays
    wide = type(2 * maps.dtype.type(1) * 0.5)
    middle = 2 * at(0, 0).astype(wide)
    dx, dy = at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)
    dxx = at(2, 0) - middle + at(-2, 0)
    dyy = at(0, 2) - middle + at(0, -2)
    dxy = at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)
    slope = np.stack([dx, dy], 1).astype(wide)[..., None] * wide(0.5)
    hessian = np.stack([dxx, dxy, dxy, dyy], 1).astype(wide) * wide(0.25)
    return slope, hessian.reshape(-1, 2, 2)
