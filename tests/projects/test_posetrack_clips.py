"""Clips of PoseTrack18, and one augmentation for all frames of one."""
# flake8: noqa: E402
import json
from copy import deepcopy

import cv2
import numpy as np
import pytest

pytest.importorskip('mmpose.datasets')

from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

import projects.vipnas_video.vipnas_video  # noqa: F401
from scalenas_mm.evaluation import seeded
from scalenas_mm.registry import DATASETS, MODELS
from scalenas_mm.spaces import SettingError

# frames of each person: video, track, and where the person is annotated
TRACKS = {
    ('000001', 0): range(10),
    ('000001', 1): [0, 1, 2, 5, 6, 7, 8, 9],
    ('000001', 2): [6],
    ('000002', 0): [1, 2, 3, 4, 5]
}
LABELLED = {'000001': range(10), '000002': range(6)}
SIZE = (40, 30)  # of an image: width and height
CODEC = dict(
    type='mmpose.MSRAHeatmap',
    input_size=(24, 32),
    heatmap_size=(12, 16),
    sigma=1)
LOAD = [dict(type='mmpose.LoadImage'), dict(type='mmpose.GetBBoxCenterScale')]
CROP = dict(type='mmpose.TopdownAffine', input_size=(24, 32))
PACK = dict(type='mmpose.PackPoseInputs')


def image_id(video, frame):
    return int(video) * 1000 + frame


