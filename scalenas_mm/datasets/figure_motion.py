"""How figures move: their angles and their place as functions of time.

Times are in frames and need not be whole. Angles are those of
:class:`.figure_poses.Pose`, packed: (19, ) in degrees.
"""
from typing import Callable, Dict, NamedTuple, Tuple

import numpy as np

from .figure_poses import LEAN, LENGTHS, YAW, Pose, draw_angles

LEG = LENGTHS['thigh'] + LENGTHS['shin']
# Nothing comes nearer or goes farther by more than this in a video
MOST_GROWTH = .35


class Action(NamedTuple):
    """What a figure does.

    Its angles go through ``keys`` (n, 19), ``spacing`` frames apart, and
    swing about that: ``swings`` (2, 19) are the amplitudes of the sine and
    the cosine of the phase, which has a ``period`` in frames. It rises
    ``hops`` times in a period, by ``rise`` times its height. It moves ahead
    by ``stride`` times its height in a period.
    """
    keys: np.ndarray
    spacing: float
    swings: np.ndarray
    period: float
    hops: int = 1
    rise: float = 0.
    stride: float = 0.


class Path(NamedTuple):
    """Where the hips of a figure are when it neither hops nor bounces.

    ``start`` (2, ), x and y, and ``speed`` (2, ) are in pixels and pixels
    per frame; ``height`` is in pixels, and grows by the factor ``e`` in
    ``1 / growth`` frames.
    """
    start: np.ndarray
    speed: np.ndarray
    height: float
    growth: float


class Motion(NamedTuple):
    """An action from a phase at time 0, in radians, along a path."""
    action: Action
    phase: float
    path: Path

    def angle(self, time: float) -> float:
        """The phase of the action."""
        return self.phase + 2 * np.pi * time / self.action.period

    def pose(self, time: float) -> Pose:
        """The pose at a time from -1 on."""
        action, phase = self.action, self.angle(time)
        angles = interpolate(action.keys, 1 + (time + 1) / action.spacing)
        swing = np.array([np.sin(phase), np.cos(phase)]) @ action.swings
        pose = Pose.unpack(angles + swing)
        # neither elbows nor knees bend the other way
        pose.arms[:, 2] = pose.arms[:, 2].clip(0, 150)
        pose.legs[:, 2] = pose.legs[:, 2].clip(0, 130)
        return pose

    def place(self, time: float) -> Tuple[np.ndarray, float]:
        """Where the hips (2, ) are and the standing height, in pixels."""
        action, path = self.action, self.path
        height = path.height * np.exp(path.growth * time)
        air = (1 - np.cos(action.hops * self.angle(time))) / 2
        # who comes nearer comes down in the picture
        nearer = .3 * (height - path.height)
        at = path.start + path.speed * time
        return at + [0, nearer - action.rise * height * air], height


def interpolate(keys: np.ndarray, at: float) -> np.ndarray:
    """A smooth curve through keys (n, d), 1 apart (Catmull and Rom).

    Args:
        keys (np.ndarray): The first and the last only lead the curve.
        at (float): From 1 to n - 2.
    """
    index = int(np.clip(np.floor(at), 1, len(keys) - 3))
    u = at - index
    a, b, c, d = keys[index - 1:index + 3]
    curve = 2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2
    return .5 * (curve + (3 * (b - c) + d - a) * u**3)


def count_keys(frames: int, spacing: float) -> int:
    """Number of keys that lead from time -1 to time ``frames``."""
    return int(np.ceil((frames + 1) / spacing)) + 3


def swing(arms: np.ndarray, legs: np.ndarray) -> np.ndarray:
    """Packed angles (19, ) of arms (2, 4) and legs (2, 3) alone."""
    none = np.zeros(2)
    return Pose(none, arms, legs, none[:1], none).pack()


