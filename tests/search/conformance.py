"""What every searcher must satisfy."""
import math
from collections import deque
from dataclasses import replace
from functools import cache
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scalenas_mm.search import (FAILED, ArchiveError, Objectives, RandomSearch,
                                Record, pareto_front)
from scalenas_mm.spaces import (CostModel, InputError, ScaleNetSpace,
                                SettingError)

SPACE = ScaleNetSpace(width=8, stem_width=8, num_modules=(1, 1, 1))
COSTS = CostModel(SPACE, (64, 64))
OBJECTIVES = dict(mIoU='max', macs='min')


def score(arch, costs=COSTS):
    """A made-up metric: cost helps, some fusions help more."""
    useful = sum(row[0] for module in arch.modules
                 for row in module.fusion[-1])
    return math.log(costs(arch)['macs']) + 0.2 * useful


def measured(searcher, candidate, **changes):
    if 'metrics' not in changes:
        changes['metrics'] = dict(mIoU=score(candidate.arch, searcher.costs))
    record = Record(
        id=candidate.id,
        digest=candidate.arch.digest,
        arch=candidate.arch.to_dict(),
        cost=searcher.costs(candidate.arch),
        parents=list(candidate.parents),
        generation=candidate.generation)
    return replace(record, **changes)


def tell(searcher, candidate, **changes):
    searcher.tell(measured(searcher, candidate, **changes))


def ask(searcher):
    candidate, = searcher.ask()
    return candidate


def finish(searcher, num=1):
    while not searcher.finished:
        for candidate in searcher.ask(num):
            tell(searcher, candidate)
    return searcher.history


def finish_in_steps(searcher, steps):
    """Ask for so many, tell so many of those that wait, in turn."""
    waiting = deque()
    for num, told in cycle(steps):
        waiting.extend(searcher.ask(num))
        for _ in range(min(told, len(waiting))):
            tell(searcher, waiting.popleft())
        if searcher.finished:
            return searcher.history


STEPS = st.lists(
    st.tuples(st.integers(1, 25), st.integers(0, 25)), min_size=1,
    max_size=8).filter(lambda steps: any(told for _, told in steps))

# the test is one for all searchers, and each run is a whole search
FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors])


