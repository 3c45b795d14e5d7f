"""Is one method better than another by more than the luck of its seeds?"""
from math import comb
from typing import Sequence

import numpy as np

FEWEST = 3  # runs of each method
RESAMPLES = 9999


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """The p-value of the Mann-Whitney U test, two-sided.

    It asks only which run is better, not by how much. Exact, but with ties
    among many runs, where orders are drawn.

    Args:
        one (Sequence[float]): A number for each run; infinite ones are larger
            than all others.
        other (Sequence[float]): Those of the other method.

    Returns:
        float: NaN with fewer than 3 runs of a method.
    """
    # here: it takes longer to import than all of this package
    from scipy.stats import mannwhitneyu, permutation_test, rankdata
    num = len(one)
    if min(num, len(other)) < FEWEST:
        return float('nan')
    ranks = rankdata([*one, *other])
    groups = ranks[:num], ranks[num:]
    if len(np.unique(ranks)) == len(ranks):
        return float(mannwhitneyu(*groups, method='exact').pvalue)
    # scipy's own way with ties is a normal approximation, for few runs a
    # wrong one
    result = permutation_test(
        groups,
        lambda first, second, axis: first.sum(axis=axis),
        vectorized=True,
        n_resamples=RESAMPLES,
        random_state=0)
    return float(result.pvalue)


def least_p(one: int, other: int) -> float:
    """What the p-value of so many runs cannot be below: one order of many."""
    return min(1.0, 2 / comb(one + other, one))
