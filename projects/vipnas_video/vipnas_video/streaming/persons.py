"""Who is in a frame, and who was that before."""
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from scalenas_mm.spaces.settings import probability, whole


class Person(NamedTuple):
    """A person in a frame.

    Attributes:
        track: The same number in all frames.
        box: float32 ``(4, )``: x1, y1, x2, y2 in pixels.
        score: Of the box.
    """
    track: int
    box: np.ndarray
    score: float = 1.


def box_overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU of boxes ``(N, 4)`` and ``(M, 4)``: ``(N, M)``."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(
        a[..., :2], b[..., :2])
    both = sides.clip(0).prod(-1)
    areas = [(x[..., 2:] - x[..., :2]).prod(-1) for x in (a, b)]
    return both / np.maximum(areas[0] + areas[1] - both, 1e-9)


def match_boxes(known: np.ndarray, found: np.ndarray,
                threshold: float) -> Dict[int, int]:
    """Which known box each found one is.

    Args:
        known (ndarray): ``(N, 4)``.
        found (ndarray): ``(M, 4)``.
        threshold (float): Least IoU of a pair.

    Returns:
        dict[int, int]: By index of ``found`` that of ``known``; pairs have
        the largest sum of IoUs. Others are new.
    """
    overlaps = box_overlaps(known, found)
    overlaps[overlaps < threshold] = 0
    pairs = zip(*linear_sum_assignment(-overlaps))
    return {int(j): int(i) for i, j in pairs if overlaps[i, j] > 0}


class DetectedPersons:
    """Persons by a detector, which runs on key frames of the video only.

    Boxes are matched to the tracks before; a track whose box is not found
    again ends. Between key frames tracks stay as they are.

    Args:
        detect (Callable): Gives boxes ``(N, 4)`` and scores ``(N, )`` of an
            image.
        iou (float): Least overlap of boxes of one track.
        min_score (float): Boxes with less are left out.
        most (int): Of so many boxes, those with the highest scores.
    """

    def __init__(self,
                 detect: Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]],
                 iou: float = 0.3,
                 min_score: float = 0.5,
                 most: int = 100):
        self.detect = detect
        self.iou = probability('iou', iou)
        self.min_score = probability('min_score', min_score)
        self.most = whole('most', most)
        self.known: List[Person] = []
        self.next_track = 0
        self.shape: Optional[Tuple[int, ...]] = None

    def __call__(self, index: int, image: np.ndarray,
                 key: bool) -> List[Person]:
        """Persons of a frame; ``key`` says that the detector runs."""
        self._fit(image.shape[:2])
        if key:
            self.known = self._matched(*self.detect(image))
        return self.known

    def _fit(self, shape: Tuple[int, ...]) -> None:
        """Bring boxes to another resolution."""
        if self.shape not in (None, shape):
            (h, w), (before_h, before_w) = shape, self.shape
            factors = np.tile([w / before_w, h / before_h], 2)
            self.known = [
                one._replace(box=(one.box * factors).astype(np.float32))
                for one in self.known
            ]
        self.shape = shape

    def _matched(self, boxes: Any, scores: Any) -> List[Person]:
        order = np.argsort(-scores, kind='stable')
        sides = (boxes[:, 2:] - boxes[:, :2]).min(1)
        order = [
            i for i in order if scores[i] >= self.min_score and sides[i] >= 1
        ][:self.most]
        boxes, scores = boxes[order], scores[order]
        known = np.array([one.box for one in self.known]).reshape(-1, 4)
        same = match_boxes(known, boxes, self.iou)
        out = []
        for j, (box, score) in enumerate(zip(boxes, scores)):
            track = self.known[same[j]].track if j in same else self._new()
            out.append(Person(track, box.astype(np.float32), float(score)))
        return out

    def _new(self) -> int:
        self.next_track += 1
        return self.next_track - 1
