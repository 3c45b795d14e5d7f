"""Searches over the 244 numbers of HR-NAS."""
import pytest

from scalenas_mm.search import RandomSearch, TopologyEvolution
from scalenas_mm.spaces import CostModel, HRNASSpace
from .conformance import ask, tell

SPACE = HRNASSpace()
COSTS = CostModel(SPACE, (224, 224))


def score(arch):
    """A made-up metric: units of the coarse branches, and tokens."""
    return sum(arch.tokens) + sum(
        sum(row) * place.level
        for place, row in zip(SPACE.places, arch.channels))


@pytest.mark.parametrize('build', [
    lambda **kwargs: RandomSearch(COSTS, **kwargs),
    lambda **kwargs: TopologyEvolution(COSTS, n0=20, k=10, **kwargs)
])
@pytest.mark.parametrize('share', [(0, 0.15), (0.3, 0.35), (0.9, 1)])
def test_searches_within_any_range_of_costs(build, share):
    least, most = (
        COSTS(arch)['macs'] for arch in (SPACE.min_arch(), SPACE.max_arch()))
    low, high = (least + part * (most - least) for part in share)
    search = build(
        objectives=dict(mIoU='max', macs='min'),
        N=32,
        constraints=dict(macs=(low, high)))
    while not search.finished:
        candidate = ask(search)
        tell(search, candidate, metrics=dict(mIoU=score(candidate.arch)))
    history = search.history
    assert len({record.digest for record in history}) == 32
    assert all(low <= record.cost['macs'] <= high for record in history)
