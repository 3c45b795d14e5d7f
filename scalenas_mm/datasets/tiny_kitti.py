"""A tiny data set as mmdet3d's converter makes it of KITTI: points in front of
the camera, infos, a database of objects.

Boxes in the lidar's frame are x (forward), y (left) and z (up) of the middle
of the bottom, length, width, height, yaw.
"""
import pickle
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np

from .photographs import write_image

# class -> label, box
OBJECTS = {
    'Pedestrian': (0, [10, -4, -1.7, 0.8, 0.6, 1.73, 0]),
    'Cyclist': (1, [14, 6, -1.7, 1.76, 0.6, 1.73, 0.3]),
    'Car': (2, [15, 0, -1.7, 3.9, 1.6, 1.56, 0]),
}
POINTS = 60  # on an object
# The camera looks along the lidar's x.
LIDAR2CAM = [[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
GROUND = [0, -1, 0, 1.7]


def draw_points(box: list, rng: np.random.Generator) -> np.ndarray:
    """Points (POINTS, 4) in a box, from the middle of its bottom."""
    length, width, height, yaw = box[3:]
    unit = rng.random((POINTS, 4)) - [0.5, 0.5, 0, 0]
    points = unit * [length, width, height, 1]
    cos, sin = np.cos(yaw), np.sin(yaw)
    points[:, :2] = points[:, :2] @ [[cos, sin], [-sin, cos]]
    return points


def camera(size: Tuple[int, int]) -> np.ndarray:
    """Matrix (4, 4) that projects to pixels; 90 degrees are in the image."""
    height, width = size
    focus = width / 2
    return np.array([[focus, 0, width / 2, 0], [0, focus, height / 2, 0],
                     [0, 0, 1, 0], [0, 0, 0, 1.]])


def project(box: list, size: Tuple[int, int]) -> list:
    """Left, top, right and bottom of a box in the image."""
    x, y, z, length, width, height, yaw = box
    cos, sin = np.cos(yaw), np.sin(yaw)
    corners = np.array([[
        x + cos * i * length / 2 - sin * j * width / 2,
        y + sin * i * length / 2 + cos * j * width / 2, z + k * height, 1
    ] for i in (-1, 1) for j in (-1, 1) for k in (0, 1)])
    seen = corners @ (camera(size) @ LIDAR2CAM).T
    pixels = (seen[:, :2] / seen[:, 2:3]).clip(0, [size[1] - 1, size[0] - 1])
    return [*pixels.min(0).tolist(), *pixels.max(0).tolist()]


def describe_object(index: int, name: str, size: Tuple[int, int]) -> dict:
    """An instance; its 3-D box is in the camera's frame."""
    label, box = OBJECTS[name]
    x, y, z, length, width, height, yaw = box
    turn = -yaw - np.pi / 2
    return dict(
        bbox=project(box, size),
        bbox_label=label,
        bbox_label_3d=label,
        bbox_3d=[-y, -z, x, length, height, width, turn],
        depth=float(x),
        truncated=0.,
        occluded=0,
        alpha=turn - float(np.arctan2(-y, x)),
        score=0.,
        index=index,
        group_id=index,
        difficulty=0,
        num_lidar_pts=POINTS)


def describe_scene(index: int, size: Tuple[int, int]) -> dict:
    """The info of a scene."""
    cam2img = camera(size)
    view = dict(
        img_path=f'{index:06d}.png',
        height=size[0],
        width=size[1],
        cam2img=cam2img.tolist(),
        lidar2cam=LIDAR2CAM,
        lidar2img=(cam2img @ LIDAR2CAM).tolist())
    return dict(
        sample_idx=index,
        images=dict(CAM2=view, R0_rect=np.eye(4).tolist()),
        lidar_points=dict(
            num_pts_feats=4,
            lidar_path=f'{index:06d}.bin',
            Tr_velo_to_cam=LIDAR2CAM),
        instances=[
            describe_object(i, name, size) for i, name in enumerate(OBJECTS)
        ],
        plane=GROUND)


def write_points(path: Path, points: np.ndarray) -> None:
    """Write points (n, 4): x, y, z, intensity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    points.astype(np.float32).tofile(path)


def write_pickle(path: Path, content: Any) -> None:
    with path.open('wb') as file:
        pickle.dump(content, file, protocol=2)


def write_database(root: Path, rng: np.random.Generator) -> None:
    """Objects that training pastes into other scenes."""
    database: Dict[str, list] = {}
    for name, (label, box) in OBJECTS.items():
        path = f'kitti_gt_database/0_{name}_{label}.bin'
        write_points(root / path, draw_points(box, rng))
        there = [30, *box[1:]]  # far from the one in the scene
        database[name] = [
            dict(
                name=name,
                path=path,
                image_idx=0,
                gt_idx=label,
                box3d_lidar=np.array(there, np.float32),
                num_points_in_gt=POINTS,
                difficulty=0,
                group_id=label,
                score=0.)
        ]
    write_pickle(root / 'kitti_dbinfos_train.pkl', database)


def write_kitti(root: Path, images: int, size: Tuple[int, int],
                rng: np.random.Generator) -> None:
    """``training``, infos of ``train``, ``val``, ``trainval`` and ``test``.

    All splits have the same scenes.
    """
    write_database(root, rng)
    for index in range(images):
        field = rng.random((2000, 4)) * [60, 60, 2, 1] - [0, 30, 1.8, 0]
        objects = [
            draw_points(box, rng) + [*box[:3], 0]
            for _, box in OBJECTS.values()
        ]
        points = np.concatenate([field, *objects])
        for folder in ('velodyne', 'velodyne_reduced'):
            write_points(root / f'training/{folder}/{index:06d}.bin', points)
        write_image(root / f'training/image_2/{index:06d}.png',
                    rng.integers(0, 256, (*size, 3), np.uint8))
    categories = {name: label for name, (label, _) in OBJECTS.items()}
    infos = dict(
        metainfo=dict(
            categories=categories, dataset='kitti', info_version='1.1'),
        data_list=[describe_scene(index, size) for index in range(images)])
    for split in ('train', 'val', 'trainval', 'test'):
        write_pickle(root / f'kitti_infos_{split}.pkl', infos)
