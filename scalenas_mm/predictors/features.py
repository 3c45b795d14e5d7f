"""What a predictor is told of a code: the genes, their logarithms or both."""
from typing import Iterable, Tuple

import numpy as np

from scalenas_mm.spaces import SettingError

FEATURES = ('code', 'log', 'code+log')
SPAN = 2  # largest choice by smallest from which a logarithm says more


def choose_features(choices: Iterable[np.ndarray]) -> str:
    """The features that suit genes: ``code+log`` or ``code``.

    Channels and numbers of blocks count by their ratios, so logarithms help
    (docs/ncp.md). They need genes of at least 1 that span a range: the
    largest choice of every gene is at least twice the smallest. A gene with a
    single choice says nothing either way. Bits and one-hot codes have a 0.

    Args:
        choices (Iterable[np.ndarray]): The choices of each gene, as of
            :meth:`Space.gene_choices`, or the values that it was seen with.
    """
    ends = [(np.min(c), np.max(c)) for c in choices]
    spans = [high >= SPAN * low for low, high in ends if high != low]
    suited = all(low >= 1 for low, _ in ends) and spans and all(spans)
    return 'code+log' if suited else 'code'


def parts_of(features: str) -> Tuple[str, ...]:
    """``code`` and ``log``, or one; raises :class:`SettingError`."""
    if features not in FEATURES:
        raise SettingError('features', ', '.join(FEATURES), features)
    return tuple(features.split('+'))
