"""Topology evolution and random search."""
import numpy as np
import pytest

from scalenas_mm.search import (Objectives, RandomSearch, SearchExhausted,
                                TopologyEvolution, hypervolume, pareto_front,
                                select)
from scalenas_mm.spaces import CostModel, ScaleNetSpace, SettingError
from .conformance import (COSTS, OBJECTIVES, SPACE, SearcherConformance, ask,
                          finish, tell)


class TestTopologyEvolution(SearcherConformance):

    def build(self, **kwargs):
        return TopologyEvolution(COSTS, OBJECTIVES, **{
            **dict(n0=20, k=10, N=60),
            **kwargs
        })


class TestRandomSearch(SearcherConformance):

    def build(self, **kwargs):
        return RandomSearch(COSTS, OBJECTIVES, N=60, **kwargs)


def evolve(**kwargs):
    return TopologyEvolution(COSTS, OBJECTIVES, **kwargs)


def test_defaults_are_the_papers():
    """Sec. 4.2: n0 = 1000, k = 100, p_c = 0.25, p_m = 0.5, N = 2000."""
    searcher = evolve()
    assert (searcher.n0, searcher.k, searcher.p_c, searcher.p_m,
            searcher.N) == (1000, 100, 0.25, 0.5, 2000)
    assert searcher.generation(1999) == 10


def test_parents_are_the_best_of_all_before():
    """Algorithm 1: select k from D, make k offspring, add them to D."""
    history = finish(evolve(n0=20, k=10, N=60))
    for generation in range(1, 5):
        before = history[:20 + (generation - 1) * 10]
        best = select(Objectives(OBJECTIVES).values(before), 10)
        parents = [before[i].id for i in best]
        offspring = [r for r in history if r.generation == generation]
        assert len(offspring) == 10
        for record, parent in zip(offspring, parents):
            assert parent in record.parents
            assert set(record.parents) <= set(parents)


def test_the_front_grows_with_what_is_told():
    """Read in pieces, it is the same as read at once."""
    searcher = evolve(n0=20, k=10, N=60)
    while not searcher.finished:
        for candidate in searcher.ask(7):
            failed = candidate.id % 4 == 1
            changes = dict(status='failed', metrics={}) if failed else {}
            tell(searcher, candidate, **changes)
        good = [r for r in searcher.history if r.ok]
        values = searcher.objectives.values(good)
        ids, found = searcher.measured()
        assert ids.tolist() == [r.id for r in good]
        assert np.array_equal(found, values)
        assert searcher.front() == [good[i] for i in pareto_front(values)]
        before = len(searcher.history) // 2
        ids, found = searcher.measured(before)
        assert ids.tolist() == [r.id for r in good if r.id < before]
        assert np.array_equal(found, values[:len(ids)])


def test_offspring_are_made_of_their_parents():
    """Without mutation, every module comes from one of the parents."""
    history = finish(evolve(n0=20, k=10, N=30, p_c=0.5, p_m=0))
    archs = [SPACE.from_dict(record.arch) for record in history]
    for record, arch in list(zip(history, archs))[20:]:
        assert len(record.parents) == 2
        for i, module in enumerate(arch.modules):
            assert module in [archs[p].modules[i] for p in record.parents]


def test_evolution_beats_random_search():
    reference = np.array([0., 1e8])

    def volume(history):
        return hypervolume(Objectives(OBJECTIVES).values(history), reference)

    wins = [
        volume(finish(evolve(n0=40, k=20, N=200, seed=seed)))
        > volume(finish(RandomSearch(COSTS, OBJECTIVES, N=200, seed=seed)))
        for seed in range(5)
    ]
    assert sum(wins) >= 4


def test_groups_of_the_initial_population():
    groups = [dict(depths=(2, ), fusion=0.0), dict(depths=(5, ), fusion=1.0)]
    searcher = evolve(n0=2, k=1, N=2, initial=groups)
    history = finish(searcher)
    assert history[0].digest == SPACE.min_arch().digest
    assert history[1].digest == SPACE.max_arch().digest


