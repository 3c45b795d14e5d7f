"""Augmentation, targets and masks of projects/higherhrnet.

Golden data come from the released code; what it cannot do (a crowd of more
than 30, images of nobody) runs here from annotation files.
"""
import copy
import json

import cv2
import numpy as np
import pytest

from scalenas_mm.spaces import SettingError

pytest.importorskip('mmpose')
FLIP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


@pytest.fixture(scope='module')
def project():
    import projects.higherhrnet.higherhrnet as module
    return module


@pytest.fixture(scope='module')
def golden(shared_data):
    """What the released code gives, by file."""
    folder = shared_data / 'higherhrnet'
    return (np.load(folder / 'targets.npz'),
            np.load(folder / 'augmentation.npz'),
            json.loads((folder / 'targets_losses.json').read_text()))


def encode(project, joints, size, **options):
    codec = project.HigherResolutionHeatmaps((size, size), [(size, size)],
                                             **options)
    encoded = codec.encode(joints[..., :2], joints[..., 2])
    return encoded['heatmaps'][0], encoded['keypoint_indices'][:, 0]


@pytest.mark.parametrize('size, sigma', [(16, 2), (32, 2), (64, -1)])
def test_targets_are_the_released_ones(size, sigma, project, golden):
    """Borders, overlaps, hidden joints and a deviation of size / 64."""
    targets = golden[0]
    heatmaps, indices = encode(
        project,
        targets[f'joints_res{size}'],
        size,
        sigma=sigma if sigma > 0 else None)
    np.testing.assert_array_equal(heatmaps,
                                  targets[f'heatmaps_res{size}_sigma{sigma}'])
    for kind, offset in ('perjoint', size**2), ('shared', 0):
        ours = [[
            joint * offset + pixel
            for joint, (pixel, there) in enumerate(person) if there
        ] for person in indices]
        released = [
            sorted(pixel for pixel, there in person if there)
            for person in targets[f'tagjoints_res{size}_{kind}']
        ]
        assert [sorted(row) for row in ours] == released[:len(ours)]


def naive_heatmaps(joints, size, sigma):
    """A Gaussian after the other, pixel by pixel."""
    radius = int(3 * sigma + 1)
    maps = np.zeros((joints.shape[1], size, size), np.float32)
    for person in joints:
        for joint, (x, y, visible) in enumerate(person):
            x, y = int(x), int(y)
            if not visible or not (0 <= x < size and 0 <= y < size):
                continue
            for v in range(max(y - radius, 0), min(y + radius + 1, size)):
                for u in range(max(x - radius, 0), min(x + radius + 1, size)):
                    square = (u - x)**2 + (v - y)**2
                    maps[joint, v,
                         u] = max(maps[joint, v, u],
                                  np.float32(np.exp(-square / (2 * sigma**2))))
    return maps


@pytest.mark.parametrize('sigma', [1, 1.7, 2])
def test_heatmaps_of_a_crowd(sigma, project):
    rng = np.random.default_rng(0)
    joints = rng.uniform(-6, 38, (50, 4, 3))
    joints[..., 2] = rng.integers(0, 3, (50, 4))
    heatmaps, _ = encode(project, joints, 32, sigma=sigma)
    np.testing.assert_array_equal(heatmaps, naive_heatmaps(joints, 32, sigma))


@pytest.mark.parametrize('limit, people', [(None, 31), (30, 30), (1, 1)])
def test_more_people_than_the_released_code_has_room_for(
        limit, people, project, golden):
    """It stops at the 31st with an error."""
    assert 'IndexError' in golden[2]['more_people_than_max']
    joints = np.full((32, 17, 3), 5.0)
    joints[0, :, 2] = 0  # nobody counts without a joint
    heatmaps, indices = encode(project, joints, 16, max_people=limit)
    assert indices[..., 1].any(1).sum() == people
    assert not indices[0].any() and indices[1, :, 1].all()
    assert (heatmaps[:, 5, 5] == 1).all()


def test_the_centre_of_a_person_is_a_joint(project):
    """The mean of the joints that are labelled, mirrored or not."""
    joints = np.zeros((3, 4, 3))
    joints[0, :3] = [2, 2, 1], [4, 8, 2], [9, 5, 1]  # and 0, 0, not labelled
    joints[1, 1] = 40, 0, 1  # outside, and so is its centre
    heatmaps, indices = encode(project, joints, 16, with_center=True)
    assert heatmaps.shape[0] == indices.shape[1] == 5
    assert indices[0, 4].tolist() == [5 * 16 + 5, 1]
    assert not indices[1:].any()
    assert heatmaps[4, 5, 5] == (heatmaps[4] == 1).sum() == 1
    joints[..., 0] = 15 - joints[..., 0]
    codec = project.HigherResolutionHeatmaps((16, 16), [(16, 16)],
                                             with_center=True)
    mirrored = codec.encode(joints[..., :2], joints[..., 2], 'horizontal')
    np.testing.assert_array_equal(mirrored['heatmaps'][0][4],
                                  heatmaps[4, :, ::-1])


