"""Candidates of ViPNAS on videos, and what their frames cost."""
from typing import Iterable, List, NamedTuple, Optional, Sequence

import numpy as np
import pandas as pd

from scalenas_mm.spaces import TViPNASArch, TViPNASSpace
from scalenas_mm.spaces.cost import Size
from ..pareto_data import evaluated, flat, front_of
from .costs import FrameCosts, costs_of_arch, costs_of_model, frame_keys

GROUP = 'cost.'


class Candidate(NamedTuple):
    """One of those that are compared.

    Attributes:
        name: Its number in the archive, or its digest.
        costs: Of its frames.
        metric: How good it is, if that is known.
    """
    name: str
    costs: FrameCosts
    metric: Optional[float] = None


def of_table(records: pd.DataFrame, metric: Optional[str],
             selected: Optional[Iterable[int]], front: bool,
             lower_is_better: bool) -> List[Candidate]:
    """Candidates of an archive, see :func:`~.frame_costs.draw_frame_costs`.

    Raises:
        KeyError: There is no such metric or id, or costs are not of clips.
        ValueError: No candidate was evaluated.
    """
    records = flat(records)
    known = [c[len(GROUP):] for c in records if c.startswith(GROUP)]
    keys = ('macs', 'propagated_macs', *frame_keys(known))
    points = evaluated(records, metric, 'propagated_macs')
    if selected is not None:
        points = _chosen(points, list(selected))
    if front:
        points = front_of(points, lower_is_better)
    rows = records.set_index('id')[[GROUP + key for key in keys]]
    return [
        Candidate(
            f'#{point.id}',
            costs_of_model(
                dict(zip(keys, rows.loc[point.id].to_numpy().tolist()))),
            None if metric is None else point.metric)
        for point in points.itertuples()
    ]


def _chosen(points: pd.DataFrame, ids: Sequence[int]) -> pd.DataFrame:
    missing = sorted(set(ids) - set(points.id))
    if missing:
        raise KeyError(f'selected: expected evaluated candidates, got ids '
                       f'{missing}')
    return points[points.id.isin(ids)]


def of_archs(archs: Sequence[TViPNASArch], space: Optional[TViPNASSpace],
             input_size: Optional[Size]) -> List[Candidate]:
    """Architectures, without a model.

    Raises:
        ArchError: One is not in ``space``.
        ValueError: Space or size of the image are not known.
    """
    if space is None or input_size is None:
        raise ValueError('space, input_size: expected both for '
                         'architectures, got none')
    return [
        Candidate(arch.digest[:6], costs_of_arch(space, arch, input_size))
        for arch in archs
    ]


def by_cost(candidates: Sequence[Candidate]) -> List[Candidate]:
    """The cheapest first."""
    order = np.argsort([one.costs.average for one in candidates],
                       kind='stable')
    return [candidates[i] for i in order]
