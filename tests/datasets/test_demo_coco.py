"""Demo data sets in COCO's format: what is drawn, how it is annotated."""
import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scalenas_mm.datasets import KINDS, DemoDigits, DemoFigures, make_demo
from scalenas_mm.datasets.coco_json import describe
from scalenas_mm.datasets.demo_folder import read_parameters
from scalenas_mm.datasets.figure_drawing import PARTS, draw_look, dress
from scalenas_mm.datasets.figure_poses import (KEYPOINTS, LENGTHS, POSES,
                                               SKELETON, draw_pose)
from scalenas_mm.datasets.figure_scenes import draw_scenes

SPECS = {
    'figures': DemoFigures(train=3, val=4),
    'digits-coco':
    DemoDigits(train=3, val=4, size=(160, 200), digit_px=(20, 120))
}
FILES = {
    'figures': 'annotations/person_keypoints_{}.json',
    'digits-coco': 'annotations/instances_{}.json'
}
COCO_KINDS = sorted(SPECS)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp('made')
    for kind, spec in SPECS.items():
        assert make_demo(out / kind, kind, spec)
    return out


@pytest.fixture(scope='module')
def scenes():
    return list(draw_scenes(DemoFigures(train=12), 'train'))


def content(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob('*') if path.is_file()
    }


def annotations(made, kind, split='val'):
    return json.loads((made / kind / FILES[kind].format(split)).read_text())


# --- What is drawn ---


def test_rods_keep_their_lengths_in_every_pose():
    rng = np.random.default_rng(0)
    rods = dict(
        upper_arm=('shoulder', 'elbow'),
        forearm=('elbow', 'wrist'),
        thigh=('hip', 'knee'),
        shin=('knee', 'ankle'))
    for _ in range(3 * len(POSES)):
        points = draw_pose(rng)
        assert set(KEYPOINTS) <= set(points)
        for rod, (start, end) in rods.items():
            for side in ('left', 'right'):
                span = points[f'{side}_{end}'] - points[f'{side}_{start}']
                assert np.linalg.norm(span) == pytest.approx(LENGTHS[rod])


def test_who_faces_the_viewer_has_the_left_side_on_the_right():
    rng = np.random.default_rng(0)
    facing = 0
    for _ in range(60):
        points = draw_pose(rng)
        shoulders = points['left_shoulder'] - points['right_shoulder']
        face = points['nose'] - points['head']
        if abs(face[2]) > .05:  # neither from the side
            facing += 1
            assert (shoulders[0] > 0) == (face[2] > 0)
    assert facing > 30


def test_masks_are_disjoint_and_keypoints_follow_them(scenes):
    shown = []
    for scene in scenes:
        masks = np.array([figure.mask for figure in scene.figures])
        assert masks.sum(0).max() == 1
        for figure in scene.figures:
            x, y, seen = figure.keypoints.T
            columns, rows = np.rint([x, y]).astype(int)
            # a wrist of half a pixel shows in no mask
            wide = cv2.dilate(figure.mask.astype(np.uint8), np.ones((3, 3)))
            assert wide[rows, columns][seen == 2].all()
            assert not figure.keypoints[seen == 0].any()
            shown += seen.tolist()
    shares = np.bincount(np.array(shown, int)) / len(shown)
    assert .01 < shares[0] < .1 < shares[1] < .25 < .7 < shares[2]


def test_a_hidden_point_is_hidden_by_another_or_by_the_figure(scenes):
    hidden = [
        not figure.mask[round(y), round(x)] for scene in scenes
        for figure in scene.figures for x, y, seen in figure.keypoints
        if seen == 1
    ]
    assert .1 < np.mean(hidden) < .9


def test_sizes_and_numbers(scenes):
    spec = DemoFigures()
    heights = [f.height for scene in scenes for f in scene.figures]
    areas = [f.mask.sum() for scene in scenes for f in scene.figures]
    sizes = np.bincount(np.searchsorted([32**2, 96**2], areas), minlength=3)
    assert spec.figure_px[0] <= min(heights) < 40
    assert 200 < max(heights) <= spec.figure_px[1]
    assert len(areas) >= 3 * len(scenes)
    assert (sizes / len(areas) > .05).all()


def swapped(name):
    """The name of a point or part in a mirror."""
    first, _, rest = name.partition('_')
    return dict(left=f'right_{rest}', right=f'left_{rest}').get(first, name)


