"""Images are decoded once, and stay as they were."""
import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset, ConcatDataset
from torch.utils.data import DataLoader

from scalenas_mm.evaluation.image_cache import CachedImages, cache_images
from scalenas_mm.spaces import SettingError


def spoil(results):
    """A transform that writes into the image."""
    results['img'] += 1
    return results


class Own(LoadImageFromFile):
    """Who knows what it depends on."""

    def transform(self, results):
        return super().transform(results)


@pytest.fixture
def paths(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(4):
        cv2.imwrite(
            str(tmp_path / f'{i}.png'),
            rng.integers(0, 255, (8, 6, 3), dtype=np.uint8))
    return [str(tmp_path / f'{i}.png') for i in range(4)]


def dataset(paths, load=None):
    data = BaseDataset(
        pipeline=[load or LoadImageFromFile(), spoil], lazy_init=True)
    data.data_list = [dict(img_path=path) for path in paths]
    data.load_data_list = lambda: data.data_list
    data.serialize_data = False
    data.full_init()
    return data


def loader(data, **kwargs):
    return DataLoader(data, batch_size=2, collate_fn=list, **kwargs)


def images(data):
    return [row['img'] for batch in data for row in batch]


def same(first, second):
    return all(map(np.array_equal, first, second))


def test_images_are_those_without_a_cache(paths, monkeypatch):
    expected = images(loader(dataset(paths)))
    data = loader(dataset(paths))
    assert cache_images(data) == 1
    assert cache_images(data) == 0  # not twice
    assert same(images(data), expected)
    monkeypatch.setattr(LoadImageFromFile, 'transform', None)  # no more
    again = next(iter(data))
    assert same(images(data), expected)
    assert set(again[0]) == {
        'img', 'img_path', 'img_shape', 'ori_shape', 'sample_idx'
    }


def test_only_so_many_as_fit(paths):
    cache = CachedImages(LoadImageFromFile(), 2.5 * 8 * 6 * 3)
    for _ in range(2):
        rows = [cache(dict(img_path=path)) for path in paths]
    assert list(cache.kept) == paths[:2]
    assert cache.bytes == 2 * 8 * 6 * 3
    assert same([row['img'] for row in rows],
                [LoadImageFromFile()(dict(img_path=p))['img'] for p in paths])


def test_auto_is_a_quarter_of_the_free_memory(paths, monkeypatch):
    monkeypatch.setattr('scalenas_mm.evaluation.image_cache.available',
                        lambda device: 8000)
    data = loader(dataset(paths), num_workers=2, persistent_workers=True)
    cache_images(data)
    assert data.dataset.pipeline.transforms[0].limit == 1000
    data = loader(dataset(paths))
    cache_images(data, True)
    assert data.dataset.pipeline.transforms[0].limit == float('inf')


def test_workers_that_last(paths):
    expected = images(loader(dataset(paths)))
    data = loader(dataset(paths), num_workers=1)
    assert cache_images(data) == 0  # they end with each epoch
    data = loader(dataset(paths), num_workers=1, persistent_workers=True)
    assert cache_images(data) == 1
    for _ in range(2):
        assert same(images(data), expected)


def test_what_is_not_cached(paths):
    assert cache_images(loader(dataset(paths)), False) == 0
    assert cache_images(loader(dataset(paths, Own()))) == 0
    assert cache_images(loader([1, 2, 3])) == 0
    cache = CachedImages(LoadImageFromFile(ignore_empty=True), 1000)
    assert cache(dict(img_path='none.png')) is None and not cache.kept
    with pytest.raises(SettingError, match='cache_images'):
        cache_images(loader(dataset(paths)), 'all')


def test_data_sets_inside_of_others(paths):
    both = ConcatDataset([dataset(paths[:2]), dataset(paths[2:])])
    expected = images(loader(both))
    data = loader(both)
    assert cache_images(data) == 2
    for _ in range(2):
        assert same(images(data), expected)
