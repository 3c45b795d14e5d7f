"""Which process measures what."""
import itertools

import pytest

from scalenas_mm.evaluation import (Evaluation, Outcome, PerRank,
                                    build_evaluation, per_rank)
from scalenas_mm.evaluation.per_rank import counted
from scalenas_mm.spaces import SettingError


class Numbers(Evaluation):
    """Measures numbers; some cannot be."""

    def __init__(self, size):
        self.size, self.parts = size, []

    def __call__(self, archs):
        self.parts.append(list(archs))
        if 13 in archs:
            raise MemoryError('too large')
        return [Outcome(dict(value=float(arch))) for arch in archs]


@pytest.mark.parametrize('ranks, size, num, parts', [
    (1, 16, 5, [3, 2]),
    (2, 16, 16, [4] * 4),
    (3, 16, 8, [2] * 4),
    (2, 2, 11, [2] * 5 + [1]),
    (4, 16, 2, [1, 1]),
    (2, 16, 0, []),
])
def test_outcomes_are_in_order(monkeypatch, ranks, size, num, parts):
    """By one process that does the work of all."""
    monkeypatch.setattr(per_rank, 'get_world_size', lambda: ranks)
    monkeypatch.setattr(per_rank, 'counted', lambda key: itertools.count())
    monkeypatch.setattr(per_rank, 'all_gather_object', lambda mine: [{}, mine])
    inner = Numbers(size)
    evaluation = PerRank(inner)
    assert evaluation.size == size * ranks
    archs = list(range(100, 100 + num))
    got = evaluation(archs)
    assert [one.metrics['value'] for one in got] == archs
    assert [len(part) for part in inner.parts] == parts


def test_what_one_process_cannot_measure_is_an_outcome():
    got = PerRank(Numbers(2))([11, 12, 13, 14])
    assert [one.error
            for one in got] == [None, None, *['MemoryError: too large'] * 2]


def test_without_a_store_processes_take_turns(monkeypatch):
    monkeypatch.setattr(per_rank, 'get_world_size', lambda: 3)
    monkeypatch.setattr(per_rank, 'get_rank', lambda: 1)
    assert list(itertools.islice(counted('no store'), 3)) == [1, 4, 7]


def test_a_wrong_way_to_work_in_parallel():
    with pytest.raises(SettingError, match='parallel: expected candidates or'):
        build_evaluation(dict(type='Sequential'), 'model', None)
