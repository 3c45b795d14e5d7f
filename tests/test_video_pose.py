"""tools/video_pose.py: films with poses, whatever the film is like."""
import json
import os
import signal

import cv2
import numpy as np
import pytest
import torch
from commands import run
from mmengine.registry import init_default_scope

from scalenas_mm.export import write_onnx_files

# what follows needs mmpose
PROJECT = 'projects.vipnas_video.vipnas_video.streaming'
streams = pytest.importorskip('tvipnas_streams')
streaming = pytest.importorskip(PROJECT)
reader = pytest.importorskip(f'{PROJECT}.reader')
FRAMES = 8


def write_film(path, images, fps=10):
    code = cv2.VideoWriter.fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), code, fps, images[0].shape[1::-1])
    for image in images:
        writer.write(image)
    writer.release()


def read_film(path):
    capture, images = cv2.VideoCapture(str(path)), []
    while True:
        good, image = capture.read()
        if not good:
            return images
        images.append(image)


def boxes_of(num):
    """One person who stays, one who comes later."""
    return [[
        dict(track_id=4, bbox=[20 + t, 10, 40, 60]),
        *([dict(track_id=9, bbox=[70, 20, 30, 50], score=0.5)] * (t >= 2))
    ] for t in range(num)]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A model, a film and its boxes."""
    init_default_scope('mmpose')
    folder = tmp_path_factory.mktemp('video')
    streams.write_model(folder, streams.exported())
    write_film(folder / 'film.mp4', streams.pictures(FRAMES))
    (folder / 'boxes.json').write_text(
        json.dumps(dict(info='any', frames=boxes_of(FRAMES))))
    return folder


@pytest.fixture
def tool(folder, tmp_path, monkeypatch):
    """Run the command; gives what it printed and the JSON it wrote."""
    monkeypatch.chdir(folder)

    def main(*options,
             video='film.mp4',
             code=0,
             config='video.py',
             checkpoint='video.pth'):
        result = run('video_pose.py', video, config, checkpoint, '--out',
                     tmp_path / 'out', *options)
        assert result.code == code, result.out + result.err
        if code:
            return result.err.strip().splitlines()[-1]
        found, = (tmp_path / 'out').glob('*.json')
        return result.out, json.loads(found.read_text())

    return main


def points(data):
    return np.array([one['keypoints'] for one in data['annotations']])


def test_writes_film_and_poses(folder, tmp_path, tool):
    out, data = tool('--boxes', 'boxes.json', '--show-every', 4)
    assert [(one['image_id'], one['track_id'],
             one['network']) for one in data['annotations']] == [(0, 4, 0),
                                                                 (1, 4, 1),
                                                                 (2, 4, 2),
                                                                 (2, 9, 0),
                                                                 (3, 4, 0),
                                                                 (3, 9, 0),
                                                                 (4, 4, 1),
                                                                 (4, 9, 1),
                                                                 (5, 4, 2),
                                                                 (5, 9, 2),
                                                                 (6, 4, 0),
                                                                 (6, 9, 0),
                                                                 (7, 4, 1),
                                                                 (7, 9, 1)]
    assert data['annotations'][1]['bbox'] == [21, 10, 40, 60]
    assert len(data['images']) == FRAMES
    assert data['categories'][0]['keypoints'][0] == 'nose'
    drawn = read_film(tmp_path / 'out' / 'film.mp4')
    assert len(drawn) == FRAMES and drawn[0].shape == (96, 128, 3)
    assert all(
        np.abs(a.astype(int) - b).max() > 60
        for a, b in zip(drawn, read_film(folder / 'film.mp4')))
    for words in ('frame 4: 2 persons', f'{FRAMES} frames in', 'MMACs',
                  'network of key frame', 'network of frame 2', 'decode'):
        assert words in out
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'film.json', 'film.mp4'
    ]


def test_poses_are_those_of_the_stream(folder, tool):
    _, data = tool('--boxes', 'boxes.json', '--no-video')
    init_default_scope('mmpose')
    model = streams.exported().model
    stream = streaming.PoseStream(
        streaming.TorchNetworks(model),
        streaming.Crop(streams.pipeline(), model),
        streaming.read_boxes(folder / 'boxes.json'))
    found = np.concatenate([
        np.column_stack([pose.keypoints, pose.scores]).ravel()
        for image in read_film(folder / 'film.mp4')
        for pose in stream.step(image)
    ])
    assert np.allclose(points(data).ravel(), found, atol=6e-4)


def test_without_boxes_one_person_fills_the_image(tool):
    _, data = tool('--period', 5, '--no-video', '--max-frames', 7)
    assert [one['network']
            for one in data['annotations']] == [0, 1, 2, 2, 2, 0, 1]
    assert data['annotations'][0]['bbox'] == [0, 0, 128, 96]


def test_onnx_gives_the_same(folder, tmp_path, tool):
    pytest.importorskip('onnxruntime', reason='needs the extra onnx')
    onnx = pytest.importorskip('onnx', reason='needs the extra onnx')
    init_default_scope('mmpose')
    write_onnx_files(streams.exported().model, tmp_path / 'tiny', streams.SIZE)
    options = '--boxes', 'boxes.json', '--no-video', '--force'
    _, plain = tool(*options)
    _, other = tool(*options, '--onnx', tmp_path)
    _, last = tool(*options, '--channels-last')
    for found in (other, last):
        near = np.abs(points(found) - points(plain)).max(1) < 0.01
        assert near.mean() > 0.9  # a tie of two maxima may go either way
    graph = onnx.load(tmp_path / 'tiny.frame_2.onnx')
    onnx.helper.set_model_props(graph, dict(weights='others'))
    onnx.save(graph, tmp_path / 'tiny.frame_2.onnx')
    assert 'as in the checkpoint' in tool(*options, '--onnx', tmp_path, code=2)
    assert 'one file *.key.onnx' in tool(*options, '--onnx', folder, code=2)


@pytest.mark.parametrize('options, message', [
    (['--boxes', 'none.json'], 'file not found: none.json'),
    (['--boxes', 'short.json'], 'expected 8 lists'),
    (['--boxes', 'far.json'], 'track 4: expected a box in the image of 128'),
    (['--period', '0'], '--period: expected 1 or more, got 0'),
    (['--rekey-below', '3'], 'rekey_below: expected a probability'),
    (['--device', 'nowhere'], '--device nowhere: '),
    (['--onnx', '.', '--device', 'cuda'], '--onnx runs on the CPU'),
    (['--detector', 'none.py', 'video.pth'], 'config not found: none.py'),
    (['--detector', 'video.py', 'video.pth'], 'detector: test_dataloader'),
    (['video=none.mp4'], 'video not found: none.mp4'),
    (['video=boxes.json'], 'a film or camera that OpenCV opens'),
    (['video=99'], 'a film or camera that OpenCV opens'),
    (['config=none.py'], 'config not found: none.py'),
    (['config=plain.py'], 'model.type: expected scalenas_mm.TViPNet'),
    (['config=empty.py'], 'model: expected a dict, got None'),
    (['config=dataless.py'], 'expected a data set with a pipeline'),
    (['checkpoint=none.pth'], 'checkpoint not found: none.pth'),
    (['checkpoint=other.pth'], 'does not hold the weights of the model'),
    (['checkpoint=boxes.json'], 'cannot be read'),
])
def test_errors_are_one_line(folder, tmp_path, tool, options, message):
    (folder / 'short.json').write_text(json.dumps(dict(frames=boxes_of(3))))
    far = boxes_of(FRAMES)
    far[0][0]['bbox'][0] = 500
    (folder / 'far.json').write_text(json.dumps(dict(frames=far)))
    (folder / 'empty.py').write_text('')
    (folder / 'plain.py'
     ).write_text("model = dict(type='mmpose.TopdownPoseEstimator')\n")
    (folder /
     'dataless.py').write_text("_base_ = 'video.py'\ntest_dataloader = None\n")
    torch.save(dict(state_dict=dict(a=torch.zeros(1))), folder / 'other.pth')
    given = dict(one.split('=') for one in options if '=' in one)
    assert message in tool(
        *(one for one in options if '=' not in one), code=2, **given)
    assert not (tmp_path / 'out').exists()


def test_nothing_is_overwritten_without_force(tmp_path, tool):
    options = '--max-frames', 2
    tool(*options)
    before = (tmp_path / 'out' / 'film.json').read_text()
    assert '--force overwrites it' in tool(code=2)
    assert (tmp_path / 'out' / 'film.json').read_text() == before
    _, data = tool('--max-frames', 3, '--force')
    assert len(data['images']) == 3


# -- films that are not as they should be -------------------------------------
class Camera:
    """Frames in place of OpenCV's; ``frames`` may hold anything."""

    def __init__(self, frames, count=0):
        self.frames, self.count = list(frames), count

    def __call__(self, source):
        return self

    def isOpened(self):
        return True

    def get(self, key):
        return {cv2.CAP_PROP_FRAME_COUNT: self.count}.get(key, 0)

    def read(self):
        frame = self.frames.pop(0) if self.frames else None
        if callable(frame):
            frame = frame()
        return frame is not None, frame

    def release(self):
        self.frames = None


