"""Which joints belong together: assignment by their tags.

`Associative embedding <https://arxiv.org/abs/1611.05424>`_, Sec. 3.3, with
the rules of HigherHRNet's released code. Shapes: J joints, K candidates of
each, L tags a place, P people.
"""
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

# COCO's joints from the head to the feet. Those of CrowdPose are 14 in another
# order; the released code has the same list for them.
COCO_ORDER = (0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16)
NOBODY = 1e10  # cost of starting a person


class Rules(NamedTuple):
    """When a joint is one, and when it belongs to a person.

    Attributes:
        detection_threshold: Lower candidates are no joints.
        tag_threshold: A joint whose tags are not nearer than that to those of
            a person belongs to another.
        max_people: So many, in order of their creation, can get more joints.
        use_detection_val: Prefer the higher of two candidates whose rounded
            distances are equal; otherwise cost is the plain distance.
        ignore_too_much: Skip all joints once there are ``max_people``.
    """
    detection_threshold: float = 0.1
    tag_threshold: float = 1.0
    max_people: int = 30
    use_detection_val: bool = True
    ignore_too_much: bool = False


class _Person:
    """Joints found so far, and their tags since it was started."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.joints = np.zeros(shape)
        self.tags: List[np.ndarray] = []


def joint_order(num_joints: int, center: bool = False) -> List[int]:
    """Order in which joints are matched, if a config has none.

    Args:
        num_joints (int): J, with the centre.
        center (bool): The last joint is the centre of a person; it is first.
    """
    plain = num_joints - center
    known = [j for j in COCO_ORDER if j < plain]
    rest = list(range(len(COCO_ORDER), plain))
    return [plain] * center + known + rest


def match(values: np.ndarray,
          locations: np.ndarray,
          tags: np.ndarray,
          order: Sequence[int],
          rules: Rules = Rules()) -> np.ndarray:
    """Put candidates together to people.

    Args:
        values (np.ndarray): Of the heatmaps, ``(J, K)``.
        locations (np.ndarray): x and y, ``(J, K, 2)``.
        tags (np.ndarray): ``(J, K, L)``.
        order (Sequence[int]): Order of the joints.
        rules (Rules): The rules.

    Returns:
        np.ndarray: float32 ``(P, J, 3 + L)``: x, y, value and tags, zeros
        where a person lacks a joint.
    """
    # keyed by its first tag, as released: two with the same are one
    people: Dict[float, _Person] = {}
    shape = (len(values), 3 + tags.shape[2])
    for j in order:
        found = values[j] > rules.detection_threshold
        joints = np.concatenate((locations[j], values[j][:, None], tags[j]),
                                axis=1)[found]
        owners = _owners(joints, list(people.values()), rules)
        if owners is None:
            continue
        for joint, tag, owner in zip(joints, tags[j][found], owners):
            if owner is None:
                owner = people.setdefault(float(tag[0]), _Person(shape))
                owner.tags = []
            owner.joints[j] = joint
            owner.tags.append(tag)
    return np.array([person.joints for person in people.values()],
                    dtype=np.float32).reshape(-1, *shape)


def _owners(joints: np.ndarray, people: List[_Person],
            rules: Rules) -> Optional[List[Optional[_Person]]]:
    """The person each joint goes to, None for a new one; None for all if the
    joints are to be skipped."""
    if not len(joints) or not people:
        return [None] * len(joints)
    people = people[:rules.max_people]
    if rules.ignore_too_much and len(people) == rules.max_people:
        return None
    means = np.array([np.mean(person.tags, axis=0) for person in people])
    distance = np.linalg.norm(joints[:, None, 3:] - means[None], axis=2)
    cost = distance
    if rules.use_detection_val:
        cost = np.round(distance) * 100 - joints[:, 2:3]
    extra = len(joints) - len(people)
    if extra > 0:
        cost = np.pad(cost, ((0, 0), (0, extra)), constant_values=NOBODY)
    owners: List[Optional[_Person]] = [None] * len(joints)
    for row, column in zip(*linear_sum_assignment(cost)):
        if (column < len(people)
                and distance[row, column] < rules.tag_threshold):
            owners[row] = people[column]
    return owners
