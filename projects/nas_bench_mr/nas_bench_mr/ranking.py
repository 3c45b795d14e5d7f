"""Measured rows near a code, and how well a predictor orders them."""
from typing import NamedTuple

import numpy as np


class Pairs(NamedTuple):
    """Pairs of networks with different measurements.

    Attributes:
        right: How many of them the predictor orders as the measurement does.
        total: How many there are.
    """
    right: int
    total: int

    @property
    def share(self):
        return self.right / self.total if self.total else float('nan')

    def __str__(self):
        if not self.total:
            return '-'
        return f'{100 * self.share:.0f} % of {self.total}'


def nearest_rows(table, code, among=None, num=1):
    """The ``num`` rows nearest to a code, by
    :meth:`ArchTable.distances`, and their distances.

    Args:
        table (ArchTable): Of NCP's codes.
        code (np.ndarray): Genes.
        among (np.ndarray, optional): The rows that count.
        num (int): How many rows, if there are so many.
    """
    rows = np.arange(len(table)) if among is None else among
    distances = table.distances(code)[rows]
    order = np.argsort(distances, kind='stable')[:num]
    return rows[order], distances[order]


def ordered_pairs(measured, predicted):
    """How many pairs are in the same order; equal measurements do not count.

    Args:
        measured (np.ndarray): Values of networks, shape ``(num, )``.
        predicted (np.ndarray): Predictions for them, likewise.
    """
    true = np.sign(np.subtract.outer(measured, measured))
    said = np.sign(np.subtract.outer(predicted, predicted))
    counts = np.triu(true != 0, 1)
    return Pairs(int((true == said)[counts].sum()), int(counts.sum()))


def judged(one, rows):
    """How well a setting's predictor orders rows of its table."""
    main = one.table.main
    rows = np.unique(np.asarray(rows, int))
    predicted = one.predictor.predict(one.table.codes[rows])[main]
    return ordered_pairs(one.table.columns[main][rows], predicted)


def agreement(one, codes, num):
    """How well pairs of measured rows are ordered.

    Args:
        one (Fitted): Of a setting.
        codes (Sequence[np.ndarray]): Optima.
        num (int): How many rows near to each optimum.

    Returns:
        list[dict]: For each set of rows ``what`` it is, the number of
        ``networks``, how many of them the predictor was ``trained_on``, and
        ``pairs``.
    """

    def near(num, among=None):
        found = [nearest_rows(one.table, c, among, num)[0] for c in codes]
        return np.unique(np.concatenate(found))

    sets = {
        'nearest to each optimum': near(1),
        f'{num} nearest to each optimum': near(num),
        'nearest unseen to each optimum': near(1, one.unseen),
        f'{num} nearest unseen to each optimum': near(num, one.unseen),
        'all unseen': one.unseen
    }
    return [
        dict(
            what=what,
            networks=len(rows),
            trained_on=int(np.isin(rows, one.train).sum()),
            pairs=judged(one, rows)) for what, rows in sets.items()
    ]
