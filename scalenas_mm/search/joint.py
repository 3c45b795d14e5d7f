"""Several tasks over one space: join their archives."""
from dataclasses import replace
from typing import Dict, List, Mapping, Sequence

from scalenas_mm.spaces import SettingError
from .record import Record


def join_archives(archives: Mapping[str, Sequence[Record]]) -> List[Record]:
    """Candidates that every task has measured, with the metrics of all.

    Metrics get the name of their task in front: ``digits.mIoU``. Costs are
    those of the first task.

    Args:
        archives (Mapping[str, Sequence[Record]]): Candidates by task.

    Raises:
        SettingError: There are fewer than two tasks, or no architecture was
            measured in all of them.
    """
    if len(archives) < 2:
        raise SettingError('archives', 'at least two', list(archives))
    tables: Dict[str, Dict[str, Record]] = {
        name: {
            r.digest: r
            for r in records if r.ok
        }
        for name, records in archives.items()
    }
    first, *others = tables.values()
    both = [d for d in first if all(d in other for other in others)]
    if not both:
        raise SettingError('archives',
                           'architectures that all of them have measured',
                           'none')
    return [
        replace(
            first[digest],
            id=i,
            parents=[],
            curves={},
            metrics={
                f'{name}.{key}': value
                for name, table in tables.items()
                for key, value in table[digest].metrics.items()
            }) for i, digest in enumerate(both)
    ]
