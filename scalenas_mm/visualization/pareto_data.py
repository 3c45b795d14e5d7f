"""What the plots of a search show, as tables."""
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
import pandas as pd

from scalenas_mm.search.pareto import pareto_front, running_hypervolume
from scalenas_mm.search.reading import read_archive
from scalenas_mm.search.record import OK, Record
from .figures import PathLike

UNITS = {
    'macs': (1e9, 'GMACs (model)'),
    'params': (1e6, 'parameters (M, model)'),
    'backbone_macs': (1e9, 'GMACs (backbone)'),
    'backbone_params': (1e6, 'parameters (M, backbone)'),
}


def unit_of(cost: str) -> Tuple[float, str]:
    """What a cost is divided by, and its name; others stay as they are."""
    return UNITS.get(cost, (1.0, cost))


def load_records(path: PathLike) -> pd.DataFrame:
    """An archive as a table, one row per candidate, in order of evaluation.

    Metrics and costs are the columns ``metrics.<name>`` and ``cost.<name>``.

    Raises:
        ArchiveError: There is no such file, or a line is not a candidate.
    """
    return as_table(read_archive(path))


def as_table(records: Iterable[Record]) -> pd.DataFrame:
    """Candidates as :func:`load_records` has them."""
    return _flat([dict(vars(record)) for record in records])


def flat(records: pd.DataFrame) -> pd.DataFrame:
    """A table as :func:`load_records` has it, also of one as pandas reads the
    archive."""
    if 'metrics' in records:
        return _flat(records.to_dict('records'))
    return records


def _flat(rows: List[Dict[str, Any]]) -> pd.DataFrame:
    """A column for each entry of what is a dict, named with a dot."""
    return pd.DataFrame([{
        f'{key}.{name}' if name else key: inner
        for key, value in row.items()
        for name, inner in (value.items() if isinstance(value, dict) else [(
            '', value)])
    } for row in rows])


def references(baselines: Iterable[Record], metric: str,
               cost: str) -> Dict[str, Tuple[float, Optional[float]]]:
    """Cost and metric of baselines by name, as :func:`plot_pareto` marks
    them; those that failed are left out."""
    return {
        str(record.name): (record.value(cost), record.metrics.get(metric))
        for record in baselines if record.ok
    }


def evaluated(records: pd.DataFrame, metric: Optional[str],
              cost: str) -> pd.DataFrame:
    """Candidates that have the metric: id, generation, cost, metric.

    Costs are in the unit of :func:`unit_of`. Without a metric, all that did
    not fail.

    Raises:
        KeyError: ``cost`` is unknown, or no candidate has the metric.
        ValueError: No candidate was evaluated.
    """
    records = flat(records)
    if not len(records) or not (records.status == OK).any():
        raise ValueError('records: expected at least one evaluated '
                         f'candidate, got {len(records)} records')
    out = records.loc[records.status == OK, ['id', 'generation']].copy()
    out['cost'] = _column(records, 'cost', cost) / unit_of(cost)[0]
    if metric is not None:
        out['metric'] = _column(records, 'metrics', metric)
    return out.dropna().reset_index(drop=True)


def _column(records: pd.DataFrame, group: str, name: str) -> pd.Series:
    key, prefix = f'{group}.{name}', f'{group}.'
    if key not in records:
        known = sorted(column[len(prefix):] for column in records.columns
                       if column.startswith(prefix))
        raise KeyError(f'{group}: expected one of {known}, got {name!r}')
    return records[key].astype(float)


def costs_of(points: pd.DataFrame, lower_is_better: bool) -> np.ndarray:
    """Cost and metric, both to be minimised, shape ``(num, 2)``."""
    sign = 1 if lower_is_better else -1
    return np.stack([points.cost, sign * points.metric], 1)


def front_of(points: pd.DataFrame, lower_is_better: bool) -> pd.DataFrame:
    """Candidates that no other beats, the cheapest first."""
    front = points.iloc[pareto_front(costs_of(points, lower_is_better))]
    return front.sort_values(['cost', 'metric'])


def hypervolumes(points: pd.DataFrame, lower_is_better: bool) -> np.ndarray:
    """Share of the square of all costs and metrics that is reached so far.

    Both axes are scaled to [0, 1] over all candidates.
    """
    costs = costs_of(points, lower_is_better)
    low, high = costs.min(0), costs.max(0)
    costs = (costs - low) / np.where(high > low, high - low, 1)
    return running_hypervolume(costs, np.ones(2))
