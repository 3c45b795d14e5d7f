"""A tiny KITTI: raw files, and what mmdet3d's converter makes of them, which
are infos and a database of objects.

Boxes in the lidar's frame are x (forward), y (left) and z (up) of the middle
of the bottom, length, width, height, yaw.
"""
import pickle
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from .photographs import write_image

CLASSES = ('Pedestrian', 'Cyclist', 'Car', 'Van', 'Truck', 'Person_sitting',
           'Tram', 'Misc')
OBJECTS = dict(
    Pedestrian=[10, -4, -1.7, 0.8, 0.6, 1.73, 0],
    Cyclist=[14, 6, -1.7, 1.76, 0.6, 1.73, 0.3],
    Car=[15, 0, -1.7, 3.9, 1.6, 1.56, 0])
POINTS = 60  # on an object
SIZE = (375, 1242)  # of the images
CAM2IMG = [[721, 0, 621, 0], [0, 721, 187, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
# All cameras are where the lidar is and look along its x.
LIDAR2CAM = [[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
CAMERAS = ('CAM0', 'CAM1', 'CAM2', 'CAM3')
GROUND = [0, -1, 0, 1.7]  # in the camera's frame


def place(points: np.ndarray, box: list) -> np.ndarray:
    """Points (n, 3) of an object on the origin, in the lidar's frame."""
    cos, sin = np.cos(box[6]), np.sin(box[6])
    return points @ [[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]] + box[:3]


def draw_points(box: list, rng: np.random.Generator) -> np.ndarray:
    """Points (POINTS, 4) inside of a box, with intensities."""
    unit = rng.random((POINTS, 4)) - [0.5, 0.5, 0, 0]
    places = place(unit[:, :3] * box[3:6], box)
    return np.column_stack([places, unit[:, 3]])


def project(points: np.ndarray) -> np.ndarray:
    """Columns and rows (n, 2) of points (n, 3) in the lidar's frame."""
    matrix = np.array(CAM2IMG) @ LIDAR2CAM
    seen = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return seen[:, :2] / seen[:, 2:3]


def describe_object(index: int, name: str) -> Dict[str, Any]:
    """An instance; its 3-D box is in the camera's frame."""
    x, y, z, length, width, height, yaw = box = OBJECTS[name]
    signs = np.array([[i, j, k] for i in (-.5, .5) for j in (-.5, .5)
                      for k in (0, 1)])
    corners = project(place(signs * [length, width, height], box))
    corners = corners.clip(0, [SIZE[1] - 1, SIZE[0] - 1])
    turn = -yaw - np.pi / 2
    label = CLASSES.index(name)
    return dict(
        bbox=[*corners.min(0).tolist(), *corners.max(0).tolist()],
        bbox_label=label,
        bbox_label_3d=label,
        bbox_3d=[-y, -z, x, length, height, width, turn],
        center_2d=project(np.array([[x, y, z + height / 2]]))[0].tolist(),
        depth=float(x),
        truncated=0.,
        occluded=0,
        alpha=turn - float(np.arctan2(-y, x)),
        score=0.,
        index=index,
        group_id=index,
        difficulty=0,
        num_lidar_pts=POINTS)


def describe_scene(index: int) -> Dict[str, Any]:
    """The info of a scene."""
    lidar2img = (np.array(CAM2IMG) @ LIDAR2CAM).tolist()
    images: Dict[str, Any] = {
        camera: dict(cam2img=CAM2IMG, lidar2img=lidar2img)
        for camera in CAMERAS
    }
    images['CAM2'].update(
        img_path=f'{index:06d}.png',
        height=SIZE[0],
        width=SIZE[1],
        lidar2cam=LIDAR2CAM)
    return dict(
        sample_idx=index,
        images=dict(images, R0_rect=np.eye(4).tolist()),
        lidar_points=dict(
            num_pts_feats=4,
            lidar_path=f'{index:06d}.bin',
            Tr_velo_to_cam=LIDAR2CAM,
            Tr_imu_to_velo=np.eye(4).tolist()),
        instances=[describe_object(*item) for item in enumerate(OBJECTS)],
        plane=GROUND)


def write_points(path: Path, points: np.ndarray) -> None:
    """Write points (n, 4): x, y, z, intensity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    points.astype(np.float32).tofile(path)


def write_lines(path: Path, lines: List[Any]) -> None:
    """Write lines of words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(' '.join(map(str, line)) + '\n' for line in lines))


def write_scene(root: Path, index: int, rng: np.random.Generator) -> None:
    """Write a scene's raw files."""
    field = rng.random((2000, 4)) * [60, 60, 2, 1] - [0, 30, 1.8, 0]
    objects = [draw_points(box, rng) for box in OBJECTS.values()]
    for folder in ('velodyne', 'velodyne_reduced'):
        write_points(root / f'{folder}/{index:06d}.bin',
                     np.concatenate([field, *objects]))
    coarse = rng.integers(0, 256, (25, 80, 3), np.uint8)
    image = np.kron(coarse, np.ones((16, 16, 1), np.uint8))
    write_image(root / f'image_2/{index:06d}.png', image[:SIZE[0], :SIZE[1]])
    lines = []
    for name, found in zip(OBJECTS, describe_scene(index)['instances']):
        x, y, z, length, height, width, turn = found['bbox_3d']
        state = (found[key] for key in ('truncated', 'occluded', 'alpha'))
        lines.append((name, *state, *found['bbox'], height, width, length, x,
                      y, z, turn))
    write_lines(root / f'label_2/{index:06d}.txt', lines)
    view, stay = np.ravel(CAM2IMG[:3]), np.ravel(np.eye(4)[:3])
    write_lines(root / f'calib/{index:06d}.txt',
                [(f'P{camera}:', *view) for camera in range(4)] +
                [('R0_rect:', *np.ravel(np.eye(3))),
                 ('Tr_velo_to_cam:', *np.ravel(LIDAR2CAM[:3])),
                 ('Tr_imu_to_velo:', *stay)])
    write_lines(root / f'planes/{index:06d}.txt',
                [('# Plane', ), ('Width 4', ), ('Height 1', ), GROUND])


def write_pickle(path: Path, content: Any) -> None:
    with path.open('wb') as file:
        pickle.dump(content, file, protocol=2)


def write_database(root: Path, rng: np.random.Generator) -> None:
    """Objects that training pastes into scenes, far from those there."""
    database = {}
    for index, (name, (_, y, z, *size)) in enumerate(OBJECTS.items()):
        path = f'kitti_gt_database/0_{name}_{index}.bin'
        write_points(root / path, draw_points([0, 0, 0, *size], rng))
        database[name] = [
            dict(
                name=name,
                path=path,
                image_idx=0,
                gt_idx=index,
                box3d_lidar=np.array([30, y, z, *size], np.float32),
                num_points_in_gt=POINTS,
                difficulty=0,
                group_id=index,
                score=0.)
        ]
    write_pickle(root / 'kitti_dbinfos_train.pkl', database)


def write_kitti(root: Path, images: int, size: object,
                rng: np.random.Generator) -> None:
    """``training``, ``ImageSets``, the infos and the database.

    All splits have the same scenes; images have KITTI's size.
    """
    write_database(root, rng)
    for index in range(images):
        write_scene(root / 'training', index, rng)
    categories = {name: label for label, name in enumerate(CLASSES)}
    infos = dict(
        metainfo=dict(
            categories=categories, dataset='kitti', info_version='1.1'),
        data_list=[describe_scene(index) for index in range(images)])
    for split in ('train', 'val', 'trainval'):
        write_pickle(root / f'kitti_infos_{split}.pkl', infos)
        write_lines(root / f'ImageSets/{split}.txt',
                    [(f'{index:06d}', ) for index in range(images)])
