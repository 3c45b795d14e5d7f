"""Workers that die, hang, break and join, on a simulated clock."""
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.evaluation.base import Outcome
from scalenas_mm.evaluation.elastic import (TRIES, Elastic, Lost, Pool,
                                            PoolBroken, Ready, in_order)

sys.path.append(
    str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))
from _simulated_pool import SimulatedPool  # noqa: E402


@dataclass(frozen=True)
class Candidate:
    id: int
    arch: int


class Generations:
    """Gives candidates; those of a generation when the one before is told."""

    def __init__(self, num, generation):
        self.num, self.generation = num, generation
        self.asked, self.told = 0, []

    def ask(self, num):
        open_until = (len(self.told) // self.generation + 1) * self.generation
        last = min(self.asked + num, open_until, self.num)
        out = [Candidate(i, i * 7) for i in range(self.asked, last)]
        self.asked = last
        return out


def searched(pool, num=40, generation=10, stop=None, **options):
    """What a search records, in order; nothing of it is of a worker."""
    source = Generations(num, generation)
    evaluation = Elastic(pool, **options)
    stream = evaluation.stream(
        source.ask, lambda: stop is not None and len(source.told) >= stop)
    for candidate, outcome in in_order(stream, 0):
        worker = outcome.worker
        assert outcome.error or worker is not None
        source.told.append((candidate, outcome._replace(worker=None)))
    return source.told


def simulated(num, **options):
    options = dict(
        dict(
            real=False,
            seconds=lambda arch: 1 + arch % 5,
            metrics=lambda arch: dict(acc=arch)), **options)
    return SimulatedPool(num, **options)


EXPECTED = [(Candidate(i, i * 7), Outcome(dict(acc=i * 7))) for i in range(40)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 20), st.integers(1, 16),
    st.randoms(use_true_random=False))
def test_the_order_is_that_of_one_process(workers, generation, size, random):
    pool = simulated(
        workers,
        seconds=lambda arch: random.uniform(0.1, 30),
        dies=lambda worker, arch: worker < 8 and random.random() < 0.2,
        joins=lambda worker: random.uniform(0, 100))
    told = searched(pool, generation=generation, size=size, time_limit=1e6)
    lost = [outcome for _, outcome in told if outcome.error]
    # a candidate may have met three of those that die
    assert all(f'lost {TRIES} workers' in one.error for one in lost)
    assert [candidate for candidate, _ in told] == [c for c, _ in EXPECTED]
    assert all(got == expected for got, expected in zip(told, EXPECTED)
               if got[1].error is None)


@pytest.mark.parametrize('workers', [1, 3])
def test_a_candidate_that_kills_is_found(workers):
    """Those in the same batch are measured."""
    deaths = []

    def dies(worker, arch):
        if arch == 7 * 13:
            deaths.append(worker)
        return arch == 7 * 13

    told = searched(simulated(workers, dies=dies), size=16)
    failed = [(c.id, outcome.error) for c, outcome in told if outcome.error]
    assert failed == [(13, f'lost {TRIES} workers: killed')]
    assert len(set(deaths)) == TRIES
    assert [one for one in told if one[0].id != 13
            ] == [one for one in EXPECTED if one[0].id != 13]


def test_one_that_hangs_is_ended():
    hung = []

    def seconds(arch):
        if arch == 7 * 5 and not hung:
            hung.append(arch)
            return 1e9
        return 1

    pool = simulated(2, seconds=seconds)
    assert searched(pool, size=1) == EXPECTED
    assert 60 <= pool.clock < 200  # ten times the longest, a minute at least


def test_a_time_limit_of_ones_own():
    pool = simulated(1, seconds=lambda arch: 9 if arch == 14 else 1)
    told = searched(pool, size=4, time_limit=2)
    assert {
        c.id: o.error
        for c, o in told if o.error
    } == {
        2:
        'lost 3 workers: nothing came in 8 seconds; nothing came in 2 '
        'seconds'
    }


def test_all_workers_die_and_others_come_later():
    pool = simulated(
        3,
        dies=lambda worker, arch: worker < 3,
        joins=lambda worker: 0 if worker < 3 else 500)
    assert searched(pool, size=1, generation=40) == EXPECTED
    assert pool.clock > 500


def test_a_finished_search_needs_no_workers():
    pool = simulated(1, joins=lambda worker: 1e9)
    assert searched(pool, num=0) == []


def test_what_is_in_work_is_told_before_it_stops():
    pool = simulated(4)
    told = searched(pool, generation=40, size=2, stop=9)
    assert 9 <= len(told) < 25
    assert told == EXPECTED[:len(told)]


def test_measured_as_a_list_also_in_the_middle():
    evaluation = Elastic(simulated(3))
    found = evaluation([3, 1, 2])
    assert [one.metrics['acc'] for one in found] == [3, 1, 2]
    source = Generations(10, 10)
    next(evaluation.stream(source.ask))  # left, with workers that are busy
    assert evaluation([5])[0].metrics == dict(acc=5)


class Broken(Pool):
    """Every worker is; ``measures`` says how many say so only in work."""
    num = 2

    def __init__(self, measures=0):
        self.left, self.events = measures, [Ready(0), Ready(1)]

    def submit(self, worker, archs):
        self.events += [Lost(worker, 'no disk', True), Ready(worker + 2)]

    def wait(self, seconds):
        events, self.events = self.events, []
        return events

    def end(self, worker):
        pass


def test_nothing_is_recorded_where_everything_is_broken():
    with pytest.raises(PoolBroken, match='3 workers in a row .* no disk'):
        searched(Broken())


def test_a_broken_worker_is_not_the_candidates_fault():

    class OneBroken(SimulatedPool):

        def submit(self, worker, archs):
            if worker == 0:
                self.at(self.clock, Lost(worker, 'no memory', True))
            else:
                super().submit(worker, archs)

    pool = OneBroken(
        2, lambda arch: 1, lambda arch: dict(acc=arch), real=False)
    assert searched(pool) == EXPECTED
