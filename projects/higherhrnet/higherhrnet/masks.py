"""Where heatmaps are not judged."""
from typing import Any, Dict, List, Sequence, Tuple

import cv2
import numpy as np
import xtcocotools.mask as coco_mask
from mmcv.image import imflip
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


def region(segmentations: Sequence[Any], shape: Tuple[int, int]) -> np.ndarray:
    """Union ``(H, W)`` of COCO's polygons and run lengths, of bool.

    Args:
        segmentations (Sequence): A list of polygons, or a dict with
            ``counts``, each.
        shape (tuple[int]): Height and width of the image.
    """
    runs: List[Any] = []
    for one in segmentations:
        if isinstance(one, dict) and not isinstance(one['counts'], list):
            runs.append(one)  # compressed already
        elif one:
            coded = coco_mask.frPyObjects(one, *shape)
            runs += coded if isinstance(coded, list) else [coded]
    if not runs:
        return np.zeros(shape, bool)
    return coco_mask.decode(coco_mask.merge(runs)).astype(bool)


@TRANSFORMS.register_module()
class HeatmapMasks(BaseTransform):
    """Mask crowds and people without joints, for every resolution.

    As the released HigherHRNet: also what lies outside of the image is
    masked. mmpose's ``BottomupGetHeatmapMask`` leaves crowds out of the mask,
    whose segmentation is a dict in COCO.

    Needs ``img_shape`` of the original image, ``input_size``, ``heatmaps``
    (a list) and, if there are any, ``raw_ann_info``, ``warp_mat`` and
    ``flip_direction``; sets ``heatmap_mask``, a list of ``(1, h, w)`` of
    bool.
    """

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        mask = self._judged(results).astype(np.uint8) * 255
        matrix = results.get('warp_mat', np.eye(2, 3))
        direction = results.get('flip_direction')
        masks = []
        for heatmaps in results['heatmaps']:
            size = heatmaps.shape[:0:-1]  # width and height
            ratio = np.divide(size, results['input_size'])[:, None]
            warped = cv2.warpAffine(mask, matrix * ratio, size) > 127
            if direction is not None:
                warped = imflip(warped, direction)
            masks.append(np.ascontiguousarray(warped[None]))
        results['heatmap_mask'] = masks
        return results

    @staticmethod
    def _judged(results: Dict[str, Any]) -> np.ndarray:
        """False in crowds and people without joints, ``(H, W)``."""
        people = results.get('raw_ann_info') or []
        return ~region([
            one['segmentation']
            for one in people if one.get('segmentation') and
            (one.get('iscrowd') or not one.get('num_keypoints', 1))
        ], tuple(results['img_shape'][:2]))
