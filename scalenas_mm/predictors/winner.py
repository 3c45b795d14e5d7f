"""Winner-takes-all: move the one gene with the best gain per cost."""
from typing import Tuple

import numpy as np
import torch
from torch import Tensor

from scalenas_mm.spaces import (CostModel, SettingError, Space, cost_slopes,
                                neighbours)

NOTHING = 1e-9  # cost of a gene that cannot act; avoids dividing by zero


def check_neighbours(space: Space) -> None:
    """Raise :class:`SettingError` where a single gene cannot move alone."""
    genes = space.encode(space.max_arch())[None]
    for moved in neighbours(space, genes):
        alone = np.repeat(genes, genes.shape[1], 0)
        np.fill_diagonal(alone, moved[0])
        back = space.round_genes(alone.astype(np.float64))
        if (back != space.canonical_genes(alone)).any():
            raise SettingError(
                'strategy', 'continuous, because the genes of '
                f'{type(space).__name__} depend on each other',
                'winner-takes-all')


def winner_takes_all(codes: Tensor, gradient: Tensor, costs: CostModel,
                     bounds: Tuple[Tensor, Tensor]) -> Tensor:
    """One move for each code (NCP, eq. 4-6).

    Every gene's gradient is divided by the relative increase in MACs when the
    gene grows by one choice. If the largest ratio is positive, less of that
    gene lowers loss and cost, so it shrinks; otherwise the gene with the
    smallest ratio, the best gain per cost, grows. Genes that cannot move in
    the needed direction do not compete; if none can, the code stays.

    Args:
        codes (Tensor): Members of the space, ``(N, genes)``.
        gradient (Tensor): Of the loss by the codes, same shape.
        costs (CostModel): Gives the MACs.
        bounds (tuple[Tensor]): Least and largest value of each gene.
    """
    space = costs.space
    genes = space.round_genes(codes.numpy())
    up, down = neighbours(space, genes)
    increase = cost_slopes(costs, genes)['macs']
    ratio = gradient.numpy() / np.maximum(increase, NOTHING)
    can_shrink = (down != genes) & (down >= bounds[0].numpy())
    can_grow = (up != genes) & (up <= bounds[1].numpy())
    shrink = np.where(can_shrink, ratio, -np.inf)
    grow = np.where(can_grow, ratio, np.inf)
    rows = np.arange(len(genes))
    first, last = shrink.argmax(1), grow.argmin(1)
    shrinks = shrink[rows, first] > 0
    grows = ~shrinks & (grow[rows, last] < 0)
    moved = genes.copy()
    moved[rows[shrinks], first[shrinks]] = down[rows[shrinks], first[shrinks]]
    moved[rows[grows], last[grows]] = up[rows[grows], last[grows]]
    return torch.from_numpy(space.canonical_genes(moved).astype(np.float32))
