"""Draw a figure as a picture with opacity.

Everything is made of convex hulls of circles. They are drawn several times as
large as they will be, with the number of the body part in a fourth channel,
which tells afterwards what of the figure itself can be seen.
"""
from typing import Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from .figure_poses import KEYPOINTS, SIDES, draw_pose
from .photographs import draw_colour

ANGLES = np.linspace(0, 2 * np.pi, 20, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], -1)
# A shape has a darker rim and a lighter inside.
RIMS, LIGHTS = np.stack([CIRCLE, CIRCLE * .66 - .22]), (.88, 1.06)
SKINS = ((255, 224, 196), (241, 194, 155), (224, 172, 124), (172, 118, 80),
         (120, 78, 52))
HAIRS = ((38, 30, 28), (84, 54, 36), (140, 92, 48), (214, 178, 106),
         (160, 160, 164), (150, 62, 32))
PARTS = ('torso', 'head', 'left_arm', 'left_hand', 'left_thigh', 'left_shin',
         'right_arm', 'right_hand', 'right_thigh', 'right_shin')
# a keypoint is seen where one of these parts is seen at its place
SEEN_ON = dict(
    shoulder=('torso', 'arm'),
    elbow=('arm', 'hand'),
    wrist=('hand', ),
    hip=('torso', 'thigh'),
    knee=('thigh', 'shin'),
    ankle=('shin', ))


class Sprite(NamedTuple):
    """A drawn figure or thing.

    ``colour`` is an array (h, w, 3) in RGB, times the opacity; ``opacity`` is
    (h, w) in 0..1. ``keypoints`` is (17, 2): x and y in pixels, 0 is the
    centre of the first; ``seen`` is (17, ), whether the figure itself does
    not hide it. Both are empty for a thing.
    """
    colour: np.ndarray
    opacity: np.ndarray
    keypoints: np.ndarray
    seen: np.ndarray


class Shape(NamedTuple):
    """A convex hull of circles (n, 3): x, y, radius; at a depth."""
    circles: np.ndarray
    colour: np.ndarray
    part: int
    depth: float


class Look(NamedTuple):
    """What a figure wears; radii are in units of its usual limbs."""
    girth: float
    skin: np.ndarray
    hair: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray
    shoes: np.ndarray
    long_sleeves: bool
    long_trousers: bool
    skirt: bool
    long_hair: bool


def draw_look(rng: np.random.Generator) -> Look:
    """Random clothes."""
    shirt, trousers, shoes = (
        draw_colour(rng) * rng.uniform(.45, 1) for _ in range(3))
    girth = rng.uniform(.9, 1.35)
    skin = np.array(SKINS[rng.integers(len(SKINS))], float)
    hair = np.array(HAIRS[rng.integers(len(HAIRS))], float)
    chances = rng.random(4) < (.5, .7, .2, .4)
    long_sleeves, long_trousers, skirt, long_hair = chances.tolist()
    return Look(girth, skin, hair, shirt, trousers, shoes, long_sleeves,
                long_trousers, skirt, long_hair)


def limb(points: Dict[str,
                      np.ndarray], names: Sequence[str], radii: np.ndarray,
         colour: np.ndarray, part: str, closer: float) -> Shape:
    """A limb through named points."""
    circles = np.array([points[name] for name in names])
    depth = circles[:, 2].sum() / len(circles) + closer
    circles[:, 2] = radii
    return Shape(circles, colour, PARTS.index(part) + 1, depth)


