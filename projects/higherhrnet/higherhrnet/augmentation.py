"""The released augmentation of images with all their people."""
from typing import Any, Dict, Optional, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import bbox_corner2xyxy, bbox_xyxy2corner

from scalenas_mm.spaces import SettingError

UNIT = 200  # pixels; scales are multiples of it


def warp_matrix(centre: np.ndarray, side: float, degrees: float,
                size: int) -> np.ndarray:
    """Matrix ``(2, 3)`` of a square crop, turned about its centre.

    Args:
        centre (ndarray): x and y of the crop's centre.
        side (float): Side of the crop in the same pixels.
        degrees (float): By which the picture turns clockwise.
        size (int): Side of the result in pixels.
    """
    angle = np.deg2rad(-degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.array([[cos, -sin], [sin, cos]]) * (size / side)
    return np.column_stack((turned, size / 2 - turned @ centre))


def warped_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """``(..., 2)`` points after a matrix ``(2, 3)``, of float64."""
    return points @ matrix[:, :2].T + matrix[:, 2]


@TRANSFORMS.register_module()
class HigherHRNetAffine(BaseTransform):
    """Random scale, rotation and shift, as the released HigherHRNet's.

    It differs from mmpose's ``BottomupRandomAffine`` in its distributions:
    uniform, and a shift by whole pixels in units of the crop. Mirror
    afterwards, by mmpose's ``RandomFlip``.

    Needs ``img`` and ``img_shape``; warps ``img``, ``keypoints`` (in an image
    of nobody it sets them, for the joints of ``flip_indices``), ``bbox`` and
    ``area`` if they are there; sets ``input_size`` and ``warp_mat``.

    Args:
        input_size (tuple[int]): Width and height of the result, which are
            equal.
        scale_factor (tuple[float]): Bounds of the crop's side, relative to
            the image's.
        scale_type (str): Whether that is its ``short`` or ``long`` side.
        rotation (float): Greatest rotation in degrees.
        translation (float): Greatest shift in x and in y for a crop of 200
            pixels, and in proportion for others. 0 draws none.

    Raises:
        SettingError: An argument is not valid.
    """

    def __init__(self,
                 input_size: Tuple[int, int],
                 scale_factor: Tuple[float, float] = (0.75, 1.5),
                 scale_type: str = 'short',
                 rotation: float = 30.,
                 translation: float = 40.):
        super().__init__()
        if len(set(input_size)) != 1:
            raise SettingError('input_size', 'equal width and height',
                               input_size)
        if scale_type not in ('short', 'long'):
            raise SettingError('scale_type', 'short or long', scale_type)
        self.input_size = tuple(input_size)
        self.scale_factor = scale_factor
        self.scale_type = scale_type
        self.rotation = rotation
        self.translation = translation

    @cache_randomness
    def _draw(self, shape: Tuple[int, int]) -> Tuple[float, float, np.ndarray]:
        """Side of the crop, rotation and shift for an image."""
        smallest, largest = self.scale_factor
        scale = (min if self.scale_type == 'short' else max)(shape) / UNIT
        scale *= np.random.random() * (largest - smallest) + smallest
        rotation = (np.random.random() * 2 - 1) * self.rotation
        bound = int(self.translation * scale)  # as randint would
        shift = [
            np.random.randint(-bound, bound) if bound else 0 for _ in 'xy'
        ]
        return scale * UNIT, rotation, np.array(shift)

    @staticmethod
    def _set_people(results: Dict[str, Any]) -> None:
        """Nobody, where an image has no annotation."""
        if results.get('keypoints') is None:
            number = len(results['flip_indices'])
            results['keypoints'] = np.zeros((0, number, 2))
            results['keypoints_visible'] = np.zeros((0, number))

    def transform(self, results: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        height, width = shape = results['img_shape'][:2]
        side, rotation, shift = self._draw(shape)
        matrix = warp_matrix(
            np.array([width, height]) / 2 + shift, side, rotation,
            self.input_size[0])
        results['img'] = cv2.warpAffine(results['img'], matrix,
                                        self.input_size)
        self._set_people(results)
        results['keypoints'] = warped_points(results['keypoints'], matrix)
        if results.get('bbox') is not None:
            corners = warped_points(bbox_xyxy2corner(results['bbox']), matrix)
            results['bbox'] = bbox_corner2xyxy(corners).astype(np.float32)
        if results.get('area') is not None:
            results['area'] = np.asarray(
                results['area']) * (self.input_size[0] / side)**2
        results['input_size'] = self.input_size
        results['warp_mat'] = matrix
        return results
