"""Are the best networks by one metric others than the best by another?"""
from dataclasses import dataclass
from typing import Tuple

import numpy as np

from scalenas_mm.spaces import SettingError
from scalenas_mm.spaces.settings import whole
from .pareto import pareto_front, select


@dataclass
class Contrast:
    """The best of two metrics, and how their choices differ.

    Attributes:
        best: Rows of the best by the first metric and by the second.
        means: Mean choices of both, shape ``(2, choices)``.
        limit: What a difference of two means stays below, for all choices at
            once, in 95 of 100 archives where the metrics are
            interchangeable; shape ``(choices, )``.
        p_value: Share of such archives whose choices differ as much as here,
            by the sum of squares, each in units of its spread.
        correlation: Of the ranks of both metrics (Spearman).
    """
    best: Tuple[np.ndarray, np.ndarray]
    means: np.ndarray
    limit: np.ndarray
    p_value: float
    correlation: float

    @property
    def differs(self) -> np.ndarray:
        """Which choices differ by more than chance, shape ``(choices, )``."""
        return np.abs(self.means[0] - self.means[1]) > self.limit


def contrast(metrics: np.ndarray,
             cost: np.ndarray,
             choices: np.ndarray,
             top: int = 0,
             swaps: int = 2000,
             seed: int = 0) -> Contrast:
    """Compare the best by one metric and cost with the best by another.

    If it did not matter which of the two is asked for, the ranks of a
    candidate by both could as well be swapped. So they are, each candidate's
    with probability 1/2, again and again: that gives what differs by chance.
    For single choices the largest difference counts, so that many may be
    looked at.

    Args:
        metrics (np.ndarray): Both, to be minimised, shape ``(num, 2)``.
        cost (np.ndarray): Shape ``(num, )``.
        choices (np.ndarray): What the candidates consist of, numbers, shape
            ``(num, choices)``.
        top (int): How many are the best of each, by peeling fronts. 0 takes
            the fronts themselves.
        swaps (int): Repetitions.
        seed (int): Of what is drawn.

    Raises:
        SettingError: There are fewer candidates than ``top``, or fewer than
            two.
    """
    num = len(cost)
    if num < max(2, whole('top', top, 0)):
        raise SettingError('archive', f'at least {max(2, top)} candidates',
                           num)
    ranks = np.stack([_ranks(column) for column in np.asarray(metrics).T], 1)
    spread = choices.std(0)
    unit = np.where(spread > 0, spread, 1)
    best = _best(ranks[:, 0], cost, top), _best(ranks[:, 1], cost, top)
    means = np.stack([choices[rows].mean(0) for rows in best])
    found = _sizes((means[0] - means[1]) / unit)
    rng = np.random.default_rng(seed)
    chance = np.array([
        _sizes(_swapped(ranks, cost, choices, top, rng) / unit)
        for _ in range(whole('swaps', swaps))
    ])
    reached = int((chance[:, 1] >= found[1] * (1 - 1e-9)).sum())
    return Contrast(best, means,
                    np.quantile(chance[:, 0], 0.95) * spread,
                    (1 + reached) / (1 + swaps), rank_correlation(*ranks.T))


def _swapped(ranks: np.ndarray, cost: np.ndarray, choices: np.ndarray,
             top: int, rng: np.random.Generator) -> np.ndarray:
    """How means differ if chance says which metric is which."""
    swap = rng.random(len(cost)) < 0.5
    one = np.where(swap, ranks[:, 1], ranks[:, 0])
    other = ranks.sum(1) - one
    return (choices[_best(one, cost, top)].mean(0) -
            choices[_best(other, cost, top)].mean(0))


def _sizes(differences: np.ndarray) -> Tuple[float, float]:
    """The largest, and the sum of squares."""
    return float(np.abs(differences).max()), float((differences**2).sum())


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, 0 where one is constant."""
    ranks = np.stack([_ranks(one), _ranks(other)])
    return float(np.corrcoef(ranks)[0, 1]) if ranks.std(1).all() else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Places in order, equal values share the mean of theirs."""
    order = np.sort(values)
    return (np.searchsorted(order, values, 'left') +
            np.searchsorted(order, values, 'right')) / 2


def _best(metric: np.ndarray, cost: np.ndarray, top: int) -> np.ndarray:
    values = np.stack([cost, metric], 1).astype(float)
    return select(values, top) if top else pareto_front(values)
