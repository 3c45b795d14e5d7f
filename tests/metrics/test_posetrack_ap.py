"""PoseTrack's AP, against a second implementation in poseval's loops."""
import pickle

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import METRICS as ROOT
from mmengine.structures import BaseDataElement, InstanceData

from scalenas_mm.evaluation.sequential import in_order as gathered
from scalenas_mm.metrics import PoseTrackMetric
from scalenas_mm.metrics.posetrack_ap import (COLUMNS, NOBODY, Poses,
                                              average_precision, columns,
                                              joint_ap, match)
from scalenas_mm.metrics.posetrack_persons import (JOINTS, NO_CLIP, in_order,
                                                   read_person)
from scalenas_mm.registry import METRICS
from scalenas_mm.spaces import SettingError

HEAD = [0, 0, 30, 40]  # 0.6 * 50: a head size of 30, right up to 15
# ViPNAS, table 1: Head, Sho, Elb, Wri, Hip, Knee, Ank, Total
TABLE = '''
84.5 83.0 74.4 63.1 74.4 70.7 63.4 63.4
87.3 87.9 82.0 73.4 79.0 79.2 72.9 80.7
86.5 86.9 80.8 71.5 79.3 77.9 70.6 79.6
85.2 81.7 74.7 62.9 72.9 69.4 61.4 73.4
87.9 87.7 83.5 75.8 79.1 80.4 77.0 82.1
89.4 88.5 84.4 76.2 81.2 80.5 77.5 83.0
86.4 85.9 78.8 69.6 76.5 76.1 69.1 78.1
87.8 88.0 82.3 74.1 78.8 79.1 74.0 81.1
87.3 85.6 78.9 70.3 75.7 75.0 70.1 78.2
86.7 88.1 83.0 75.7 80.8 80.4 74.2 81.6
88.1 89.6 84.5 77.4 81.1 81.8 77.6 83.2
87.7 88.2 82.6 74.7 79.3 79.8 75.4 81.6
'''


# -- samples ----------------------------------------------------------------
def sample(truth, points, scores, image=0, track=0, head=HEAD, **ann):
    """Of 17 joints; ``truth`` ``(17, 3)`` as in annotations."""
    return dict(
        raw_ann_info=dict(
            image_id=image,
            track_id=track,
            keypoints=np.asarray(truth, float).reshape(-1).tolist(),
            bbox_head=list(head),
            **ann),
        pred_instances=dict(
            keypoints=np.asarray(points, float)[None],
            keypoint_scores=np.asarray(scores, float)[None]))


def pose(rng, spread=200):
    """A fully annotated person."""
    return np.c_[rng.uniform(50, 50 + spread, (17, 2)), np.ones(17)]


def perfect(image=0, track=0, seed=0, **more):
    truth = pose(np.random.default_rng([seed, image, track]))
    return sample(truth, truth[:, :2], np.ones(17), image, track, **more)


def random_samples(rng):
    """Whole numbers, so that many distances are the threshold and many
    scores equal; near persons, swapped ones, joints that are missing."""
    out = [perfect(99)]  # somebody is annotated
    for image in rng.choice(50, rng.integers(1, 5), replace=False).tolist():
        persons = rng.integers(1, 5)
        truths = [np.rint(pose(rng, 30)) for _ in range(persons)]
        for track, other in enumerate(rng.permutation(persons)):
            chosen = other if rng.random() < 0.4 else track
            steps = np.array([[0, 0], [9, 12], [15, 0], [0, 16], [12, 10]])
            points = truths[chosen][:, :2] + steps[rng.integers(5, size=17)]
            points[rng.random(17) < 0.1] += 1000
            truth = truths[track].copy()
            truth[rng.random(17) < rng.choice([0, 0.3, 0.95])] = 0
            truth[rng.random(17) < 0.2, 2] = 0  # hidden, still annotated
            heads = [HEAD, [5, 5, 3, 4], [5, 5, 60, 80]]
            out.append(
                sample(truth, points,
                       rng.integers(0, 5, 17) / 4, image, track,
                       heads[rng.choice(3, p=[0.7, 0.2, 0.1])]))
    return [out[i] for i in rng.permutation(len(out))]


