"""Tiny data sets are read by the configs of the task libraries as they are."""
import importlib.util
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import scalenas_mm.registry  # noqa: F401  (for what mmdet3d lacks)
from scalenas_mm.datasets import FORMATS, make_tiny
from scalenas_mm.datasets.tiny_pose import COCO_IDS, COCO_THINGS

TOOL = Path(__file__).resolve().parents[2] / (
    'tools/dataset_converters/make_tiny.py')
POSE = 'body_2d_keypoint/topdown_heatmap/{0}/td-hm_hrnet-w32_8xb64-210e_{1}.py'
BASE = '_base_/datasets/{}.py'
# format -> its folder
FOLDERS = dict(
    coco='data/coco',
    crowdpose='data/crowdpose',
    mpii='data/mpii',
    cityscapes='data/cityscapes',
    ade20k='data/ade/ADEChallengeData2016',
    voc='data/VOCdevkit/VOC2012',
    kitti='data/kitti',
    imagenet='data/imagenet')
CONFIGS = [
    ('coco', 'mmpose', POSE.format('coco', 'coco-256x192')),
    ('coco', 'mmpose', 'body_2d_keypoint/dekr/coco/'
     'dekr_hrnet-w32_8xb10-140e_coco-512x512.py'),
    ('coco', 'mmdet', BASE.format('coco_instance')),
    ('crowdpose', 'mmpose', POSE.format('crowdpose', 'crowdpose-256x192')),
    ('mpii', 'mmpose', POSE.format('mpii', 'mpii-256x256')),
    ('cityscapes', 'mmseg', BASE.format('cityscapes')),
    ('ade20k', 'mmseg', BASE.format('ade20k')),
    ('voc', 'mmseg', BASE.format('pascal_voc12_aug')),
    ('kitti', 'mmdet3d', BASE.format('kitti-3d-3class')),
    ('imagenet', 'mmpretrain', BASE.format('imagenet_bs32')),
]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('tiny')
    for name, folder in FOLDERS.items():
        make_tiny(name, root / folder)
    return root


def shipped(library, name):
    """A config of a task library, unchanged."""
    from mmengine.config import Config
    package = pytest.importorskip(library)
    return Config.fromfile(
        Path(package.__file__).parent / '.mim/configs' / name)


def build(registry, library, settings):
    import mmengine.registry
    scope = mmengine.registry.DefaultScope
    import_module(f'{library}.utils').register_all_modules(False)
    with scope.overwrite_default_scope(library):
        return getattr(mmengine.registry, registry).build(settings)


def without_compiled(settings):
    """Loops of these steps take long to compile; tests of configs run them.
    """
    settings['pipeline'] = [
        step for step in settings['pipeline']
        if step['type'] not in ('ObjectSample', 'ObjectNoise')
    ]


@pytest.mark.parametrize('name, library, config', CONFIGS)
def test_the_librarys_own_config_reads_it(made, monkeypatch, name, library,
                                          config):
    """Every sample of both splits goes through the pipelines."""
    monkeypatch.chdir(made)
    config = shipped(library, config)
    for part in ('train', 'val'):
        settings = config[f'{part}_dataloader'].dataset
        if name == 'kitti':
            without_compiled(settings.get('dataset', settings))
        dataset = build('DATASETS', library, settings)
        assert len(dataset) >= 2
        for index in range(min(len(dataset), 4)):
            sample = dataset[index]
            assert len(sample['inputs']) and 'data_samples' in sample


def evaluate(made, monkeypatch, library, config, predict):
    """The library's metrics of predictions from the truth."""
    monkeypatch.chdir(made)
    config = shipped(library, config)
    settings = config.val_dataloader.dataset
    settings.pop('bbox_file', None)  # the true boxes
    dataset = build('DATASETS', library, settings)
    metric = build('METRICS', library, config.val_evaluator)
    metric.dataset_meta = dataset.metainfo
    samples = []
    for index in range(len(dataset)):
        sample = dataset[index]['data_samples']
        predict(sample)
        samples.append(sample.to_dict())
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def predict_pose(sample):
    truth = sample.gt_instances
    sample.pred_instances = truth.clone()
    sample.pred_instances.keypoint_scores = np.ones(truth.keypoints.shape[:2])


def predict_boxes(sample):
    import torch
    truth = sample.gt_instances
    truth = truth.new(
        bboxes=truth.bboxes.tensor,
        labels=truth.labels,
        scores=torch.ones(len(truth)),
        masks=torch.from_numpy(truth.masks.to_ndarray()).bool())
    sample.pred_instances = truth


def test_people_of_crowdpose_are_easy_medium_and_hard(made, monkeypatch):
    found = evaluate(made, monkeypatch, 'mmpose',
                     POSE.format('crowdpose', 'crowdpose-256x192'),
                     predict_pose)
    for metric in ('AP', 'AP(E)', 'AP(M)', 'AP(H)'):
        assert found[f'crowdpose/{metric}'] == pytest.approx(1)


