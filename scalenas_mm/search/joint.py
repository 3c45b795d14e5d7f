"""Several tasks over one space: their archives together."""
from dataclasses import replace
from typing import (Any, Dict, Iterable, List, Mapping, Optional, Sequence,
                    Tuple)

from scalenas_mm.spaces import SettingError
from .meta import differences
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
        tuple: Candidates and descriptions of the archives, by task.

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
        for key, was, now, _ in differences(other['space'], meta['space']):
            raise SettingError(f'{name}: space.{key}',
                               f'that of {first}, {now}', was)
    return archives, metas


def require(values: Mapping[str, Any], keys: Iterable[str],
            where: str) -> None:
    """Raise :class:`SettingError`, which names it, if a key is missing."""
    for key in keys:
        if key not in values:
            raise SettingError(where, key, ', '.join(values) or 'none')


def join_archives(archives: Tasks) -> List[Record]:
    """Candidates that every task has measured, with the metrics of all.

    Metrics and costs get the name of their task in front: ``digits.mIoU``.
    Costs without a name are those of the first task.

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
            metrics=_named({
                n: t[digest].metrics
                for n, t in tables.items()
            }),
            cost={
                **first[digest].cost,
                **_named({
                    n: t[digest].cost
                    for n, t in tables.items()
                })
            }) for i, digest in enumerate(both)
    ]


def _named(tasks: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
    """Values of all tasks, with the task's name in front."""
    return {
        f'{name}.{key}': value
        for name, values in tasks.items()
        for key, value in values.items()
    }


def of_task(record: Record, name: str) -> Record:
    """What one task has measured of a joined candidate."""
    prefix = f'{name}.'

    def own(values: Mapping[str, Any]) -> Dict[str, Any]:
        return {
            key[len(prefix):]: value
            for key, value in values.items() if key.startswith(prefix)
        }

    return replace(record, metrics=own(record.metrics), cost=own(record.cost))


def joint_meta(metas: Mapping[str, Mapping[str, Any]],
               objectives: Mapping[str, str]) -> Dict[str, Any]:
    """The description of a joint archive, from those of its tasks."""
    first = next(iter(metas.values()))
    return dict(
        space=first['space'],
        searcher=dict(objectives=dict(objectives)),
        tasks=dict(metas))


def task_meta(meta: Mapping[str, Any], name: Optional[str]) -> Dict[str, Any]:
    """The description of a task's own archive.

    Raises:
        SettingError: The archive is not a joint one, or of other tasks.
    """
    tasks = meta.get('tasks', {})
    if name not in tasks:
        raise SettingError(
            'task', ' or '.join(tasks) or 'none, the archive is of one task',
            name)
    return dict(tasks[name])


def joint_front(joined: Sequence[Record],
                directions: Mapping[str, str]) -> List[Record]:
    """Joined candidates that no other beats in all objectives.

    Args:
        joined (Sequence[Record]): From :func:`join_archives`.
        directions (Mapping[str, str]): As for :class:`Objectives`.

    Raises:
        SettingError: A metric was not measured.
    """
    costs = [key for record in joined[:1] for key in record.cost]
    objectives = Objectives(directions, costs)
    for record in joined:
        objectives.check(record.metrics)
    return [joined[i] for i in pareto_front(objectives.values(joined))]