@pytest.fixture
def camera(monkeypatch):

    def put(frames, **settings):
        found = Camera(frames, **settings)
        monkeypatch.setattr(reader.cv2, 'VideoCapture', found)
        return found

    yield put


def broken(*_):
    return [
        None,
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((96, 128), np.uint8),
        np.zeros((96, 128, 3), np.float32)
    ]


def test_broken_frames_do_not_end_it(tmp_path, tool, camera, monkeypatch):
    one, two, *rest = streams.pictures(6)
    source = camera([one, two, *broken(), *rest])
    out, data = tool(video='0')
    assert source.frames is None  # given back
    assert '4 could not be read' in out
    assert [one['image_id']
            for one in data['annotations']] == [0, 1, 6, 7, 8, 9]
    # all begin anew, and go on with the key frames of the video
    assert [one['network']
            for one in data['annotations']] == [0, 1, 0, 1, 2, 0]
    assert [one['is_labeled']
            for one in data['images']] == [True] * 2 + [False] * 4 + [True] * 4
    monkeypatch.undo()
    assert len(read_film(tmp_path / 'out' / 'camera_0.mp4')) == 10


def test_the_first_frames_may_be_broken(tmp_path, tool, camera, monkeypatch):
    camera([*broken(), *streams.pictures(2)], count=6)
    out, data = tool(video='film.mp4')
    assert [one['image_id'] for one in data['annotations']] == [4, 5]
    monkeypatch.undo()
    film = read_film(tmp_path / 'out' / 'film.mp4')
    assert len(film) == 6 and film[0].max() < 20 < film[4].max()