def annotation(number, video, track, frame):
    keypoints = np.tile([10. + frame, 12. + track, 1.], (17, 1))
    keypoints[3:5] = 0  # ears
    return dict(
        id=number,
        image_id=image_id(video, frame),
        category_id=1,
        track_id=track,
        bbox=[4 + frame, 3, 20, 25],
        bbox_head=[8, 4, 6, 6],
        keypoints=keypoints.ravel().tolist(),
        num_keypoints=15)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Every second frame of a video is labelled; ids are those of frames."""
    root = tmp_path_factory.mktemp('posetrack')
    images, annotations = [], []
    for video, frames in LABELLED.items():
        for frame in (2 * f + half for f in frames for half in (0, 1)):
            path = root / 'images' / video / f'{frame:06}.jpg'
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(frame).integers(
                0, 255, (*SIZE[::-1], 3))
            cv2.imwrite(str(path), noise.astype(np.uint8))
            images.append(
                dict(
                    id=image_id(video, frame),
                    vid_id=video,
                    frame_id=image_id(video, frame),
                    is_labeled=frame % 2 == 0,
                    file_name=f'images/{video}/{frame:06}.jpg',
                    width=SIZE[0],
                    height=SIZE[1]))
    for (video, track), places in TRACKS.items():
        annotations += [
            annotation(len(annotations) + i, video, track, 2 * place)
            for i, place in enumerate(places)
        ]
    images.sort(key=lambda image: -image['id'])  # in no order
    (root / 'train.json').write_text(
        json.dumps(
            dict(
                images=images,
                annotations=annotations,
                categories=[dict(id=1, name='person')])))
    return root


def dataset(data, transforms=None, boxes='key', **options):
    init_default_scope('mmpose')
    pipeline = [] if transforms is None else [
        dict(
            type='scalenas_mm.OnEachFrame', transforms=transforms, boxes=boxes)
    ]
    return DATASETS.build(
        dict(
            type='scalenas_mm.PoseTrackClips',
            data_root=str(data),
            ann_file='train.json',
            data_prefix=dict(img=''),
            pipeline=pipeline,
            **options))


def found(data, **options):
    """Video, track and frames of each clip; fillers are negative."""
    out = []
    for i in range(len(clips := dataset(data, **options))):
        frames = clips.get_data_info(i)['frames']
        infos = [frame['raw_ann_info'] for frame in frames]
        out.append((infos[0]['vid_id'], infos[0]['track_id'],
                    [(-1 if frame['padded'] else 1) * (info['frame_index'] + 1)
                     for frame, info in zip(frames, infos)]))
    return out


def test_key_frames_of_the_video(data):
    """Every fourth labelled frame; who comes later begins there."""
    assert found(data) == [
        ('000001', 0, [1, 2, 3, 4]),
        ('000001', 0, [5, 6, 7, 8]),
        ('000001', 0, [9, 10, -10, -10]),
        ('000001', 1, [1, 2, 3, -3]),
        ('000001', 1, [6, 7, 8, -8]),
        ('000001', 1, [9, 10, -10, -10]),
        ('000001', 2, [7, -7, -7, -7]),
        ('000002', 0, [2, 3, 4, -4]),
        ('000002', 0, [5, 6, -6, -6]),
    ]


def test_key_frames_of_tracks(data):
    assert found(
        data, key_frames='track')[3:6] == [('000001', 1, [1, 2, 3, -3]),
                                           ('000001', 1, [6, 7, 8, 9]),
                                           ('000001', 1, [10, -10, -10, -10])]


@pytest.mark.parametrize('frames', [1, 2, 3, 4])
@pytest.mark.parametrize('key_frames', ['video', 'track'])
def test_every_frame_is_in_one_clip(frames, key_frames, data):
    clips = found(data, num_frames=frames, key_frames=key_frames)
    seen = [(video, track, place) for video, track, places in clips
            for place in places if place > 0]
    assert sorted(seen) == sorted((video, track, place + 1)
                                  for (video, track), places in TRACKS.items()
                                  for place in places)
    for _, _, places in clips:
        assert len(places) == frames + 1
        assert (np.diff(np.abs(places)) <= 1).all()


def test_clips_that_begin_everywhere(data):
    clips = found(data, key_frames='track', stride=1, min_frames=2)
    assert clips[:7] == [('000001', 0, list(range(i, i + 4)))
                         for i in range(1, 8)]
    assert clips[7:] == [('000001', 1, [1, 2, 3, -3]),
                         ('000001', 1, [6, 7, 8, 9]),
                         ('000001', 1, [7, 8, 9, 10]),
                         ('000002', 0, [2, 3, 4, 5]),
                         ('000002', 0, [3, 4, 5, 6])]


@pytest.mark.parametrize('options, message', [
    (dict(num_frames=-1), 'num_frames: expected a whole number >= 0'),
    (dict(key_frames='clip'), 'key_frames: expected video or track'),
    (dict(stride=1), 'key_frames: expected track, with a stride other'),
    (dict(min_frames=5), 'min_frames: expected a whole number from 1 to 4'),
    (dict(bbox_file='x', test_mode=True), 'bbox_file: expected none'),
    (dict(num_frames=63, min_frames=64), 'expected tracks of 64 frames'),
])
def test_wrong_settings(options, message, data):
    with pytest.raises(SettingError, match=message):
        dataset(data, **options)


AUGMENTED = [
    *LOAD,
    dict(type='mmpose.RandomFlip', direction='horizontal'),
    dict(type='mmpose.RandomBBoxTransform'), CROP,
    dict(type='mmpose.GenerateTarget', encoder=CODEC), PACK
]


@pytest.mark.parametrize('boxes', ['key', 'own'])
def test_one_augmentation_for_all_frames(boxes, data):
    """All frames are flipped, turned, scaled and shifted alike."""
    clips = dataset(data, AUGMENTED, boxes)
    flips, turns = set(), set()
    for seed in range(12):
        with seeded(seed):
            frames = clips[0]['data_samples'].frames
        metas = [frame.metainfo for frame in frames]
        centres = np.array([meta['input_center'] for meta in metas])
        scales = np.array([meta['input_scale'] for meta in metas])
        assert len({meta['flip'] for meta in metas}) == 1
        flips.add(metas[0]['flip'])
        turns.add(tuple(scales[0]))
        if boxes == 'key':
            assert (centres == centres[0]).all()
            # the same point of all images goes to the same place of a crop
            where = [
                f.gt_instances.transformed_keypoints for f in frames
                if 'transformed_keypoints' in f.gt_instances
            ]
            assert len(where) in (0, 4)
        else:  # boxes move by two pixels a frame
            steps = np.diff(centres, axis=0)
            np.testing.assert_allclose(
                steps, np.broadcast_to(steps[0], steps.shape), atol=1e-4)
            assert abs(abs(steps[0, 0]) - 2) < 1e-4
        np.testing.assert_allclose(scales, scales[0][None].repeat(4, 0))
    assert flips == {False, True} and len(turns) == 12


def test_frames_of_a_still_video_stay_equal(data):
    """Equal images give equal crops and targets, whatever is drawn."""
    clips = dataset(data, AUGMENTED)
    info = clips.get_data_info(0)
    info['frames'] = [deepcopy(info['frames'][0]) for _ in range(4)]
    packed = clips.pipeline(info)
    inputs, frames = packed['inputs'], packed['data_samples'].frames
    assert inputs.shape == (4, 3, 32, 24)
    for t in range(1, 4):
        assert (inputs[t] == inputs[0]).all()
        assert (frames[t].gt_fields.heatmaps == frames[0].gt_fields.heatmaps
                ).all()


def test_targets_move_with_the_person(data):
    """A crop of the key frame's box: two pixels right in each frame."""
    clips = dataset(
        data,
        [*LOAD, CROP,
         dict(type='mmpose.GenerateTarget', encoder=CODEC), PACK])
    frames = clips[0]['data_samples'].frames
    peaks = [
        int(f.gt_fields.heatmaps[0].max(0).values.argmax()) for f in frames
    ]
    assert peaks == sorted(peaks) and peaks[-1] > peaks[0]


