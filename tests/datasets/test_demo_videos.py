"""The demo data set of videos: how it moves, how it is stored."""
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scalenas_mm.datasets import KINDS, DemoVideos, make_demo
from scalenas_mm.datasets.demo_folder import read_parameters
from scalenas_mm.datasets.figure_motion import ACTIONS, Motion
from scalenas_mm.datasets.figure_motion import Path as Way
from scalenas_mm.datasets.figure_motion import draw_motion, interpolate
from scalenas_mm.datasets.figure_poses import LENGTHS, Pose, take_pose
from scalenas_mm.datasets.video_film import (KEYPOINTS, MOST_PICTURES,
                                             count_pictures, film)
from scalenas_mm.datasets.video_scenes import Figure, draw_scenes

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/dataset_converters/make_video_demo.py'
SPEC = DemoVideos(train=2, val=3, frames=5, clips=2)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp('made') / 'demo'
    assert make_demo(out, 'videos', SPEC)
    return out


@pytest.fixture(scope='module')
def films():
    """Scenes, and their frames."""
    scenes = draw_scenes(replace(SPEC, train=8), 'train')
    return [(scene, list(film(scene, 6))) for scene in scenes]


def content(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob('*') if path.is_file()
    }


def annotations(made, split='val'):
    path = made / f'annotations/posetrack18_{split}.json'
    return json.loads(path.read_text())


def figures_of(scene):
    return [actor for actor in scene.actors if isinstance(actor, Figure)]


# --- How figures move ---


def test_curve_goes_smoothly_through_its_keys():
    keys = np.random.default_rng(0).normal(size=(7, 3))
    for index in range(1, 6):
        assert interpolate(keys, index) == pytest.approx(keys[index])
    values = np.array([interpolate(keys, at) for at in np.arange(1, 5, .01)])
    speeds = np.diff(values, axis=0) / .01
    assert abs(np.diff(speeds, axis=0)).max() < .3


def test_pose_is_packed_and_unpacked():
    angles = np.arange(19.)
    pose = Pose.unpack(angles)
    assert [part.shape for part in pose] == [(2, ), (2, 4), (2, 3), (1, ),
                                             (2, )]
    assert np.array_equal(pose.pack(), angles)


@pytest.mark.parametrize('name', ACTIONS)
def test_actions_move_smoothly_and_bend_the_right_way(name):
    frames, way = 20, Way(np.zeros(2), np.zeros(2), 100., 0.)
    rng = np.random.default_rng(0)
    for _ in range(5):
        motion = Motion(ACTIONS[name](frames, rng), rng.uniform(0, 6), way)
        places = []
        for time in np.arange(-1, frames, .05):
            pose = motion.pose(time)
            assert pose.arms[:, 2].min() >= 0 and pose.legs[:, 2].min() >= 0
            at, height = motion.place(time)
            points = np.array(list(take_pose(pose).values()))
            places.append(at + height * points[:, :2])
        speeds = np.linalg.norm(np.diff(places, axis=0), axis=-1) / .05
        # in pixels per frame, of who is 100 pixels tall
        assert speeds.max() < 60
        assert .5 < np.percentile(speeds, 90) < 25
        assert abs(np.diff(speeds, axis=0)).max() < 4


def test_who_walks_looks_where_to():
    rng = np.random.default_rng(0)
    walks = 0
    for _ in range(100):
        motion = draw_motion(100, (192, 256), 16, np.zeros(2), rng)
        if abs(motion.path.speed[0]) > 3:
            walks += 1
            points = take_pose(motion.pose(0))
            # who looks to the right has the left shoulder behind
            ahead = (points['right_shoulder'] - points['left_shoulder'])[2]
            assert np.sign(ahead) == np.sign(motion.path.speed[0])
            assert motion.action.stride > .3
    assert walks > 15


