"""What is lost by a search for another metric than the one that counts?"""
from typing import Sequence

import numpy as np

from scalenas_mm.spaces.settings import whole

BUDGETS = 50


def mismatch(measured: Sequence[np.ndarray],
             cost: np.ndarray,
             resamples: int = 500,
             seed: int = 0) -> np.ndarray:
    """How much worse by one metric is what the other one picks?

    For each of 50 limits of the cost, evenly spaced, the best candidate by
    one metric is compared with the best by the other. With two measurements
    of the same candidates (on different data) one picks and the other judges,
    both ways, so that luck is not counted as skill; with one measurement it
    is.

    Args:
        measured (Sequence[np.ndarray]): One or two arrays of two metrics, to
            be minimised, shape ``(num, 2)``.
        cost (np.ndarray): Shape ``(num, )``.
        resamples (int): Of the candidates, for the interval.
        seed (int): Of what is drawn.

    Returns:
        np.ndarray: For each metric the mean over the limits, and the ends of
        an interval that holds 90 of 100 resamples (bootstrap over
        candidates), shape ``(2, 3)``.
    """
    pairs = [(measured[0], measured[-1]), (measured[-1], measured[0])]

    def loss(rows: np.ndarray) -> np.ndarray:
        return np.mean([
            _loss(picks[rows], judges[rows], cost[rows])
            for picks, judges in pairs
        ], 0)

    rng = np.random.default_rng(seed)
    num = len(cost)
    drawn = [
        loss(rng.integers(num, size=num))
        for _ in range(whole('resamples', resamples))
    ]
    low, high = np.quantile(drawn, (0.05, 0.95), axis=0)
    return np.stack([loss(np.arange(num)), low, high], 1)


def _loss(picks: np.ndarray, judges: np.ndarray,
          cost: np.ndarray) -> np.ndarray:
    order = np.argsort(cost, kind='stable')
    limits = np.linspace(cost[order[0]], cost[order[-1]], BUDGETS)
    last = np.searchsorted(cost[order], limits, 'right') - 1
    chosen = [order[_best_so_far(column[order])[last]] for column in picks.T]
    return np.array([(judges[chosen[1 - i], i] - judges[chosen[i], i]).mean()
                     for i in range(2)])


def _best_so_far(values: np.ndarray) -> np.ndarray:
    """Index of the smallest of the first 1, 2, ... values."""
    before = np.minimum.accumulate(np.append(np.inf, values[:-1]))
    return np.maximum.accumulate(
        np.where(values < before, np.arange(len(values)), 0))
