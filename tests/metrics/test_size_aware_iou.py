"""IoU by the size of regions, against a second implementation."""
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mmengine.evaluator import Evaluator
from mmengine.registry import METRICS as ROOT
from scipy import ndimage

from scalenas_mm.evaluation.sequential import in_order
from scalenas_mm.metrics import SizeAwareIoU
from scalenas_mm.metrics.size_aware_iou import rates
from scalenas_mm.registry import METRICS
from scalenas_mm.spaces import SettingError

CLASSES = ('a', 'b', 'c')
IGNORE = 255
CORNERS = np.ones((3, 3))


def metric(names=CLASSES, **settings):
    out = SizeAwareIoU(**settings)
    out.dataset_meta = dict(classes=names)
    return out


def sample(prediction, truth, **more):

    def data(labels):
        return dict(data=torch.as_tensor(np.array(labels))[None])

    return dict(pred_sem_seg=data(prediction), gt_sem_seg=data(truth), **more)


def evaluate(metric, *pairs):
    for pair in pairs:
        metric.process(None, [sample(*pair)])
    return metric.evaluate(len(pairs))


# -- a second implementation: one region after the other ------------------
def size_of(pixels, thresholds):
    return sum(pixels >= threshold for threshold in thresholds)


def regions_of(mask):
    labels, number = ndimage.label(mask, CORNERS)
    return [labels == i + 1 for i in range(number)]


def brute_force(prediction, truth, thresholds):
    """Counts ``(3, classes, sizes)``, as the docstring of the metric says."""
    counted = truth != IGNORE
    out = np.zeros((3, len(CLASSES), len(thresholds) + 1), int)
    for c in range(len(CLASSES)):
        size = np.full(truth.shape, -1)
        for region in regions_of(truth == c):
            size[region] = size_of(region.sum(), thresholds)
            out[0, c, size[region][0]] += (prediction[region] == c).sum()
            out[1, c, size[region][0]] += region.sum()
        for region in regions_of((prediction == c) & counted):
            hits = [(size[region] == s).sum()
                    for s in range(len(thresholds) + 1)]
            chosen = hits.index(max(hits)) if any(hits) else size_of(
                region.sum(), thresholds)
            out[2, c, chosen] += (truth[region] != c).sum()
    return out


@st.composite
def maps(draw):
    """Two maps that are mostly equal, with ignored pixels and strange labels
    on both sides."""
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    kinds = st.sampled_from([np.uint8, np.int64])
    labels = st.sampled_from([0, 0, 0, 1, 1, 2, 7, IGNORE])
    truth = draw(arrays(draw(kinds), shape, elements=labels))
    other = draw(arrays(draw(kinds), shape, elements=labels))
    keep = draw(arrays(bool, shape))
    return np.where(keep, truth, other), truth


@settings(max_examples=150, deadline=None)
@given(
    st.lists(maps(), min_size=1, max_size=3),
    st.lists(st.integers(1, 30), max_size=2, unique=True).map(sorted))
def test_equal_to_a_second_implementation(pairs, thresholds):
    sizes = [f'size{i}' for i in range(len(thresholds) + 1)]
    tested = metric(thresholds=thresholds, sizes=sizes)
    iou, acc = rates(sum(brute_force(*pair, thresholds) for pair in pairs))
    expected = {
        f'm{kind}_{size}': np.nanmean(values)
        for kind, rate in (('IoU', iou), ('Acc', acc))
        for size, values in zip(sizes, rate.T) if not np.isnan(values).all()
    }
    for _ in range(2):  # again from what it remembers of the ground truths
        found = evaluate(tested, *pairs)
        assert found.keys() == expected.keys()
        for key in found:
            assert found[key] == pytest.approx(expected[key], abs=1e-4)


def blobs(seed, classes, shape=(64, 96)):
    rng = np.random.default_rng(seed)
    noise = rng.random((classes, *shape))
    return ndimage.gaussian_filter(noise, (0, 4, 4)).argmax(0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20))
def test_larger_maps_and_what_sizes_add_up_to(seed):
    """Sums over sizes are what mmseg's IoU counts."""
    truth, prediction = blobs(seed, 3), blobs(seed + 1, 3)
    prediction = np.where(blobs(seed + 2, 2), truth, prediction)
    truth[:4] = IGNORE
    tested = metric(thresholds=(50, 300))
    tested.process(None, [sample(prediction, truth)])
    (cells, part), = tested.results
    counts = np.zeros((3, 9), int)
    counts[:, cells] = part
    counts = counts.reshape(3, 3, 3)
    assert (counts == brute_force(prediction, truth, (50, 300))).all()
    mmseg = pytest.importorskip('mmseg.evaluation').IoUMetric
    hit, union, _, area = mmseg.intersect_and_union(
        torch.tensor(prediction), torch.tensor(truth), 3, IGNORE)
    assert (counts.sum(2)[0] == hit.numpy()).all()
    assert (counts.sum(2)[1] == area.numpy()).all()
    assert (counts.sum(2)[1] + counts.sum(2)[2] == union.numpy()).all()


