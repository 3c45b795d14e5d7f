"""Draw articulated figures on photographs, before and behind each other.

Images are arrays of shape (height, width, 3) in RGB.
"""
from dataclasses import dataclass
from typing import Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from .figure_drawing import Sprite, draw_figure
from .photographs import SPLITS, check_size, draw_background, load_photos
from .thing_drawing import draw_thing


@dataclass(frozen=True)
class DemoFigures:
    """What the data set holds; equal values give equal images.

    Args:
        train (int): Number of training images.
        val (int): Number of validation images.
        size (tuple): Height and width of the images in pixels.
        seed (int): Seed of everything drawn at random.
        figures (tuple): Smallest and largest number of figures tried per
            image.
        figure_px (tuple): Smallest and largest height of a standing figure
            in pixels.
        things (int): Largest number of things that may hide figures.
        seen (float): Least part of a figure that others leave visible.

    Raises:
        ValueError: If a value makes no data set.
    """
    train: int = 1000
    val: int = 160
    size: Tuple[int, int] = (256, 256)
    seed: int = 0
    figures: Tuple[int, int] = (2, 5)
    figure_px: Tuple[float, float] = (24, 240)
    things: int = 1
    seen: float = 0.6

    def __post_init__(self) -> None:
        check_size(self)


class Figure(NamedTuple):
    """What is seen of a figure.

    ``mask`` is a bool array (height, width) of the image. ``keypoints`` is
    (17, 3): x and y in pixels, 0 is the centre of the first, and COCO's
    visibility: 2 seen, 1 hidden, 0 (with x = y = 0) outside of the image.
    """
    mask: np.ndarray
    keypoints: np.ndarray
    height: float


class Scene(NamedTuple):
    """An image and the figures in it, the farthest first."""
    image: np.ndarray
    figures: List[Figure]


class Stage:
    """An image to put sprites on, the farthest first.

    Args:
        image (np.ndarray): The background, float32; it is painted on.
        seen (float): Least part of a sprite that later ones leave visible.
    """

    def __init__(self, image: np.ndarray, seen: float) -> None:
        self.image = image
        self.seen = seen
        # which sprite each pixel shows, counted from 0
        self.owner = np.full(image.shape[:2], -1)
        self.areas: List[int] = []

    def find_place(self,
                   sprite: Sprite,
                   rng: np.random.Generator,
                   inside: float,
                   tries: int = 30) -> Optional[Tuple[int, int]]:
        """Row and column for a sprite, or None.

        At least ``inside`` of it lies in the image, and enough stays visible
        of those that it hides.
        """
        solid = sprite.opacity > .5
        now = np.bincount(
            self.owner.ravel() + 1, minlength=len(self.areas) + 1)
        least = self.seen * np.array(self.areas)
        room = np.array(self.owner.shape) - solid.shape
        for _ in range(tries):
            margin = .2 * np.array(solid.shape)
            low = np.minimum(0, room) - margin
            high = np.maximum(0, room) + margin
            top, left = np.rint(rng.uniform(low, high)).astype(int)
            window, part = overlap(self.owner.shape, solid.shape, top, left)
            shown = solid[part]
            if shown.sum() < inside * solid.sum():
                continue
            hidden = np.bincount(
                self.owner[window][shown] + 1, minlength=len(self.areas) + 1)
            if np.all((now - hidden)[1:] >= least):
                return top, left
        return None

    def put(self, sprite: Sprite, top: int, left: int) -> None:
        """Paint a sprite; it becomes the last of the owners."""
        window, part = overlap(self.owner.shape, sprite.opacity.shape, top,
                               left)
        opacity = sprite.opacity[part]
        self.image[window] *= 1 - opacity[..., None]
        self.image[window] += sprite.colour[part]
        self.owner[window][opacity > .5] = len(self.areas)
        self.areas.append(int((sprite.opacity > .5).sum()))

    def what_is_seen(self, index: int, sprite: Sprite, top: int,
                     left: int) -> Tuple[np.ndarray, np.ndarray]:
        """Mask and keypoints of a figure, when all sprites are in place."""
        keypoints = np.column_stack(
            [sprite.keypoints + [left, top], 1 + sprite.seen])
        columns, rows = np.rint(keypoints[:, :2]).astype(int).T
        height, width = self.owner.shape
        there = (rows >= 0) & (rows < height) & (columns >= 0) & (
            columns < width)
        keypoints[~there] = 0
        hidden = self.owner[rows.clip(0, height - 1),
                            columns.clip(0, width - 1)] > index
        keypoints[there & hidden, 2] = 1
        return self.owner == index, keypoints


def overlap(size: Tuple[int, ...], shape: Tuple[int, ...], top: int,
            left: int) -> Tuple[Tuple[slice, slice], Tuple[slice, slice]]:
    """Where a sprite meets an image: a window of each."""
    spans = [(max(0, start), max(0, min(whole, start + part)), start)
             for whole, part, start in zip(size, shape, (top, left))]
    rows, columns = ((slice(a, b), slice(a - start, b - start))
                     for a, b, start in spans)
    return (rows[0], columns[0]), (rows[1], columns[1])


def draw_heights(spec: DemoFigures, rng: np.random.Generator) -> np.ndarray:
    """Heights of the figures to try, in pixels, the smallest first."""
    low, high = np.minimum(spec.figure_px, 15 / 16 * min(spec.size))
    count = rng.integers(spec.figures[0], spec.figures[1] + 1)
    return np.sort(low + (high - low) * rng.uniform(0, 1, count)**1.4)


def draw_scene(spec: DemoFigures, photo: np.ndarray,
               rng: np.random.Generator) -> Scene:
    """Figures on a crop of a photograph: the taller, the nearer."""
    stage = Stage(draw_background(photo, spec.size, rng), spec.seen)
    placed = []
    heights = draw_heights(spec, rng)
    things = set(
        rng.choice(len(heights), rng.integers(spec.things + 1)).tolist())
    for number, height in enumerate(heights):
        figure = draw_figure(height, rng)
        place = stage.find_place(figure, rng, inside=.8)
        if place is not None:
            placed.append((len(stage.areas), figure, *place, height))
            stage.put(figure, *place)
        if number in things:
            thing = draw_thing(height * rng.uniform(.25, .6), rng)
            place = stage.find_place(thing, rng, inside=.6)
            if place is not None:
                stage.put(thing, *place)
    grain = rng.normal(0, rng.uniform(0, 3), stage.image.shape[:2])
    image = np.clip(stage.image + grain[..., None], 0, 255)
    figures = [
        Figure(*stage.what_is_seen(index, sprite, top, left), float(height))
        for index, sprite, top, left, height in placed
    ]
    return Scene(np.rint(image).astype(np.uint8), figures)


def draw_scenes(spec: DemoFigures, split: str) -> Iterator[Scene]:
    """The scenes of a split; each depends on the seed and its index only."""
    photos = load_photos(split)
    for index in range(getattr(spec, split)):
        rng = np.random.default_rng([spec.seed, SPLITS.index(split), index])
        yield draw_scene(spec, photos[index % len(photos)], rng)
