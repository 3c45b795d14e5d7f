"""From outputs of the network to one set of heatmaps and tags.

A view is what the network says about one image, or its mirror image, at one
scale. Names of shapes: N images, J joints, T tag maps (J, or 1 if all joints
share it), L tags a place, one for every view and stage that gives them.
"""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmpose.models.utils.tta import flip_heatmaps
from torch import Tensor

Size = Tuple[int, int]


class View(NamedTuple):
    """What one run of the network says.

    Attributes:
        heatmaps: ``(N, J, h, w)``, the mean over stages.
        tags: Of every stage that gives them, ``(N, T, h, w)``.
    """
    heatmaps: Tensor
    tags: List[Tensor]


def resized(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps ``(N, C, h, w)`` at another height and width, bilinear."""
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    return F.interpolate(
        maps, size=tuple(size), mode='bilinear', align_corners=False)


def mirrored_back(outputs: Sequence[Tensor],
                  flip_indices: Sequence[int]) -> List[Tensor]:
    """Outputs for a mirror image as those for the image: left and right
    change places, and so do the joints' heatmaps and tags.

    Args:
        outputs (Sequence[Tensor]): Of the stages: J heatmaps, then J tag maps,
            one shared one, or none.
        flip_indices (Sequence[int]): For each of the J joints the index of
            that on the other side.
    """
    joints = len(flip_indices)

    def back(maps: Tensor) -> Tensor:
        swap = flip_indices if maps.shape[1] == joints else None
        return flip_heatmaps(maps, flip_indices=swap, shift_heatmap=False)

    return [
        torch.cat([back(part) for part in output.split(joints, 1)], dim=1)
        for output in outputs
    ]


def view(outputs: Sequence[Tensor],
         num_joints: int,
         with_heatmaps: Sequence[bool],
         with_tags: Sequence[bool],
         ignore_center: bool = False) -> View:
    """Mean heatmap of the stages that are used, at the last one's size.

    Args:
        outputs (Sequence[Tensor]): Of the stages, ``(N, J + T, h, w)`` or,
            without tags, ``(N, J, h, w)``.
        num_joints (int): J.
        with_heatmaps (Sequence[bool]): Of which stages the heatmaps are used.
        with_tags (Sequence[bool]): Of which stages the tags are used.
        ignore_center (bool): Drop the last joint, the centre of a person.
    """
    size = outputs[-1].shape[-2:]
    outputs = [resized(output, size) for output in outputs]
    heatmaps = [
        output[:, :num_joints] for output, used in zip(outputs, with_heatmaps)
        if used
    ]
    tags = [
        output[:, num_joints:] for output, used in zip(outputs, with_tags)
        if used
    ]
    mean = sum(heatmaps[1:], heatmaps[0]) / len(heatmaps)
    if ignore_center:
        mean = mean[:, :-1]
        # one tag map for all joints has none of the centre
        tags = [tag[:, :num_joints - 1] for tag in tags]
    return View(mean, tags)


def aggregate(scales: Sequence[Sequence[View]],
              main: int = 0,
              size: Optional[Size] = None) -> Tuple[Tensor, Tensor]:
    """Mean heatmaps of all views; tags of scale 1.

    Args:
        scales (Sequence[Sequence[View]]): The views of each scale.
        main (int): Which one is scale 1.
        size (tuple[int, int], optional): Height and width of the result, by
            default those of the largest scale's maps.

    Returns:
        tuple[Tensor, Tensor]: Heatmaps ``(N, J, H, W)``, tags
        ``(N, L, T, H, W)``; views are the outer order of L, stages the inner.
    """
    # interpolation is linear: the mean of both sides first halves its work
    means = [sum(v.heatmaps for v in views) / len(views) for views in scales]
    if size is None:
        size = max((tuple(mean.shape[-2:]) for mean in means))
    heatmaps = sum(resized(mean, size) for mean in means) / len(means)
    tags = [resized(tag, size) for v in scales[main] for tag in v.tags]
    return heatmaps, torch.stack(tags, dim=1)