def test_a_mirrored_figure_is_a_figure():
    """All that tells left from right is the same in a mirror: training and
    tests mirror images."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        points, look = draw_pose(rng), draw_look(rng)
        mirrored = {
            swapped(name): point * [-1, 1, 1]
            for name, point in points.items()
        }
        one = sorted((PARTS[shape.part - 1], shape.depth,
                      sorted((shape.circles * [-1, 1, 1]).tolist()),
                      shape.colour.tolist())
                     for shape in dress(points, look, 1))
        other = sorted((swapped(PARTS[shape.part - 1]), shape.depth,
                        sorted(shape.circles.tolist()), shape.colour.tolist())
                       for shape in dress(mirrored, look, 1))
        for shape, image in zip(one, other):
            assert shape[0] == image[0]
            assert shape[1] == pytest.approx(image[1])
            assert np.array(shape[2]) == pytest.approx(np.array(image[2]))
            assert shape[3] == pytest.approx(image[3])


def test_more_images_keep_the_first(scenes):
    few = list(draw_scenes(DemoFigures(train=2), 'train'))
    for one, other in zip(few, scenes):
        assert np.array_equal(one.image, other.image)


# --- Annotations ---


def test_polygons_fill_exactly_the_mask():
    """Blobs with holes, in parts, at the border; against pycocotools."""
    mask_tools = pytest.importorskip('pycocotools.mask')
    rng = np.random.default_rng(0)
    for _ in range(20):
        noise = cv2.GaussianBlur(rng.normal(size=(60, 80)), (0, 0), 2)
        mask = noise > rng.uniform(-.1, .1)
        found = describe(mask)
        codes = mask_tools.frPyObjects(found['segmentation'], *mask.shape)
        merged = mask_tools.merge(codes)
        assert np.array_equal(mask_tools.decode(merged), mask)
        assert found['area'] == mask.sum() == mask_tools.area(merged)
        assert found['bbox'] == mask_tools.toBbox(merged).tolist()


@pytest.mark.parametrize('kind', COCO_KINDS)
def test_annotations_are_complete(made, kind):
    mask_tools = pytest.importorskip('pycocotools.mask')
    file = annotations(made, kind)
    images = {image['id']: image for image in file['images']}
    assert len(images) == 4
    for image in images.values():
        path = made / kind / 'images/val' / image['file_name']
        assert cv2.imread(str(path)).shape[:2] == (image['height'],
                                                   image['width'])
    categories = {category['id'] for category in file['categories']}
    ids = [annotation['id'] for annotation in file['annotations']]
    assert len(set(ids)) == len(ids) > 8
    for annotation in file['annotations']:
        image = images[annotation['image_id']]
        codes = mask_tools.frPyObjects(annotation['segmentation'],
                                       image['height'], image['width'])
        merged = mask_tools.merge(codes)
        assert annotation['area'] == mask_tools.area(merged) > 0
        assert annotation['bbox'] == mask_tools.toBbox(merged).tolist()
        assert annotation['iscrowd'] == 0
        assert annotation['category_id'] in categories


def test_keypoints_are_annotated_as_in_coco(made):
    metainfo = pytest.importorskip('mmengine.config').Config
    mmpose = pytest.importorskip('mmpose')
    coco = metainfo.fromfile(
        Path(mmpose.__file__).parent /
        '.mim/configs/_base_/datasets/coco.py').dataset_info
    names = [coco['keypoint_info'][i]['name'] for i in range(17)]
    links = [
        tuple(names.index(name) + 1 for name in link['link'])
        for link in coco['skeleton_info'].values()
    ]
    assert names == list(KEYPOINTS) and links == list(SKELETON)
    file = annotations(made, 'figures')
    assert file['categories'][0]['keypoints'] == names
    for annotation in file['annotations']:
        seen = annotation['keypoints'][2::3]
        assert len(annotation['keypoints']) == 51 and set(seen) <= {0, 1, 2}
        assert annotation['num_keypoints'] == sum(map(bool, seen))


def perfect(annotation):
    keys = ('image_id', 'category_id', 'bbox', 'keypoints', 'segmentation')
    return dict(
        score=1.,
        **{key: annotation[key]
           for key in keys if key in annotation})


@pytest.mark.parametrize('library, kind, task', [
    ('pycocotools', 'figures', 'keypoints'),
    ('xtcocotools', 'figures', 'keypoints'),
    ('pycocotools', 'figures', 'bbox'),
    ('pycocotools', 'digits-coco', 'bbox'),
    ('pycocotools', 'digits-coco', 'segm'),
])
def test_the_truth_as_predictions_has_no_error(made, library, kind, task):
    coco = pytest.importorskip(f'{library}.coco')
    evaluation = pytest.importorskip(f'{library}.cocoeval')
    path = made / kind / FILES[kind].format('val')
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO(str(path))
        results = [perfect(a) for a in truth.dataset['annotations']]
        for result in results:
            if task == 'segm':
                del result['bbox']  # pycocotools takes what comes first
                result['segmentation'] = truth.annToRLE(result)
            elif task == 'keypoints':
                del result['segmentation'], result['bbox']
        evaluator = evaluation.COCOeval(truth, truth.loadRes(results), task)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    # AP, and of each size; COCO has no small people with keypoints
    assert evaluator.stats[0] == pytest.approx(1)
    areas = [a['area'] for a in truth.dataset['annotations']]
    there = {0, 1, 2} & set(np.searchsorted([32**2, 96**2], areas))
    first = 2 if task == 'keypoints' else 3
    for size in there - ({0} if task == 'keypoints' else set()):
        assert evaluator.stats[first + size] == pytest.approx(1)


# --- What the task libraries make of it ---


def build(scope, settings):
    pytest.importorskip(scope)
    from mmengine.registry import DATASETS, DefaultScope
    with DefaultScope.overwrite_default_scope(scope):
        return DATASETS.build(settings)


def test_mmpose_reads_it(made):
    folder, file = made / 'figures', annotations(made, 'figures')
    settings = dict(
        type='CocoDataset',
        data_root=str(folder),
        ann_file=FILES['figures'].format('val'),
        data_prefix=dict(img='images/val/'))
    codec = dict(
        type='MSRAHeatmap',
        input_size=(96, 128),
        heatmap_size=(24, 32),
        sigma=2)
    topdown = build(
        'mmpose',
        dict(
            settings,
            pipeline=[
                dict(type='LoadImage'),
                dict(type='GetBBoxCenterScale'),
                dict(type='TopdownAffine', input_size=(96, 128)),
                dict(type='GenerateTarget', encoder=codec),
                dict(type='PackPoseInputs')
            ]))
    assert len(topdown) == len(file['annotations'])
    sample = topdown[0]
    assert sample['inputs'].shape == (3, 128, 96)
    assert sample['data_samples'].gt_fields.heatmaps.shape == (17, 32, 24)
    bottomup = build(
        'mmpose',
        dict(
            settings,
            data_mode='bottomup',
            pipeline=[
                dict(type='LoadImage'),
                dict(type='BottomupRandomAffine', input_size=(256, 256)),
                dict(type='BottomupGetHeatmapMask')
            ]))
    assert len(bottomup) == len(file['images'])
    assert bottomup[0]['img'].shape == (256, 256, 3)


@pytest.mark.parametrize('kind, classes',
                         [('figures', ('person', )),
                          ('digits-coco', tuple('0123456789'))])
def test_mmdet_reads_it(made, kind, classes):
    dataset = build(
        'mmdet',
        dict(
            type='CocoDataset',
            data_root=str(made / kind),
            ann_file=FILES[kind].format('val'),
            data_prefix=dict(img='images/val/'),
            metainfo=dict(classes=classes),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
                dict(type='PackDetInputs')
            ]))
    file = annotations(made, kind)
    assert len(dataset) == len(file['images'])
    found = 0
    for sample in dataset:
        truth = sample['data_samples'].gt_instances
        found += len(truth)
        areas = truth.masks.to_ndarray().sum((1, 2))
        assert (areas > 0).all()
        assert truth.labels.max() < len(classes)
    assert found == len(file['annotations'])


# --- The folder ---


@pytest.mark.parametrize('kind', COCO_KINDS)
def test_same_seed_same_bytes(made, tmp_path, kind):
    spec = SPECS[kind]
    assert not make_demo(made / kind, kind, spec)
    assert make_demo(tmp_path / 'again', kind, spec)
    assert content(tmp_path / 'again') == content(made / kind)
    with pytest.raises(FileExistsError, match='other parameters'):
        make_demo(made / kind, kind, replace(spec, seed=1))


def test_kinds_are_told_apart(tmp_path):
    """The digits of either kind have the same parameters."""
    out, spec = tmp_path / 'demo', DemoDigits(train=1, val=1, size=(48, 64))
    assert make_demo(out, 'digits', spec)
    with pytest.raises(FileExistsError, match='other parameters'):
        make_demo(out, 'digits-coco', spec)
    assert make_demo(out, 'digits-coco', spec, force=True)
    assert read_parameters(out, KINDS['digits']) is None
    assert not make_demo(out, 'digits-coco', spec)
    assert [path.name for path in tmp_path.iterdir()] == ['demo']


def test_half_made_folder_is_made_anew(made, tmp_path):
    out = tmp_path / 'demo'
    make_demo(out, 'figures', SPECS['figures'])
    (out / 'annotations/person_keypoints_val.json').unlink()
    assert make_demo(out, 'figures', SPECS['figures'])
    (out / 'demo.json').unlink()
    assert make_demo(out, 'figures', SPECS['figures'])
    assert content(out) == content(made / 'figures')


def test_annotations_of_others_are_never_lost(tmp_path):
    """Their file has the name that ours has."""
    file = tmp_path / 'demo/annotations/person_keypoints_train.json'
    file.parent.mkdir(parents=True)
    file.write_text('{"info": {}, "images": [], "annotations": []}')
    with pytest.raises(FileExistsError, match='not empty'):
        make_demo(tmp_path / 'demo', 'figures', SPECS['figures'])
    assert file.exists()


def test_failure_leaves_nothing(tmp_path):

    def stop(number, total):
        assert total == 7
        if number == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path / 'demo', 'figures', SPECS['figures'], report=stop)
    assert not list(tmp_path.iterdir())


def test_unknown_kind(tmp_path):
    with pytest.raises(ValueError, match='figures, videos, got cats'):
        make_demo(tmp_path, 'cats')
