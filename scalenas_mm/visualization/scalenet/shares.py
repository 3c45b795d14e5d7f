"""How often ScaleNets have each block and each fusion."""
from typing import Sequence

import numpy as np

from scalenas_mm.spaces import ScaleNetArch, ScaleNetSpace


def shares(space: ScaleNetSpace, archs: Sequence[ScaleNetArch]) -> np.ndarray:
    """The share of a space's modules in which a network has a fusion.

    Returns:
        np.ndarray: Of shape ``(num, targets, sources, levels)``, from 0 to 1.
        The diagonal, where a branch would be its own source, holds the share
        of modules in which the branch has a block of that level.
    """
    layout = space.layout
    branches, levels = max(space.branches), layout.max_depth
    genes = np.stack([space.encode(arch) for arch in archs])
    out = np.zeros((len(archs), branches, branches, levels))
    bits = layout.is_bit
    where = (layout.target[bits], layout.source[bits], layout.level[bits])
    number = np.zeros(out.shape[1:])
    np.add.at(number, where, 1)
    np.add.at(out, (slice(None), *where), genes[:, bits])
    for gene in np.flatnonzero(~bits):
        target = layout.target[gene]
        out[:, target, target] += genes[:, gene, None] > np.arange(levels)
        number[target, target] += 1
    return out / number
