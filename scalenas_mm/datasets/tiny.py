"""Tiny data sets in the layouts of public ones, for tests and for trying.

A handful of images of noise with valid annotations, in the folders and files
that the ``_base_/datasets`` of OpenMMLab name: what reads them reads the real
ones.
"""
from pathlib import Path
from typing import Tuple, Union

import numpy as np

from .demo_folder import whole_folder
from .photographs import write_image
from .tiny_kitti import write_kitti
from .tiny_pose import write_coco, write_crowdpose, write_mpii
from .tiny_segmentation import (draw_noise, write_ade20k, write_cityscapes,
                                write_voc)

# The first of ImageNet's classes
IMAGENET = ('n01440764', 'n01443537', 'n01484850', 'n01491361')


def write_imagenet(root: Path, images: int, size: Tuple[int, int],
                   rng: np.random.Generator) -> None:
    """A folder per class in ``train`` and ``val``; lists in ``meta``."""
    (root / 'meta').mkdir()
    for split in ('train', 'val'):
        names = [
            f'{folder}/{folder}_{index}.JPEG {label}'
            for label, folder in enumerate(IMAGENET) for index in range(images)
        ]
        for name in names:
            write_image(root / split / name.split()[0], draw_noise(size, rng))
        (root / f'meta/{split}.txt').write_text('\n'.join(names) + '\n')


FORMATS = dict(
    coco=write_coco,
    crowdpose=write_crowdpose,
    mpii=write_mpii,
    cityscapes=write_cityscapes,
    ade20k=write_ade20k,
    voc=write_voc,
    kitti=write_kitti,
    imagenet=write_imagenet)


def make_tiny(format: str,
              out: Union[str, Path],
              images: int = 2,
              size: Tuple[int, int] = (96, 128),
              seed: int = 0) -> Path:
    """Make a tiny data set in a folder, all of it or nothing.

    Args:
        format (str): One of ``FORMATS``.
        out (str | Path): What configs call ``data_root``, such as
            ``data/coco``. It must be empty or not there.
        images (int): Number of images of a split (ImageNet: of a class and a
            split; CrowdPose: at least 3).
        size (tuple): Height and width of the images in pixels; KITTI keeps
            its own.
        seed (int): Equal values give equal files.

    Returns:
        Path: The folder.

    Raises:
        OSError: If the folder is taken or cannot be written.
        ValueError: If a value makes no data set.
    """
    if format not in FORMATS:
        raise ValueError(
            f'format must be one of {", ".join(FORMATS)}, got {format}')
    if images < 1:
        raise ValueError(f'images must be at least 1, got {images}')
    if min(size) < 32:
        raise ValueError('height and width must be at least 32 pixels, got '
                         '{} and {}'.format(*size))
    out = Path(out).resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f'{out} is not empty, expected a new folder')
    with whole_folder(out, ()) as made:
        FORMATS[format](made, images, size, np.random.default_rng(seed))
    return out