def test_head_is_between_its_ends():
    rng = np.random.default_rng(0)
    for _ in range(20):
        motion = draw_motion(100, (192, 256), 16, np.zeros(2), rng)
        points = take_pose(motion.pose(3), head=1.2)
        top, bottom = points['head_top'], points['head_bottom']
        assert np.linalg.norm(top - bottom) == pytest.approx(.225, abs=.01)
        assert np.linalg.norm((top + bottom) / 2 - points['head']) < .02
        assert np.linalg.norm(bottom - points['neck']) < .05
        hand = points['left_hand'] - points['left_wrist']
        assert np.linalg.norm(hand) == pytest.approx(LENGTHS['hand'])


def test_the_pan_of_the_camera_moves_figures_as_it_does_the_photograph():
    rng = np.random.default_rng
    args = 100, (192, 256), 16
    still = draw_motion(*args, np.zeros(2), rng(0)).path
    moved = draw_motion(*args, np.array([2., 1]), rng(0)).path
    assert moved.speed == pytest.approx(still.speed - [2, 1])
    for scene in draw_scenes(DemoVideos(train=12), 'train'):
        first, last = (scene.camera.look(time) for time in (0, 15))
        assert first.shape == last.shape == (384, 512, 4)
        assert not first[..., 3].any()
        moves = np.linalg.norm(scene.camera.speed) > .3
        assert np.array_equal(first, last) != moves


# --- What is in a frame ---


def test_keypoints_lie_on_the_figure(films):
    apart = []
    for _, frames in films:
        for person in (who for frame in frames for who in frame.people):
            x, y, there = person.keypoints.T
            columns, rows = np.rint([x, y]).astype(int)
            # the nose of who looks away reaches a pixel over the head
            wide = cv2.dilate(person.mask.astype(np.uint8), np.ones((5, 5)))
            assert wide[rows, columns][there > 0].all()
            assert not person.keypoints[there == 0].any()
            assert not there[[3, 4]].any()
            edge = cv2.distanceTransform(1 - person.mask.astype(np.uint8),
                                         cv2.DIST_L2, 3)
            apart += edge[rows, columns][there > 0].tolist()
    assert np.mean(np.array(apart) > 0) < .03


def test_keypoints_lie_on_what_is_painted(films):
    """The wrist and the face have the colour of the skin, in a sharp frame."""
    found = []
    for scene, _ in films:
        sharp = scene._replace(
            actors=[figures_of(scene)[-1]], shutter=0., grain=0.)
        frame = next(film(sharp, 1))
        skin = sharp.actors[0].look.skin
        for person in frame.people:
            for name in ('left_wrist', 'right_wrist', 'nose'):
                x, y, there = person.keypoints[KEYPOINTS.index(name)]
                if there:
                    colour = frame.image[round(y), round(x)].astype(float)
                    found.append(np.linalg.norm(colour - skin))
    assert len(found) > 10 and np.mean(np.array(found) < 90) > .5


def test_head_box_holds_the_head(films):
    for _, frames in films:
        for person in (who for frame in frames for who in frame.people):
            x, y, width, height = person.head
            for name in ('nose', 'head_top', 'head_bottom'):
                at = person.keypoints[KEYPOINTS.index(name)]
                if at[2]:
                    assert x - 1e-6 <= at[0] <= x + width + 1e-6
                    assert y - 1e-6 <= at[1] <= y + height + 1e-6
            assert 1 <= height / width < 1.5


def test_tracks_are_smooth_and_move(films):
    speeds, turns = [], []
    for scene, frames in films:
        for track in range(len(figures_of(scene))):
            at = [[
                person.keypoints for person in frame.people
                if person.track == track
            ] for frame in frames]
            if all(at):
                at = np.array(at)[:, 0]
                shown = at[:, :, 2].all(0)
                steps = np.diff(at[:, shown, :2], axis=0)
                speeds += np.linalg.norm(steps, axis=-1).ravel().tolist()
                turn = np.linalg.norm(np.diff(steps, axis=0), axis=-1)
                turns += turn.ravel().tolist()
    assert 1 < np.median(speeds) < 8
    assert np.percentile(speeds, 90) > 4
    assert np.median(turns) < .7 * np.median(speeds)
    assert np.percentile(turns, 99) < 15


