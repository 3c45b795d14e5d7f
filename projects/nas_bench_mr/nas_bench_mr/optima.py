"""Where propagation ends, and what was measured near to it."""
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from scalenas_mm.spaces import NCPArch
from .fitted import Fitted
from .options import Goal
from .ranking import Pairs, agreement, judged, nearest_rows
from .search import Search

Optimum = Dict[str, Any]


def goals_of(settings: Sequence[Goal],
             source: Optional[str] = None) -> List[Goal]:
    """What to search for, in order of the table.

    Args:
        settings (Sequence[Goal]): Wanted.
        source (str, optional): A setting from whose optimum all others are
            searched for as well.
    """
    goals = list(dict.fromkeys(settings))
    if not source:
        return goals
    first = Goal((source, ))
    moved = [Goal(g.settings, source) for g in goals if g != first]
    return [first, *(g for g in goals if g != first), *moved]


def optimum(search: Search, goal: Goal, lambda_: float, strategy: str,
            num: int) -> Optimum:
    """A row of the tables: one network and what is known of it."""
    code = search(goal, lambda_, strategy).codes[0]
    params, gmacs = search.exact(code)
    predicted = {
        name: first_values(one.predictor.predict(code))
        for name, one in search.found.items()
    }
    return dict(
        goal=goal.name,
        settings=list(goal.settings),
        source=goal.source,
        strategy=strategy,
        code=code.tolist(),
        arch=str(NCPArch.from_code(code)),
        predicted=predicted,
        params=params,
        gmacs=gmacs,
        nearest=nearest(search, goal, code),
        pairs={
            name: pairs_near(search.found[name], code, num)
            for name in goal.settings
        },
        **{'lambda': lambda_})


def first_values(columns: Mapping[str, np.ndarray]) -> Dict[str, float]:
    return {name: float(values[0]) for name, values in columns.items()}


def nearest(search: Search, goal: Goal, code: np.ndarray) -> Dict[str, Any]:
    """The nearest network that the goal's first setting measured."""
    one = search.found[goal.settings[0]]
    (row, ), (distance, ) = nearest_rows(one.table, code)
    found = one.table.codes[row]
    measured, predicted = {}, {}
    for name, other in search.found.items():
        place = other.table.find(found)
        if place is not None:
            measured[name] = first_values(other.table.take([place]).columns)
        predicted[name] = first_values(other.predictor.predict(found))
    return dict(
        row=int(row),
        arch=str(NCPArch.from_code(found)),
        distance=float(distance),
        trained_on=bool(row in one.train),
        measured=measured,
        predicted=predicted)


def pairs_near(one: Fitted, code: np.ndarray, num: int) -> Pairs:
    return judged(one, nearest_rows(one.table, code, num=num)[0])


def ranking(search: Search, optima: Sequence[Optimum],
            num: int) -> Dict[str, List[Dict[str, Any]]]:
    """By setting, how well pairs near to all of its optima are ordered."""
    out = {}
    for name, one in search.found.items():
        codes = [row['code'] for row in optima if name in row['settings']]
        if codes:
            out[name] = agreement(one, codes, num)
    return out
