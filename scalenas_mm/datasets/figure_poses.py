"""Poses of people: a skeleton of rods, turned in three dimensions.

Coordinates are (x, y, z) in units of the standing height: x to the right of
the picture, y down, z towards the viewer; the origin is between the hips. A
figure that is not turned faces the viewer: its left side has x > 0.
"""
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

KEYPOINTS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear',
             'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow',
             'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
             'right_knee', 'left_ankle', 'right_ankle')
# Pairs of keypoints that COCO joins, counted from 1
SKELETON = ((16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13),
            (6, 7), (6, 8), (7, 9), (8, 10), (9, 11), (2, 3), (1, 2), (1, 3),
            (2, 4), (3, 5), (4, 6), (5, 7))
SIDES = dict(left=1, right=-1)
LENGTHS = dict(
    upper_arm=.165, forearm=.145, hand=.04, thigh=.235, shin=.235, foot=.075)
# Points of the head, of the left side, as seen from its centre
HEAD = dict(
    nose=(0, .018, .078),
    head_top=(0, -.088, 0),
    head_bottom=(0, .098, -.02),
    eye=(.027, -.008, .052),
    ear=(.07, .004, -.004),
    mouth=(.016, .043, .066),
    temple=(.036, -.05, .03))

# Ranges of angles in degrees. An arm: forward, sideways, bend of the elbow
# forward, turn of the forearm sideways. A leg: forward, sideways, bend of the
# knee. Each pose has an arm and a leg for either side.
Range = Tuple[float, float]
HANGING = ((-12, 15), (6, 24), (0, 35), (-8, 8))
STANDING = ((-5, 8), (1, 9), (0, 6))
POSES: Dict[str, dict] = dict(
    stand=dict(arms=(HANGING, HANGING), legs=(STANDING, STANDING)),
    walk=dict(
        arms=(((-40, -15), (4, 12), (5, 30), (-5, 5)), ((15, 40), (4, 12),
                                                        (15, 50), (-5, 5))),
        legs=(((15, 32), (0, 5), (0, 20)), ((-28, -10), (0, 5), (5, 40)))),
    run=dict(
        arms=(((-60, -30), (5, 20), (60, 105), (-5, 5)),
              ((20, 55), (5, 20), (60, 110), (-15, 0))),
        legs=(((35, 75), (0, 6), (30, 90)), ((-35, -10), (0, 6), (30, 90))),
        lean=(4, 16)),
    wave=dict(
        arms=(((-10, 25), (60, 110), (0, 10), (35, 100)), HANGING),
        legs=(STANDING, STANDING)),
    cheer=dict(
        arms=(((-10, 25), (115, 165), (0, 15), (-10, 25)), ) * 2,
        legs=(((-5, 10), (2, 22), (0, 15)), ) * 2),
    star=dict(
        arms=(((-10, 10), (65, 110), (0, 15), (-15, 15)), ) * 2,
        legs=(((-3, 5), (14, 32), (0, 8)), ) * 2),
    akimbo=dict(
        arms=(((-15, 0), (40, 55), (10, 25), (-95, -75)), ) * 2,
        legs=(((-4, 6), (3, 14), (0, 6)), ) * 2),
    point=dict(
        arms=(((60, 100), (0, 35), (0, 20), (-5, 15)), HANGING),
        legs=(STANDING, ((-8, 12), (2, 12), (0, 10)))),
    sit=dict(
        arms=(((10, 45), (5, 20), (20, 60), (-15, 5)), ) * 2,
        legs=(((70, 92), (3, 16), (65, 95)), ) * 2,
        lean=(-8, 12)),
    bend=dict(
        arms=(((15, 60), (3, 20), (0, 30), (-8, 8)), ) * 2,
        legs=(((0, 15), (2, 12), (0, 20)), ) * 2,
        lean=(30, 60)),
)


