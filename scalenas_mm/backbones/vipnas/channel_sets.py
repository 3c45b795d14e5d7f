"""Channels that have one order, and the tensors that go with them."""
from typing import Any, List, NamedTuple

import torch
from torch import Tensor, nn


class Axis(NamedTuple):
    """A dimension of a tensor whose entries are the channels of a set.

    With groups it is that dimension of each of so many blocks of the first
    one, such as the columns of a grouped convolution.
    """
    tensor: Tensor
    dim: int
    groups: int = 1


class Channels:
    """Channels that have one order.

    Attributes:
        writers: What produces them or belongs to each of them.
        readers: Weights that read them.
        parts: In so many equal parts channels keep their part.
    """

    def __init__(self) -> None:
        self.writers: List[Axis] = []
        self.readers: List[Axis] = []
        self.parts = 1
        self.fixed = False

    def sort(self) -> None:
        """Put the most important ones first, inside each part."""
        if self.fixed or not self.readers:
            return
        order = ordered(self.rows())
        for axis in (*self.writers, *self.readers):
            permute(axis, (order + starts(order)).flatten())

    def rows(self) -> Tensor:
        """Importance of the channels of each part."""
        rows: Any = sum(importance(axis) for axis in self.readers)
        return rows.reshape(self.parts, -1)

    def move(self, first: Tensor) -> None:
        """Put whole parts in another order. What has groups moves by its
        other dimension."""
        rows = self.rows()
        places = torch.arange(rows.shape[1], device=rows.device)
        order = (places + starts(rows)[first]).flatten()
        for axis in (*self.writers, *self.readers):
            if axis.groups == 1:
                permute(axis, order)


def starts(rows: Tensor) -> Tensor:
    """Where each row begins, if they stand one behind the other."""
    places = torch.arange(len(rows), device=rows.device)
    return places[:, None] * rows.shape[1]


def importance(axis: Axis) -> Tensor:
    """L1 norm of the weights that read each channel."""
    blocks = axis.tensor.abs().unflatten(0, (axis.groups, -1))
    return torch.cat(
        [block.transpose(0, axis.dim).flatten(1).sum(1) for block in blocks])


def ordered(rows: Tensor) -> Tensor:
    """Places of the values of each row, the largest first; stable."""
    return torch.argsort(rows, dim=1, descending=True, stable=True)


def permute(axis: Axis, order: Tensor) -> None:
    """Put the channels in an order, which with groups keeps each in its."""
    blocks = axis.tensor.unflatten(0, (axis.groups, -1))
    for block, own in zip(blocks, order.reshape(axis.groups, -1)):
        block.copy_(block.index_select(axis.dim, own - own.min()))


def norm_axes(norm: nn.Module) -> List[Axis]:
    """What a batch norm knows of each channel."""
    tensors = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return [Axis(t.detach(), 0) for t in tensors if t is not None]


def row_axes(conv: nn.Module) -> List[Axis]:
    """What a convolution has for each channel that it puts out."""
    tensors = (conv.weight, conv.bias)
    return [Axis(t.detach(), 0) for t in tensors if t is not None]


def columns(conv: nn.Module) -> Axis:
    """What reads each channel that comes into a convolution."""
    return Axis(conv.weight.detach(), 1, conv.groups)
