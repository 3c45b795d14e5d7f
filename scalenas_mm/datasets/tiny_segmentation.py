"""Tiny data sets in the layouts of Cityscapes, ADE20K and PASCAL VOC."""
from pathlib import Path
from typing import Tuple

import numpy as np

from .photographs import write_image

Size = Tuple[int, int]
IGNORED = 255


def draw_noise(size: Size, rng: np.random.Generator) -> np.ndarray:
    """An image (height, width, 3) of noise."""
    return rng.integers(0, 256, (*size, 3), np.uint8)


def draw_labels(size: Size, classes: int,
                rng: np.random.Generator) -> np.ndarray:
    """A label map (height, width, 1) of squares of a few classes.

    Some squares are to be ignored.
    """
    grid = rng.integers(-1, classes, [-(-side // 8) for side in size])
    labels = np.where(grid < 0, IGNORED, grid).astype(np.uint8)
    return np.kron(labels, np.ones((8, 8), np.uint8))[:size[0], :size[1], None]


def write_cityscapes(root: Path, images: int, size: Size,
                     rng: np.random.Generator) -> None:
    """``leftImg8bit`` and ``gtFine``, with labels for training."""
    for split, city in (('train', 'aachen'), ('val', 'frankfurt')):
        for index in range(images):
            name = f'{split}/{city}/{city}_{index:06d}_000019'
            write_image(root / f'leftImg8bit/{name}_leftImg8bit.png',
                        draw_noise(size, rng))
            write_image(root / f'gtFine/{name}_gtFine_labelTrainIds.png',
                        draw_labels(size, 19, rng))


def write_ade20k(root: Path, images: int, size: Size,
                 rng: np.random.Generator) -> None:
    """``images`` and ``annotations``: 1 to 150, 0 is to be ignored."""
    for split in ('training', 'validation'):
        for index in range(images):
            name = f'{split}/ADE_{split[:-3]}_{index + 1:08d}'
            write_image(root / f'images/{name}.jpg', draw_noise(size, rng))
            labels = draw_labels(size, 150, rng)
            write_image(root / f'annotations/{name}.png', labels + 1)


def write_voc(root: Path, images: int, size: Size,
              rng: np.random.Generator) -> None:
    """``JPEGImages``, ``SegmentationClass`` and the lists of images.

    The lists ``train``, ``val`` and ``trainval``, and ``aug`` of images with
    labels in ``SegmentationClassAug``.
    """
    names = {
        split: [f'2007_{first + index:06d}' for index in range(images)]
        for first, split in ((0, 'train'), (1000, 'val'), (2000, 'aug'))
    }
    for split, stems in names.items():
        folder = 'SegmentationClass' + ('Aug' if split == 'aug' else '')
        for stem in stems:
            write_image(root / f'JPEGImages/{stem}.jpg', draw_noise(size, rng))
            write_image(root / folder / f'{stem}.png',
                        draw_labels(size, 21, rng))
    names['trainval'] = names['train'] + names['val']
    lists = root / 'ImageSets/Segmentation'
    lists.mkdir(parents=True)
    for split, stems in names.items():
        (lists / f'{split}.txt').write_text('\n'.join(stems) + '\n')
