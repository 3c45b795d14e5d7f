"""Who is in the frames of a stream: boxes that are given or detected."""
import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope, init_default_scope
from tiny_detector import DETECTION

from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import SettingError

# what follows needs mmpose
PROJECT = 'projects.vipnas_video.vipnas_video.streaming'
streams = pytest.importorskip('tvipnas_streams')
streaming = pytest.importorskip(PROJECT)
CountingNetworks, NoCrop = streams.CountingNetworks, streams.NoCrop
PoseStream, DetectedPersons = streaming.PoseStream, streaming.DetectedPersons


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpose')


def box(x=20., y=10., w=40., h=60.):
    return np.array([x, y, x + w, y + h], np.float32)


def found(*boxes, score=0.9):
    return np.array(boxes, np.float32).reshape(-1, 4), np.full(
        len(boxes), score, np.float32)


def tracks(persons, index, answer, key=True, shape=(100, 100, 3)):
    persons.detect = lambda image: answer
    people = persons(index, np.zeros(shape, np.uint8), key)
    return {one.track: float(one.box[0]) for one in people}


def test_tracks_follow_their_boxes():
    persons = DetectedPersons(None)
    assert tracks(persons, 0, found(box(0), box(50))) == {0: 0, 1: 50}
    # in another order, one is gone, one is new
    assert tracks(persons, 1, found(box(90), box(54))) == {2: 90, 1: 54}
    # not a key frame: nothing is detected
    assert tracks(persons, 2, None, key=False) == {2: 90, 1: 54}
    # numbers are not used again
    assert tracks(persons, 3, found(box(0), box(55))) == {3: 0, 1: 55}
    assert tracks(persons, 4, found()) == {}
    assert tracks(persons, 5, found(box(0))) == {4: 0}


def test_weak_and_empty_boxes_are_left_out():
    persons = DetectedPersons(None, min_score=0.5, most=2)
    assert tracks(persons, 0, found(box(0), score=0.4)) == {}
    assert tracks(persons, 0, found(box(0, w=0.5))) == {}
    assert len(tracks(persons, 0, found(box(0), box(30), box(60)))) == 2


def test_tracks_outlive_another_resolution():
    persons = DetectedPersons(None)
    tracks(persons, 0, found(box(20)))
    assert tracks(persons, 1, None, False, (200, 300, 3)) == {0: 60}
    large = found(box(60, 20, 120, 120))
    assert tracks(persons, 2, large, True, (200, 300, 3)) == {0: 60}


def test_the_detector_runs_on_key_frames_only():
    """Of the video; on the next frame where that one is lost."""
    seen = []

    def detect(image):
        seen.append(stream.index)
        return found(box())

    stream = PoseStream(CountingNetworks(), NoCrop(), DetectedPersons(detect))
    image = np.zeros((100, 100, 3), np.uint8)
    for number in range(12):
        stream.step(None if number in (4, 6) else image)
    assert seen == [0, 5, 8]
    assert stream.networks.ran == [0, 1, 2, 3, 0, 0, 0, 1, 2, 3]


def test_boxes_of_a_detector_of_mmdet(tmp_path):
    """Whatever scope there is; only those of persons."""
    pytest.importorskip('mmdet')
    config = Config(
        dict(
            default_scope='mmdet',
            model=deepcopy(DETECTION),
            test_dataloader=dict(
                dataset=dict(pipeline=[
                    dict(type='LoadImageFromFile'),
                    dict(type='Resize', scale=(64, 64), keep_ratio=True),
                    dict(type='LoadAnnotations', with_bbox=True),
                    dict(
                        type='PackDetInputs',
                        meta_keys=('img_id', 'img_path', 'ori_shape',
                                   'img_shape', 'scale_factor'))
                ]))))
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(ConfigDict(deepcopy(config.model)))
    path = tmp_path / 'detector.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    every = [
        streaming.Detector(config, str(path), label=label) for label in (0, 1)
    ]
    image = streams.pictures(1)[0]
    for boxes, scores in (detect(image) for detect in every):
        assert boxes.shape == (len(scores), 4)
    assert sum(len(detect(image)[0]) for detect in every) > 0
    stream = PoseStream(CountingNetworks(), NoCrop(),
                        DetectedPersons(every[0], min_score=0.))
    assert len(stream.step(image)) == len(stream.step(image))
    assert DefaultScope.get_current_instance().scope_name == 'mmpose'
    config.test_dataloader = dict()
    with pytest.raises(SettingError, match='LoadImageFromFile'):
        streaming.Detector(config, str(path))


