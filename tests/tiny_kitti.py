"""Two scenes in the format of mmdet3d's KITTI: points, infos, a database of
objects. For tests of configs."""
from pathlib import Path

import mmengine
import numpy as np

# class -> label, box in the lidar's frame: x, y, z of the bottom, length,
# width, height, yaw
OBJECTS = {
    'Pedestrian': (0, [10, -4, -1.7, 0.8, 0.6, 1.73, 0]),
    'Cyclist': (1, [14, 6, -1.7, 1.76, 0.6, 1.73, 0.3]),
    'Car': (2, [15, 0, -1.7, 3.9, 1.6, 1.56, 0]),
}
# the camera looks along the lidar's x
LIDAR2CAM = [[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
CAM2IMG = [[700, 0, 620, 0], [0, 700, 190, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
GROUND = [0, -1, 0, 1.7]


def _points_in(box: list, num: int, rng: np.random.Generator) -> np.ndarray:
    """``(num, 4)`` around the bottom of an unturned box."""
    x, y, z, length, width, height, _ = box
    unit = rng.random((num, 4)) - [0.5, 0.5, 0, 0]
    return (unit * [length, width, height, 1]).astype(np.float32)


def _instance(index: int, name: str) -> dict:
    label, (x, y, z, length, width, height, yaw) = OBJECTS[name]
    return dict(
        bbox=[500., 150., 700., 250.],
        bbox_label=label,
        bbox_label_3d=label,
        bbox_3d=[-y, -z, x, length, height, width, -yaw - np.pi / 2],
        truncated=0.,
        occluded=0,
        alpha=0.,
        score=0.,
        index=index,
        group_id=index,
        difficulty=0,
        num_lidar_pts=60)


def _info(index: int) -> dict:
    camera = dict(
        img_path=f'{index:06d}.png',
        height=375,
        width=1242,
        cam2img=CAM2IMG,
        lidar2cam=LIDAR2CAM,
        lidar2img=(np.array(CAM2IMG) @ LIDAR2CAM).tolist())
    return dict(
        sample_idx=index,
        images=dict(CAM2=camera, R0_rect=np.eye(4).tolist()),
        lidar_points=dict(
            num_pts_feats=4,
            lidar_path=f'{index:06d}.bin',
            Tr_velo_to_cam=LIDAR2CAM),
        instances=[_instance(i, name) for i, name in enumerate(OBJECTS)],
        plane=GROUND)


def _write_points(path: Path, points: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    points.astype(np.float32).tofile(path)


def write_kitti(root: Path) -> None:
    """Write two scenes, which serve for training and for validation."""
    rng = np.random.default_rng(0)
    database = {}
    for name, (_, box) in OBJECTS.items():
        path = f'kitti_gt_database/{name}.bin'
        _write_points(root / path, _points_in(box, 60, rng))
        there = [30, *box[1:]]  # far from the one in the scene
        database[name] = [
            dict(
                name=name,
                path=path,
                box3d_lidar=np.array(there, np.float32),
                num_points_in_gt=60,
                difficulty=0)
        ]
    mmengine.dump(database, root / 'kitti_dbinfos_train.pkl')
    for index in range(2):
        field = rng.random((2000, 4)) * [60, 60, 2, 1] - [0, 30, 1.8, 0]
        objects = [
            _points_in(box, 60, rng) + [*box[:3], 0]
            for _, box in OBJECTS.values()
        ]
        _write_points(root / f'training/velodyne_reduced/{index:06d}.bin',
                      np.concatenate([field, *objects]))
    infos = dict(
        metainfo=dict(
            categories={
                name: label
                for name, (label, _) in OBJECTS.items()
            },
            dataset='kitti'),
        data_list=[_info(index) for index in range(2)])
    for split in ('train', 'val'):
        mmengine.dump(infos, root / f'kitti_infos_{split}.pkl')
