"""Images at one or several scales, as HigherHRNet is tested."""
from typing import Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.datasets.transforms.formatting import image_to_tensor
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_warp_matrix

from scalenas_mm.spaces import SettingError

UNIT = 64  # both sides are multiples of it at the smallest scale


class Placement(NamedTuple):
    """How an image lies in the network's input.

    Attributes:
        size: Width and height of the input.
        center: x and y of the image's pixel in the middle of the input.
        scale: Width and height of the input in pixels of the image.
    """
    size: Tuple[int, int]
    center: np.ndarray
    scale: np.ndarray


def placement(shape: Sequence[int], input_size: int, scale: float,
              smallest: float) -> Placement:
    """The released code's place of an image at one of several scales.

    The sides are rounded at the smallest scale, so the size at scale 1 depends
    on it. The long side is rounded down after 63 is added, with its fraction:
    less than one pixel above a multiple of 64 it loses that part.

    Args:
        shape (Sequence[int]): Height and width of the image.
        input_size (int): Short side of the input at scale 1.
        scale (float): The scale.
        smallest (float): Smallest of all scales of the test.
    """
    height, width = shape[:2]
    short, long = min(height, width), max(height, width)
    unit = int(_rounded(smallest * input_size))
    low = int(unit * scale / smallest)
    high = int(int(_rounded(unit / short * long)) * scale / smallest)
    center = np.array([int(width / 2 + 0.5), int(height / 2 + 0.5)])
    if width < height:
        size, extent = (low, high), (width, high / low * width)
    else:
        size, extent = (high, low), (high / low * height, height)
    return Placement(size, center, np.array(extent, dtype=float))


def _rounded(side: float) -> float:
    return (side + UNIT - 1) // UNIT * UNIT


def align(image: np.ndarray, place: Placement) -> np.ndarray:
    """Warp an image ``(h, w, 3)`` to its place; what is beyond it is black."""
    matrix = get_warp_matrix(place.center, place.scale, 0.0, place.size)
    return cv2.warpAffine(image, matrix, place.size, flags=cv2.INTER_LINEAR)


@TRANSFORMS.register_module()
class HigherHRNetResize(BaseTransform):
    """Resize an image to a short side, keep its aspect ratio, add a border.

    Required keys: img. Modified: img; with several scales it is a list with
    that of scale 1 in front, for :class:`PackScales`. Added: img_shape,
    input_size, input_center and input_scale as in mmpose's ``BottomupResize``,
    of scale 1.

    Args:
        input_size (int): Short side at scale 1.
        scales (Sequence[float]): Scales of the test. The tags are those of
            scale 1, which has to be among them.

    Raises:
        SettingError: It is not.
    """

    def __init__(self, input_size: int, scales: Sequence[float] = (1, )):
        if 1 not in scales or min(scales) <= 0:
            raise SettingError('HigherHRNetResize.scales',
                               'positive numbers with 1 among them', scales)
        self.input_size = input_size
        self.scales = [1, *sorted(s for s in set(scales) if s != 1)]

    def transform(self, results: Dict) -> Dict:
        shape = results['img'].shape
        places = [
            placement(shape, self.input_size, scale, min(self.scales))
            for scale in self.scales
        ]
        images = [align(results['img'], place) for place in places]
        smallest = places[int(np.argmin(self.scales))]
        results['img'] = images if len(images) > 1 else images[0]
        results['img_shape'] = images[0].shape[:2]
        results['input_size'] = places[0].size
        results['input_center'] = smallest.center
        results['input_scale'] = smallest.scale
        return results


@TRANSFORMS.register_module()
class PackScales(PackPoseInputs):
    """mmpose's packing for an image at several scales: inputs is a list."""

    def transform(self, results: Dict) -> Dict:
        images: List[np.ndarray] = results['img']
        if not isinstance(images, list):
            return super().transform(results)
        packed = super().transform(dict(results, img=images[0]))
        packed['inputs'] = [image_to_tensor(image) for image in images]
        return packed