def test_pckh_of_mpii(made, monkeypatch):
    found = evaluate(made, monkeypatch, 'mmpose',
                     POSE.format('mpii', 'mpii-256x256'), predict_pose)
    assert found['PCK'] == pytest.approx(100)


def test_keypoints_of_coco(made, monkeypatch):
    found = evaluate(made, monkeypatch, 'mmpose',
                     POSE.format('coco', 'coco-256x192'), predict_pose)
    assert found['coco/AP'] == pytest.approx(1)


def test_categories_are_cocos(made):
    datasets = pytest.importorskip('mmdet.datasets')
    assert tuple(COCO_THINGS) == datasets.CocoDataset.METAINFO['classes']
    # known ones behind the gaps
    numbers = dict(zip(COCO_THINGS, COCO_IDS))
    assert (numbers['stop sign'], numbers['dining table'],
            numbers['toothbrush']) == (13, 67, 90)


def test_points_lie_in_the_boxes_of_kitti(made, monkeypatch):
    monkeypatch.chdir(made)
    config = shipped('mmdet3d', BASE.format('kitti-3d-3class'))
    dataset = build('DATASETS', 'mmdet3d',
                    config.train_dataloader.dataset.dataset)
    info = dataset.get_data_info(0)
    points = np.fromfile(info['lidar_points']['lidar_path'],
                         np.float32).reshape(-1, 4)
    for box in info['ann_info']['gt_bboxes_3d'].tensor.numpy():
        turn = [np.cos(box[6]), np.sin(box[6])]
        x, y = np.array([turn, [-turn[1], turn[0]]
                         ]) @ (points[:, :2] - box[:2]).T
        inside = (abs(x) <= box[3] / 2) & (abs(y) <= box[4] / 2)
        inside &= abs(points[:, 2] - box[2] - box[5] / 2) <= box[5] / 2 + 1e-4
        # of 60 points, and some of the ground
        assert 60 <= inside.sum() < 70


def test_infos_are_those_of_mmdet3ds_converter(made, tmp_path, capsys):
    """From the raw files: all that its infos say, with the same values."""
    package = Path(pytest.importorskip('mmdet3d').__file__).parent
    folder = package / '.mim/tools/dataset_converters'
    mmengine = pytest.importorskip('mmengine')
    collect = load_module(folder / 'kitti_data_utils.py')
    update = load_module(folder / 'update_infos_to_v2.py')
    root = made / 'data/kitti'
    infos = list(
        collect.get_kitti_image_info(
            str(root),
            velodyne=True,
            calib=True,
            with_plane=True,
            image_ids=[0, 1]))
    for info in infos:
        info['annos']['num_points_in_gt'] = np.full(3, 60)
    mmengine.dump(infos, tmp_path / 'infos.pkl')
    update.update_kitti_infos(str(tmp_path / 'infos.pkl'), str(made))
    expected = mmengine.load(made / 'infos.pkl')
    found = mmengine.load(root / 'kitti_infos_train.pkl')
    assert found['metainfo'] == expected['metainfo']
    for info, other in zip(found['data_list'], expected['data_list']):
        del other['cam_instances']  # of detection in images
        other['plane'] = other['plane'].tolist()
        same(info, other)


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(one, other):
    """Assert that nested values are equal."""
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in other:
            same(one[key], other[key])
    elif isinstance(other, list) and not isinstance(other[0], float):
        assert len(one) == len(other)
        for item, value in zip(one, other):
            same(item, value)
    elif isinstance(other, str):
        assert one == other
    else:
        assert one == pytest.approx(other, abs=1e-4)  # float32


def test_same_seed_same_bytes(made, tmp_path):
    for name in ('coco', 'crowdpose', 'voc', 'kitti'):
        again = make_tiny(name, tmp_path / name)
        for path in filter(Path.is_file, again.rglob('*')):
            other = made / FOLDERS[name] / path.relative_to(again)
            assert path.read_bytes() == other.read_bytes()


def test_nothing_is_overwritten(made, tmp_path):
    with pytest.raises(FileExistsError, match='is not empty'):
        make_tiny('voc', made / 'data')
    (tmp_path / 'empty').mkdir()
    assert make_tiny('imagenet', tmp_path / 'empty').is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ['empty']


@pytest.mark.parametrize('values, message', [
    (dict(format='kiti'), 'format must be one of coco, .*, got kiti'),
    (dict(images=0), 'images must be at least 1, got 0'),
    (dict(size=(8, 96)), 'at least 32 pixels, got 8 and 96'),
])
def test_parameters_are_checked(tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        make_tiny(**dict(dict(format='voc', out=tmp_path), **values))


def test_tool(tmp_path):
    done = subprocess.run(
        [sys.executable, TOOL, 'cityscapes', tmp_path / 'city'],
        env=dict(PYTHONPATH=str(TOOL.parents[2])),
        capture_output=True,
        text=True)
    assert 'made a tiny cityscapes of 8 files' in done.stdout
    usage = subprocess.run([sys.executable, TOOL, '--help'],
                           capture_output=True,
                           text=True).stdout
    assert '{' + ','.join(FORMATS) + '}' in usage
