"""Begin a search with what others have found."""
from itertools import chain, zip_longest
from typing import Any, List, Sequence

from scalenas_mm.spaces import Arch, CostModel, InputError, SettingError
from .objectives import Constraints, Objectives
from .pareto import crowded_ranks
from .reading import PathLike, read_archive
from .record import Record


def warm_archs(archives: Any, costs: CostModel, objectives: Objectives,
               constraints: Constraints) -> List[Arch]:
    """Architectures of earlier searches, the best ones first.

    Metrics of two archives may be of different supernets or data: each is
    ordered by its own fronts, and they take turns. Where an archive lacks an
    objective it keeps its order. What failed, is not in the space or not
    within the constraints is left out.

    Args:
        archives (Sequence[str | Path]): Files.
        costs (CostModel): Of the new search.
        objectives (Objectives): Likewise.
        constraints (Constraints): Likewise.

    Raises:
        SettingError: It is no list of files, or nothing of one can be used.
        ArchiveError: A file cannot be read.
    """
    if not isinstance(archives, (list, tuple)):
        raise SettingError('warm_start', 'a list of archives', archives)
    found = [
        _usable(path, costs, objectives, constraints) for path in archives
    ]
    turns = chain.from_iterable(zip_longest(*found))
    return list(dict.fromkeys(arch for arch in turns if arch is not None))


def _usable(path: PathLike, costs: CostModel, objectives: Objectives,
            constraints: Constraints) -> List[Arch]:
    """Architectures of one archive that the new search may propose."""
    space, records = costs.space, read_archive(path)
    out, why = [], 'all failed' if records else 'none'
    for record in _best_first(records, objectives):
        try:
            arch = space.live(space.from_dict(record.arch))
        except InputError as error:
            why = str(error)
            continue
        if constraints.violation(costs(arch)) > 0:
            why = 'not within the constraints'
            continue
        out.append(arch)
    if not out:
        raise SettingError(f'warm_start: {path}',
                           'a candidate that the space has', why)
    return out


def _best_first(records: Sequence[Record],
                objectives: Objectives) -> List[Record]:
    """Those that did not fail, by fronts."""
    good = [record for record in records if record.ok]
    try:
        values = objectives.values(good)
    except KeyError:
        return good
    if not good:
        return []
    order = sorted(
        range(len(good)), key=list(crowded_ranks(values)).__getitem__)
    return [good[i] for i in order]
