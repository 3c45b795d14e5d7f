"""Overlap of rotated boxes without CUDA."""
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scalenas_mm import compat
from scalenas_mm.compat.rotate_iou import rotate_iou_gpu_eval

SQUARE = np.array([[0, 0, 2, 2, 0]], np.float32)


@pytest.mark.parametrize('criterion, expected', [(-1, 2 / 10), (0, 2 / 8),
                                                 (1, 2 / 4), (2, 2)])
def test_overlap_of_shifted_boxes(criterion, expected):
    queries = np.array([[2, 0, 4, 2, 0], [9, 9, 1, 1, 0]], np.float32)
    queries[0, 0] = 2.  # from 0 to 4; the square reaches 1
    overlap = rotate_iou_gpu_eval(SQUARE, queries, criterion)
    np.testing.assert_allclose(overlap, [[expected, 0]], rtol=1e-5)


def test_overlap_of_turned_boxes():
    turned = SQUARE + np.float32([0, 0, 0, 0, np.pi / 4])
    octagon = 8 * (np.sqrt(2) - 1)
    np.testing.assert_allclose(
        rotate_iou_gpu_eval(SQUARE, turned, 2), [[octagon]], rtol=1e-5)


@pytest.mark.parametrize('n, k', [(0, 3), (3, 0), (0, 0)])
def test_overlap_of_no_boxes(n, k):
    overlap = rotate_iou_gpu_eval(np.zeros((n, 5)), np.zeros((k, 5)))
    assert overlap.shape == (n, k) and overlap.dtype == np.float32


@pytest.mark.skipif(
    not compat.without_accelerator(), reason='upstream needs a GPU')
@pytest.mark.slow
def test_mmdet3d_uses_the_stand_in():
    pytest.importorskip('mmdet3d')
    upstream = importlib.import_module(compat.ROTATE_IOU)
    assert Path(upstream.__file__).parent.name == 'compat'
    evaluation = importlib.import_module(
        'mmdet3d.evaluation.functional.kitti_utils.eval')
    overlap = evaluation.bev_box_overlap(SQUARE, SQUARE)
    np.testing.assert_allclose(overlap, [[1]], rtol=1e-5)


UPSTREAM = '''
import runpy, sys, types
import numpy as np
import numba.cuda
boxes, queries, path = np.load(sys.argv[2]), np.load(sys.argv[3]), sys.argv[1]
upstream = runpy.run_path(path)
for criterion in (-1, 0, 1, 2):
    np.save(sys.argv[4] + str(criterion),
            upstream['rotate_iou_gpu_eval'](boxes, queries, criterion))
'''


def random_boxes(generator, number):
    boxes = generator.uniform(-3, 3, (number, 5))
    boxes[:, 2:4] = np.abs(boxes[:, 2:4]) + .3
    return boxes.astype(np.float32)


@pytest.mark.slow
def test_overlap_equals_upstream_in_simulation(tmp_path):
    """numba can interpret the CUDA kernel that cannot be compiled here."""
    mmdet3d = pytest.importorskip('mmdet3d')
    path = Path(
        mmdet3d.__file__).parent.joinpath(*compat.ROTATE_IOU.split('.')[1:])
    generator = np.random.default_rng(0)
    boxes, queries = (random_boxes(generator, number) for number in (5, 7))
    np.save(tmp_path / 'boxes.npy', boxes)
    np.save(tmp_path / 'queries.npy', queries)
    subprocess.run([
        sys.executable, '-c', UPSTREAM, f'{path}.py', tmp_path / 'boxes.npy',
        tmp_path / 'queries.npy',
        str(tmp_path / 'result')
    ],
                   env=dict(os.environ, NUMBA_ENABLE_CUDASIM='1'),
                   check=True)
    for criterion in (-1, 0, 1, 2):
        np.testing.assert_allclose(
            rotate_iou_gpu_eval(boxes, queries, criterion),
            np.load(tmp_path / f'result{criterion}.npy'),
            rtol=1e-4,
            atol=1e-5)
