"""A video model on a stream: as on clips, for as long as it runs."""
import gc
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from scalenas_mm.evaluation import count
from scalenas_mm.registry import TRANSFORMS
from scalenas_mm.spaces import SettingError

# what follows needs mmpose
PROJECT = 'projects.vipnas_video.vipnas_video.streaming'
streams = pytest.importorskip('tvipnas_streams')
streaming = pytest.importorskip(PROJECT)
running = pytest.importorskip(f'{PROJECT}.run')
writers = pytest.importorskip(f'{PROJECT}.writers')
CountingNetworks, NoCrop = streams.CountingNetworks, streams.NoCrop
Person, PoseStream = streaming.Person, streaming.PoseStream


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpose')


@pytest.fixture(scope='module', params=['mobilenetv3', 'resnet50'])
def model(request):
    init_default_scope('mmpose')
    return streams.exported(request.param).model


def box(x=20., y=10., w=40., h=60.):
    return np.array([x, y, x + w, y + h], np.float32)


def moving(num, start=20., step=3., track=0, score=0.75):
    """A person in each of some frames."""
    return [Person(track, box(start + step * i), score) for i in range(num)]


def together(*tracks):
    """Lists of persons by frame, from one list for each person."""
    return streaming.GivenBoxes([[one for one in people if one is not None]
                                 for people in zip(*tracks)])


def stream_of(model, persons, boxes='key', **settings):
    return PoseStream(
        streaming.TorchNetworks(model),
        streaming.Crop(streams.pipeline(boxes), model), persons, **settings)


def of_clip(model, images, people, boxes):
    """What the clip model says of each frame."""
    step = TRANSFORMS.build(streams.pipeline(boxes)[0])
    clip = step(
        dict(frames=[
            dict(
                img=image,
                bbox=person.box[None],
                bbox_score=np.array([person.score], np.float32),
                padded=False) for image, person in zip(images, people)
        ]))
    batch = model.data_preprocessor(
        dict(inputs=[clip['inputs']], data_samples=[clip['data_samples']]))
    with torch.no_grad():
        found = model(mode='predict', **batch)[0].frames
    return [one.pred_instances for one in found]


@pytest.mark.parametrize('boxes', ['key', 'own'])
def test_as_the_clip_model_bit_for_bit(model, boxes):
    """Also with others in the picture, who come and go."""
    images, people = streams.pictures(6), moving(6)
    others = [None, *moving(3, 60, -4, track=7), None, None]
    stream = stream_of(model, together(others, people), boxes)
    poses = [stream.step(image)[-1] for image in images]
    for first in (0, 3):
        clip = slice(first, first + 3)
        expected = of_clip(model, images[clip], people[clip], boxes)
        for pose, wanted in zip(poses[clip], expected, strict=True):
            assert np.array_equal(pose.keypoints, wanted.keypoints[0])
            assert np.array_equal(pose.scores, wanted.keypoint_scores[0])
    assert [pose.network for pose in poses] == [0, 1, 2] * 2
    assert stream.networks.counts == [2 + 2, 2 + 1, 2]


def test_costs_are_those_of_what_runs(model):
    networks, size = streaming.TorchNetworks(model), (64, 64)
    image = torch.randn(1, 3, *size)
    heatmaps = networks.key(image)
    runs = [lambda: networks.key(image)] + [
        lambda t=t: networks.frame(t, image, heatmaps) for t in (1, 2)
    ]
    assert streaming.network_macs(
        model, size) == [count(model, run).macs for run in runs]


def test_the_crop_says_its_size_and_what_it_refuses(model):
    assert streaming.Crop(streams.pipeline(), model).size == streams.SIZE
    with pytest.raises(SettingError, match='one transform, OnEachFrame'):
        streaming.Crop(
            [*streams.pipeline(),
             dict(type='mmpose.PackPoseInputs')], model)
    with pytest.raises(SettingError, match='OnEachFrame.*LoadImage'):
        streaming.Crop([dict(type='mmpose.LoadImage')], model)


def ran(people, num_frames=3, weak=(), **settings):
    """Networks that ran, frame by frame, of one person or none."""
    networks = CountingNetworks(num_frames, weak)
    stream = PoseStream(networks, NoCrop(), together(people), **settings)
    image, out = np.zeros((8, 8, 3), np.uint8), []
    for _ in people:
        before = len(networks.ran)
        stream.step(image)
        out.append(''.join(map(str, networks.ran[before:])) or '-')
    return ' '.join(out)


WHOLE, LATE = moving(10), [None, *moving(9)]
GONE = [*moving(2), None, *moving(7)]


@pytest.mark.parametrize('people, options, expected', [
    (WHOLE, dict(), '0 1 2 3 0 1 2 3 0 1'),
    (WHOLE, dict(period=1), '0 0 0 0 0 0 0 0 0 0'),
    (WHOLE, dict(period=2), '0 1 0 1 0 1 0 1 0 1'),
    (WHOLE, dict(period=6), '0 1 2 3 3 3 0 1 2 3'),
    (LATE, dict(), '- 0 1 2 0 1 2 3 0 1'),
    (LATE, dict(key_frames='track'), '- 0 1 2 3 0 1 2 3 0'),
    (GONE, dict(), '0 1 - 0 0 1 2 3 0 1'),
    (GONE, dict(key_frames='track'), '0 1 - 0 1 2 3 0 1 2'),
    (WHOLE, dict(num_frames=1), '0 1 0 1 0 1 0 1 0 1'),
])
def test_which_network_runs(people, options, expected):
    assert ran(people, **options) == expected