def test_a_small_space_is_exhausted():
    space = ScaleNetSpace(width=2, num_modules=(1, ), depths=(1, ))
    searcher = TopologyEvolution(
        CostModel(space, (32, 32)), dict(macs='min'), n0=3, k=2, N=9)
    with pytest.raises(SearchExhausted, match='after 4 candidates'):
        while True:
            candidate = ask(searcher)
            assert candidate.arch.digest not in {
                record.digest
                for record in searcher.history
            }
            tell(searcher, candidate)
    assert len(searcher.history) == space.size() == 4


@pytest.mark.parametrize('num', [1, 3, 100])
def test_nothing_new_is_said_when_nothing_is_pending(num):
    space = ScaleNetSpace(width=2, num_modules=(1, ), depths=(1, ))
    searcher = RandomSearch(CostModel(space, (32, 32)), dict(macs='min'), N=9)
    pending = []
    while len(pending) < 4:
        pending += searcher.ask(num)
    for candidate in pending:
        assert searcher.ask(num) == []
        tell(searcher, candidate)
    for _ in range(2):
        with pytest.raises(SearchExhausted, match='after 4 candidates'):
            searcher.ask(num)
    assert searcher.asked == [c.arch.digest for c in pending]


def test_one_objective_is_enough():
    history = finish(
        TopologyEvolution(COSTS, dict(macs='min'), n0=10, N=40, k=5))
    macs = [record.cost['macs'] for record in history]
    assert min(macs[10:]) < min(macs[:10])


@pytest.mark.parametrize('kwargs, message', [
    (dict(n0=0), 'n0: expected a whole number >= 1, got 0'),
    (dict(n0=10, N=5), 'n0: expected at most N = 5, got 10'),
    (dict(N=2e3), 'N: expected a whole number'),
    (dict(seed=None), 'seed: expected a whole number'),
    (dict(initial=3), 'initial: expected dicts'),
    (dict(initial=[]), 'initial: expected dicts, at least one'),
    (dict(initial=[{}, dict(fusion=2)]), r'initial\[1\]: expected options .*'
     'fusion'),
    (dict(mutation=dict(p_bit='a')), 'mutation: expected options'),
    (dict(mutation=[1]), 'mutation: expected options'),
    (dict(constraints=dict(macs=('a', None))),
     r'constraints.macs: expected \(low'),
    (dict(constraints=[1]), 'constraints: expected'),
    (dict(k=0), 'k: expected a whole number >= 1'),
    (dict(p_c=1.5), 'p_c: expected a probability'),
    (dict(p_m=-1), 'p_m: expected a probability'),
    (dict(constraints=dict(macs=(3e12, None))), 'constraints.macs: expected a '
     'range that meets'),
    (dict(constraints=dict(flops=(0, 1))), 'constraints.flops: expected one '
     'of params'),
    (dict(constraints=dict(macs=5)), r'constraints.macs: expected \(low'),
    (dict(constraints=dict(params=(2e6, 1e6))), 'constraints.params'),
])
def test_wrong_arguments(kwargs, message):
    with pytest.raises(SettingError, match=message):
        evolve(**kwargs)


@pytest.mark.parametrize('objectives, message', [
    ({}, 'objectives: expected at least one'),
    ("{'mIoU': 'max'}", 'objectives: expected at least one, as a dict'),
    (dict(mIoU='up'), 'objectives.mIoU: expected max or min'),
])
def test_wrong_objectives(objectives, message):
    with pytest.raises(SettingError, match=message):
        RandomSearch(COSTS, objectives)


def test_objectives_are_minimised():
    history = finish(RandomSearch(COSTS, OBJECTIVES, N=3))
    values = Objectives(OBJECTIVES).values(history)
    assert values[:, 0].tolist() == [-r.metrics['mIoU'] for r in history]
    assert values[:, 1].tolist() == [r.cost['macs'] for r in history]
    with pytest.raises(KeyError, match='AP'):
        Objectives(dict(AP='max')).values(history)