def rotate(axis: int, degrees: float) -> np.ndarray:
    """Matrix (3, 3) that turns points (3,) about an axis."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def direction(forward: float, sideways: float, side: int) -> np.ndarray:
    """Unit vector (3,) of a rod that hangs down at angles of 0 degrees."""
    forward, sideways = np.radians([forward, sideways])
    return np.array([
        side * np.sin(sideways),
        np.cos(sideways) * np.cos(forward),
        np.cos(sideways) * np.sin(forward)
    ])


def bend_arm(points: Dict[str, np.ndarray], name: str, angles: np.ndarray,
             side: int) -> None:
    """Add elbow, wrist and hand of one side."""
    forward, sideways, elbow, turn = angles
    fore = direction(forward + elbow, sideways + turn, side)
    points[f'{name}_elbow'] = points[f'{name}_shoulder'] + (
        LENGTHS['upper_arm'] * direction(forward, sideways, side))
    points[f'{name}_wrist'] = points[f'{name}_elbow'] + (
        LENGTHS['forearm'] * fore)
    points[f'{name}_hand'] = points[f'{name}_wrist'] + LENGTHS['hand'] * fore


def bend_leg(points: Dict[str, np.ndarray], name: str, angles: np.ndarray,
             side: int) -> None:
    """Add knee, ankle and toe of one side."""
    forward, sideways, knee = angles
    points[f'{name}_knee'] = points[f'{name}_hip'] + (
        LENGTHS['thigh'] * direction(forward, sideways, side))
    points[f'{name}_ankle'] = points[f'{name}_knee'] + (
        LENGTHS['shin'] * direction(forward - knee, sideways / 2, side))
    points[f'{name}_toe'] = points[f'{name}_ankle'] + (
        LENGTHS['foot'] * direction(75 - knee / 2, 20, side))


def add_head(points: Dict[str, np.ndarray], turn: np.ndarray,
             size: float) -> None:
    """Add the points of a head of ``size`` times the usual size."""
    centre = points['head']
    for name, place in HEAD.items():
        if place[0] == 0:
            points[name] = centre + size * turn @ np.array(place)
            continue
        for side, sign in SIDES.items():
            offset = np.array(place) * [sign, 1, 1]
            points[f'{side}_{name}'] = centre + size * turn @ offset


# Where Pose.pack puts the first angle of the torso and of the view
LEAN, YAW = 0, 17


class Pose(NamedTuple):
    """The angles of a figure, in degrees.

    ``torso`` is (2, ): lean forward and tilt aside. ``arms`` is (2, 4) and
    ``legs`` (2, 3), of the left and the right side, in the order of POSES.
    ``head`` is (1, ): its turn. ``view`` is (2, ): turn of the figure, 0
    faces the viewer and 90 the right of the picture, and its roll in the
    picture.
    """
    torso: np.ndarray
    arms: np.ndarray
    legs: np.ndarray
    head: np.ndarray
    view: np.ndarray

    def pack(self) -> np.ndarray:
        """All angles as one array (19, )."""
        return np.concatenate([np.ravel(part) for part in self])

    @classmethod
    def unpack(cls, angles: np.ndarray) -> 'Pose':
        """The pose of angles (19, )."""
        torso, arms, legs, head, view = np.split(angles, [2, 10, 16, 17])
        return cls(torso, arms.reshape(2, 4), legs.reshape(2, 3), head, view)


def draw_angles(rng: np.random.Generator, name: Optional[str] = None) -> Pose:
    """Random angles within those of a pose, seen from a random side.

    Args:
        rng (np.random.Generator): Source of randomness.
        name (str, optional): One of POSES; any of them by default.
    """
    pose = POSES[rng.choice(list(POSES)) if name is None else name]
    torso = [rng.uniform(*pose.get('lean', (-4, 6))), rng.uniform(-7, 7)]
    swap = rng.choice([-1, 1])
    arms, legs = [], []
    for side in SIDES.values():
        which = int(side * swap < 0)
        arms.append([rng.uniform(*r) for r in pose['arms'][which]])
        legs.append([rng.uniform(*r) for r in pose['legs'][which]])
    head = rng.uniform(-25, 25)
    # Most look at the viewer, some away.
    yaw = rng.normal(0, 30) if rng.random() < .8 else rng.uniform(0, 360)
    view = [yaw, rng.normal(0, 4)]
    return Pose(*(np.array(part)
                  for part in (torso, arms, legs, [head], view)))


def take_pose(pose: Pose,
              width: float = 1.,
              head: float = 1.) -> Dict[str, np.ndarray]:
    """A figure in a pose.

    Args:
        pose (Pose): Its angles.
        width (float): Of shoulders and hips, 1 is usual.
        head (float): Size of the head, 1 is usual.

    Returns:
        dict: Name of a point -> its coordinates (3,): the KEYPOINTS, and
        ``neck``, ``head`` (its centre), ``head_top``, ``head_bottom`` (just
        below the chin), ``left_mouth``, ``left_hand``, ``left_toe`` and so
        on.
    """
    lean, tilt = pose.torso
    torso = rotate(0, -lean) @ rotate(2, tilt)
    up = -.40 - .07 * head
    points = dict(
        neck=torso @ [0, -.335, 0], head=torso @ [0, up, .012 + .02 * head])
    for (name, side), arm, leg in zip(SIDES.items(), pose.arms, pose.legs):
        points[f'{name}_shoulder'] = torso @ [side * width * .105, -.30, 0]
        points[f'{name}_hip'] = np.array([side * width * .07, 0, 0])
        bend_arm(points, name, arm, side)
        bend_leg(points, name, leg, side)
    add_head(points, torso @ rotate(1, pose.head[0]), head)
    yaw, roll = pose.view
    view = rotate(2, roll) @ rotate(1, yaw)
    return {name: view @ point for name, point in points.items()}


def draw_pose(rng: np.random.Generator,
              width: float = 1.,
              head: float = 1.) -> Dict[str, np.ndarray]:
    """A figure in a random pose, seen from a random side; see
    :func:`take_pose`."""
    return take_pose(draw_angles(rng), width, head)