@pytest.mark.parametrize(
    'joints', [
        np.zeros((0, 17, 3)),
        np.full((2, 17, 3), np.nan),
        np.full((2, 17, 3), 1e30),
    ],
    ids=['nobody', 'nan', 'far'])
def test_nothing_to_draw(joints, project):
    with np.errstate(invalid='ignore'):
        heatmaps, indices = encode(project, joints, 16)
    assert heatmaps.shape == (17, 16, 16) and not heatmaps.any()
    assert indices.shape == (len(joints), 17, 2) and not indices.any()


@pytest.mark.parametrize('options, message', [
    (dict(sigma=0), 'sigma: expected a number above 0'),
    (dict(max_people=0), 'max_people: expected at least 1'),
])
def test_wrong_settings(options, message, project):
    with pytest.raises(SettingError, match=message):
        encode(project, np.zeros((1, 17, 3)), 16, **options)
    with pytest.raises(SettingError, match='equal width and height'):
        project.HigherHRNetAffine((64, 32))
    with pytest.raises(SettingError, match='short or long'):
        project.HigherHRNetAffine((64, 64), scale_type='any')


def augmented(project, golden, number, flip):
    """One of the released cases, with targets and masks of 16 and 32."""
    from mmpose.datasets.transforms import GenerateTarget, RandomFlip
    _, data, report = golden
    case = report['augmentation_cases'][number]
    np.random.seed(case['np_random_seed'])
    affine = project.HigherHRNetAffine((64, 64),
                                       scale_type=case['scale_type'],
                                       translation=case['max_translate'])
    results = affine(
        dict(
            img=data['image'],
            img_shape=(60, 80),
            keypoints=data['joints'][..., :2],
            keypoints_visible=data['joints'][..., 2],
            flip_indices=FLIP))
    np.testing.assert_allclose(
        results['warp_mat'], case['mat_input'], rtol=0, atol=1e-12)
    results = RandomFlip(prob=float(flip))(results)
    codec = dict(
        type='HigherResolutionHeatmaps',
        input_size=(64, 64),
        heatmap_sizes=[(16, 16), (32, 32)])
    return GenerateTarget(codec)(results), data, f'c{number}_' + ('flip_' if
                                                                  flip else '')


@pytest.mark.parametrize('number, flip', [(0, 0), (1, 0), (1, 1), (2, 0),
                                          (3, 0)])
def test_augmentation_is_the_released_one(number, flip, project, golden,
                                          monkeypatch):
    """Image, masks and targets, from the same seed of numpy."""
    results, data, prefix = augmented(project, golden, number, flip)
    np.testing.assert_array_equal(results['img'], data[f'{prefix}image'])
    monkeypatch.setattr(project.HeatmapMasks, '_judged',
                        lambda self, results: data['mask'])
    results = project.HeatmapMasks()(results)
    for i, size in enumerate((16, 32)):
        np.testing.assert_array_equal(results['heatmap_mask'][i][0],
                                      data[f'{prefix}mask{size}'] > 0)
        heatmaps, indices = encode(project, data[f'{prefix}joints{size}'],
                                   size)
        np.testing.assert_array_equal(results['heatmaps'][i], heatmaps)
        np.testing.assert_array_equal(results['keypoint_indices'][:, i],
                                      indices)


def test_boxes_and_areas_follow_the_image(project):
    """A white rectangle and its box; the areas of a quarter turn."""
    image = np.zeros((60, 60, 3), np.uint8)
    image[20:30, 10:40] = 255
    results = project.HigherHRNetAffine(
        (120, 120), (1, 1), rotation=0, translation=0)(
            dict(
                img=image,
                img_shape=(60, 60),
                flip_indices=FLIP,
                bbox=np.array([[10, 20, 40, 30]], np.float32),
                area=[300.]))
    x1, y1, x2, y2 = results['bbox'][0]
    assert (x1, y1, x2, y2) == (20, 40, 80, 60)
    assert results['area'] == pytest.approx([1200])
    assert results['img'][41:59, 21:79].min() == 255
    assert results['img'][:38].max() == results['img'][:, 82:].max() == 0


# --- from annotation files

SIZE = 64


