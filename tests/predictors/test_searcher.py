"""Network coding propagation as a searcher."""
import math

import pytest
from search.conformance import (COSTS, OBJECTIVES, SearcherConformance, ask,
                                finish, tell)

from scalenas_mm.predictors import NCPSearcher
from scalenas_mm.registry import SEARCHERS
from scalenas_mm.search import TopologyEvolution
from scalenas_mm.spaces import (CostModel, HRNASSpace, InputError,
                                NASBench201Space, NCPSpace)

FAST = dict(
    fit=dict(epochs=20), propagation=dict(iterations=10, lr=3.0), starts=4)


def build(**kwargs):
    return NCPSearcher(
        COSTS, OBJECTIVES, **{
            **dict(n0=20, k=10, N=60, lambdas=(0.3, 1.0), **FAST),
            **kwargs
        })


class TestNCPSearcher(SearcherConformance):

    def build(self, **kwargs):
        return build(**{**dict(k=20, min_tau=-1), **kwargs})


def test_built_from_a_config():
    searcher = SEARCHERS.build(
        dict(type='NCPSearcher', costs=COSTS, objectives=OBJECTIVES))
    assert (searcher.n0, searcher.k, searcher.N) == (1000, 100, 2000)


def test_a_share_is_proposed_by_propagation():
    searcher = build(min_tau=-1, share=0.7)
    history = finish(searcher)
    for generation in range(1, 5):
        members = [r for r in history if r.generation == generation]
        proposed = {arch.digest for arch, _ in searcher._propose(generation)}
        assert len(members) == 10 and 0 < len(proposed) <= 7
        assert proposed <= {r.digest for r in members}


@pytest.mark.parametrize('options', [dict(share=0), dict(min_tau=1)])
def test_without_trust_or_share_it_is_evolution(options):
    expected = finish(TopologyEvolution(COSTS, OBJECTIVES, n0=20, k=10, N=60))
    assert finish(build(**options)) == expected


def test_tau_is_measured_on_what_was_not_fitted():
    searcher = build(fit=dict(epochs=100))
    finish(searcher)
    assert all(-1 <= searcher.tau(g) <= 1 for g in range(1, 6))
    assert searcher.tau(5) > 0.2  # the made-up metric is easy
    text = searcher.report(4)
    assert f'{searcher.tau(5):.2f} on generation 4' in text
    assert 'propagation' in text


def test_no_trust_without_candidates():
    searcher = build()
    for _ in range(20):
        tell(searcher, ask(searcher), status='failed', metrics={})
    assert math.isnan(searcher.tau(1))
    assert 'evolution only' in searcher.report(0)


@pytest.mark.parametrize(
    'space', [
        NCPSpace(channels=(8, 16, 24, 32)),
        NASBench201Space(),
        HRNASSpace(),
    ],
    ids=['ncp', 'nas-bench-201', 'hrnas'])
def test_any_space_with_genes(space):
    costs = CostModel(space, (32, 32))
    searcher = NCPSearcher(
        costs, OBJECTIVES, n0=12, k=6, N=24, min_tau=-1, **FAST)
    while not searcher.finished:
        candidate = ask(searcher)
        genes = space.encode(candidate.arch).astype(int)
        metric = float((genes * range(len(genes))).sum())
        tell(searcher, candidate, metrics=dict(mIoU=metric))
    assert len({record.digest for record in searcher.history}) == 24


@pytest.mark.parametrize('options, message', [
    (dict(share=1.5), 'share: expected a number in'),
    (dict(lambdas=()), 'lambdas: expected numbers >= 0'),
    (dict(lambdas=(-1, )), 'lambdas: expected numbers >= 0'),
    (dict(lambdas=.5), 'lambdas: expected numbers >= 0'),
    (dict(lambdas=(float('nan'), )), 'lambdas: expected numbers >= 0'),
    (dict(fit=dict(epoch=3)), 'fit.epoch: expected one of epochs'),
    (dict(propagation=dict(limits={})), 'propagation.limits: expected one of'),
    (dict(propagation=dict(lr=-1.0)), 'lr: expected a positive number'),
    (dict(starts=0), 'starts: expected a positive integer'),
    (dict(min_tau=2), 'min_tau: expected a number in'),
])
def test_bad_settings_are_named(options, message):
    with pytest.raises(InputError, match=message):
        build(**options)


def test_a_metric_that_never_varies_is_left_out_of_tau():
    searcher = NCPSearcher(
        COSTS,
        dict(mIoU='max', aAcc='max', macs='min'),
        n0=20,
        k=10,
        N=40,
        **FAST)
    while not searcher.finished:
        candidate = ask(searcher)
        value = float(searcher.costs(candidate.arch)['macs'])
        tell(searcher, candidate, metrics=dict(mIoU=value, aAcc=1.0))
    assert searcher.tau(1) > 0


def test_needs_a_metric():
    with pytest.raises(InputError, match='objectives: expected a metric'):
        NCPSearcher(COSTS, dict(macs='min'))
