"""Where exactly the joints are, and those that were not detected.

Shapes: J joints, P people, T tag maps (J or 1), L tags a place.
"""
from typing import Optional, Tuple

import numpy as np
import torch
from torch import Tensor

# About so many of all places, the highest ones, are looked at first; all
# others only if none of these is certain to be the best.
FIRST = (1 / 256, 1 / 16)
SAMPLED = 61  # every so many-th place tells how high these are
CHUNK = 8  # people whose whole maps are in memory at a time


def toward_larger(heatmaps: Tensor, joint: Tensor, x: Tensor,
                  y: Tensor) -> Tuple[Tensor, Tensor]:
    """Places a quarter pixel nearer to the larger neighbours, which are
    clamped at the border; equal ones shift left and up.

    Args:
        heatmaps (Tensor): ``(J, H, W)``.
        joint, x, y (Tensor): Integers, of the same shape.

    Returns:
        tuple[Tensor, Tensor]: x and y, where the middle of the first pixel is
        at 0.5.
    """
    height, width = heatmaps.shape[1:]
    right = heatmaps[joint, y, (x + 1).clamp(max=width - 1)]
    left = heatmaps[joint, y, (x - 1).clamp(min=0)]
    below = heatmaps[joint, (y + 1).clamp(max=height - 1), x]
    above = heatmaps[joint, (y - 1).clamp(min=0), x]
    return (x + 0.5 + torch.where(right > left, 0.25, -0.25),
            y + 0.5 + torch.where(below > above, 0.25, -0.25))


def adjusted(people: np.ndarray, heatmaps: Tensor) -> np.ndarray:
    """People with all detected joints moved by :func:`toward_larger`.

    Args:
        people (np.ndarray): ``(P, J, 3 + L)``: x, y, value and tags.
        heatmaps (Tensor): ``(J, H, W)``.
    """
    people = people.copy()
    person, joint = np.nonzero(people[..., 2] > 0)
    places = torch.from_numpy(people[person, joint, :2].astype(np.int64))
    x, y = places.to(heatmaps.device).unbind(1)
    moved = toward_larger(heatmaps, torch.as_tensor(joint, device=x.device), x,
                          y)
    people[person, joint, :2] = torch.stack(moved, 1).cpu().numpy()
    return people


def filled(people: np.ndarray, heatmaps: Tensor, tags: Tensor) -> np.ndarray:
    """People with missing joints where their tags fit best.

    A joint is put to the maximum of heatmap minus rounded distance between
    its tags and the person's mean, if the heatmap is positive there.

    Args:
        people (np.ndarray): ``(P, J, 3 + L)``.
        heatmaps (Tensor): ``(J, H, W)``.
        tags (Tensor): ``(L, T, H, W)``.
    """
    people = people.copy()
    missing = people[..., 2] == 0
    needy = np.flatnonzero(missing.any(1))
    if not len(needy):
        return people
    means = torch.from_numpy(_mean_tags(people[needy], tags)).to(tags)
    for j in np.flatnonzero(missing.any(0)):
        rows = np.flatnonzero(missing[needy, j])
        index = _best_places(heatmaps[j].flatten(),
                             tags[:, j if tags.shape[1] > 1 else 0].flatten(1),
                             means[rows])
        y, x = index // heatmaps.shape[2], index % heatmaps.shape[2]
        value = heatmaps[j, y, x]
        place = toward_larger(heatmaps, torch.full_like(x, j), x, y)
        found = torch.stack((*place, value), 1).cpu().numpy()
        keep = found[:, 2] > 0
        people[needy[rows[keep]], j, :3] = found[keep]
    return people


def _mean_tags(people: np.ndarray, tags: Tensor) -> np.ndarray:
    """Mean tags of each person's joints, ``(P, L)``."""
    joint = torch.arange(people.shape[1]) if tags.shape[1] > 1 else 0
    x, y = torch.from_numpy(people[..., :2].astype(np.int64)).unbind(2)
    read = tags[:, joint, y, x].cpu().numpy().transpose(1, 2, 0)
    return np.array([
        np.mean(one[have], axis=0)
        for one, have in zip(read, people[..., 2] > 0)
    ])


def _best_places(heatmap: Tensor, tags: Tensor, means: Tensor) -> Tensor:
    """For each person the first place with the largest heatmap minus rounded
    distance of tags.

    A place is at most as good as its heatmap is high. So whoever finds among
    the highest places one that is better than all others are high, has the
    best of all; few people need the whole map.

    Args:
        heatmap (Tensor): ``(H * W, )``.
        tags (Tensor): ``(L, H * W)``.
        means (Tensor): ``(P, L)``.
    """
    best = torch.zeros(len(means), dtype=torch.long, device=heatmap.device)
    left = torch.arange(len(means), device=heatmap.device)
    sample = heatmap[::SAMPLED]
    for part in FIRST:
        bound = sample.topk(int(part * len(sample)) + 1).values[-1]
        places = torch.nonzero(heatmap > bound).flatten()
        if not len(left) or not len(places):
            continue
        value, index = _best(heatmap[places], tags[:, places], means[left])
        sure = value > bound
        best[left[sure]] = places[index[sure]]
        left = left[~sure]
    for rows in left.split(CHUNK):
        best[rows] = _best(heatmap, tags, means[rows])[1]
    return best


def _best(heatmap: Tensor, tags: Tensor,
          means: Tensor) -> Tuple[Tensor, Tensor]:
    """Largest value and its index for each person."""
    squares: Optional[Tensor] = None
    for tag, mean in zip(tags, means.T):
        square = (tag[None] - mean[:, None]).square_()
        squares = square if squares is None else squares.add_(square)
    distance = squares.sqrt_().round_()
    return (heatmap - distance).max(dim=1)
