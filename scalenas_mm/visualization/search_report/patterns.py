"""What the best networks have in common (ScaleNAS, Figure 10)."""
from functools import singledispatch
from typing import Any, Dict, List

import numpy as np

from scalenas_mm.spaces import (ScaleNetSpace, Space, ViPNASSpace,
                                WideScaleNetSpace)
from .genes import Genes
from .spaces import gene_names


@singledispatch
def patterns(space: Space, genes: Genes) -> Dict[str, Any]:
    """Means of the best and of the rest, to be drawn by ``kind``.

    ``none`` where a space has no picture of its own; the shares of each value
    of a gene are in :func:`.genes.importance`.
    """
    return dict(kind='none')


@patterns.register
def _(space: ScaleNetSpace, genes: Genes) -> Dict[str, Any]:
    """Share of modules that have each block and fusion, by target, source and
    level; the diagonal holds the blocks."""
    return dict(
        kind='shares',
        best=_rounded(_shares(space, genes.values[genes.best])),
        rest=_rounded(_shares(space, genes.values[~genes.best])))


@patterns.register
def _(space: WideScaleNetSpace, genes: Genes) -> Dict[str, Any]:
    values = genes.values[:, :space.plain.layout.length]
    return patterns(space.plain, genes._replace(values=values))


@patterns.register
def _(space: ViPNASSpace, genes: Genes) -> Dict[str, Any]:
    """The mean of every gene, as a share of its range."""
    names, rows = gene_names(space), []
    for name, allowed, column in zip(names, space.gene_choices(),
                                     genes.values.T):
        low, high = int(allowed[0]), int(allowed[-1])
        if high > low:
            best, rest = column[genes.best].mean(), column[~genes.best].mean()
            rows.append([name, low, high, _short(best), _short(rest)])
    return dict(kind='ranges', rows=rows)


def _shares(space: ScaleNetSpace, genes: np.ndarray) -> np.ndarray:
    """As :func:`..scalenet.shares.shares`, the mean over gene vectors."""
    layout, mean = space.layout, genes.mean(0)
    branches, levels = max(space.branches), layout.max_depth
    out = np.zeros((branches, branches, levels))
    number = np.zeros_like(out)
    bits = layout.is_bit
    where = (layout.target[bits], layout.source[bits], layout.level[bits])
    np.add.at(out, where, mean[bits])
    np.add.at(number, where, 1)
    for gene in np.flatnonzero(~bits):
        target = layout.target[gene]
        has = genes[:, gene, None] > np.arange(levels)
        out[target, target] += has.mean(0)
        number[target, target] += 1
    return out / np.maximum(number, 1)


def _rounded(values: np.ndarray) -> List[Any]:
    return np.round(values, 4).tolist()


def _short(value: Any) -> float:
    return round(float(value), 3)
