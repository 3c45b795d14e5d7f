"""Networks of a shrinking run as text."""
from typing import Any, Dict, List, Optional, Sequence

from scalenas_mm.search import Objectives, Record
from .search_status import short_number


def shrink_line(record: Record, objectives: Objectives, space: Any,
                weight: Optional[float]) -> str:
    """A network in one line, for the log.

    Args:
        record (Record): The network.
        objectives (Objectives): What is shown of it beside its size.
        space (Space): Says what else there is to say.
        weight (float, optional): Of the penalty.
    """
    cells = '  '.join(f'{key} {value}'
                      for key, value in _cells(record, objectives, space))
    penalty = '' if weight is None else f'  lambda {weight:.3g}'
    return f'Shrunk [{record.id}]  {cells}{penalty}  {record.seconds:.1f} s'


def shrink_table(records: Sequence[Record], objectives: Objectives,
                 space: Any) -> str:
    """Networks as rows of a table with a heading."""
    rows = [dict(_cells(record, objectives, space)) for record in records]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    table: List[List[str]] = [['id', *keys]] + [[
        str(record.id), *(row.get(key, '') for key in keys)
    ] for record, row in zip(records, rows)]
    widths = [max(map(len, column)) for column in zip(*table)]
    return '\n'.join('  ' + '  '.join(f'{cell:>{width}}'
                                      for cell, width in zip(row, widths))
                     for row in table)


def _cells(record: Record, objectives: Objectives, space: Any) -> List[Any]:
    facts = space.facts(space.from_dict(record.arch))
    costs = ['macs', *(k for k in objectives.costs if k != 'macs')]
    values: Dict[str, Any] = dict(
        step=str(record.step),
        **{
            key: str(value)
            for key, value in facts.items()
        },
        **{key: short_number(record.value(key))
           for key in costs})
    for key in objectives.metrics if record.ok else ():
        values[key] = short_number(record.value(key))
    if not record.ok:
        values['error'] = str(record.error)
    return list(values.items())
