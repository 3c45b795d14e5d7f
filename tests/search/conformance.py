"""What every searcher must satisfy."""
import math
from dataclasses import replace

import pytest

from scalenas_mm.search import FAILED, Record
from scalenas_mm.spaces import CostModel, ScaleNetSpace

SPACE = ScaleNetSpace(width=8, stem_width=8, num_modules=(1, 1, 1))
COSTS = CostModel(SPACE, (64, 64))
OBJECTIVES = dict(mIoU='max', macs='min')


def score(arch, costs=COSTS):
    """A made-up metric: cost helps, some fusions help more."""
    useful = sum(row[0] for module in arch.modules
                 for row in module.fusion[-1])
    return math.log(costs(arch)['macs']) + 0.2 * useful


def tell(searcher, candidate, **changes):
    if 'metrics' not in changes:
        changes['metrics'] = dict(mIoU=score(candidate.arch, searcher.costs))
    record = Record(
        id=len(searcher.history),
        digest=candidate.arch.digest,
        arch=candidate.arch.to_dict(),
        cost=searcher.costs(candidate.arch),
        parents=list(candidate.parents),
        generation=candidate.generation)
    searcher.tell(replace(record, **changes))


def finish(searcher):
    while not searcher.finished:
        tell(searcher, searcher.ask())
    return searcher.history


class SearcherConformance:
    """Subclass it and define ``build(**kwargs)`` with N = 60."""

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
        whole = finish(self.build())
        resumed = self.build()
        for record in whole[:stop]:
            resumed.tell(record)
        assert finish(resumed) == whole

    def test_asking_twice_changes_nothing(self):
        searcher = self.build()
        assert searcher.ask() == searcher.ask()

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
            tell(searcher, searcher.ask(), **changes)
        failed_ids = {r.id for r in searcher.history if not r.ok}
        assert len(failed_ids) == 20
        assert not any(set(r.parents) & failed_ids for r in searcher.history)

    def test_everything_may_fail(self):
        searcher = self.build()
        while not searcher.finished:
            tell(
                searcher,
                searcher.ask(),
                status=FAILED,
                metrics={},
                error='no')
        assert len(searcher.history) == 60
