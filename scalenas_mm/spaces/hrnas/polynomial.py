"""Costs as sums over searching blocks of functions of their counts."""
from dataclasses import dataclass
from typing import NamedTuple, Sequence

import numpy as np

CHUNK = 2048  # keeps the numbers of a chunk in cache
EXACT = 2**53  # floats hold all integers up to here


class UnitCosts(NamedTuple):
    """What one search unit costs, ``float64``.

    Attributes:
        units: A channel of a depthwise convolution, for each block and
            kernel size: shape ``(blocks, kernels)``.
        tokens: A token of each block, shape ``(blocks,)``.
    """
    units: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True)
class Polynomial:
    """A cost of a network as a function of its counts.

    A block of ``h`` channels and ``n`` tokens adds ``h * unit`` for each
    kernel size, ``some_units`` once if it has any channel,
    ``n * token + n**2 * pair``, and ``some_tokens`` once if it has any.
    All are ``int64``.

    Attributes:
        fixed: What does not depend on the architecture.
        unit: Shape ``(blocks, kernels)``.
        some_units: Shape ``(blocks,)``, as all that follow.
        token: Linear in the tokens.
        pair: Quadratic in the tokens.
        some_tokens: Of a transformer, however many tokens it has.
    """
    fixed: int
    unit: np.ndarray
    some_units: np.ndarray
    token: np.ndarray
    pair: np.ndarray
    some_tokens: np.ndarray

    def __add__(self, other: 'Polynomial') -> 'Polynomial':
        return Polynomial(
            *(a + b for a, b in zip(vars(self).values(),
                                    vars(other).values())))

    @property
    def blocks(self) -> int:
        return len(self.token)

    def linear(self) -> np.ndarray:
        """Coefficients of a gene vector."""
        return np.column_stack([self.unit, self.token]).reshape(-1)

    def marginal(self, counts: np.ndarray) -> UnitCosts:
        """What a network gets cheaper by when one unit goes.

        A unit or token that is the last one of its block takes with it what
        the block has only one of. Where there is none, what one would add; a
        token then without its share of the products of attention.

        Args:
            counts: Channels of each kernel, then tokens, of each block.
        """
        units, tokens = counts[:, :-1].sum(1), counts[:, -1]
        unit = self.unit + ((units <= 1) * self.some_units)[:, None]
        token = self.token + self.pair * np.maximum(2 * tokens - 1, 0)
        token = token + (tokens <= 1) * self.some_tokens
        return UnitCosts(unit.astype(np.float64), token.astype(np.float64))


def evaluate(costs: Sequence[Polynomial], genes: np.ndarray) -> np.ndarray:
    """Costs of gene vectors, exact.

    Args:
        costs: Of one space.
        genes: Shape ``(num, genes)``.

    Returns:
        np.ndarray: ``int64``, shape ``(costs, num)``.
    """
    genes = np.asarray(genes)
    linear = np.stack([cost.linear() for cost in costs], 1)
    some_units = np.stack([cost.some_units for cost in costs], 1)
    pair = np.stack([cost.pair for cost in costs], 1)
    some_tokens = np.stack([cost.some_tokens for cost in costs], 1)
    most = abs(linear).sum(0) * 2.0**15 + pair.sum(0) * 2.0**30
    kind = np.float64 if most.max(initial=0) < EXACT else np.int64
    tables = [t.astype(kind) for t in (linear, some_units, pair, some_tokens)]
    out = np.empty((len(costs), len(genes)), np.int64)
    for start in range(0, len(genes), CHUNK):
        rows = slice(start, start + CHUNK)
        out[:, rows] = _chunk(tables, genes[rows], kind).T
    return out + np.array([cost.fixed for cost in costs], np.int64)[:, None]


def _chunk(tables: Sequence[np.ndarray], genes: np.ndarray,
           kind: type) -> np.ndarray:
    linear, some_units, pair, some_tokens = tables
    blocks = len(pair)
    counts = genes.reshape(len(genes), blocks, -1)
    tokens: np.ndarray = counts[:, :, -1].astype(kind)
    out = genes.astype(kind) @ linear + tokens**2 @ pair
    if some_units.any():
        some = counts[:, :, 0] > 0
        for k in range(1, counts.shape[2] - 1):
            some |= counts[:, :, k] > 0
        out += some.astype(kind) @ some_units
    if some_tokens.any():
        out += (tokens > 0).astype(kind) @ some_tokens
    return out
