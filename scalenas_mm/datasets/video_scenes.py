"""What is in a video: figures and things that move before a photograph.

Times are in frames. Places are x and y in pixels of the picture at that time,
0 is the centre of the first. They are filmed by :mod:`.video_film`.
"""
from dataclasses import dataclass
from typing import Dict, Iterator, List, NamedTuple, Tuple, Union

import cv2
import numpy as np

from .figure_drawing import Look, Shape, draw_look, dress
from .figure_motion import Motion, draw_motion
from .figure_poses import take_pose
from .photographs import SPLITS, check_size, draw_background, load_photos
from .thing_drawing import shape_thing

# How much larger pictures are drawn than they are stored
FINE = 2


@dataclass(frozen=True)
class DemoVideos:
    """What the data set holds; equal values give equal images.

    Args:
        train (int): Number of training videos.
        val (int): Number of validation videos.
        frames (int): Number of frames of each.
        size (tuple): Height and width of the images in pixels, even.
        seed (int): Seed of everything drawn at random.
        figures (tuple): Smallest and largest number of figures per video.
        figure_px (tuple): Smallest and largest height of a standing figure
            in pixels, when it is in the picture.
        things (int): Largest number of things that may hide figures.
        shutter (tuple): Shortest and longest time that the shutter is open,
            as a part of the time from a frame to the next.
        pan (float): Largest speed of the camera in pixels per frame, along
            either axis.
        clips (int): Number of validation videos, the first ones, that are
            stored as films as well.

    Raises:
        ValueError: If a value makes no data set.
    """
    train: int = 60
    val: int = 16
    frames: int = 16
    size: Tuple[int, int] = (192, 256)
    seed: int = 0
    figures: Tuple[int, int] = (1, 3)
    figure_px: Tuple[float, float] = (80, 170)
    things: int = 2
    shutter: Tuple[float, float] = (.2, 1.)
    pan: float = 3.
    clips: int = 4

    def __post_init__(self) -> None:
        check_size(self, 'videos')
        check_video(self)


def check_video(spec: DemoVideos) -> None:
    """Raise ValueError unless the values that are of videos are sensible."""
    if spec.size[0] % 2 or spec.size[1] % 2:
        raise ValueError('height and width must be even, got '
                         '{} and {}'.format(*spec.size))
    if not 2 <= spec.frames <= 9999:
        raise ValueError(f'frames must be 2 to 9999, got {spec.frames}')
    if not 0 <= spec.things <= 99:
        raise ValueError(f'things must be 0 to 99, got {spec.things}')
    if min(spec.clips, spec.pan) < 0:
        raise ValueError('clips and pan must not be negative, got '
                         f'{spec.clips} and {spec.pan}')
    for name, least, most in (('figures', 1, 99), ('figure_px', 16, 4096),
                              ('shutter', 0, 1)):
        low, high = getattr(spec, name)
        if not least <= low <= high <= most:
            raise ValueError(f'{name} must be two numbers from {least} to '
                             f'{most}, the smaller first, got {low} and '
                             f'{high}')


class Figure(NamedTuple):
    """A figure that moves."""
    look: Look
    head: float
    motion: Motion

    def points(self, time: float) -> Dict[str, np.ndarray]:
        """Its points at a time, in units of its height."""
        width = np.sqrt(self.look.girth)
        return take_pose(self.motion.pose(time), width, self.head)

    def shapes(self, time: float) -> List[Shape]:
        """What it looks like at a time, in units of its height."""
        return dress(self.points(time), self.look, self.head)

    def place(self, time: float) -> Tuple[np.ndarray, float]:
        """Where its origin is, and its height, in pixels."""
        return self.motion.place(time)

    def outline(self, time: float) -> np.ndarray:
        """Places (n, 2) in pixels that move as fast as any of it."""
        at, height = self.place(time)
        points = np.array(list(self.points(time).values()))
        return at + height * points[:, :2]


class Thing(NamedTuple):
    """A thing of a height that moves from ``start`` (2, ) at a speed."""
    parts: List[Shape]
    start: np.ndarray
    speed: np.ndarray
    height: float

    def shapes(self, time: float) -> List[Shape]:
        """See :class:`Figure`."""
        return self.parts

    def place(self, time: float) -> Tuple[np.ndarray, float]:
        """See :class:`Figure`."""
        return self.start + self.speed * time, self.height

    def outline(self, time: float) -> np.ndarray:
        """See :class:`Figure`."""
        return self.place(time)[0][None]


