"""Tiny data sets that several tests of configs use."""
import pytest
from mmengine.config import Config
from tiny_cityscapes import write_images
from tiny_images import convert, write_jpgs


@pytest.fixture(scope='session')
def imagenet(tmp_path_factory):
    """51 classes, four of which have four images and the others one; and the
    files of the three subsets."""
    root = tmp_path_factory.mktemp('imagenet')
    for label in range(51):
        for split, names in ('train', '0123' if label < 4 else '0'), ('val',
                                                                      '0'):
            write_jpgs(root / split / f'n{label:08d}',
                       [f'{name}.JPEG' for name in names])
    for classes, images in (50, 1000), (50, 100), (10, 1000):
        result = convert('imagenet_subset', root, '--classes', classes,
                         '--images', images)
        assert result.returncode == 0, result.stderr
    return root


@pytest.fixture(scope='session')
def cityscapes(tmp_path_factory):
    root = tmp_path_factory.mktemp('cityscapes')
    write_images(root)
    return root


@pytest.fixture(scope='session')
def small_cityscapes(cityscapes):
    target = cityscapes.with_name('cityscapes_small')
    result = convert('resize_cityscapes', cityscapes, target, '--size', 32, 64)
    assert '8 files of 32x64' in result.stdout, result.stderr
    return target


@pytest.fixture(autouse=True)
def plain_config_text(monkeypatch):
    """A Runner lays its config out four times with yapf, which takes longer
    than two iterations."""
    monkeypatch.setattr(Config, 'pretty_text', property(str))


@pytest.fixture
def uncompiled_metric(monkeypatch):
    """Two scenes take less time than compiling KITTI's metric, and than the
    many times it collects garbage."""
    from mmdet3d.evaluation.functional.kitti_utils import eval as kitti_eval
    monkeypatch.setattr('gc.collect', lambda *_: 0)
    for name, function in vars(kitti_eval).copy().items():
        if hasattr(function, 'py_func'):
            monkeypatch.setattr(kitti_eval, name, function.py_func)
