"""Attention as in the standard transformer, without biases (HR-NAS, Eq. 3)."""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention of queries to a memory.

    The weights are those of :class:`torch.nn.MultiheadAttention` with
    ``bias=False``. Queries that are the same for all images are projected
    once.

    Args:
        width (int): Of queries, memory and output.
        heads (int): Attention heads.
        dropout (float): Probability to drop an attention weight.
    """

    def __init__(self, width: int, heads: int = 1, dropout: float = 0.0):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.out_proj = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)

    def forward(self, memory: Tensor, query: Optional[Tensor] = None):
        """Attend.

        Args:
            memory (Tensor): Keys and values, ``(N, L, width)``.
            query (Tensor, optional): ``(N, M, width)``, or ``(M, width)`` for
                all images. Defaults to the memory.
        """
        weight = self.in_proj_weight
        width = weight.shape[1]
        if query is None:
            q, k, v = F.linear(memory, weight).chunk(3, -1)
        else:
            q = F.linear(query, weight[:width])
            k, v = F.linear(memory, weight[width:]).chunk(2, -1)
            q = q.expand(memory.shape[0], -1, -1)
        out = F.scaled_dot_product_attention(
            *map(self._split, (q, k, v)),
            dropout_p=self.dropout if self.training else 0.0)
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """``(N, L, width)`` to ``(N, heads, L, width / heads)``."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class AttentionLayer(nn.Module):
    """Attention, then a feed-forward network; each is added to its input and
    normalised.

    Args:
        width (int): Of queries, memory and output.
        heads (int): Attention heads.
        hidden (int): Hidden width of the feed-forward network (Eq. 4).
        bias (bool): Whether its linear layers have biases.
        dropout (float): Probability, after attention weights, attention, the
            hidden layer and the feed-forward network.
    """

    def __init__(self, width: int, heads: int, hidden: int, bias: bool,
                 dropout: float):
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.norm1 = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, hidden, bias=bias)
        self.linear2 = nn.Linear(hidden, width, bias=bias)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = dropout
        for linear in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(linear.weight)
            if bias:
                nn.init.zeros_(linear.bias)

    def forward(self,
                memory: Tensor,
                query: Optional[Tensor] = None,
                residual: Optional[Tensor] = None) -> Tensor:
        """Attend and transform.

        Args:
            memory (Tensor): ``(N, L, width)``.
            query (Tensor, optional): As :meth:`Attention.forward`.
            residual (Tensor, optional): What attention is added to. Defaults
                to the memory.
        """
        if residual is None:
            residual = memory
        x = self.norm1(residual + self._drop(self.attention(memory, query)))
        hidden = self._drop(F.relu(self.linear1(x)))
        return self.norm2(x + self._drop(self.linear2(hidden)))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)