def test_own_boxes_stay_where_nothing_is_detected():
    image = np.zeros((100, 100, 3), np.uint8)
    answers = iter([found(box(0)), found(box(8))])
    crop = NoCrop('own')
    stream = PoseStream(CountingNetworks(), crop,
                        DetectedPersons(lambda image: next(answers)))
    for _ in range(stream.period + 1):
        stream.step(image)
    assert crop.seen == [0] * stream.period + [8]


boxes_of = st.lists(
    st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] *
              2).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
    max_size=6).map(lambda rows: np.array(rows, np.float32).reshape(-1, 4))


@settings(deadline=None, max_examples=50)
@given(boxes_of, boxes_of, st.floats(0.01, 1))
def test_matches_are_pairs_above_the_threshold(known, new, threshold):
    pairs = streaming.match_boxes(known, new, threshold)
    overlaps = streaming.box_overlaps(known, new)
    assert len(set(pairs.values())) == len(pairs)
    assert all(overlaps[i, j] >= threshold for j, i in pairs.items())
    free = [(i, j) for i in range(len(known)) for j in range(len(new))
            if i not in pairs.values() and j not in pairs]
    # whoever is left has nobody
    assert all(overlaps[i, j] < threshold for i, j in free)


def test_overlaps():
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert streaming.box_overlaps(a,
                                  b).tolist() == [[1,
                                                   pytest.approx(1 / 3), 0]]


# -- files of boxes -----------------------------------------------------------
def test_boxes_are_read(tmp_path):
    path = tmp_path / 'boxes.json'
    row = dict(track_id=3, bbox=[1, 2, 3, 4])
    path.write_text(json.dumps(dict(frames=[[row], []])))
    boxes = streaming.read_boxes(path)
    (one, ) = boxes(0, None, False)
    assert (one.track, one.box.tolist(), one.score) == (3, [1, 2, 4, 6], 1)
    assert not boxes(1, None, False) and not boxes(2, None, False)
    boxes.check(2, (10, 10))
    with pytest.raises(SettingError, match='frames: expected 3 lists'):
        boxes.check(3, (10, 10))
    with pytest.raises(SettingError, match='track 3: expected a box in the'):
        boxes.check(2, (2, 10))


ROW = dict(track_id=1, bbox=[1, 2, 3, 4])


@pytest.mark.parametrize('text, message', [
    ('[', 'a JSON file'),
    ('[]', 'frames: expected a list for each frame'),
    ('{"frames": [{}]}', r'frames\[0\]: expected a list of boxes'),
    (dict(frames=[[3]]), r'frames\[0\]\[0\]: expected a dict'),
    (dict(frames=[[dict(ROW, track_id='a')]]), 'track_id: expected a whole'),
    (dict(frames=[[dict(ROW, bbox=[1, 2, 3])]]), 'bbox: expected x, y'),
    (dict(frames=[[dict(ROW, bbox=[1, 2, 0, 4])]]), 'bbox: expected x, y'),
    (dict(frames=[[dict(ROW, score='x')]]), 'score: expected a number'),
    (dict(frames=[[ROW, ROW]]), r'frames\[0\]: expected each track_id once'),
])
def test_wrong_boxes_are_named(tmp_path, text, message):
    path = tmp_path / 'boxes.json'
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    with pytest.raises(SettingError, match=message):
        streaming.read_boxes(path)
