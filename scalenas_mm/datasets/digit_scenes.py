"""Draw handwritten digits on photographs, with a label for every pixel.

Images are arrays of shape (height, width, 3) in RGB, labels are uint8 arrays
of shape (height, width): 0 for background, else the digit plus one.
"""
from dataclasses import dataclass
from typing import Iterator, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from .photographs import (CITIES, SPLITS, check_size, draw_background,
                          draw_colour, load_photos)


@dataclass(frozen=True)
class DemoDigits:
    """What the data set holds; equal values give equal images.

    Args:
        train (int): Number of training images.
        val (int): Number of validation images.
        size (tuple): Height and width of the images in pixels.
        seed (int): Seed of everything drawn at random.
        digits (tuple): Smallest and largest number of digits tried per image.
        digit_px (tuple): Smallest and largest height of a digit in pixels;
            heights are log-uniform in between, at most 3/4 of the image.

    Raises:
        ValueError: If a value makes no data set.
    """
    train: int = 1000
    val: int = 128
    size: Tuple[int, int] = (96, 96)
    seed: int = 0
    digits: Tuple[int, int] = (4, 7)
    digit_px: Tuple[float, float] = (8, 64)

    def __post_init__(self) -> None:
        check_size(self)


class Scene(NamedTuple):
    """An image, its label, and (digit, height in pixels) of what it shows."""
    city: str
    image: np.ndarray
    label: np.ndarray
    digits: List[Tuple[int, float]]


def load_digits(split: str) -> Tuple[np.ndarray, np.ndarray]:
    """Handwriting samples (n, 8, 8) in 0..1 and the digits (n,) they show.

    Every fifth sample is for validation: scikit-learn keeps them in the order
    of their writers, so that both splits see every hand.
    """
    # Only who makes the data set needs scikit-learn.
    from sklearn.datasets import load_digits as load
    images, digits = load(return_X_y=True)
    part = (np.arange(len(digits)) % 5 == 4) == (split == 'val')
    return images[part].reshape(-1, 8, 8).astype(np.float32) / 16, digits[part]


def draw_digit(sample: np.ndarray, height: float,
               rng: np.random.Generator) -> np.ndarray:
    """Opacity (h, w) in 0..1 of a sample, ``height`` pixels tall and tilted.
    """
    side = int(np.ceil(height * 1.5))
    scale = height / len(sample)
    centre = (len(sample) - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-15, 15),
                                     scale)
    shift = (side - 1) / 2 - centre
    matrix = matrix + np.array([[0, 0, shift], [0, 0, shift]])
    ink = cv2.warpAffine(sample, matrix, (side, side), flags=cv2.INTER_CUBIC)
    # Edges are about a pixel wide at any scale.
    opacity = np.clip((ink - 0.5) * 2 * max(scale, 1.5) + 0.5, 0, 1)
    rows, columns = (np.flatnonzero(opacity.any(axis)) for axis in (1, 0))
    return opacity[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def find_place(opacity: np.ndarray,
               taken: np.ndarray,
               rng: np.random.Generator,
               tries: int = 60) -> Optional[Tuple[slice, slice]]:
    """A window of the image where a digit meets no other, or None."""
    height, width = opacity.shape
    if height > taken.shape[0] or width > taken.shape[1]:
        return None
    for _ in range(tries):
        top = rng.integers(taken.shape[0] - height + 1)
        left = rng.integers(taken.shape[1] - width + 1)
        window = slice(top, top + height), slice(left, left + width)
        if not (taken[window] & (opacity > 0)).any():
            return window
    return None


def paste(image: np.ndarray, opacity: np.ndarray, window: Tuple[slice, slice],
          rng: np.random.Generator) -> None:
    """Blend a digit of one colour, lit from above or below, into an image."""
    colour = draw_colour(rng)
    top, bottom = rng.uniform(0.8, 1.15, 2)
    light = np.linspace(top, bottom, len(opacity))
    ink = np.clip(light[:, None, None] * colour, 0, 255)
    blend = opacity[..., None]
    image[window] = image[window] * (1 - blend) + ink * blend


def draw_heights(spec: DemoDigits, rng: np.random.Generator) -> np.ndarray:
    """Heights of the digits to try in an image, in pixels, largest first."""
    low, high = np.minimum(spec.digit_px, 0.75 * min(spec.size))
    count = rng.integers(spec.digits[0], spec.digits[1] + 1)
    return np.sort(np.exp(rng.uniform(np.log(low), np.log(high), count)))[::-1]


def draw_scene(spec: DemoDigits, city: str, photo: np.ndarray,
               samples: Tuple[np.ndarray,
                              np.ndarray], rng: np.random.Generator) -> Scene:
    """Different digits on a crop of a photograph, none over another."""
    image = draw_background(photo, spec.size, rng)
    label = np.zeros(spec.size, np.uint8)
    taken = np.zeros(spec.size, bool)
    shown = []
    for height, digit in zip(draw_heights(spec, rng), rng.permutation(10)):
        sample = samples[0][rng.choice(np.flatnonzero(samples[1] == digit))]
        opacity = draw_digit(sample, height, rng)
        window = find_place(opacity, taken, rng)
        if window is None:
            continue
        paste(image, opacity, window, rng)
        label[window][opacity > 0.5] = digit + 1
        taken[window] |= cv2.dilate(opacity, np.ones((3, 3))) > 0
        shown.append((int(digit), float(height)))
    return Scene(city, np.rint(image).astype(np.uint8), label, shown)


def draw_scenes(spec: DemoDigits, split: str) -> Iterator[Scene]:
    """The scenes of a split; each depends on the seed and its index only."""
    photos, samples = load_photos(split), load_digits(split)
    for index in range(getattr(spec, split)):
        rng = np.random.default_rng([spec.seed, SPLITS.index(split), index])
        city = index % len(CITIES)
        yield draw_scene(spec, CITIES[city], photos[city], samples, rng)
