"""Losses of the tags that group joints to people."""
from typing import Sequence, Tuple, Union

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from scalenas_mm.spaces import SettingError


def _repulsion(distances: Tensor, kind: str) -> Tensor:
    if kind == 'exp':
        return torch.exp(-distances**2)
    return torch.relu(1 - distances.abs())


@MODELS.register_module()
class PullPushLoss(nn.Module):
    """Tags of a person shall be equal, those of two shall differ.

    `Associative embedding <https://arxiv.org/abs/1611.05424>`_, with the
    released HigherHRNet's values. mmpose's ``AssociativeEmbeddingLoss`` has
    the same gradients; its push loss counts each person against itself, and
    it adds images up where this takes their mean. All images are computed at
    once.

    Args:
        pull_weight (float): Weight of the first part.
        push_weight (float): Weight of the second.
        kind (str): How tags at a distance d repel: ``exp`` (exp(-d^2)) or
            ``max`` (max(0, 1 - d)).

    Raises:
        SettingError: There is no such kind.
    """

    def __init__(self,
                 pull_weight: float = 0.001,
                 push_weight: float = 0.001,
                 kind: str = 'exp'):
        super().__init__()
        if kind not in ('exp', 'max'):
            raise SettingError('kind', 'exp or max', kind)
        self.pull_weight = pull_weight
        self.push_weight = push_weight
        self.kind = kind

    def forward(
        self, tags: Tensor,
        keypoint_indices: Union[Tensor,
                                Sequence[Tensor]]) -> Tuple[Tensor, ...]:
        """Means over the images, with their weights.

        Args:
            tags (Tensor): ``(B, J, H, W)``.
            keypoint_indices (Sequence[Tensor]): For each image ``(N, J, 2)``:
                flat pixels of the joints of N people, and whether they are
                there.

        Returns:
            tuple[Tensor]: Pull and push loss.
        """
        pull, push = self.per_image(tags, keypoint_indices)
        return self.pull_weight * pull.mean(), self.push_weight * push.mean()

    def per_image(
        self, tags: Tensor,
        keypoint_indices: Union[Tensor,
                                Sequence[Tensor]]) -> Tuple[Tensor, ...]:
        """Pull and push loss ``(B, )`` of each image, without weights."""
        indices = pad_sequence(list(keypoint_indices), batch_first=True)
        places, there = indices.unbind(-1)  # (B, N, J)
        values = tags.flatten(2).gather(2, places.transpose(1, 2))
        values = values.transpose(1, 2)
        if values.dtype in (torch.half, torch.bfloat16):
            values = values.float()
        there = there.to(values.dtype)
        joints = there.sum(2)
        means = (values * there).sum(2) / joints.clamp(min=1)
        spread = (there * (values - means[..., None])**2).sum(2)
        people = (joints > 0).to(values.dtype)
        number = people.sum(1)
        pull = (spread / joints.clamp(min=1)).sum(1) / number.clamp(min=1)
        pairs = people[:, :, None] * people[:, None]
        pairs = pairs - torch.diag_embed(people)
        repulsion = _repulsion(means[:, :, None] - means[:, None], self.kind)
        push = (pairs * repulsion).sum((1, 2))
        return pull, 0.5 * push / (number * (number - 1)).clamp(min=1)
