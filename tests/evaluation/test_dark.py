"""The same key points as mmpose's, found sooner."""
import numpy as np
import pytest

from scalenas_mm.evaluation import dark
from scalenas_mm.evaluation.dark import quick_dark, quickly

codecs = pytest.importorskip('mmpose.codecs')


def heatmaps(rng, kind, dtype):
    """Bumps anywhere, also outside; of all kinds of noise."""
    y, x = np.mgrid[:32, :24]
    at = rng.uniform(-3, 35, (17, 2, 1, 1))
    maps = np.exp(-((x - at[:, 0])**2 + (y - at[:, 1])**2) / 8)
    if kind == 'noise':
        maps += rng.normal(0, 0.3, maps.shape)
    if kind == 'flat':
        maps = np.round(maps)
    if kind == 'empty':
        maps *= 0
    return maps.astype(dtype)


@pytest.fixture
def codec():
    return codecs.MSRAHeatmap((96, 128), (24, 32), sigma=2, unbiased=True)


@pytest.mark.parametrize('kind', ['smooth', 'noise', 'flat', 'empty'])
@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.filterwarnings('ignore:invalid value')  # of empty ones, as ever
def test_every_bit_is_that_of_mmpose(codec, kind, dtype):
    rng = np.random.default_rng(0)
    for maps in [heatmaps(rng, kind, dtype) for _ in range(30)]:
        expected, scores = codec.decode(maps)
        before = maps.copy()
        with quick_dark():
            found, again = codec.decode(maps)
        assert found.dtype == expected.dtype
        assert found.tobytes() == expected.tobytes()
        assert again.tobytes() == scores.tobytes()
        assert (maps == before).all()
    assert all(dark._SAME.values())  # they were not decoded by mmpose


def test_it_ends():
    from mmpose.codecs import msra_heatmap
    plain = msra_heatmap.refine_keypoints_dark
    with quick_dark():
        assert msra_heatmap.refine_keypoints_dark is not plain
    assert msra_heatmap.refine_keypoints_dark is plain


def test_mmpose_decodes_where_a_bit_differs(codec, monkeypatch):
    monkeypatch.setattr(dark, '_SAME', {})
    monkeypatch.setattr(dark, 'quickly', lambda *args: quickly(*args) + 1e-5)
    rng = np.random.default_rng(0)
    for maps in [heatmaps(rng, 'smooth', np.float32) for _ in range(3)]:
        expected, _ = codec.decode(maps)
        with quick_dark():
            assert np.array_equal(codec.decode(maps)[0], expected)
    assert list(dark._SAME.values()) == [False]