def dress_side(points: Dict[str, np.ndarray], look: Look, name: str,
               shade: float) -> List[Shape]:
    """The limbs of one side."""

    def add(part: str, names: Tuple[str, ...], radii: Tuple[float, ...],
            colour: np.ndarray, closer: float) -> Shape:
        names = tuple(f'{name}_{point}' for point in names)
        return limb(points, names, look.girth * np.array(radii),
                    colour * shade, f'{name}_{part}', closer)

    sleeve = look.shirt if look.long_sleeves else look.skin
    leg = look.trousers if look.long_trousers else look.skin
    loose = 1.2 if look.long_trousers else 1
    return [
        add('thigh', ('hip', 'knee'), (.06, .042), look.trousers, -.03),
        add('shin', ('knee', 'ankle'), (.04 * loose, .027 * loose), leg,
            -.035),
        add('shin', ('ankle', 'toe'), (.027, .019), look.shoes, -.034),
        add('hand', ('wrist', 'hand'), (.02, .025), look.skin, .046),
        add('hand', ('elbow', 'wrist'), (.028, .021), sleeve, .048),
        add('arm', ('shoulder', 'elbow'), (.042, .031), look.shirt, .03),
    ]


def dress_torso(points: Dict[str, np.ndarray], look: Look) -> List[Shape]:
    """Neck, shirt and skirt."""
    corners = ('left_shoulder', 'right_shoulder', 'left_hip', 'right_hip')
    radii = look.girth * np.array([.038, .038, .052, .052])
    shapes = [
        limb(points, ('neck', 'head'), np.array([.034, .03]), look.skin * .9,
             'torso', -.02),
        limb(points, corners, radii, look.shirt, 'torso', 0)
    ]
    if look.skirt:
        hem = dict(points)
        for side in SIDES:
            hem[f'{side}_hem'] = .25 * hem[f'{side}_hip'] + (
                .75 * hem[f'{side}_knee'])
        names = ('left_hip', 'right_hip', 'left_hem', 'right_hem')
        radii = look.girth * np.array([.05, .05, .07, .07])
        shapes.append(limb(hem, names, radii, look.trousers, 'torso', -.01))
    return shapes


def dress_head(points: Dict[str, np.ndarray], look: Look,
               size: float) -> List[Shape]:
    """Head, hair and what of the face is on the viewer's side."""
    centre = points['head']
    front = (points['nose'] - centre) / .08 / size
    places = dict(points)
    places['chin'] = centre + size * np.array([.006 * front[0], .028, 0])
    places['crown'] = centre - size * np.array([.02 * front[0], .018, 0])
    places['nape'] = centre + size * np.array([-.035 * front[0], .08, 0])
    black, white = np.full(3, 25.), np.full(3, 245.)

    def add(names: Tuple[str, ...], radius: float, colour: np.ndarray,
            depth: float) -> Shape:
        shape = limb(places, names, np.full(len(names), size * radius), colour,
                     'head', 0)
        return shape._replace(depth=.2 + depth)

    back = ('crown', 'nape') if look.long_hair else ('crown', )
    shapes = [
        add(back, .074, look.hair, .05 if front[2] < 0 else -.4),
        add(('head', 'chin'), .064, look.skin, 0),
    ]
    if front[2] > 0:
        fringe = ('left_temple', 'right_temple')
        shapes.append(add(fringe, .024, look.hair, .055))
    for name, radius, colour in (('ear', .018, look.skin * .85),
                                 ('eye', .016, white), ('eye', .0095, black)):
        for side in SIDES:
            if points[f'{side}_{name}'][2] > centre[2] - .02 * (name == 'ear'):
                shapes.append(add((f'{side}_{name}', ), radius, colour, .06))
    if front[2] > 0:
        shapes.append(add(('nose', ), .012, look.skin * .72, .07))
        mouth = add(('left_mouth', 'right_mouth'), .006,
                    np.array([150., 50, 50]), .06)
        shapes.append(mouth)
    return shapes


def sort_shapes(shapes: List[Shape]) -> Tuple[List[Shape], np.ndarray]:
    """Shapes, the farthest first, and all their circles (n, 3)."""
    shapes = sorted(shapes, key=lambda shape: shape.depth)
    return shapes, np.concatenate([shape.circles for shape in shapes])