def test_fillers_do_not_count(data):
    packed = dataset(data, AUGMENTED)[3]
    frames = packed['data_samples'].frames
    assert [frame.padded for frame in frames] == [False] * 3 + [True]
    weights = [f.gt_instance_labels.keypoint_weights.sum() for f in frames]
    assert weights[0] > 0 and weights[3] == 0


def test_a_transform_that_looks_at_keypoints_is_refused(data):
    """Half a body in one frame only would tear the clip apart."""

    class Shift:
        """Moves the crop by what the frame shows."""

        def __call__(self, results):
            results['bbox_center'] = results['keypoints'][0, :1]
            return results

    clips = dataset(data, [*LOAD, CROP, PACK])
    steps = clips.pipeline.transforms[0].transforms.transforms
    steps.insert(2, Shift())
    with pytest.raises(SettingError, match='input_center of frame 1'):
        clips[0]


def test_equal_seeds_give_equal_clips(data):
    clips = dataset(data, AUGMENTED)
    packed = []
    for seed in (1, 1, 2):
        with seeded(seed):
            packed.append(clips[0]['inputs'])
    assert (packed[0] == packed[1]).all()
    assert (packed[0] != packed[2]).any()


def test_a_batch_for_the_model(data):
    clips = dataset(data, AUGMENTED)
    preprocessor = MODELS.build(
        dict(
            type='scalenas_mm.ClipPreprocessor',
            mean=[10., 20., 30.],
            std=[1., 2., 4.],
            bgr_to_rgb=True))
    packed = [clips[0], clips[3]]
    batch = preprocessor(pseudo_collate(packed))
    assert batch['inputs'].shape == (2, 4, 3, 32, 24)
    raw = packed[1]['inputs'].float().flip(1)
    mean, std = (
        np.array(v, np.float32).reshape(3, 1, 1)
        for v in ((10, 20, 30), (1, 2, 4)))
    np.testing.assert_allclose(batch['inputs'][1], (raw - mean) / std)
    assert len(batch['data_samples'][1].frames) == 4
    with pytest.raises(SettingError, match='clips .* of one shape'):
        preprocessor(dict(inputs=[raw, raw[..., 1:]], data_samples=[]))
