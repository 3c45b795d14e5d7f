"""What a comparison of the fronts of two metrics shows."""
from dataclasses import dataclass
from functools import singledispatch
from typing import Dict, Mapping, Optional, Sequence, Tuple

import numpy as np

from scalenas_mm.benchmarks.archives import space_from_dict
from scalenas_mm.search.contrast import Contrast, contrast, rank_correlation
from scalenas_mm.search.mismatch import mismatch
from scalenas_mm.search.reading import read_archive, read_meta
from scalenas_mm.search.record import Record
from scalenas_mm.spaces import Arch, ScaleNetSpace, SettingError, Space
from .figures import PathLike
from .pareto_data import unit_of
from .scalenet.shares import shares


@singledispatch
def choices_of(space: Space, archs: Sequence[Arch]) -> np.ndarray:
    """What architectures consist of, as numbers ``(num, ...)``: their genes,
    unless something better is registered by the type of the space."""
    return np.stack([space.encode(arch) for arch in archs]).astype(float)


choices_of.register(ScaleNetSpace, shares)


@dataclass
class Fronts:
    """Two metrics of the candidates of an archive.

    Attributes:
        ids: Of the candidates that have both.
        names: Of the metrics.
        measured: Once or twice, each of shape ``(num, 2)``, as recorded.
        cost: Shape ``(num, )``, in the unit of ``cost_name``.
        cost_name: With its unit.
        sign: By which metrics are to be minimised.
        space: Of the architectures.
        choices: From :func:`choices_of`.
        result: What is on both fronts, and whether it differs.
    """
    ids: np.ndarray
    names: Tuple[str, str]
    measured: Sequence[np.ndarray]
    cost: np.ndarray
    cost_name: str
    sign: int
    space: Space
    choices: np.ndarray
    result: Contrast

    @property
    def metrics(self) -> np.ndarray:
        """The mean of what was measured, shape ``(num, 2)``."""
        return np.mean(self.measured, 0)

    @property
    def differs(self) -> np.ndarray:
        """Choices that differ by more than chance; as :attr:`choices`."""
        return self.result.differs.reshape(self.choices.shape[1:])

    def lost(self) -> np.ndarray:
        """From :func:`scalenas_mm.search.mismatch`."""
        return mismatch([self.sign * one for one in self.measured], self.cost)

    def reliability(self) -> Optional[Tuple[float, float]]:
        """Rank correlation of each metric with itself, measured again."""
        if len(self.measured) < 2:
            return None
        one, two = self.measured
        return (rank_correlation(one[:, 0], two[:, 0]),
                rank_correlation(one[:, 1], two[:, 1]))


def read_fronts(path: PathLike,
                metrics: Sequence[str],
                cost: str = 'macs',
                lower_is_better: bool = False,
                top: int = 0,
                swaps: int = 2000,
                again: Optional[PathLike] = None) -> Fronts:
    """Compare the fronts of two metrics of an archive.

    Args:
        path (str | Path): The archive, with its description beside it.
        metrics (Sequence[str]): Names of two metrics.
        cost (str): Name of the cost.
        lower_is_better (bool): Whether both metrics are errors.
        top, swaps: As for :func:`scalenas_mm.search.contrast`.
        again (str | Path, optional): An archive in which candidates were
            measured again, such as on other data. Those that are in both
            count, with the mean of both measurements.

    Raises:
        SettingError: A metric or the cost is missing, or there are too few
            candidates.
        ArchiveError: An archive cannot be read.
    """
    space = space_from_dict(read_meta(path).get('space'))
    archives = [_by_digest(each) for each in (path, again) if each is not None]
    good = [
        record for digest, record in archives[0].items()
        if all(digest in archive for archive in archives)
    ]
    if len(good) < 2:
        raise SettingError(
            str(path), 'at least 2 candidates that did not fail', len(good))
    measured = [
        np.array([[
            _value(archive[record.digest].metrics, 'metrics', name)
            for name in metrics
        ] for record in good], float) for archive in archives
    ]
    costs = np.array([_value(r.cost, 'cost', cost) for r in good], float)
    archs = [space.live(space.from_dict(record.arch)) for record in good]
    choices = choices_of(space, archs)
    sign = 1 if lower_is_better else -1
    result = contrast(sign * np.mean(measured, 0), costs,
                      choices.reshape(len(good), -1), top, swaps)
    unit, label = unit_of(cost)
    ids = np.array([record.id for record in good])
    return Fronts(ids, (metrics[0], metrics[1]), measured, costs / unit, label,
                  sign, space, choices, result)


def _by_digest(path: PathLike) -> Dict[str, Record]:
    return {r.digest: r for r in read_archive(path) if r.ok}


def _value(values: Mapping[str, float], what: str, name: str) -> float:
    if name not in values:
        raise SettingError(what, f"one of {', '.join(values) or 'none'}", name)
    return values[name]
