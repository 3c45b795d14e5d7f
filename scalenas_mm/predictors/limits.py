"""Hard limits on exact costs."""
from typing import Mapping, Tuple

import numpy as np

from scalenas_mm.spaces import CostModel, SettingError, cost_slopes
from .checks import check_number

# What is tried: steps down the slope, then points on the way to the cheapest
# architecture, the last of them that itself.
FACTORS = np.geomspace(1, 64, 16, dtype=np.float32)[:, None, None]
SHARES = np.linspace(1, 0, 17, dtype=np.float32)[1:, None, None]


class CostLimits:
    """Keeps codes below upper limits of exact costs.

    A code whose nearest member is too expensive moves in the direction in
    which the exceeded cost falls fastest, until the limits are met. Where
    that does not get there, it is drawn towards the cheapest architecture.

    Args:
        limits (Mapping[str, float]): Highest allowed value of each of these
            costs.
        costs (CostModel): Gives the costs.
        unit (np.ndarray): Scale of each gene, in which lengths are measured.
        bounds (tuple[np.ndarray]): Least and largest value of each gene.

    Raises:
        SettingError: Another key, no number, or a limit that even the cheapest
            architecture exceeds.
    """

    def __init__(self, limits: Mapping[str, float], costs: CostModel,
                 unit: np.ndarray, bounds: Tuple[np.ndarray,
                                                 np.ndarray]) -> None:
        self.costs, self.unit = costs, unit
        space = costs.space
        cheapest = space.encode(space.min_arch()).clip(*bounds)
        self._cheapest = cheapest.astype(np.float32)
        least = costs.batch(space.round_genes(self._cheapest[None]))
        for key in limits:
            if key not in costs.keys:
                raise SettingError(f'limits.{key}',
                                   'one of ' + ', '.join(costs.keys), key)
        self.limits = {
            key: check_number(f'limits.{key}', limit)
            for key, limit in limits.items()
        }
        for key, limit in self.limits.items():
            if limit < least[key][0]:
                raise SettingError(
                    f'limits.{key}',
                    f'a number >= {least[key][0]}, the least there is', limit)
        choices = space.gene_choices()
        self._low = bounds[0].astype(np.float32)
        # mean distance between choices; 1 for a gene that has only one
        self._step = np.array([(c[-1] - c[0]) /
                               (len(c) - 1) if len(c) > 1 else 1.0
                               for c in choices], np.float32)

    def met(self, codes: np.ndarray) -> np.ndarray:
        """Whether the nearest members of codes ``(N, genes)`` are within."""
        found = self.costs.batch(self.costs.space.round_genes(codes))
        return np.all(
            [found[key] <= limit for key, limit in self.limits.items()], 0)

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Codes within the limits; those that are stay as they are."""
        outside = np.flatnonzero(~self.met(codes))
        if not len(outside):
            return codes
        far = codes[outside]
        down = np.maximum(far - FACTORS * self._descent(far), self._low)
        shrunk = self._cheapest + SHARES * (far - self._cheapest)
        out = codes.copy()
        out[outside] = self._first_met(np.concatenate([down, shrunk]))
        return out

    def _first_met(self, points: np.ndarray) -> np.ndarray:
        """Of ``(tries, N, genes)``, for each code the first within."""
        tries, num, genes = points.shape
        good = self.met(points.reshape(-1, genes)).reshape(tries, num)
        return points[good.argmax(0), np.arange(num)]

    def _descent(self, codes: np.ndarray) -> np.ndarray:
        """A Newton step down the slope of the most exceeded cost."""
        genes = self.costs.space.round_genes(codes)
        slopes, now = cost_slopes(self.costs, genes), self.costs.batch(genes)
        drops = np.stack([1 - lim / now[k] for k, lim in self.limits.items()])
        worst, rows = drops.argmax(0), np.arange(len(codes))
        slope = np.stack([slopes[key] for key in self.limits])[worst, rows]
        slope = slope * self.unit / self._step
        length = drops[worst, rows] / np.maximum((slope**2).sum(1), 1e-12)
        return (slope * length[:, None] * self.unit).astype(np.float32)
