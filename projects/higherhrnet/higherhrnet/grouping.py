"""From heatmaps and tags to people."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scalenas_mm.spaces import SettingError
from .matching import Rules, joint_order, match
from .refinement import adjusted, filled


class Candidates(NamedTuple):
    """The highest places of each joint's heatmap.

    Attributes:
        values: ``(J, K)``, falling.
        locations: x and y, ``(J, K, 2)``.
        tags: ``(J, K, L)``.
    """
    values: np.ndarray
    locations: np.ndarray
    tags: np.ndarray


def top_candidates(heatmaps: Tensor, tags: Tensor, count: int,
                   nms_kernel: int) -> Candidates:
    """The highest local maxima.

    Args:
        heatmaps (Tensor): ``(J, H, W)``.
        tags (Tensor): ``(L, T, H, W)``, T is J or 1.
        count (int): How many of each joint, K.
        nms_kernel (int): Maxima are so within a square of this side.
    """
    joints, _, width = heatmaps.shape
    peaks = heatmaps * (heatmaps == _local_maximum(heatmaps, nms_kernel))
    values, index = peaks.flatten(1).topk(count, dim=1)
    tags = tags.expand(-1, joints, -1, -1).flatten(2)
    found = [one.gather(1, index) for one in tags]
    locations = torch.stack((index % width, index // width), dim=2)
    return Candidates(values.cpu().numpy(),
                      locations.cpu().numpy(),
                      torch.stack(found, dim=2).cpu().numpy())


def _local_maximum(heatmaps: Tensor, kernel: int) -> Tensor:
    """Maximum over the square around every place of ``(J, H, W)``."""
    if heatmaps.is_cuda:
        return F.max_pool2d(heatmaps, kernel, 1, kernel // 2)
    # on a CPU it is many times faster
    square = np.ones((kernel, kernel), np.uint8)
    return torch.from_numpy(
        np.stack([cv2.dilate(one, square) for one in heatmaps.numpy()]))


class Grouping:
    """HigherHRNet's released way from maps to people.

    Args:
        max_people (int): Candidates of each joint, and people that may get
            more joints.
        nms_kernel (int): Side of the square in which a joint's candidate is
            the maximum.
        order (Sequence[int], optional): Order in which joints are matched. By
            default COCO's from head to feet, cut to the number of joints.
        center (bool): The last joint is the centre of a person; without
            ``order`` it is matched first.
        adjust (bool): Move joints by a quarter pixel toward the larger
            neighbour.
        refine (bool): Fill joints that were not detected.
        rules (Any): Further ones, see :class:`.matching.Rules`.

    Raises:
        SettingError: An argument is not known.
    """

    def __init__(self,
                 max_people: int = 30,
                 nms_kernel: int = 5,
                 order: Optional[Sequence[int]] = None,
                 center: bool = False,
                 adjust: bool = True,
                 refine: bool = True,
                 **rules) -> None:
        unknown = sorted(set(rules) - set(Rules._fields))
        if unknown:
            raise SettingError('grouping', f'{", ".join(Rules._fields)}',
                               unknown)
        self.rules = Rules(max_people=max_people, **rules)
        self.nms_kernel = nms_kernel
        self.order = order
        self.center = center
        self.adjust = adjust
        self.refine = refine

    def __call__(self, heatmaps: Tensor,
                 tags: Tensor) -> Tuple[np.ndarray, np.ndarray]:
        """People of one image.

        Args:
            heatmaps (Tensor): ``(J, H, W)``.
            tags (Tensor): ``(L, T, H, W)``, T is J or 1.

        Returns:
            tuple[np.ndarray, np.ndarray]: ``(P, J, 3 + L)``: x, y, value and
            tags, in pixels of the maps, zeros where a joint is missing; and
            ``(P, )`` scores, the mean value of all joints before missing ones
            are filled.
        """
        heatmaps, tags = heatmaps.detach(), tags.detach()
        found = top_candidates(heatmaps, tags, self.rules.max_people,
                               self.nms_kernel)
        people = match(found.values, found.locations, found.tags,
                       self._order(len(heatmaps)), self.rules)
        scores = people[..., 2].mean(axis=1)
        if self.adjust:
            people = adjusted(people, heatmaps)
        if self.refine and len(people):
            people = filled(people, heatmaps, tags)
        return people, scores

    def _order(self, joints: int) -> List[int]:
        order = list(self.order or joint_order(joints, self.center))
        if sorted(order) != list(range(joints)):
            raise SettingError('grouping.order',
                               f'each of the {joints} joints once', order)
        return order
