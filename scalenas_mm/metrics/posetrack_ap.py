"""Average precision of joints as PoseTrack's poseval defines it.

Written after https://github.com/leonid-pishchulin/poseval (``py/``), for
predictions on ground-truth boxes: one for each annotated person. Persons are
rows of a structured array, see :mod:`.posetrack_persons`.

The definition, for each of 15 joints over the whole set:

1. Of a person, a joint is annotated unless its three numbers are all zero:
   hidden ones with a place count, too. Persons without any are left out,
   with the predictions on their boxes.
2. A predicted joint is right by a ground truth if that is annotated and not
   farther away than ``threshold`` head sizes of it, which is 0.6 times the
   diagonal of its head box (PCKh).
3. In an image each prediction, whatever box it is from, goes to the ground
   truth of which it has the greatest share of annotated joints right, and
   each ground truth keeps the one with the greatest share, above zero. All
   joints of other predictions are false positives, and so are those that the
   ground truth of a prediction does not annotate.
4. AP is the area under the curve of precision and recall over falling scores,
   where precision is the highest one at this recall or a higher one.

Where poseval leaves the order of equals to chance or to files, image ids,
tracks and annotation ids decide: the first is sorted first and matched first.
Different from poseval, a joint that is annotated nowhere never counts (there
it is zero if it is not predicted either), and joints in regions to ignore do.
"""
from typing import Dict, NamedTuple, Tuple

import numpy as np

from .posetrack_persons import JOINTS

# which of the 15 each column of the papers' tables is the mean of
COLUMNS = dict(
    Head=(0, 1, 2),
    Sho=(3, 4),
    Elb=(5, 6),
    Wri=(7, 8),
    Hip=(9, 10),
    Knee=(11, 12),
    Ank=(13, 14))
NOBODY = -1


def joint_ap(persons: np.ndarray,
             threshold: float = 0.5,
             min_score: float = -np.inf) -> np.ndarray:
    """AP of each joint in percent, NaN where no person has it annotated.

    Args:
        persons (np.ndarray): From :func:`.posetrack_persons.in_order`.
        threshold (float): Greatest distance of a right joint in head sizes.
        min_score (float): Joints of lower scores are not predicted.

    Returns:
        np.ndarray: Of shape ``(15, )``.
    """
    poses = Poses.of(persons, min_score)
    truths = match(poses, persons['image'], threshold)
    matched = np.flatnonzero(truths != NOBODY)
    out = np.empty(len(JOINTS))
    for joint in range(len(out)):
        right = np.zeros(len(persons), bool)
        right[matched] = _right(poses, joint, matched, truths[matched],
                                threshold)
        used = poses.predicted[joint]
        out[joint] = 100 * average_precision(poses.scores[joint][used],
                                             right[used],
                                             poses.annotated[joint].sum())
    return out


def average_precision(scores: np.ndarray, right: np.ndarray,
                      positives: int) -> float:
    """Area under the interpolated curve; NaN without positives.

    Args:
        scores (np.ndarray): Of detections; of equal ones the first comes
            first.
        right (np.ndarray): Which of them are true positives.
        positives (int): Number of what there is to find.
    """
    if not positives:
        return np.nan
    right = right[np.argsort(-scores, kind='stable')]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return highest[right].sum() / positives


def columns(ap: np.ndarray) -> Dict[str, float]:
    """The paper's columns and ``AP``, their Total, from :func:`joint_ap`.

    Means over joints that are annotated somewhere: NaN if there is none.
    """
    groups = {**COLUMNS, 'AP': range(len(ap))}
    means = {}
    for name, joints in groups.items():
        values = ap[list(joints)]
        known = values[~np.isnan(values)]
        means[name] = float(known.mean()) if len(known) else np.nan
    return means


def jitter(persons: np.ndarray) -> float:
    """How much predictions shake where the ground truth does not.

    The mean over tracks, pairs of adjacent labelled frames and joints that
    both annotate of ``|(p_t - p_(t-1)) - (g_t - g_(t-1))|``, in head sizes of
    the later frame. NaN if there is no such pair.
    """
    persons = persons[persons['video'] != '']
    persons = persons[np.lexsort(
        (persons['frame'], persons['track'], persons['video']))]
    before, after = persons[:-1], persons[1:]
    adjacent = after['frame'] - before['frame'] == 1
    for name in ('video', 'track'):
        adjacent &= after[name] == before[name]
    adjacent &= after['head'] > 0
    before, after = before[adjacent], after[adjacent]
    error = after['points'] - after['truth']
    error -= before['points'] - before['truth']
    moved = np.linalg.norm(error, axis=2) / after['head'][:, None]
    moved = moved[before['annotated'] & after['annotated']]
    return float(moved.mean()) if len(moved) else np.nan


# -- which prediction is for whom -----------------------------------------
class Poses(NamedTuple):
    """Persons joint by joint, as they are read: joints first."""
    head: np.ndarray
    truth: np.ndarray
    annotated: np.ndarray
    points: np.ndarray
    scores: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, persons: np.ndarray, min_score: float) -> 'Poses':
        truth, annotated, points, scores = (
            np.ascontiguousarray(np.swapaxes(persons[name], 0, 1))
            for name in ('truth', 'annotated', 'points', 'scores'))
        # a score that is no number is the lowest, as in poseval's order
        return cls(persons['head'].copy(), truth, annotated, points, scores,
                   ~(scores < min_score))


def match(poses: Poses, image: np.ndarray, threshold: float) -> np.ndarray:
    """For each prediction the index of its ground truth or :data:`NOBODY`.

    Args:
        poses (Poses): Of N persons.
        image (np.ndarray): Theirs, rising, shape ``(N, )``.
        threshold (float): As for :func:`joint_ap`.
    """
    predictions, truths = _pairs(image)
    right = np.zeros(len(predictions), int)
    for joint in range(len(JOINTS)):
        right += _right(poses, joint, predictions, truths, threshold)
    share = right / poses.annotated.sum(0)[truths]
    best = _first_best(predictions, share)
    best = best[share[best] > 0]
    best = best[_first_best(truths[best], share[best])]
    out = np.full(len(image), NOBODY)
    out[predictions[best]] = truths[best]
    return out


def _right(poses: Poses, joint: int, predictions: np.ndarray,
           truths: np.ndarray, threshold: float) -> np.ndarray:
    """Whether a joint of these predictions is right by these truths."""
    offset = poses.points[joint][predictions] - poses.truth[joint][truths]
    with np.errstate(divide='ignore', invalid='ignore'):  # empty head boxes
        distance = np.hypot(*offset.T) / poses.head[truths]
    right = distance <= threshold
    right &= poses.annotated[joint][truths]
    return right & poses.predicted[joint][predictions]


def _pairs(image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """All predictions, each with all ground truths of its image."""
    _, first, count = np.unique(image, return_index=True, return_counts=True)
    first, number = np.repeat(first, count), np.repeat(count, count)
    predictions = np.repeat(np.arange(len(image)), number)
    begin = np.cumsum(number) - number
    truths = np.arange(len(predictions)) + np.repeat(first - begin, number)
    return predictions, truths


def _first_best(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Index of the first of the highest values of each group, by group."""
    order = np.lexsort((-values, groups))
    return order[np.unique(groups[order], return_index=True)[1]]