def evaluate(samples, **settings):
    metric = PoseTrackMetric(**settings)
    for one in samples:
        metric.process(None, [one])
    found = metric.evaluate(len(samples))
    return {key.removeprefix('posetrack/'): v for key, v in found.items()}


# -- a second implementation: poseval's, person by person -------------------
def brute_force(samples, threshold=0.5, min_score=None):
    """AP of each joint of 17; NaN where none is annotated."""
    detections = {joint: [] for joint in JOINTS}
    positives = dict.fromkeys(JOINTS, 0)
    samples = [s for s in samples if any(annotated(s).values())]
    key = [(s['raw_ann_info']['image_id'], s['raw_ann_info']['track_id'])
           for s in samples]
    samples = [samples[i] for i in np.lexsort(np.transpose(key)[::-1])]
    for image in sorted({one[0] for one in key}):
        here = [s for s in samples if s['raw_ann_info']['image_id'] == image]
        for one in here:
            for joint in JOINTS:
                positives[joint] += annotated(one)[joint]
        for one, truth in zip(here, assigned(here, threshold, min_score)):
            for joint in JOINTS:
                if is_predicted(one, joint, min_score):
                    hit = truth is not None and is_right(
                        one, truth, joint, threshold, min_score)
                    score = one['pred_instances']['keypoint_scores'][0, joint]
                    detections[joint].append((score, hit))
    return {
        joint: voc(detections[joint], positives[joint])
        for joint in JOINTS
    }


def annotated(one):
    numbers = one['raw_ann_info']['keypoints']
    return {j: any(numbers[3 * j:3 * j + 3]) for j in JOINTS}


def is_predicted(one, joint, min_score):
    score = one['pred_instances']['keypoint_scores'][0, joint]
    return min_score is None or score >= min_score


def is_right(one, truth, joint, threshold, min_score):
    if not annotated(truth)[joint] or not is_predicted(one, joint, min_score):
        return False
    x, y = truth['raw_ann_info']['keypoints'][3 * joint:3 * joint + 2]
    px, py = one['pred_instances']['keypoints'][0, joint]
    *_, width, height = truth['raw_ann_info']['bbox_head']
    size = 0.6 * (width**2 + height**2)**0.5
    return ((x - px)**2 + (y - py)**2)**0.5 / size <= threshold


def assigned(here, threshold, min_score):
    """The ground truth of each prediction of an image, or None."""
    share = np.zeros((len(here), len(here)))
    for i, one in enumerate(here):
        for k, truth in enumerate(here):
            hits = sum(
                is_right(one, truth, j, threshold, min_score) for j in JOINTS)
            share[i, k] = hits / sum(annotated(truth).values())
    for row in share:  # a prediction is for the first best only
        best = max(range(len(row)), key=lambda k: row[k])
        row[[k for k in range(len(row)) if k != best]] = 0
    out = [None] * len(here)
    for k, column in enumerate(share.T):
        best = max(range(len(column)), key=lambda i: column[i])
        if column[best] > 0:
            out[best] = here[k]
    return out


def voc(detections, positives):
    if not positives:
        return np.nan
    ranked = sorted(detections, key=lambda one: -one[0])  # stable
    recall, precision, found = [0.], [0.], 0
    for i, (_, hit) in enumerate(ranked):
        found += hit
        recall.append(found / positives)
        precision.append(found / (i + 1))
    recall.append(1.)
    precision.append(0.)
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return 100 * sum((recall[i] - recall[i - 1]) * precision[i]
                     for i in range(1, len(recall)))


@pytest.mark.parametrize(
    'settings', [
        {},
        dict(threshold=0.3),
        dict(min_score=0.5),
    ], ids=str)
