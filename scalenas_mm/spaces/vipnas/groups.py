"""Which numbers of groups fit which channels.

A gene says how many groups there should be, or how many channels one should
have. Where that does not divide the channels, the largest listed number of
groups below that does is taken: a network is always valid, and two genes that
give the same network become one.
"""
from typing import Any, Dict, Sequence, Tuple

import numpy as np

from ..errors import SettingError


class Groups:
    """Numbers of groups of a convolution.

    Args:
        field (str): For errors.
        values (Sequence[int]): Allowed genes, ascending.
        of_channels (bool): Whether a gene is the channels of a group.
    """

    def __init__(self, field: str, values: Sequence[int],
                 of_channels: bool) -> None:
        self.field = field
        self.values = tuple(values)
        self.of_channels = of_channels

    def listed(self, channels: int) -> Tuple[int, ...]:
        """Numbers of groups that may be taken, ascending.

        Raises:
            SettingError: They do not divide the channels; where a gene is
                the number of groups, only the least one must.
        """
        if not self.of_channels:
            if channels % self.values[0]:
                raise SettingError(
                    self.field, 'a least number that divides the channels '
                    f'{channels}', self.values)
            return self.values
        for value in self.values:
            if channels % value:
                raise SettingError(self.field,
                                   f'divisors of the channels {channels}',
                                   value)
        return tuple(channels // value for value in self.values[::-1])

    def fitted(self, gene: int, *channels: int) -> int:
        """Groups at a gene, of a convolution between these channels; the
        last ones are those that it puts out.

        Raises:
            SettingError: No listed number divides all of them.
        """
        listed = self.listed(channels[-1])
        most = channels[-1] // gene if self.of_channels else gene
        fits = [
            groups for groups in listed
            if groups <= most and not any(c % groups for c in channels)
        ]
        if not fits:
            raise SettingError(
                self.field, 'a least number of groups that '
                f'divides all of {channels}', listed[0])
        return fits[-1]

    def gene(self, groups: int, channels: int) -> int:
        """The gene of a number of groups that divides the channels."""
        return channels // groups if self.of_channels else groups

    def most(self, *channels: int) -> Tuple[int, ...]:
        """All that :meth:`fitted` gives, ascending."""
        return tuple(
            sorted({self.fitted(gene, *channels)
                    for gene in self.values}))


class Table:
    """:meth:`Groups.fitted` for arrays.

    Args:
        groups (Groups): The rule.
        channels (Sequence): Each a sequence of allowed channels, ascending:
            the table holds all combinations.
    """

    def __init__(self, groups: Groups, *channels: Sequence[int]) -> None:
        self.axes = [
            np.array(values, np.int64) for values in (*channels, groups.values)
        ]
        self.values = np.empty([len(axis) for axis in self.axes], np.int64)
        for place in np.ndindex(*self.values.shape):
            *sizes, gene = (int(axis[i]) for axis, i in zip(self.axes, place))
            self.values[place] = groups.fitted(gene, *sizes)

    def __call__(self, *columns: np.ndarray) -> np.ndarray:
        """Groups of each row; columns are channels, then the gene."""
        return self.values[tuple(
            np.searchsorted(axis, column)
            for axis, column in zip(self.axes, columns))]


def products(*factors: Sequence[int]) -> Tuple[int, ...]:
    """All products of one of each, ascending."""
    out: Dict[int, Any] = {1: None}
    for values in factors:
        out = {a * b: None for a in out for b in values}
    return tuple(sorted(out))
