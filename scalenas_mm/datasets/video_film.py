"""Film scenes: images with motion blur, and who is where in them.

A frame shows what is there while the shutter is open: the mean of an odd
number of pictures, of which the middle one is at the time of the frame.
"""
from typing import Dict, Iterator, List, NamedTuple, Tuple

import cv2
import numpy as np

from .figure_drawing import paint, sort_shapes
from .video_scenes import FINE, Figure, Scene

# The names of PoseTrack18, which does not annotate the ears
KEYPOINTS = ('nose', 'head_bottom', 'head_top', 'left_ear', 'right_ear',
             'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
             'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
             'right_knee', 'left_ankle', 'right_ankle')
EARS = [3, 4]
# Nothing moves farther than these pixels between two pictures of a frame,
# unless that takes more than the most pictures.
STEP, MOST_PICTURES = 2.5, 9
# Of whom less is seen, or fewer keypoints are in the image, is not there.
LEAST_SEEN, LEAST_KEYPOINTS = .25, 4
# Half the width of a head in standing heights
HEAD_RADIUS = .075


class Person(NamedTuple):
    """A figure in a frame.

    ``track`` counts the figures of the video from 0. ``keypoints`` is
    (17, 3): x and y in pixels, and 1, or 0 (with x = y = 0) for ears and
    what is outside of the image; what is hidden counts as well. ``head`` is
    the box (4, ) of the head, x, y, width, height, which may reach out of
    the image. ``mask`` is a bool array (height, width) of all of the figure,
    even where something hides it; ``seen`` is the part of it that nothing
    hides.
    """
    track: int
    keypoints: np.ndarray
    head: np.ndarray
    mask: np.ndarray
    seen: float


class Frame(NamedTuple):
    """An image (height, width, 3) in RGB and everyone who is in it."""
    image: np.ndarray
    people: List[Person]


class Picture(NamedTuple):
    """What is there at a time, FINE times as large as an image.

    ``colours`` is uint8 (height, width, 4): RGB, and which actor is seen,
    counted from 1. ``masks`` has a bool array (height, width) for each
    figure, by the actor's index: all of it, even where something hides it.
    """
    colours: np.ndarray
    masks: Dict[int, np.ndarray]


def draw_picture(scene: Scene, time: float, background: np.ndarray,
                 with_masks: bool) -> Picture:
    """Draw everyone on a background, which is kept, at a time."""
    canvas, masks = background.copy(), {}
    for index, actor in enumerate(scene.actors):
        at, height = actor.place(time)
        shapes, circles = sort_shapes(actor.shapes(time))
        circles = circles * (height * FINE) + [*((at + .5) * FINE - .5), 0]
        shapes = [shape._replace(part=index + 1) for shape in shapes]
        paint(canvas, shapes, circles)
        if with_masks and isinstance(actor, Figure):
            masks[index] = canvas[..., 3] == index + 1
    return Picture(canvas, masks)


def count_pictures(scene: Scene, time: float) -> int:
    """How many pictures show smoothly what moves."""
    half = scene.shutter / 2
    moved = np.linalg.norm(scene.camera.speed) * scene.shutter
    for actor in scene.actors:
        path = actor.outline(time + half) - actor.outline(time - half)
        moved = max(moved, np.linalg.norm(path, axis=1).max())
    return int(min(2 * np.ceil(moved / STEP / 2) + 1, MOST_PICTURES))


def locate(figure: Figure, time: float,
           size: Tuple[int, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Keypoints (17, 3) and box (4, ) of the head; see :class:`Person`."""
    at, height = figure.place(time)
    points = {
        name: at + height * point[:2]
        for name, point in figure.points(time).items()
    }
    places = np.array([points[name] for name in KEYPOINTS])
    pixels = np.rint(places)
    there = ((pixels >= 0) & (pixels < size[::-1])).all(1)
    there[EARS] = False
    keypoints = np.column_stack([places, np.ones(len(places))])
    keypoints[~there] = 0
    radius = HEAD_RADIUS * figure.head * height
    parts = [points[name] for name in ('head_top', 'head_bottom', 'nose')]
    ends = np.array([*parts, points['head'] - radius, points['head'] + radius])
    return keypoints, np.append(ends.min(0), np.ptp(ends, 0))


def find_people(scene: Scene, time: float, picture: Picture) -> List[Person]:
    """Everyone who is in a picture of a time."""
    figures = [(index, actor) for index, actor in enumerate(scene.actors)
               if isinstance(actor, Figure)]
    people = []
    owner = picture.colours[..., 3]
    size = owner.shape[0] // FINE, owner.shape[1] // FINE
    for track, (index, figure) in enumerate(figures):
        mask = picture.masks[index]
        keypoints, head = locate(figure, time, size)
        seen = (owner == index + 1).sum() / max(1, mask.sum())
        if keypoints[:, 2].sum() < LEAST_KEYPOINTS or seen < LEAST_SEEN:
            continue
        small = shrink(255 * mask.astype(np.uint8)) > 127
        people.append(Person(track, keypoints, head, small, float(seen)))
    return people


def shrink(picture: np.ndarray) -> np.ndarray:
    """A picture as small as an image."""
    height, width = picture.shape[:2]
    return cv2.resize(
        picture, (width // FINE, height // FINE), interpolation=cv2.INTER_AREA)


def shoot(scene: Scene, time: float, still: np.ndarray) -> Frame:
    """The frame of a time; ``still`` is the background at time 0."""
    count, moving = count_pictures(scene, time), scene.camera.speed.any()
    total = np.zeros((*scene.camera.size, 4), np.float32)
    for number in range(count):
        middle = number == count // 2
        moment = time + scene.shutter * (number - count // 2) / count
        background = scene.camera.look(moment) if moving else still
        picture = draw_picture(scene, moment, background, middle)
        cv2.accumulate(shrink(picture.colours), total)
        if middle:
            people = find_people(scene, moment, picture)
    mean = total[..., :3] / count
    grain = scene.rng.normal(0, scene.grain, mean.shape[:2])
    image = np.clip(mean + grain[..., None], 0, 255)
    return Frame(np.rint(image).astype(np.uint8), people)


def film(scene: Scene, frames: int) -> Iterator[Frame]:
    """The frames of a scene, once."""
    still = scene.camera.look(0)
    for number in range(frames):
        yield shoot(scene, float(number), still)
