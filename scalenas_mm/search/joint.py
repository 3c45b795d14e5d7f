"""Several tasks over one space: their archives together."""
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

from scalenas_mm.spaces import SettingError
from .objectives import Objectives
from .pareto import pareto_front
from .reading import PathLike, read_archive, read_meta
from .record import Record

Tasks = Mapping[str, Sequence[Record]]


def read_tasks(
    paths: Sequence[Tuple[str, PathLike]]
) -> Tuple[Dict[str, List[Record]], Dict[str, Any]]:
    """Archives of several tasks over one space.

    Args:
        paths (Sequence[tuple]): Name of each task and its archive.

    Returns:
        tuple: Candidates by task, and the description of the first archive.

    Raises:
        SettingError: Names are equal, or spaces are unknown or differ.
        ArchiveError: A file cannot be read.
    """
    archives = {name: read_archive(path) for name, path in paths}
    if len(archives) < 2 or len(archives) != len(paths):
        raise SettingError('archives', 'two or more, of different names',
                           [name for name, _ in paths])
    metas = {name: read_meta(path) for name, path in paths}
    first, meta = next(iter(metas.items()))
    for name, other in metas.items():
        require(other, ['space'], f'{name}: .meta.json')
        if other['space'] != meta['space']:
            raise SettingError(f'{name}: space', f'that of {first}',
                               other['space'])
    return archives, meta


def require(values: Mapping[str, Any], keys: Iterable[str],
            where: str) -> None:
    """Raise :class:`SettingError`, which names it, if a key is missing."""
    for key in keys:
        if key not in values:
            raise SettingError(where, key, ', '.join(values) or 'none')


def join_archives(archives: Tasks) -> List[Record]:
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


def joint_front(joined: Sequence[Record],
                metrics: Sequence[str],
                cost: str = 'macs') -> List[Record]:
    """Joined candidates that no other beats in all metrics and the cost.

    Raises:
        SettingError: A metric was not measured.
    """
    objectives = Objectives({
        **dict.fromkeys(metrics, 'max'), cost: 'min'
    }, (cost, ))
    for record in joined:
        objectives.check(record.metrics)
    return [joined[i] for i in pareto_front(objectives.values(joined))]