def person(number, image, points, **more):
    """An annotation; ``points`` are ``(17, 3)``."""
    points = np.asarray(points, float).reshape(17, 3)
    return dict(
        id=number,
        image_id=image,
        category_id=1,
        bbox=[10, 10, 30, 40],
        area=1200.0,
        iscrowd=0,
        keypoints=points.ravel().tolist(),
        num_keypoints=int((points[:, 2] > 0).sum()),
        segmentation=[[10, 10, 40, 10, 40, 50, 10, 50]]) | more


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Four images: two people and a crowd; 40 people; a person without
    joints; nobody."""
    root = tmp_path_factory.mktemp('coco')
    rng = np.random.default_rng(0)
    for number in range(1, 5):
        cv2.imwrite(f'{root}/{number}.png',
                    rng.integers(0, 256, (80, 100, 3), np.uint8))
    nothing = np.zeros((17, 3))

    def joints():
        points = rng.uniform(5, 75, (17, 3))
        points[:, 2] = rng.integers(0, 3, 17)
        return points

    mask = np.zeros((80, 100), np.uint8)
    mask[50:, 60:] = 1
    runs = np.flatnonzero(np.diff(mask.T.ravel(), prepend=2)).tolist()
    counts = np.diff([*runs, mask.size]).tolist()
    people = [
        person(1, 1, joints()),
        person(2, 1, joints()),
        person(
            3,
            1,
            nothing,
            iscrowd=1,
            segmentation=dict(size=[80, 100], counts=counts))
    ]
    people += [person(10 + i, 2, joints()) for i in range(40)]
    people += [person(60, 3, nothing)]
    images = [
        dict(id=i, file_name=f'{i}.png', width=100, height=80)
        for i in range(1, 5)
    ]
    (root / 'people.json').write_text(
        json.dumps(
            dict(
                images=images,
                annotations=people,
                categories=[dict(id=1, name='person')])))
    return root


def dataset(files, steps, test_mode=False):
    from mmengine.registry import DATASETS
    return DATASETS.build(
        dict(
            type='mmpose.CocoDataset',
            data_root=str(files),
            ann_file='people.json',
            data_prefix=dict(img=''),
            data_mode='bottomup',
            test_mode=test_mode,
            pipeline=steps))


def training(affine=dict(type='mmpose.HigherHRNetAffine')):
    """The pipeline of the configs."""
    return [
        dict(type='mmpose.LoadImage'),
        dict(affine, input_size=(SIZE, SIZE)),
        dict(type='mmpose.RandomFlip', direction='horizontal', prob=0.5),
        dict(
            type='mmpose.GenerateTarget',
            encoder=dict(
                type='HigherResolutionHeatmaps',
                input_size=(SIZE, SIZE),
                heatmap_sizes=[(16, 16), (32, 32)])),
        dict(type='mmpose.HeatmapMasks'),
        dict(type='mmpose.PackPoseInputs')
    ]


AFFINES = [
    dict(type='mmpose.HigherHRNetAffine'),
    dict(type='mmpose.BottomupRandomAffine')
]


@pytest.mark.parametrize('affine', AFFINES, ids=lambda affine: affine['type'])
def test_from_files_to_a_loss(affine, files, project):
    """Also with mmpose's augmentation."""
    import torch
    people = dataset(files, training(affine))
    np.random.seed(0)
    samples = [people[i] for i in range(len(people))]
    assert len(samples) == 3  # nobody is no training image
    head = project.HigherResolutionHead(8, 17)
    losses = head.loss((torch.rand(3, 8, 16, 16), ),
                       [one['data_samples'] for one in samples])
    assert all(loss.isfinite() for loss in losses.values())
    assert set(losses) == {
        'loss_heatmap_0', 'loss_heatmap_1', 'loss_pull_0', 'loss_push_0'
    }
    numbers = []
    for one in samples:
        assert one['inputs'].shape == (3, SIZE, SIZE)
        indices = one['data_samples'].gt_instance_labels.keypoint_indices
        assert indices.shape[1:] == (2, 17, 2)
        numbers.append(int(indices[:, 0, :, 1].any(1).sum()))
    assert numbers[1] > 30 and numbers[2] == 0


def test_what_is_masked(files):
    """Crowds, people without joints and what is not in the image."""
    still = dict(
        type='mmpose.HigherHRNetAffine',
        scale_factor=(1, 1),
        scale_type='long',
        rotation=0,
        translation=0)
    steps = training(still)
    steps[2]['prob'] = 0.
    people = dataset(files, steps)
    masks = [
        people[i]['data_samples'].gt_fields.heatmap_mask[1][0].numpy()
        for i in range(3)
    ]
    # 100 x 80 pixels in 32 x 32: x -> 0.32 x, y -> 0.32 y + 3.2
    inside = np.zeros((32, 32), bool)
    inside[4:28] = True
    expected = inside.copy()
    expected[20:, 20:] = False  # from 50, 60
    agree = [(masks[0] == expected).mean(), (masks[1] == inside).mean()]
    expected = inside.copy()
    expected[7:20, 4:13] = False  # from 10, 10 to 50, 40
    agree.append((masks[2] == expected).mean())
    assert min(agree) > 0.95  # borders are fractions of pixels
    assert not masks[0][24, 28] and masks[1][24, 28]
    assert not masks[2][10, 8] and masks[1][10, 8]


def test_an_image_of_nobody_is_background(files, project):
    """Data sets that keep such images train on them."""
    from mmcv.transforms import Compose
    from mmpose.registry import TRANSFORMS
    people = dataset(files, [], test_mode=True)
    data = people.get_data_info(3)
    assert 'keypoints' not in data
    steps = Compose([TRANSFORMS.build(copy.deepcopy(s)) for s in training()])
    sample = steps(data)['data_samples']
    fields, labels = sample.gt_fields, sample.gt_instance_labels
    assert labels.keypoint_indices.shape == (0, 2, 17, 2)
    assert not fields.heatmaps[0].any() and fields.heatmap_mask[0].any()