@pytest.mark.parametrize('seed', range(60))
def test_equal_to_a_second_implementation(seed, settings):
    samples = random_samples(np.random.default_rng(seed))
    expected = np.array(list(brute_force(samples, **settings).values()))
    persons = in_order([read_person(one, NO_CLIP) for one in samples])
    found = joint_ap(persons, **settings)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    result = evaluate(samples, **settings)
    assert result.pop('AP') == pytest.approx(np.nanmean(expected), abs=1e-4)
    for name, joints in COLUMNS.items():
        part = expected[list(joints)]
        if np.isnan(part).all():
            assert name not in result
        else:
            assert result[name] == pytest.approx(np.nanmean(part), abs=1e-4)


# -- by hand ----------------------------------------------------------------
@pytest.mark.parametrize(
    'scores, right, positives, ap',
    [
        ([3, 2, 1], [1, 1, 1], 3, 1),
        ([3, 2, 1], [1, 0, 1], 2, 1 / 2 + 1 / 2 * 2 / 3),
        ([3, 2, 1], [0, 1, 1], 2, 2 / 3),  # precision of a higher recall
        ([1, 3, 2], [1, 0, 1], 4, 2 / 3 / 2),
        ([3, 2, 1], [1, 0, 0], 1, 1),  # what comes later costs nothing
        ([1, 1], [1, 0], 1, 1),  # equal: the first comes first
        ([1, 1], [0, 1], 1, 1 / 2),
        ([np.nan, 1], [0, 1], 1, 1),
        ([], [], 5, 0),
    ])
def test_average_precision(scores, right, positives, ap):
    found = average_precision(
        np.array(scores, float), np.array(right, bool), positives)
    assert found == pytest.approx(ap)


def test_nobody_has_it():
    assert np.isnan(average_precision(np.ones(1), np.zeros(1, bool), 0))


def test_perfect_predictions():
    found = evaluate([perfect(i, k) for i in range(3) for k in range(3)])
    assert found == dict.fromkeys([*COLUMNS, 'AP'], 100.0)


@pytest.mark.parametrize('off, ap', [(15, 100), (15 + 1e-9, 0)])
def test_threshold_is_right(off, ap):
    """Of a person whose other joints are right."""
    one = perfect()
    one['pred_instances']['keypoints'][0, 5:7, 0] += off
    shoulders = one['raw_ann_info']['keypoints']
    for joint in (5, 6):  # whole numbers, so that the distance is exact
        shoulders[3 * joint] = 64.
        one['pred_instances']['keypoints'][0,
                                           joint] = (64 + off,
                                                     shoulders[3 * joint + 1])
    assert evaluate([one])['Sho'] == ap


def test_what_is_not_annotated_is_a_false_positive():
    """As in poseval; of a low score it costs nothing."""
    whole, part = perfect(0), perfect(1)
    part['raw_ann_info']['keypoints'][15 * 3:] = [0.] * 6
    part['pred_instances']['keypoint_scores'][0, 15:] = 2
    found = evaluate([whole, part])
    assert (found['Ank'], found['Knee']) == (50, 100)
    part['pred_instances']['keypoint_scores'][0, 15:] = 0.1
    assert evaluate([whole, part])['Ank'] == 100


def test_joints_of_low_scores_are_not_predicted():
    first, second = perfect(0, 0), perfect(0, 1)
    first['pred_instances']['keypoint_scores'][0, 15:] = 0.1
    assert evaluate([first, second])['Ank'] == 100
    assert evaluate([first, second], min_score=0.1)['Ank'] == 100
    assert evaluate([first, second], min_score=0.2)['Ank'] == 50
    # the rest of the second prediction is more like the first person
    shown = first['pred_instances']['keypoints'][0, :9]
    second['pred_instances']['keypoints'][0, :9] = shown
    second['pred_instances']['keypoint_scores'][0, :9] = 0.1
    first['pred_instances']['keypoints'] += 1000
    assert evaluate([first, second], min_score=0.2)['Ank'] == 50


