"""Backgrounds: parts of the two photographs that scikit-learn ships.

Images are arrays of shape (height, width, 3) in RGB.
"""
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np

SPLITS = ('train', 'val')
CITIES = ('china', 'flower')


def check_size(spec: object, what: str = 'images') -> None:
    """Raise ValueError unless numbers of images and their size are sensible.

    Args:
        spec (object): Has ``train``, ``val``, ``size`` and ``seed``.
        what (str): What the numbers count.
    """
    values = vars(spec)
    for split in SPLITS:
        if values[split] < 1:
            raise ValueError(f'number of {split} {what} must be at least '
                             f'1, got {values[split]}')
    size = values['size']
    if not 16 <= min(size) <= max(size) <= 4096:
        raise ValueError('height and width must be 16 to 4096 pixels, got '
                         '{} and {}'.format(*size))
    if values['seed'] < 0:
        raise ValueError(f'seed must not be negative, got {values["seed"]}')


def load_photos(split: str) -> List[np.ndarray]:
    """A part of each of the CITIES' photographs, another one per split."""
    # Only who makes a data set needs scikit-learn.
    from sklearn.datasets import load_sample_images
    photos = load_sample_images().images
    # Cut through the pagoda and the blossom: both splits get some of each.
    cuts = [photo.shape[1] * 3 // 8 for photo in photos]
    return [
        photo[:, cut:] if split == 'train' else photo[:, :cut]
        for photo, cut in zip(photos, cuts)
    ]


def draw_background(photo: np.ndarray, size: Tuple[int, int],
                    rng: np.random.Generator) -> np.ndarray:
    """A crop of a photograph: mirrored, tinted, scaled and lit at random."""
    zoom = min(
        rng.uniform(0.8, 1.8), photo.shape[0] / size[0],
        photo.shape[1] / size[1])
    height, width = (max(1, int(zoom * side)) for side in size)
    top = rng.integers(photo.shape[0] - height + 1)
    left = rng.integers(photo.shape[1] - width + 1)
    mirror, swap = rng.choice([-1, 1], 2)
    crop = photo[top:top + height, left:left + width][:, ::mirror, ::swap]
    method = cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR
    crop = cv2.resize(
        np.ascontiguousarray(crop), size[::-1], interpolation=method)
    gain = rng.uniform(0.3, 0.7)
    return np.clip(crop.astype(np.float32) * gain, 0, 255)


def draw_colour(rng: np.random.Generator) -> np.ndarray:
    """A bright colour (3,) in RGB, from white to saturated."""
    hue = np.array([0, 1 / 3, 2 / 3]) + rng.uniform()
    tint = 0.5 + 0.5 * np.cos(2 * np.pi * hue)
    return 255 * (1 - rng.uniform(0.2, 0.8) * tint)


def write_image(path: Path, image: np.ndarray, *options: int) -> None:
    """Write an image (RGB or grey); unlike cv2.imwrite, raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # OpenCV stores BGR.
    path.write_bytes(
        cv2.imencode(path.suffix, image[..., ::-1], options)[1].tobytes())
