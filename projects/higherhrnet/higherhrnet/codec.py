"""What the network is trained to give, from joints."""
from functools import lru_cache
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from scalenas_mm.spaces import SettingError

Sizes = Sequence[Tuple[int, int]]


@lru_cache(None)
def gaussian_rings(sigma: float) -> Tuple[np.ndarray, List[np.ndarray]]:
    """A Gaussian patch of peak 1, from the rim to the centre.

    Its side is ``2 int(3 sigma + 1) + 1`` pixels.

    Args:
        sigma (float): Standard deviation in pixels.

    Returns:
        tuple: The values, growing, and for each one the pixels ``(M, 2)``,
        as x and y from the centre, that have it.
    """
    radius = int(3 * sigma + 1)
    side = np.arange(-radius, radius + 1)
    offsets = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    squares, ring = np.unique((offsets**2).sum(1), return_inverse=True)
    values = np.exp(-squares / (2 * sigma**2)).astype(np.float32)
    rings = [offsets[ring.ravel() == i] for i in range(len(squares))]
    return values[::-1], rings[::-1]


def draw_gaussians(joints: np.ndarray, pixels: np.ndarray, num_joints: int,
                   size: Tuple[int, int], sigma: float) -> np.ndarray:
    """Heatmaps with a Gaussian at each pixel; the greater value stays.

    The rings of all patches are written at once, from the smallest value to
    the greatest: some 40 writes, however many people there are.

    Args:
        joints (ndarray): ``(M, )``, which map.
        pixels (ndarray): ``(M, 2)``, x and y inside the map.
        num_joints (int): Number of maps J.
        size (tuple[int]): Their width and height.
        sigma (float): Standard deviation in pixels.

    Returns:
        ndarray: ``(J, height, width)`` of float32, a part of a larger array.
    """
    width, height = size
    values, rings = gaussian_rings(sigma)
    radius = int(np.abs(rings[0]).max())
    row, plane = width + 2 * radius, height + 2 * radius
    maps = np.zeros((num_joints, plane, row), np.float32)
    flat = maps.reshape(-1)
    x, y = pixels.T + radius
    centres = np.unique((joints * plane + y) * row + x)
    for value, ring in zip(values, rings):
        flat[centres[:, None] + (ring[:, 1] * row + ring[:, 0])] = value
    inside = slice(radius, radius + height), slice(radius, radius + width)
    return maps[(slice(None), *inside)]


def _with_center(keypoints: np.ndarray,
                 labelled: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Joints ``(N, J + 1, 2)`` with their mean, which somebody without joints
    does not have."""
    number = labelled.sum(1, keepdims=True)
    total = np.where(labelled[..., None], keypoints, 0).sum(1)
    center = total / np.maximum(number, 1)
    return (np.concatenate((keypoints, center[:, None]),
                           1), np.concatenate((labelled, number > 0), 1))


@KEYPOINT_CODECS.register_module()
class HigherResolutionHeatmaps(BaseKeypointCodec):
    """Heatmaps and places of tags at several resolutions.

    As the released HigherHRNet: coordinates are truncated to a pixel of each
    resolution; joints outside are left out; all Gaussians have the same
    deviation in pixels; every labelled joint counts, hidden or not.

    Args:
        input_size (tuple[int]): Width and height of the network's input.
        heatmap_sizes (Sequence[tuple[int]]): Of each stage's heatmaps.
        sigma (float, optional): Standard deviation of the Gaussians in pixels
            of each resolution. None means width / 64.
        max_people (int, optional): How many people of an image have tags: the
            first with a joint inside. Heatmaps show everyone. None means all
            of them; the released code has room for 30 and stops at the 31st.
        with_center (bool): Add a last joint: the mean of a person's labelled
            ones. The head's ``num_keypoints`` and the estimator's ``center``
            have to count it, too.

    Raises:
        SettingError: An argument is not valid.
    """
    auxiliary_encode_keys = {'flip_direction'}
    field_mapping_table = dict(
        heatmaps='heatmaps', heatmap_mask='heatmap_mask')
    label_mapping_table = dict(keypoint_indices='keypoint_indices')

    def __init__(self,
                 input_size: Tuple[int, int],
                 heatmap_sizes: Sizes,
                 sigma: Optional[float] = 2.0,
                 max_people: Optional[int] = None,
                 with_center: bool = False):
        if sigma is not None and sigma <= 0:
            raise SettingError('sigma', 'a number above 0, or None', sigma)
        if max_people is not None and max_people < 1:
            raise SettingError('max_people', 'at least 1, or None', max_people)
        self.input_size = tuple(input_size)
        self.heatmap_sizes = [tuple(size) for size in heatmap_sizes]
        self.sigma = sigma
        self.max_people = max_people
        self.with_center = with_center

    def encode(self,
               keypoints: np.ndarray,
               keypoints_visible: Optional[np.ndarray] = None,
               flip_direction: Optional[str] = None) -> Dict[str, Any]:
        """Targets of one image.

        Args:
            keypoints (ndarray): ``(N, J, 2)``, x and y of N people in pixels
                of the input.
            keypoints_visible (ndarray, optional): ``(N, J)``, above 0 for
                labelled joints.
            flip_direction (str, optional): How the image was mirrored after
                it was warped. A heatmap is mirrored about its own centre,
                which is not exactly the input's.

        Returns:
            dict: ``heatmaps``, a list of ``(J, h, w)`` of float32, and
            ``keypoint_indices`` ``(N, S, J, 2)``: for each of S resolutions
            the flat pixel ``y * w + x`` and whether the joint is there. With
            the centre it is one joint more.
        """
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2])
        labelled = keypoints_visible > 0
        if self.with_center:
            keypoints, labelled = _with_center(keypoints, labelled)
        heatmaps, indices = [], []
        for size in self.heatmap_sizes:
            xy = self._at(keypoints, size, flip_direction)
            pixels = xy.astype(np.int64)  # toward zero
            # nothing that is not finite is inside
            there = labelled & (np.abs(xy) < 2 * max(size)).all(-1)
            there &= ((pixels >= 0) & (pixels < size)).all(-1)
            joints = np.nonzero(there)[1]
            heatmaps.append(
                draw_gaussians(joints, pixels[there], keypoints.shape[1], size,
                               self.sigma or size[0] / 64))
            flat = pixels[..., 1] * size[0] + pixels[..., 0]
            indices.append(np.stack((flat * there, self._limited(there)), -1))
        return dict(heatmaps=heatmaps, keypoint_indices=np.stack(indices, 1))

    def _at(self, keypoints: np.ndarray, size: Tuple[int, int],
            flip_direction: Optional[str]) -> np.ndarray:
        """Coordinates in pixels of a resolution."""
        ratio = np.asarray(size, float) / self.input_size
        mirrored = np.array([
            flip_direction in ('horizontal', 'diagonal'), flip_direction
            in ('vertical', 'diagonal')
        ])
        return (keypoints + mirrored) * ratio - mirrored

    def _limited(self, there: np.ndarray) -> np.ndarray:
        """Without the joints of people after the first ``max_people``."""
        people = np.cumsum(there.any(1))
        limit = len(there) if self.max_people is None else self.max_people
        return there & (people <= limit)[:, None]

    def decode(self, encoded: Any) -> Any:
        """Only a test-time model reads people off maps, see the head."""
        raise NotImplementedError('HigherResolutionHeatmaps makes targets')