@pytest.mark.parametrize('options, expected', [
    (dict(), '0 1 20 1 0 1 2 3 0 1'),
    (dict(key_frames='track'), '0 1 20 1 2 3 0 1 2 3'),
])
def test_weak_heatmaps_begin_anew(options, expected):
    """On the same frame, of which both networks count."""
    assert ran(WHOLE, weak=[3], rekey_below=0.5, **options) == expected
    assert ran(WHOLE, weak=[3], **options) == ran(WHOLE, **options)


def test_weak_key_frames_stay():
    """There is nothing better."""
    assert ran(WHOLE, weak=[1, 5], rekey_below=0.5) == ran(WHOLE)


def test_begun_anew_is_a_key_frame(model):
    """With the crop of its own box."""
    images, people = streams.pictures(3), moving(3)
    anew = stream_of(model, together(people), rekey_below=1.)
    plain = stream_of(model, together(people), period=1)
    # the networks are random, their heatmaps may be large
    anew.rekey_below = float('inf')
    for image in images:
        (one, ), (other, ) = anew.step(image), plain.step(image)
        assert np.array_equal(one.keypoints, other.keypoints)
    assert one.rekeyed and one.network == 0 and not other.rekeyed
    assert anew.networks.counts == [3, 2, 0]


def test_crops_stay_between_key_frames():
    people = moving(5, start=0., step=1.)
    image = np.zeros((8, 8, 3), np.uint8)
    for boxes, expected in (('key', [0, 0, 0, 0, 4]), ('own', [0, 1, 2, 3,
                                                               4])):
        crop = NoCrop(boxes)
        stream = PoseStream(CountingNetworks(), crop, together(people))
        for _ in people:
            stream.step(image)
        assert crop.seen == expected


def test_lost_frames_and_new_sizes_end_chains():
    networks = CountingNetworks()
    stream = PoseStream(networks, NoCrop(), streaming.WholeImage())
    small, large = (np.zeros((side, side, 3), np.uint8) for side in (8, 16))
    sizes = []
    for image in (None, small, small, None, small, large, large):
        sizes.append([pose.box[2] for pose in stream.step(image)])
    assert networks.ran == [0, 1, 0, 0, 1]
    assert sizes == [[], [8], [8], [], [8], [16], [16]]


@pytest.mark.parametrize('settings, field', [
    (dict(period=0), 'period'),
    (dict(key_frames='all'), 'key_frames'),
    (dict(rekey_below=2), 'rekey_below'),
])
def test_wrong_settings_are_named(settings, field):
    with pytest.raises(SettingError, match=f'^{field}'):
        PoseStream(CountingNetworks(), NoCrop(), streaming.WholeImage(),
                   **settings)


# -- length -------------------------------------------------------------------
class Passing:
    """Someone new every second, gone after two."""

    def __call__(self, index, image, key):
        first = index // 25
        return [Person(track, box()) for track in (first, first + 1)]


def resident():
    """KiB of this process."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') // 1024


def sizes(stream):
    return len(stream.chains), len(stream.clock.seconds), len(
        stream.networks.counts)


@pytest.mark.skipif(
    not Path('/proc/self/statm').exists(), reason='needs /proc')
def test_an_hour_needs_no_more_memory_than_a_minute(tmp_path):
    networks = CountingNetworks()
    networks.ran = SimpleNamespace(append=lambda _: None, __len__=None)
    networks._run = lambda number, heat=torch.ones(1, 2, 2, 2): heat
    stream = PoseStream(networks, NoCrop(most=1), Passing())
    image, known = np.zeros((8, 8, 3), np.uint8), {}
    with open(tmp_path / 'lines', 'w') as file:

        def write(image, poses, key):
            file.write(f'{len(poses)}\n')
            if stream.index in (1500, 90_000):
                gc.collect()
                known[stream.index] = (*sizes(stream), resident())

        frames = (image for _ in range(90_000))
        assert running.run_stream(frames, stream, write, running.Stop()) == 0
    assert known[1500][:-1] == known[90_000][:-1]
    assert known[90_000][-1] - known[1500][-1] < 20_000  # KiB


def test_poses_are_written_line_by_line(tmp_path):
    """And are there before the end."""
    path = tmp_path / 'a.json'
    writer = writers.PoseWriter(path, ['a', 'b'], [(0, 1)], 'film')
    stream = PoseStream(CountingNetworks(), NoCrop(), streaming.WholeImage())
    image = np.zeros((8, 9, 3), np.uint8)
    for one in (image, None, image):
        writer.write(one, stream.step(one))
    assert len(writer.lines.read_text().splitlines()) == 3
    assert not path.exists()
    writer.close()
    data = json.loads(path.read_text())
    assert [one['width'] for one in data['images']] == [9, 0, 9]
    assert [one['image_id'] for one in data['annotations']] == [0, 2]
    assert data['annotations'][1]['keypoints'] == [0, 0, 1] * 2
    assert data['categories'][0]['skeleton'] == [[1, 2]]
    assert [file.name for file in tmp_path.iterdir()] == ['a.json']