def paint(canvas: np.ndarray, shapes: List[Shape],
          circles: np.ndarray) -> None:
    """Fill shapes, the first one first, lit from the left.

    Args:
        canvas (np.ndarray): uint8 (h, w, 4): RGB and the number of the part.
        shapes (list): Give colours and parts.
        circles (np.ndarray): Those of the shapes, in the canvas' pixels.
    """
    rims = circles[:, None, None, :2] + circles[:, None, None, 2:] * RIMS
    rims, end = (rims * 16).astype(np.int32), 0
    for shape in shapes:
        start, end = end, end + len(shape.circles)
        for rim, light in enumerate(LIGHTS):
            hull = cv2.convexHull(rims[start:end, rim].reshape(-1, 2))
            colour = [min(255., light * c) for c in shape.colour.tolist()]
            cv2.fillConvexPoly(canvas, hull, (*colour, shape.part), shift=4)


def render(shapes: List[Shape], places: np.ndarray,
           scale: float) -> Tuple[Sprite, np.ndarray]:
    """Draw shapes, the farthest first.

    Args:
        shapes (list): In any units.
        places (np.ndarray): Points (n, 2) in the same units.
        scale (float): Pixels per unit.

    Returns:
        tuple: The sprite with the places as keypoints, all of them seen, and
        the part (n, ) that is seen at each place, counted from 1.
    """
    fine = 2 if scale > 100 else 4
    shapes, circles = sort_shapes(shapes)
    low = (circles[:, :2] - circles[:, 2:]).min(0)
    high = (circles[:, :2] + circles[:, 2:]).max(0)
    width, height = np.ceil((high - low) * scale).astype(int) + 2
    canvas = np.zeros((height * fine, width * fine, 4), np.uint8)
    moved = (circles - [*low, 0]) * scale * fine + [fine, fine, 0]
    paint(canvas, shapes, moved)
    at = (places - low) * scale * fine + fine
    columns, rows = np.rint(at).astype(int).T
    parts = canvas[rows.clip(0, height * fine - 1),
                   columns.clip(0, width * fine - 1), 3]
    canvas[..., 3] = np.where(canvas[..., 3] > 0, 255, 0)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    keypoints = (at + .5) / fine - .5
    return Sprite(small[..., :3].astype(np.float32),
                  small[..., 3].astype(np.float32) / 255, keypoints,
                  np.ones(len(places), bool)), parts


def is_seen(points: Dict[str, np.ndarray], parts: np.ndarray) -> np.ndarray:
    """Whether the figure itself leaves each keypoint (17, ) visible."""
    seen = []
    for name, part in zip(KEYPOINTS, parts):
        side, _, point = name.rpartition('_')
        shown = PARTS[part - 1] if part else ''
        if point in SEEN_ON:
            own = SEEN_ON[point]
            seen.append(shown in {f'{side}_{end}'
                                  for end in own}
                        or shown == 'torso' and 'torso' in own)
        else:
            behind = .02 * (point == 'ear')
            towards = points[name][2] > points['head'][2] - behind
            seen.append(shown == 'head' and bool(towards))
    return np.array(seen)


def shade_side(points: Dict[str, np.ndarray], side: int) -> float:
    """Light on the limbs of one side: less on the side that is farther away.

    As everything here the same in a mirror, where left becomes right: what
    is trained on mirrored images learns nothing wrong.
    """
    behind = side * (points['right_shoulder'] - points['left_shoulder'])[2]
    return float(1 - 1.6 * np.clip(behind, 0, .2))


def dress(points: Dict[str, np.ndarray], look: Look,
          head: float) -> List[Shape]:
    """All of a figure with a head of ``head`` times the usual size."""
    shapes = dress_torso(points, look) + dress_head(points, look, head)
    for name, side in SIDES.items():
        shapes += dress_side(points, look, name, shade_side(points, side))
    return shapes


def draw_figure(height: float, rng: np.random.Generator) -> Sprite:
    """A figure ``height`` pixels tall when it stands."""
    look, size = draw_look(rng), rng.uniform(1, 1.3)
    points = draw_pose(rng, np.sqrt(look.girth), size)
    shapes = dress(points, look, size)
    places = np.array([points[name][:2] for name in KEYPOINTS])
    sprite, parts = render(shapes, places, height)
    return sprite._replace(seen=is_seen(points, parts))
