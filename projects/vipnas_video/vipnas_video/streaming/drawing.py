"""Poses drawn into a frame."""
import colorsys
from typing import Sequence, Tuple

import cv2
import numpy as np

from .stream import Pose

Colour = Tuple[int, int, int]
FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE, BLACK, AMBER = (255, 255, 255), (0, 0, 0), (0, 176, 255)


def track_colour(track: int) -> Colour:
    """BGR; neighbours in number differ much."""
    hue = (0.56 + track * 0.61803398875) % 1
    value = (1., 0.85, 0.95)[track % 3]
    rgb = colorsys.hsv_to_rgb(hue, (0.75, 0.9)[track % 2], value)
    return tuple(int(255 * part) for part in rgb[::-1])  # type: ignore


class Drawing:
    """Skeletons in colours of tracks, with their number.

    A label of a person says the track and, where the key frame's network gave
    the pose, ``key`` on an amber field; otherwise which network did.

    Args:
        links (Sequence): Pairs of keypoints that are joined.
        threshold (float): Keypoints with a lower score are not drawn.
    """

    def __init__(self, links: Sequence[Sequence[int]], threshold: float = 0.3):
        self.links = links
        self.threshold = threshold

    def __call__(self, image: np.ndarray, poses: Sequence[Pose],
                 key: bool) -> np.ndarray:
        """A drawing over a copy of ``image``.

        Args:
            image (ndarray): uint8 ``(height, width, 3)``, BGR.
            poses (Sequence[Pose]): Of the frame.
            key (bool): It is a key frame of the video.
        """
        out = image.copy()
        # lower persons stand in front
        for pose in sorted(poses, key=lambda one: float(one.box[3])):
            self._skeleton(out, pose)
        for pose in poses:
            self._label(out, pose)
        if key:
            self._mark(out)
        return out

    def _skeleton(self, out: np.ndarray, pose: Pose) -> None:
        colour = track_colour(pose.track)
        height = float(pose.box[3] - pose.box[1])
        thick = int(np.clip(round(height / 90), 1, 8))
        points = np.nan_to_num(pose.keypoints).clip(-1e4, 1e4)
        places = [tuple(map(int, point)) for point in np.rint(points)]
        seen = pose.scores >= self.threshold
        lines = [(places[a], places[b]) for a, b in self.links
                 if seen[a] and seen[b]]
        for width, shade in ((thick + 2, BLACK), (thick, colour)):
            for start, end in lines:
                cv2.line(out, start, end, shade, width, cv2.LINE_AA)
        for place in (p for p, good in zip(places, seen) if good):
            cv2.circle(out, place, thick + 1, BLACK, -1, cv2.LINE_AA)
            cv2.circle(out, place, thick, WHITE, -1, cv2.LINE_AA)

    def _label(self, out: np.ndarray, pose: Pose) -> None:
        place = np.nan_to_num(pose.box[:2]).clip(-1e4, 1e4).astype(int)
        scale = float(np.clip(out.shape[0] / 900, 0.35, 1.))
        text = f'{pose.track}'
        box = field(out, (place[0], place[1]), text, track_colour(pose.track),
                    scale)
        if pose.network == 0:
            field(out, box, 'key', AMBER, scale * 0.8)
        else:
            field(out, box, f'+{pose.network}', (90, 90, 90), scale * 0.8)

    @staticmethod
    def _mark(out: np.ndarray) -> None:
        thick = max(2, out.shape[0] // 180)
        cv2.rectangle(out, (0, 0), (out.shape[1] - 1, out.shape[0] - 1), AMBER,
                      thick)


def field(out: np.ndarray, place: Tuple[int, int], text: str, colour: Colour,
          scale: float) -> Tuple[int, int]:
    """Write on a filled field, above ``place`` but inside of the image.

    Returns:
        tuple[int]: Where a field on its right begins.
    """
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    pad = max(2, height // 4)
    x = int(np.clip(place[0], 0, max(0, out.shape[1] - width - 2 * pad)))
    y = int(np.clip(place[1], height + base + pad, out.shape[0] - 1))
    cv2.rectangle(out, (x, y - height - base - pad), (x + width + 2 * pad, y),
                  colour, -1)
    dark = np.dot(colour, (0.114, 0.587, 0.299)) < 130
    cv2.putText(out, text, (x + pad, y - base), FONT, scale,
                WHITE if dark else BLACK, 1, cv2.LINE_AA)
    return x + width + 2 * pad, y