Actor = Union[Figure, Thing]


class Camera(NamedTuple):
    """A camera before a photograph that is larger than its picture.

    ``photo`` is uint8 (h, w, 4): RGB and 0. At time 0 the camera sees what
    begins at ``start`` (2, ), x and y, of ``size``, height and width; it
    moves by ``speed`` (2, ) pixels per frame.
    """
    photo: np.ndarray
    size: Tuple[int, int]
    start: np.ndarray
    speed: np.ndarray

    def look(self, time: float) -> np.ndarray:
        """What it sees of the photograph, FINE times as large."""
        at = self.start + self.speed * time + (.5 / FINE - .5)
        matrix = np.array([[1 / FINE, 0, at[0]], [0, 1 / FINE, at[1]]])
        return cv2.warpAffine(
            self.photo,
            matrix, (self.size[1] * FINE, self.size[0] * FINE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE)


class Scene(NamedTuple):
    """A video to film.

    ``actors`` come with the farthest first. ``shutter`` is the part of the
    time that it is open, ``grain`` the noise of the camera in levels of
    grey. ``rng`` draws it.
    """
    actors: List[Actor]
    camera: Camera
    shutter: float
    grain: float
    rng: np.random.Generator


def draw_camera(spec: DemoVideos, photo: np.ndarray,
                rng: np.random.Generator) -> Camera:
    """Half of the cameras move."""
    most = np.minimum(spec.pan, .2 * min(spec.size) / spec.frames)
    speed = most * rng.uniform(-1, 1, 2) * (rng.random() < .5)
    room = np.abs(speed) * spec.frames
    height, width = (np.ceil(room[::-1]).astype(int) + spec.size).tolist()
    background = draw_background(photo, (height, width), rng)
    layers = np.dstack([background, np.zeros((height, width))])
    start = np.where(speed < 0, room, 0)
    return Camera(np.rint(layers).astype(np.uint8), spec.size, start, speed)


def draw_figures(spec: DemoVideos, pan: np.ndarray,
                 rng: np.random.Generator) -> List[Actor]:
    """Figures, the smallest first; the camera moves by ``pan`` (2, )."""
    low, high = np.minimum(spec.figure_px, 15 / 16 * min(spec.size))
    count = rng.integers(spec.figures[0], spec.figures[1] + 1)
    figures: List[Actor] = []
    for height in np.sort(rng.uniform(low, high, count)):
        motion = draw_motion(height, spec.size, spec.frames, pan, rng)
        figures.append(Figure(draw_look(rng), rng.uniform(1, 1.3), motion))
    return figures


def draw_passing(spec: DemoVideos, pan: np.ndarray,
                 rng: np.random.Generator) -> Thing:
    """A thing that stands or passes; it is in the picture at some time."""
    height = rng.uniform(.2, .5) * min(spec.size)
    speed = np.array([rng.normal(0, 5), 0]) * (rng.random() < .5) - pan
    place = rng.uniform([.1, .2], [.8, .8]) * spec.size[::-1]
    when = rng.uniform(0, spec.frames - 1)
    return Thing(shape_thing(rng), place - speed * when, speed, height)


def draw_scene(spec: DemoVideos, photo: np.ndarray,
               rng: np.random.Generator) -> Scene:
    """Figures, and things before some of them, before a photograph."""
    camera = draw_camera(spec, photo, rng)
    actors = draw_figures(spec, camera.speed, rng)
    for _ in range(rng.integers(spec.things + 1)):
        thing = draw_passing(spec, camera.speed, rng)
        actors.insert(rng.integers(1, len(actors) + 1), thing)
    return Scene(actors, camera, rng.uniform(*spec.shutter), rng.uniform(0, 3),
                 rng)


def draw_scenes(spec: DemoVideos, split: str) -> Iterator[Scene]:
    """The scenes of a split; each depends on the seed and its index only."""
    photos = load_photos(split)
    for index in range(getattr(spec, split)):
        rng = np.random.default_rng([spec.seed, SPLITS.index(split), index])
        yield draw_scene(spec, photos[index % len(photos)], rng)