def test_whom_a_prediction_is_for():
    off = perfect(0, 2)
    off['pred_instances']['keypoints'] += 1000
    first, second = perfect(0, 0), perfect(0, 1)
    first['pred_instances'], second['pred_instances'] = (
        second['pred_instances'], first['pred_instances'])
    persons = in_order([
        read_person(one, NO_CLIP)
        for one in (off, second, perfect(1, 0), first)
    ])
    poses = Poses.of(persons, -np.inf)
    found = match(poses, persons['image'], 0.5)
    assert found.tolist() == [1, 0, NOBODY, 3]


def test_a_prediction_for_the_neighbour():
    """Both boxes show the first person: the second prediction, all its
    joints of higher scores, is wrong and the second person not found."""
    first, second = perfect(0, 0), perfect(0, 1)
    second['pred_instances'] = dict(
        keypoints=first['pred_instances']['keypoints'] + 1000,
        keypoint_scores=np.full((1, 17), 2.))
    assert evaluate([first, second])['AP'] == 25  # 1 of 2 at precision 1 / 2
    second['pred_instances']['keypoints'] -= 1000  # equal: the first track
    assert evaluate([first, second])['AP'] == 25
    second['pred_instances'], first['pred_instances'] = (
        first['pred_instances'], second['pred_instances'])
    assert evaluate([first, second])['AP'] == 50


def test_swapped_persons_cost_nothing():
    first, second = perfect(0, 0), perfect(0, 1)
    first['pred_instances'], second['pred_instances'] = (
        second['pred_instances'], first['pred_instances'])
    assert evaluate([first, second])['AP'] == 100
    second['raw_ann_info']['image_id'] = 1  # never across images
    assert evaluate([first, second])['AP'] == 0


def test_persons_without_joints_and_empty_heads():
    nobody = perfect(0, 1)
    nobody['raw_ann_info']['keypoints'] = [0.] * 51
    nobody['pred_instances']['keypoint_scores'] += 1
    assert evaluate([perfect(), nobody])['AP'] == 100
    no_head = perfect(0, 1, head=[3, 3, 0, 0], vid_id='a', frame_index=0)
    later = perfect(1, 1, head=[3, 3, 0, 0], vid_id='a', frame_index=1)
    found = evaluate([no_head, later])
    assert found['AP'] == 0 and 'jitter' not in found
    with pytest.raises(SettingError, match='at least one person'):
        evaluate([nobody])


def test_joints_that_nobody_has():
    one = perfect()
    for joint in (0, 1, 2, 5):
        one['raw_ann_info']['keypoints'][3 * joint:3 * joint +
                                         3] = [0., 0., 0.]
    found = evaluate([one])
    assert 'Head' not in found
    assert found['Sho'] == found['AP'] == 100


def test_ears_do_not_count():
    one = perfect()
    one['pred_instances']['keypoints'][0, 3:5] = 9999
    assert evaluate([one])['AP'] == 100


def test_table_of_the_paper():
    rows = [list(map(float, line.split())) for line in TABLE.split('\n')[1:-1]]
    for row in rows:
        joints = np.repeat(row[:7], [3, 2, 2, 2, 2, 2, 2])
        found = columns(joints)
        assert [found[name] for name in COLUMNS] == pytest.approx(row[:7])
        if row == rows[0]:  # this Total repeats the ankles
            assert found['AP'] == pytest.approx(74.1, abs=0.06)
        else:
            assert found['AP'] == pytest.approx(row[-1], abs=0.06)


# -- clips and time ---------------------------------------------------------
def tracked(rng, tracks=4, frames=7):
    """Noisy persons in two videos, by track; few joints are missing."""
    out = []
    for track in range(tracks):
        video, truth, line = track % 2, pose(rng), []
        for t in range(frames):
            now = truth + np.r_[3 * t, t, 0]
            now[rng.random(17) < 0.1] = 0
            line.append(
                sample(
                    now,
                    truth[:, :2] + rng.normal(3 * t, 9, (17, 2)),
                    rng.random(17),
                    image=100 * video + t,
                    track=track // 2,
                    vid_id=f'00{video}' * (video + 1),
                    frame_index=t))
        out.append(line)
    return out