def test_fast_ones_are_blurred(films):
    """An open shutter takes away edges, as many pictures as need be."""
    losses = []
    for scene, frames in films:
        sharp = film(scene._replace(shutter=0., grain=0.), 2)
        blurred = film(scene._replace(shutter=1., grain=0.), 2)
        edges = []
        for frame in (next(sharp), next(blurred)):
            image = frame.image.astype(np.float32)
            edges.append(cv2.Laplacian(image, cv2.CV_32F).std())
        losses.append(1 - edges[1] / edges[0])
        assert count_pictures(scene._replace(shutter=0.), 0) == 1
        count = count_pictures(scene._replace(shutter=1.), 0)
        assert count % 2 and 1 <= count <= MOST_PICTURES
    assert min(losses) > -.05 and max(losses) > .3
    assert np.mean(np.array(losses) > .1) > .5


def test_who_is_hidden_is_hidden_by_another(films):
    shares = [
        person.seen for _, frames in films for frame in frames
        for person in frame.people
    ]
    assert .25 <= min(shares) < .8 and max(shares) == 1


def test_some_come_go_or_are_hidden():
    spec = DemoVideos(train=24, shutter=(0, 0))
    partly, crossing = 0, 0
    for scene in draw_scenes(spec, 'train'):
        # only the ends of the videos: faster
        for time in (0, 15):
            figures = figures_of(scene)
            at = [figure.place(time)[0][0] for figure in figures]
            partly += sum(not 0 < x < spec.size[1] for x in at)
        first, last = (
            np.array([f.place(time)[0][0] for f in figures])
            for time in (0, 15))
        before = np.sign(first[:, None] - first)
        crossing += bool((before * np.sign(last[:, None] - last) < 0).any())
    assert partly > 4 and crossing > 2


def test_more_videos_keep_the_first(films):
    few = draw_scenes(replace(SPEC, train=1), 'train')
    for frame, other in zip(film(next(few), 6), films[0][1]):
        assert np.array_equal(frame.image, other.image)


def test_other_seeds_and_splits_show_other_things(films):
    for spec, split in ((replace(SPEC, seed=1), 'train'), (SPEC, 'val')):
        frame = next(film(next(draw_scenes(spec, split)), 1))
        assert not np.array_equal(frame.image, films[0][1][0].image)


# --- Files ---


def test_same_seed_same_bytes(made, tmp_path):
    assert not make_demo(made, 'videos', SPEC)
    assert make_demo(tmp_path / 'again', 'videos', SPEC)
    assert content(tmp_path / 'again') == content(made)
    with pytest.raises(FileExistsError, match='other parameters'):
        make_demo(made, 'videos', replace(SPEC, seed=1))


def test_manifest_counts_the_files(made):
    manifest = json.loads((made / 'demo.json').read_text())
    assert manifest['kind'] == 'videos'
    for split, videos in (('train', 2), ('val', 3)):
        file = annotations(made, split)
        assert manifest['counts'][split] == dict(
            videos=videos,
            images=5 * videos,
            annotations=len(file['annotations']))
        assert len(file['images']) == 5 * videos
    assert manifest['other_files'] == 6


def test_annotations_are_those_of_posetrack18(made):
    for split in ('train', 'val'):
        file = annotations(made, split)
        images = {image['id']: image for image in file['images']}
        assert len(images) == len(file['images'])
        for image in images.values():
            picture = cv2.imread(str(made / image['file_name']))
            assert picture.shape == (192, 256, 3)
            assert (image['height'], image['width']) == (192, 256)
            assert image['nframes'] == 5 and image['is_labeled']
            # PoseTrack18VideoDataset takes it for the id
            assert image['frame_id'] == image['id']
            name = f'images/{split}/{image["vid_id"]}_demo/'
            number = int(Path(image['file_name']).stem)
            assert image['file_name'] == f'{name}{number:06d}.jpg'
            assert image['id'] == int(f'1{image["vid_id"]}{number:04d}')
        found = {annotation['id'] for annotation in file['annotations']}
        assert len(found) == len(file['annotations']) > 5
        for annotation in file['annotations']:
            check_annotation(annotation, images)