def wobble(pose: Pose, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Keys (n, 19) that stay near a pose, 8 frames apart."""
    count = count_keys(frames, 8)
    keys = pose.pack() + rng.normal(0, 5, (count, 19))
    keys[:, YAW] += rng.normal(0, 8) * np.arange(count)
    return keys


def draw_heading(rng: np.random.Generator) -> float:
    """Where to who walks looks, in degrees: most go across the picture."""
    side = rng.choice([-1, 1])
    if rng.random() < .75:
        return side * rng.uniform(40, 105)
    return rng.normal(0, 20) if rng.random() < .6 else rng.normal(180, 20)


def draw_gait(frames: int, rng: np.random.Generator, lift: Tuple[float, float],
              knee: Tuple[float, float], elbow: Tuple[float, float],
              period: Tuple[float, float], rise: float) -> Action:
    """Walking or running, of random angles and pace within ranges.

    Args:
        frames (int): Length of the video.
        rng (np.random.Generator): Source of randomness.
        lift (tuple): How far the thighs swing, in degrees.
        knee (tuple): How far the knee bends when its leg swings ahead.
        elbow (tuple): How far the elbows are bent.
        period (tuple): Frames of two steps.
        rise (float): How high a step goes, in standing heights; below 0,
            how much lower the hips are when the legs are apart.
    """
    thigh, bend = rng.uniform(*lift), rng.uniform(*knee)
    pose = draw_angles(rng, 'stand')
    pose.torso[0] += thigh / 5
    pose.view[0] = draw_heading(rng)
    pose.arms[:, 2] = rng.uniform(*elbow)
    pose.legs[:, 0] = thigh / 5
    pose.legs[:, 2] = 5 + bend / 2
    arms, legs, bends = np.zeros((2, 4)), np.zeros((2, 3)), np.zeros((2, 3))
    legs[:, 0] = thigh, -thigh
    arms[:, 0] = thigh * rng.uniform(.7, 1.3) * np.array([-1, 1])
    bends[:, 2] = bend / 2, -bend / 2
    swings = np.stack([swing(arms, legs), swing(0 * arms, bends)])
    stride = 4 * LEG * np.sin(np.radians(thigh)) * (1 + 4 * max(0, rise))
    return Action(
        wobble(pose, frames, rng), 8, swings, rng.uniform(*period), 2, rise,
        stride)


def walk(frames: int, rng: np.random.Generator) -> Action:
    """Steps at a walk."""
    return draw_gait(frames, rng, (18, 32), (20, 50), (5, 40), (16, 32), -.03)


def run(frames: int, rng: np.random.Generator) -> Action:
    """Steps at a run."""
    return draw_gait(frames, rng, (32, 50), (60, 95), (60, 105), (12, 20), .07)


def wave(frames: int, rng: np.random.Generator) -> Action:
    """Waves one arm."""
    pose = draw_angles(rng, 'wave')
    raised = int(np.argmax(pose.arms[:, 1]))
    pose.arms[raised, 3] = rng.uniform(40, 75)
    turn = np.zeros((2, 4))
    turn[raised, 1] = rng.uniform(0, 15)
    turn[raised, 3] = rng.uniform(25, 55)
    swings = np.stack([swing(turn, np.zeros((2, 3)))] * 2)
    swings[1] = 0
    return Action(
        wobble(pose, frames, rng), 8, swings, rng.uniform(8, 20), rise=.01)


def star_jump(frames: int, rng: np.random.Generator) -> Action:
    """Arms and legs spread and close, with a hop at each."""
    pose = draw_angles(rng, 'stand')
    spread, straddle = rng.uniform(45, 75), rng.uniform(7, 14)
    pose.arms[:, 1], pose.legs[:, 1] = spread + 8, straddle + 2
    arms, legs = np.zeros((2, 4)), np.zeros((2, 3))
    arms[:, 1], legs[:, 1] = -spread, -straddle
    swings = np.stack([swing(0 * arms, 0 * legs), swing(arms, legs)])
    return Action(
        wobble(pose, frames, rng), 8, swings, rng.uniform(14, 26), 2,
        rng.uniform(.03, .08))


def leap(frames: int, rng: np.random.Generator) -> Action:
    """Squats, and jumps with the arms going up."""
    pose = draw_angles(rng, 'stand')
    depth, throw = rng.uniform(15, 38), rng.uniform(45, 85)
    pose.torso[0] += depth / 2
    pose.arms[:, 0], pose.legs[:, 0] = throw - 25, depth
    pose.legs[:, 2] = 2 * depth
    arms, legs = np.zeros((2, 4)), np.zeros((2, 3))
    arms[:, 0], legs[:, 0], legs[:, 2] = -throw, depth, 2 * depth
    swings = np.stack([swing(0 * arms, 0 * legs), swing(arms, legs)])
    swings[1, LEAN] = depth / 2
    return Action(
        wobble(pose, frames, rng), 8, swings, rng.uniform(14, 24), 1,
        rng.uniform(.1, .25))


def dance(frames: int, rng: np.random.Generator) -> Action:
    """Goes from one random pose to the next."""
    spacing = rng.uniform(6, 14)
    poses = [draw_angles(rng) for _ in range(count_keys(frames, spacing))]
    keys = np.stack([pose.pack() for pose in poses])
    keys[:, YAW] = keys[0, YAW] + rng.normal(0, 15, len(keys))
    return Action(
        keys, spacing, np.zeros((2, 19)), rng.uniform(10, 20), rise=.02)


ACTIONS: Dict[str, Callable[[int, np.random.Generator], Action]] = dict(
    walk=walk, run=run, wave=wave, star_jump=star_jump, leap=leap, dance=dance)
CHANCES = (.27, .2, .1, .1, .1, .23)


def draw_path(action: Action, height: float, size: Tuple[int, int],
              frames: int, pan: np.ndarray, rng: np.random.Generator) -> Path:
    """A path that is well inside of the picture at some time.

    Args:
        action (Action): What the figure does.
        height (float): Its standing height then, in pixels.
        size (tuple): Height and width of the picture in pixels.
        frames (int): Length of the video.
        pan (np.ndarray): Speed (2, ) of the camera in pixels per frame.
        rng (np.random.Generator): Source of randomness.
    """
    heading = np.radians(action.keys[1, YAW])
    pace = action.stride / action.period
    # in a long video those who walk go slower, rather than away for good
    across = pace * height * np.sin(heading)
    across = np.clip(across, *np.array([-1.2, 1.2]) * size[1] / frames)
    speed = rng.normal(0, .4, 2) * [1, .3] + [across, 0] - pan
    growth = .25 * pace * np.cos(heading) + rng.normal(0, .002)
    growth = float(
        np.clip(growth, -MOST_GROWTH / frames, MOST_GROWTH / frames))
    when = rng.uniform(0, frames - 1)
    # most have head and feet in the picture
    high, low = .6 * height, max(.6 * height, size[0] - .5 * height)
    at = np.array([
        rng.uniform(.1, .9) * size[1],
        rng.uniform(high - .05 * height, low + .12 * height)
    ])
    start = at - speed * when
    return Path(start, speed, height * np.exp(-growth * when), growth)


def draw_motion(height: float, size: Tuple[int, int], frames: int,
                pan: np.ndarray, rng: np.random.Generator) -> Motion:
    """A random action along a random path; see :func:`draw_path`."""
    draw_action = ACTIONS[rng.choice(list(ACTIONS), p=CHANCES)]
    action, phase = draw_action(frames, rng), rng.uniform(0, 2 * np.pi)
    path = draw_path(action, height, size, frames, pan, rng)
    return Motion(action, phase, path)
