"""How exact costs change with single genes."""
from typing import Dict, Tuple

import numpy as np

from .cost_model import CostModel
from .space import Space


def neighbours(space: Space,
               genes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The next larger and smaller choice of every gene, or the same."""
    up, down = genes.copy(), genes.copy()
    for i, choices in enumerate(space.gene_choices()):
        at = np.searchsorted(choices, genes[:, i])
        up[:, i] = choices[np.minimum(at + 1, len(choices) - 1)]
        down[:, i] = choices[np.maximum(at - 1, 0)]
    return up, down


def cost_slopes(costs: CostModel, genes: np.ndarray) -> Dict[str, np.ndarray]:
    """Relative increase of each cost when one gene grows by one choice.

    At its largest choice, the increase from the one below. Not negative.

    Args:
        costs (CostModel): Gives the costs.
        genes (np.ndarray): Members of the space, ``(N, genes)``.

    Returns:
        dict: For every cost an array ``(N, genes)``.
    """
    num, length = genes.shape
    up, down = neighbours(costs.space, genes)
    grows = up != genes
    changed = np.repeat(genes[:, None], length, 1)
    diagonal = np.arange(length)
    changed[:, diagonal, diagonal] = np.where(grows, up, down)
    flat = costs.space.canonical_genes(changed.reshape(-1, length))
    after, before = costs.batch(flat), costs.batch(genes)
    out = {}
    for key, value in after.items():
        base = before[key][:, None]
        change = (value.reshape(num, length) - base) / base
        out[key] = np.maximum(np.where(grows, change, -change), 0)
    return out