def check_annotation(annotation, images):
    assert annotation['image_id'] in images
    assert annotation[
        'id'] == annotation['image_id'] * 100 + annotation['track_id']
    x, y, width, height = annotation['bbox']
    assert 0 <= x < x + width <= 256 and 0 <= y < y + height <= 192
    assert 0 < annotation['area'] <= width * height
    points = np.reshape(annotation['keypoints'], (17, 3))
    assert set(points[:, 2]) <= {0, 1}
    assert annotation['num_keypoints'] == points[:, 2].sum() >= 4
    shown = points[points[:, 2] > 0, :2]
    # a wrist may be half a pixel beside the mask
    assert (shown > [x - 2, y - 2]).all()
    assert (shown < [x + width + 1, y + height + 1]).all()
    assert annotation['category_id'] == 1 and annotation['iscrowd'] == 0
    assert annotation['scores'] == []


def test_keypoints_have_the_names_of_posetrack18(made):
    mmpose = pytest.importorskip('mmpose')
    from mmengine.config import Config
    info = Config.fromfile(
        Path(mmpose.__file__).parent /
        '.mim/configs/_base_/datasets/posetrack18.py').dataset_info
    names = [info['keypoint_info'][i]['name'] for i in range(17)]
    assert names == list(KEYPOINTS)
    assert [a['keypoints'] for a in annotations(made)['categories']] == [names]


@pytest.mark.parametrize('settings', [
    dict(type='PoseTrack18Dataset'),
    dict(
        type='PoseTrack18VideoDataset',
        frame_sampler_mode='fixed',
        frame_indices=[-1, 0, 1],
        frame_weights=(.2, .6, .2)),
])
def test_mmpose_reads_it(made, settings):
    pytest.importorskip('mmpose')
    from mmengine.registry import DATASETS, DefaultScope
    file = annotations(made, 'train')
    with DefaultScope.overwrite_default_scope('mmpose'):
        dataset = DATASETS.build(
            dict(
                settings,
                data_root=str(made),
                ann_file='annotations/posetrack18_train.json',
                data_prefix=dict(img=''),
                pipeline=[]))
    assert len(dataset) == len(file['annotations'])
    for sample, annotation in zip(dataset, file['annotations']):
        assert sample['img_id'] == annotation['image_id']
        keypoints = np.reshape(annotation['keypoints'], (1, 17, 3))
        assert sample['keypoints'] == pytest.approx(
            keypoints[..., :2], abs=1e-3)
        paths = sample['img_path']
        for path in paths if isinstance(paths, list) else [paths]:
            assert cv2.imread(path).shape == (192, 256, 3)


def read_clip(path):
    clip = cv2.VideoCapture(str(path))
    assert clip.get(cv2.CAP_PROP_FPS) == 25
    frames = []
    while (answer := clip.read())[0]:
        frames.append(answer[1])
    return frames


def test_clips_show_the_frames(made):
    clips = sorted((made / 'videos/val').glob('*.mp4'))
    assert [clip.name
            for clip in clips] == ['000000_demo.mp4', '000001_demo.mp4']
    for clip in clips:
        images = sorted((made / 'images/val' / clip.stem).iterdir())
        frames = read_clip(clip)
        assert len(frames) == len(images) == 5
        for frame, image in zip(frames, images):
            image = cv2.imread(str(image))
            assert frame.shape == image.shape
            assert cv2.absdiff(frame, image).mean() < 8