class SearcherConformance:
    """Subclass it and define ``build(**kwargs)`` with N = 60."""

    @classmethod
    @cache
    def _whole(cls):
        return finish(cls().build())

    def whole(self):
        """The history when one is asked for after the other."""
        return list(self._whole())

    def test_evaluates_new_members_only(self):
        history = finish(self.build())
        assert len(history) == 60
        assert len({record.digest for record in history}) == 60
        for record in history:
            arch = SPACE.from_dict(record.arch)
            assert SPACE.live(arch) == arch

    def test_deterministic_by_seed(self):
        first, second = (finish(self.build(seed=7)) for _ in range(2))
        assert first == second
        assert first != finish(self.build(seed=8))

    @pytest.mark.parametrize('stop', [0, 1, 19, 20, 21, 37, 59])
    def test_goes_on_from_its_history(self, stop):
        resumed = self.build()
        for record in self.whole()[:stop]:
            resumed.tell(record)
        assert finish(resumed) == self.whole()

    @given(steps=STEPS)
    @FEW
    def test_the_same_however_many_are_asked_and_wait(self, steps):
        assert finish_in_steps(self.build(), steps) == self.whole()

    @given(stop=st.integers(0, 60), steps=STEPS)
    @FEW
    def test_goes_on_from_any_place_with_many_at_once(self, stop, steps):
        resumed = self.build()
        for record in self.whole()[:stop]:
            resumed.tell(record)
        assert finish_in_steps(resumed, steps) == self.whole()

    def test_a_generation_waits_for_the_one_before(self):
        searcher = self.build()
        while not searcher.finished:
            candidates = searcher.ask(1000)
            generation, = {c.generation for c in candidates}
            first = len(searcher.history)
            assert [c.id for c in candidates
                    ] == list(range(first, first + len(candidates)))
            for candidate in candidates:
                assert generation == searcher.generation(candidate.id)
                assert searcher.ask() == []
                tell(searcher, candidate)
        assert searcher.ask(5) == []

    def test_what_is_told_was_asked(self):
        searcher = self.build()
        first, second = searcher.ask(2)
        assert searcher.asked == [first.arch.digest, second.arch.digest]
        assert searcher.history == []
        for candidate, changes, message in (
            (second, {}, 'record.id: expected 0, .* got 1'),
            (first, dict(digest='f' * 16), 'record 0: digest: expected '
             f"{first.arch.digest}, which .* got 'f"),
        ):
            with pytest.raises(InputError, match=message):
                tell(searcher, candidate, **changes)
        tell(searcher, first)
        with pytest.raises(InputError, match='record.id: expected 1, .* got'):
            tell(searcher, first)
        assert [r.id for r in searcher.history] == [0]

    def test_what_was_not_told_can_be_withdrawn(self):
        searcher = self.build()
        first, *others = searcher.ask(4)
        tell(searcher, first)
        searcher.withdraw()
        assert searcher.asked == [first.arch.digest]
        assert searcher.ask(3) == others
        searcher.withdraw()
        assert finish(searcher) == self.whole()

    @pytest.mark.parametrize('num', [0, -1, 1.5, True])
    def test_a_wrong_number_is_refused(self, num):
        with pytest.raises(SettingError, match='num: expected a whole'):
            self.build().ask(num)

    @pytest.mark.parametrize('share', [(0.0, 0.1), (0.5, 0.52), (0.9, 1.0)])
    def test_stays_within_constraints(self, share):
        least, most = (
            COSTS(arch)['macs']
            for arch in (SPACE.min_arch(), SPACE.max_arch()))
        low, high = (least + part * (most - least) for part in share)
        history = finish(self.build(constraints=dict(macs=(low, high))))
        assert all(low <= record.cost['macs'] <= high for record in history)

    def test_failed_candidates_do_not_stop_it(self):
        searcher = self.build()
        while not searcher.finished:
            failed = len(searcher.history) % 3 == 0
            changes = dict(
                status=FAILED, metrics={}, error='no') if failed else {}
            tell(searcher, ask(searcher), **changes)
        failed_ids = {r.id for r in searcher.history if not r.ok}
        assert len(failed_ids) == 20
        assert not any(set(r.parents) & failed_ids for r in searcher.history)

    def test_everything_may_fail(self):
        searcher = self.build()
        while not searcher.finished:
            tell(
                searcher, ask(searcher), status=FAILED, metrics={}, error='no')
        assert len(searcher.history) == 60

    def test_begins_with_what_another_search_found(self, tmp_path):
        """Best first, archives in turn; what cannot be used is left out."""
        other = finish(RandomSearch(COSTS, OBJECTIVES, N=12, seed=99))
        failed = replace(other[3], status=FAILED, metrics={}, error='no')
        lines = [*other[:3], failed, *other[4:]]
        paths = [tmp_path / 'a.jsonl', tmp_path / 'b.jsonl']
        for path, records in zip(paths, (lines, other[:5])):
            path.write_text(''.join(r.to_json() + '\n' for r in records))
        options = dict(warm_start=list(map(str, paths)))
        searcher = self.build(**options)
        history = finish(searcher)
        assert len({record.digest for record in history}) == 60
        room = sum(record.generation == 0 for record in history)
        known = [record.digest for record in other]
        warm = [r.digest for r in history[:min(room, 12)]]
        assert set(warm) <= set(known)
        good = [record for record in lines if record.ok]
        values = Objectives(OBJECTIVES, COSTS.keys).values(good)
        assert warm[0] in [good[i].digest for i in pareto_front(values)]
        assert searcher.identity()['warm_start'][:len(warm)] == warm
        assert finish_in_steps(self.build(**options), [(7, 5)]) == history
        assert 'warm_start' not in self.build().identity()

    @pytest.mark.parametrize('start, message', [
        ('a.jsonl', 'warm_start: expected a list'),
        (['none.jsonl'], 'no archive none.jsonl'),
    ])
    def test_a_wrong_warm_start_is_refused(self, start, message):
        with pytest.raises((SettingError, ArchiveError), match=message):
            self.build(warm_start=start)
