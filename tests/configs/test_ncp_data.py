"""The converters of data sets that NCP's configs need."""
import cv2
import numpy as np
import pytest
from tiny_images import convert


def test_a_subset_of_imagenet(imagenet, tmp_path):
    """Images are drawn at random, each class gives the same number, and more
    of them hold the fewer."""
    lists = {}
    for seed, images in (0, 2), (0, 3), (1, 2), (0, 2):
        out = tmp_path / f'{seed}_{images}_{len(lists)}'
        result = convert('imagenet_subset', imagenet, '--classes', 4,
                         '--images', images, '--seed', seed, '--out', out)
        assert f'{4 * images} images' in result.stdout, result.stderr
        lines = (out / f'train_4_{images}.txt').read_text().splitlines()
        assert [line.split()[1] for line in lines
                ] == [str(i // images) for i in range(4 * images)]
        assert lists.get((seed, images), lines) == lines
        lists[seed, images] = lines
        assert all(
            (imagenet / 'train' / line.split()[0]).is_file() for line in lines)
    assert set(lists[0, 2]) < set(lists[0, 3])
    assert lists[0, 2] != lists[1, 2]
    assert (out / 'val_4.txt').read_text().splitlines() == [
        f'n{label:08d}/0.JPEG {label}' for label in range(4)
    ]


@pytest.mark.parametrize('options, message', [
    (['--classes', 60], '--classes: expected 1 to 51, the folders in'),
    (['--images', 0], '--images: expected at least 1, got 0'),
])
def test_a_wrong_subset(options, message, imagenet, tmp_path):
    result = convert('imagenet_subset', imagenet, '--out', tmp_path, *options)
    assert result.returncode == 2 and message in result.stderr
    assert 'Traceback' not in result.stderr


def test_validation_images_in_one_folder(imagenet, tmp_path):
    """Labels of ImageNet's own list are those of all 1000 classes."""
    (tmp_path / 'val').mkdir()
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta' /
     'val.txt').write_text('a.JPEG 2\nb.JPEG 0\nc.JPEG 1\n')
    for label in range(1000):
        (tmp_path / 'train' / f'n{label:08d}').mkdir(parents=True)
    assert convert('imagenet_subset', tmp_path, '--classes', 2).returncode == 0
    assert (tmp_path / 'meta' /
            'val_2.txt').read_text() == 'b.JPEG 0\nc.JPEG 1\n'
    (tmp_path / 'train' / 'n00000999').rmdir()
    result = convert('imagenet_subset', tmp_path, '--classes', 2)
    assert result.returncode == 2 and 'train/ has 999' in result.stderr


def test_resized_cityscapes(cityscapes, small_cityscapes):
    """Images are averaged; labels are picked and not mixed."""
    name = 'leftImg8bit/val/toytown/toytown_000000_000000_leftImg8bit.png'
    image = cv2.imread(str(cityscapes / name)).astype(float)
    small = cv2.imread(str(small_cityscapes / name))
    pairs = (image[::2] + image[1::2]) / 2
    np.testing.assert_allclose(small, pairs, atol=0.51)
    name = name.replace('leftImg8bit', 'gtFine',
                        1).replace('leftImg8bit', 'gtFine_labelTrainIds')
    labels = cv2.imread(str(cityscapes / name), cv2.IMREAD_UNCHANGED)
    small = cv2.imread(str(small_cityscapes / name), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(small, labels[::2])


def test_resizing_nothing(tmp_path):
    result = convert('resize_cityscapes', tmp_path, tmp_path / 'small')
    assert result.returncode == 2 and 'no file leftImg8bit' in result.stderr
