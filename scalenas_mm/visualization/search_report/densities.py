"""Where the groups of a sampler draw from (ScaleNAS, Figure 6)."""
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from scalenas_mm.spaces import InputError, Space

DRAWN = 256  # networks of each group
POINTS = 96  # of a curve


def densities(space: Space, size: Tuple[int, int],
              records: np.ndarray) -> Optional[Dict[str, Any]]:
    """Densities of the MACs of the backbone: of each group of the space, of
    plain sampling and of the candidates.

    Args:
        space (Space): Of the architectures.
        size (tuple[int]): Height and width that costs are counted for.
        records (np.ndarray): Genes of the candidates, ``(num, genes)``.

    Returns:
        dict, optional: ``at`` (MACs), and ``curves``: names and densities,
        each of which is 1 at its highest. None where the space has no groups.
    """
    try:
        groups = space.groups()
    except InputError:
        return None
    rng = np.random.default_rng(0)
    drawn = [(name, space.sample_genes(rng, DRAWN, **options))
             for name, options in groups]
    drawn += [('uniform sampling', space.sample_genes(rng, DRAWN)),
              ('candidates', records)]
    macs = [(name, space.complexity_batch(genes, size).macs)
            for name, genes in drawn]
    ends = [
        float(end(values)) for end in (np.min, np.max) for _, values in macs
    ]
    at = np.linspace(min(ends), max(ends), POINTS)
    return dict(
        at=[float(f'{x:.4g}') for x in at],
        curves=[[name, _density(values, at)] for name, values in macs])


def _density(values: np.ndarray, at: np.ndarray) -> List[float]:
    """A Gaussian kernel on a histogram, by Silverman's rule."""
    step = at[1] - at[0]
    if step <= 0:
        return [1.0] * len(at)
    places = np.clip(np.rint((values - at[0]) / step), 0, len(at) - 1)
    counts = np.bincount(places.astype(int), minlength=len(at)).astype(float)
    width = max(0.9 * values.std() * len(values)**-0.2 / step, 0.8)
    reach = np.arange(-len(at) + 1, len(at))
    kernel = np.exp(-0.5 * (reach / width)**2)
    smooth = np.convolve(counts, kernel)
    smooth = smooth[len(at) - 1:2 * len(at) - 1]
    return [round(float(x), 4) for x in smooth / smooth.max()]