def clips_of(lines, length):
    return [
        dict(frames=line[i:i + length]) for line in lines
        for i in range(0, len(line), length)
    ]


def test_clips_are_their_frames():
    lines = tracked(np.random.default_rng(0))
    flat = evaluate(sum(lines, []))
    found = evaluate(clips_of(lines, 3))
    assert flat.items() < found.items() and 'jitter' in flat
    extra = found.keys() - flat.keys()
    assert extra == {'AP_0', 'AP_1', 'AP_2', 'AP_sum'}
    for t in range(3):
        at = evaluate([one for line in lines for one in line[t::3]])
        assert found[f'AP_{t}'] == at['AP']
    assert found['AP_sum'] == pytest.approx(
        found['AP_1'] + found['AP_2'], abs=2e-4)
    alone = evaluate(clips_of(lines, 1))
    assert 'AP_0' in alone and 'AP_sum' not in alone


def test_padded_frames_do_not_count():
    lines = tracked(np.random.default_rng(1))
    clips = clips_of(lines, 3)
    expected = evaluate(clips)
    wrong = dict(lines[0][0], padded=True)  # would be there twice
    for clip in clips:
        clip['frames'] = clip['frames'] + [wrong] * (3 - len(clip['frames']))
    assert evaluate(clips) == expected
    assert evaluate(clips + [dict(frames=[wrong] * 3)]) == expected


def brute_jitter(samples):
    values = []
    for a in samples:
        for b in samples:
            x, y = a['raw_ann_info'], b['raw_ann_info']
            if (x['vid_id'], x['track_id'],
                    x['frame_index'] + 1) != (y['vid_id'], y['track_id'],
                                              y['frame_index']):
                continue
            size = 0.6 * np.hypot(*y['bbox_head'][2:])
            for j in JOINTS:
                if annotated(a)[j] and annotated(b)[j]:
                    g, h = (
                        np.array(z['keypoints'][3 * j:3 * j + 2])
                        for z in (x, y))
                    p, q = (
                        z['pred_instances']['keypoints'][0, j] for z in (a, b))
                    values.append(np.linalg.norm((q - p) - (h - g)) / size)
    return np.mean(values)


def test_jitter():
    lines = tracked(np.random.default_rng(2))
    samples = sum(lines, [])
    del samples[3]  # a gap in time
    found = evaluate(samples)['jitter']
    assert found == pytest.approx(brute_jitter(samples), abs=1e-4)
    for one in samples:  # a constant error does not shake
        truth = np.reshape(one['raw_ann_info']['keypoints'], (17, 3))
        one['pred_instances']['keypoints'][0] = truth[:, :2] + [5, 7]
    assert evaluate(samples)['jitter'] == 0
    del samples[0]['raw_ann_info']['frame_index']
    assert 'jitter' in evaluate(samples)
    for one in samples:
        one['raw_ann_info'].pop('vid_id')
    assert 'jitter' not in evaluate(samples)


# -- the metric -------------------------------------------------------------
@pytest.mark.parametrize('seed', range(5))
def test_order_and_ranks_do_not_matter(seed):
    """Gathered as a search does it, the last person twice as a loader for two
    ranks has it; equal scores everywhere."""
    rng = np.random.default_rng(seed)
    samples = random_samples(rng) + clips_of(tracked(rng), 3)
    for one in samples:
        for frame in one.get('frames', ()):
            frame['raw_ann_info']['image_id'] += 1000
    if len(samples) % 2 == 0:
        samples.append(perfect(5000))
    expected = evaluate(samples)
    shuffled = [samples[i] for i in rng.permutation(len(samples))]
    assert evaluate(shuffled) == expected
    parts = []
    for rank in (shuffled[::2], shuffled[1::2] + shuffled[:1]):
        one = PoseTrackMetric()
        one.process(None, rank)
        parts.append(pickle.loads(pickle.dumps(one.results)))
    both = PoseTrackMetric(prefix='posetrack')
    both.results = gathered(parts)
    found = both.evaluate(len(samples))
    assert found == {f'posetrack/{k}': v for k, v in expected.items()}
    size = sum(len(one.get('frames', [0])) for one in samples)
    assert len(pickle.dumps(parts)) < 1000 * (size + 5)


