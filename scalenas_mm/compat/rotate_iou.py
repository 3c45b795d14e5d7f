"""Overlap of rotated boxes for mmdet3d's KITTI metric, without CUDA.

Stands in for ``mmdet3d.evaluation.functional.kitti_utils.rotate_iou`` (see
:mod:`scalenas_mm.compat`).
"""
import numpy as np
import torch
from mmcv.ops import box_iou_rotated


def rotate_iou_gpu_eval(boxes, query_boxes, criterion=-1, device_id=0):
    """Overlap of every box with every query box.

    Args:
        boxes (np.ndarray): (n, 5): centre x, y, width, height, angle.
        query_boxes (np.ndarray): (k, 5), alike.
        criterion (int): What the intersection is divided by: -1 the union,
            0 the area of the query box, 1 the area of the box; anything else
            leaves it as it is.
        device_id (int): Not used; upstream has it.

    Returns:
        np.ndarray: (n, k), float32.
    """
    boxes, queries = (
        torch.as_tensor(np.asarray(array, np.float32)).reshape(-1, 5)
        for array in (boxes, query_boxes))
    if not len(boxes) or not len(queries):
        return np.zeros((len(boxes), len(queries)), np.float32)
    mode = 'iou' if criterion == -1 else 'iof'
    overlap = box_iou_rotated(boxes, queries, mode=mode, clockwise=False)
    if criterion not in (-1, 1):
        overlap *= (boxes[:, 2] * boxes[:, 3])[:, None]
        if criterion == 0:
            overlap /= queries[:, 2] * queries[:, 3]
    return overlap.numpy()