def test_boxes_of_clips_are_those_of_the_annotations(made):
    file = annotations(made)
    for video in ('000000', '000001'):
        path = made / f'videos/val/{video}_demo.boxes.json'
        frames = json.loads(path.read_text())['frames']
        images = [i for i in file['images'] if i['vid_id'] == video]
        assert len(frames) == len(images)
        for boxes, image in zip(frames, images):
            assert boxes == [
                dict(track_id=a['track_id'], bbox=a['bbox'], score=1.)
                for a in file['annotations'] if a['image_id'] == image['id']
            ]


@pytest.mark.parametrize('values, message', [
    (dict(train=0), 'number of train videos must be at least 1, got 0'),
    (dict(size=(95, 128)), 'must be even, got 95 and 128'),
    (dict(size=(8, 128)), '16 to 4096 pixels, got 8 and 128'),
    (dict(seed=-1), 'seed must not be negative'),
    (dict(frames=1), 'frames must be 2 to 9999, got 1'),
    (dict(figures=(0, 2)), 'figures must be two numbers from 1 to 99'),
    (dict(figures=(3, 2)), 'the smaller first, got 3 and 2'),
    (dict(figure_px=(8, 20)), 'figure_px must be two numbers from 16'),
    (dict(shutter=(.5, 1.5)), 'shutter must be two numbers from 0 to 1'),
    (dict(things=100), 'things must be 0 to 99, got 100'),
    (dict(clips=-1), 'must not be negative, got -1 and 3'),
])
def test_parameters_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        DemoVideos(**values)


def test_half_made_folder_is_made_anew(made, tmp_path):
    out, spec = tmp_path / 'demo', DemoVideos(1, 1, 2, (64, 96), clips=1)
    assert make_demo(out, 'videos', spec)
    whole = content(out)
    for path in ('videos/val/000000_demo.boxes.json',
                 'images/train/000000_demo/000001.jpg', 'demo.json'):
        (out / path).unlink()
        assert read_parameters(out, KINDS['videos']) is None
        assert make_demo(out, 'videos', spec)
        assert content(out) == whole
    assert make_demo(out, 'videos', replace(spec, clips=0), force=True)
    assert not (out / 'videos').exists()
    assert not make_demo(out, 'videos', replace(spec, clips=0))


def test_annotations_of_others_are_never_lost(tmp_path):
    """Their file has the name that ours has."""
    file = tmp_path / 'demo/annotations/posetrack18_train.json'
    file.parent.mkdir(parents=True)
    file.write_text('{"images": [], "annotations": []}')
    with pytest.raises(FileExistsError, match='not empty'):
        make_demo(tmp_path / 'demo', 'videos', SPEC)
    assert file.exists()


def test_failure_leaves_nothing(tmp_path):

    def stop(number, total):
        assert total == 5
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo(
            tmp_path / 'demo', 'videos', replace(SPEC, frames=2), report=stop)
    assert not list(tmp_path.iterdir())


def test_a_missing_codec_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2.VideoWriter, 'isOpened', lambda self: False)
    with pytest.raises(OSError, match='cannot write .*mp4: no codec'):
        make_demo(tmp_path / 'demo', 'videos', replace(SPEC, frames=2))
    assert not list(tmp_path.iterdir())


def tool(*arguments):
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)],
                          env=dict(PYTHONPATH=str(ROOT)),
                          capture_output=True,
                          text=True)


def test_tool(tmp_path):
    out = tmp_path / 'demo'
    arguments = (out, '--train', 1, '--val', 1, '--frames', 2, '--size', 64,
                 96)
    made = tool(*arguments).stdout
    assert 'made 1 training and 1 validation videos of 64 x 96' in made
    refused = tool(*arguments, '--seed', 1)
    assert refused.returncode == 2
    assert 'other parameters' in refused.stderr.splitlines()[-1]
    assert read_parameters(out, KINDS['videos'])['frames'] == 2
    refused = tool(tmp_path / 'no', '--frames', 1)
    assert 'frames must be 2' in refused.stderr.splitlines()[-1]
    assert 'Traceback' not in refused.stderr
    assert not (tmp_path / 'no').exists()