def test_what_data_elements_and_tensors_say():
    lines = tracked(np.random.default_rng(3), 2, 3)
    expected = evaluate(clips_of(lines, 3))

    def element(one, as_tensor):
        predicted = one['pred_instances']
        convert = torch.from_numpy if as_tensor else np.asarray
        instances = InstanceData(**{
            k: convert(v)
            for k, v in predicted.items()
        })
        return BaseDataElement(
            metainfo=dict(raw_ann_info=one['raw_ann_info'], padded=False),
            pred_instances=instances)

    elements = [[element(one, i % 2) for one in line]
                for i, line in enumerate(lines)]
    clips = [BaseDataElement(frames=line).to_dict() for line in elements]
    assert evaluate(clips) == expected
    flat = [one.to_dict() for line in elements for one in line]
    assert evaluate(flat) == evaluate(sum(lines, []))


def test_table_in_the_log(monkeypatch):
    logged = []
    monkeypatch.setattr('scalenas_mm.metrics.posetrack_metric.print_log',
                        lambda text, logger: logged.append(text))
    one = perfect()
    one['raw_ann_info']['keypoints'][:9] = [0.] * 9
    evaluate([dict(frames=[one])])
    text, = logged
    title, names, row, clip = text.split('\n')
    assert names.split() == ['frames', *COLUMNS, 'Total']
    assert row.split() == ['all', '-', *['100.0'] * 7]
    assert clip.split() == ['t', '=', '0', '-', *['100.0'] * 7]


@pytest.mark.parametrize('settings, message', [
    (dict(threshold=0), 'threshold: expected a number above 0'),
    (dict(threshold='a'), 'threshold: expected a number above 0'),
    (dict(threshold=float('nan')), 'threshold: expected a number above 0'),
    (dict(min_score='a'), 'min_score: expected a number or None'),
])
def test_wrong_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        PoseTrackMetric(**settings)


def test_wrong_data():
    with pytest.raises(SettingError, match='at least one person.*none'):
        PoseTrackMetric().evaluate(0)
    with pytest.raises(SettingError, match='once, got .*image 4, track 2'):
        evaluate([perfect(4, 2), perfect(4, 2)])
    # errors of annotation: the same track twice
    evaluate([perfect(4, 2, id=1), perfect(4, 2, seed=1, id=2)])
    with pytest.raises(SettingError, match='raw_ann_info of one person'):
        evaluate([dict(raw_ann_info=[{}], pred_instances={})])
    with pytest.raises(SettingError, match='pred_instances of one person'):
        evaluate([dict(raw_ann_info={})])
    one = perfect()
    one['raw_ann_info'].pop('bbox_head')
    with pytest.raises(SettingError, match="raw_ann_info.*'bbox_head'"):
        evaluate([one])
    one = perfect()
    one['pred_instances']['keypoints'] = np.zeros((2, 17, 2))
    with pytest.raises(SettingError, match=r'keypoints: .*\(1, 17, 2\)'):
        evaluate([one])
    one = perfect()
    one['raw_ann_info']['keypoints'] = [0.] * 45
    with pytest.raises(SettingError, match=r'keypoints: .*\(51,\)'):
        evaluate([one])


@pytest.mark.parametrize('registry', [METRICS, ROOT])
def test_any_config_may_name_it(registry):
    built = Evaluator([dict(type='scalenas_mm.PoseTrackMetric')]).metrics[0]
    assert isinstance(built, PoseTrackMetric)
    assert isinstance(
        registry.build(dict(type='scalenas_mm.PoseTrackMetric')),
        PoseTrackMetric)
