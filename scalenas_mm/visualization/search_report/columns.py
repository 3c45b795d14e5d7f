"""Metrics and costs of candidates, as columns with a name and a unit."""
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from scalenas_mm.search.record import Record

# Of what is counted; anything else stays as it is.
COUNTS = {
    'macs': 'MACs',
    'flops': 'FLOPs',
    'params': 'parameters',
    'bytes': 'bytes',
    'tokens': 'tokens',
}
PREFIXES = ((1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e3, 'k'))
# metrics that are better if they are lower, where nobody said
LOWER = re.compile(r'(loss|error|err|jitter|rmse|mae|mse|epe)s?$', re.I)


class Column(NamedTuple):
    """A metric or a cost.

    Attributes:
        key: As in the archive.
        group: ``metric`` or ``cost``.
        label: What it is called.
        unit: Its unit, perhaps empty.
        factor: What is divided by to have it in the unit.
        better: ``max`` or ``min``.
        objective: Whether it was searched for.
    """
    key: str
    group: str
    label: str
    unit: str
    factor: float
    better: str
    objective: bool


def find_columns(records: Sequence[Record],
                 objectives: Mapping[str, str]) -> List[Column]:
    """Columns of all metrics and costs that any record has; first those that
    were searched for, metrics before costs."""
    largest: Dict[str, Dict[str, float]] = dict(metric={}, cost={})
    for record in records:
        for group, values in (('metric', record.metrics), ('cost',
                                                           record.cost)):
            known = largest[group]
            for key, value in values.items():
                known[key] = max(known.get(key, 0.0), abs(value))
    out = [
        _column(key, group, most, objectives.get(key))
        for group, keys in largest.items() for key, most in keys.items()
    ]
    order = list(objectives)
    return sorted(
        out,
        key=lambda c: (not c.objective, c.group == 'cost', order.index(c.key)
                       if c.objective else 0))


def _column(key: str, group: str, most: float,
            direction: Optional[str]) -> Column:
    label, unit, factor = key, '', 1.0
    if group == 'cost':
        label, unit, factor = _cost(key, most)
    better = direction or ('max' if group == 'metric' and not LOWER.search(key)
                           else 'min')
    return Column(key, group, label, unit, factor, better, direction
                  is not None)


def _cost(key: str, most: float) -> Any:
    """Label, unit and factor of a cost by its name."""
    task, _, name = key.rpartition('.')
    before = f'{task}: ' if task else ''
    kind, _, device = name.partition('@')
    if kind.startswith('latency'):
        where = f' on {device}' if device else ''
        return f'{before}{kind}{where}', 'ms', 1.0
    scope, _, last = kind.rpartition('_')
    if scope in COUNTS and last.isdigit():  # of one of several networks
        label = f'{COUNTS[scope]} {last}'
    elif last in COUNTS:
        label = f'{scope} {COUNTS[last]}'.strip()
    else:
        return key, '', 1.0
    where = f' on {device}' if device else ''
    label = f'{before}{label}{where}'
    factor, prefix = next((pair for pair in PREFIXES if most >= pair[0]),
                          (1.0, ''))
    return label, prefix, factor


def column_values(columns: Sequence[Column],
                  records: Sequence[Record]) -> Dict[str, List[Any]]:
    """Values by key, in the unit of the archive; None where there is none."""
    return {
        column.key: [
            _short((record.metrics if column.group == 'metric' else
                    record.cost).get(column.key)) for record in records
        ]
        for column in columns
    }


def _short(value: Optional[float]) -> Any:
    """Seven digits say it all; whole numbers stay exact."""
    if isinstance(value, float):
        return float(f'{value:.7g}')
    return value