def test_the_film_keeps_its_size(tmp_path, tool, camera, monkeypatch):
    camera([
        *streams.pictures(2), *streams.pictures(2, (192, 128)),
        *streams.pictures(2)
    ])
    _, data = tool(video='1')
    assert [(one['height'], one['width']) for one in data['images']
            ] == [(96, 128)] * 2 + [(192, 128)] * 2 + [(96, 128)] * 2
    assert [one['network']
            for one in data['annotations']] == [0, 1, 0, 0, 0, 1]
    monkeypatch.undo()
    film = read_film(tmp_path / 'out' / 'camera_1.mp4')
    assert {image.shape for image in film} == {(96, 128, 3)}
    assert film[2][:, :25].max() < 40 < film[2][:, 40:].max()


def test_nobody_is_no_error(folder, tmp_path, tool):
    (tmp_path / 'none.json').write_text(json.dumps(dict(frames=[[]] * 8)))
    out, data = tool('--boxes', tmp_path / 'none.json')
    assert data['annotations'] == [] and '0 poses' in out


def test_ctrl_c_leaves_whole_files(tmp_path, tool, camera, monkeypatch):
    images = streams.pictures(6)

    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        return images[0]

    before = signal.getsignal(signal.SIGINT)
    camera([*images, interrupted, *images])
    out, data = tool(video='0')
    assert signal.getsignal(signal.SIGINT) is before
    assert 'stopped; the files are complete' in out
    assert len(data['images']) == len(data['annotations']) == 7
    monkeypatch.undo()
    assert len(read_film(tmp_path / 'out' / 'camera_0.mp4')) == 7