def test_by_hand():
    """A small and a large region of b; one false positive beside each, and a
    predicted region of three pixels far from both."""
    truth = np.zeros((12, 12), int)
    truth[1:3, 1:3] = 1  # 4 pixels
    truth[6:11, 6:11] = 1  # 25 pixels
    prediction = truth.copy()
    prediction[1, 3] = prediction[5, 6] = 1
    prediction[9, 0:3] = 1
    prediction[10, 10] = 0
    found = evaluate(
        metric(thresholds=[5], sizes=['s', 'l'], classes=['b']),
        (prediction, truth))
    assert found == {
        'mIoU_s': 50.0,  # 4 / (4 + 1 + 3)
        'mAcc_s': 100.0,
        'mIoU_l': round(100 * 24 / 26, 4),
        'mAcc_l': 96.0
    }


def test_classes_that_do_not_occur_are_left_out_whatever_is_predicted():
    truth = np.zeros((4, 4), int)
    wrong = truth.copy()
    wrong[0, 0] = 2
    right = evaluate(metric(), (truth, truth))
    assert right == dict(mIoU_small=100.0, mAcc_small=100.0)
    found = evaluate(metric(), (wrong, truth))
    assert found == dict(mIoU_small=93.75, mAcc_small=93.75)
    nothing = np.full((4, 4), IGNORE)
    assert evaluate(metric(), (truth, nothing)) == {}


def test_ranks_send_what_they_counted():
    """Gathered as a search does it, the last image twice as a loader for two
    ranks has it."""
    pairs = [(blobs(i, 3), blobs(i + 9, 3)) for i in range(3)]
    parts = []
    for rank in ([0, 2], [1, 0]):
        one = metric(thresholds=(50, 300))
        one.process(None, [sample(*pairs[i]) for i in rank])
        parts.append(pickle.loads(pickle.dumps(one.results)))
    both = metric(thresholds=(50, 300))
    both.results = in_order(parts)
    assert both.evaluate(3) == evaluate(metric(thresholds=(50, 300)), *pairs)
    assert len(pickle.dumps(parts)) < 1500


def test_memory_is_bounded_and_files_may_change():
    truth = blobs(0, 3)
    tested = metric()
    evaluate(tested, (truth, truth))
    need, = [regions.nbytes for regions in tested._cache.values()]
    bounded = metric(cache_mb=2.5 * need / 1e6)
    pairs = [(truth, np.roll(truth, i)) for i in range(5)]
    for pair in pairs:
        name = dict(img_path='the same.png')
        bounded.process(None, [sample(*pair, **name)])
    assert 1 <= len(bounded._cache) <= 2
    assert bounded._cached <= bounded.cache_bytes
    assert bounded.evaluate(5) == evaluate(metric(), *pairs)


@pytest.mark.parametrize('settings, message', [
    (dict(thresholds=(4, 4)), 'thresholds: expected rising'),
    (dict(thresholds=(0, 4)), r'thresholds\[0\]: expected a whole number'),
    (dict(sizes=('small', 'large')), 'sizes: expected 3 names'),
])
def test_wrong_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        SizeAwareIoU(**settings)


def test_wrong_data():
    truth = np.zeros((4, 4), int)
    with pytest.raises(SettingError, match=r'pred_sem_seg: .*\(4, 4\), got'):
        evaluate(metric(), (truth[:2], truth))
    with pytest.raises(SettingError, match='gt_sem_seg in each'):
        metric().process(None, [dict(pred_sem_seg={})])
    with pytest.raises(SettingError, match="classes: .* got .'d'."):
        evaluate(metric(classes=['a', 'd']), (truth, truth))


@pytest.mark.parametrize('registry', [METRICS, ROOT])
def test_any_config_may_name_it(registry):
    built = Evaluator([dict(type='scalenas_mm.SizeAwareIoU')]).metrics[0]
    assert isinstance(built, SizeAwareIoU)
    assert isinstance(
        registry.build(dict(type='scalenas_mm.SizeAwareIoU')), SizeAwareIoU)
