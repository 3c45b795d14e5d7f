"""Topology evolution and random search."""
import numpy as np
import pytest

from scalenas_mm.search import (NSGA2, AgingEvolution, Candidate, Constraints,
                                LocalSearch, Objectives, RandomSearch,
                                SearchExhausted, StratifiedRandom,
                                TopologyEvolution, crowded_ranks, hypervolume,
                                pareto_front, select)
from scalenas_mm.spaces import CostModel, ScaleNetSpace, SettingError
from .conformance import (COSTS, OBJECTIVES, SPACE, SearcherConformance, ask,
                          finish, tell)


class TestTopologyEvolution(SearcherConformance):

    def build(self, **kwargs):
        return TopologyEvolution(COSTS, OBJECTIVES, **{
            **dict(n0=20, k=10, N=60),
            **kwargs
        })


class TestAgingEvolution(SearcherConformance):

    def build(self, **kwargs):
        return AgingEvolution(
            COSTS, OBJECTIVES, n0=20, k=8, sample_size=6, N=60, **kwargs)


class TestNSGA2(SearcherConformance):

    def build(self, **kwargs):
        return NSGA2(COSTS, OBJECTIVES, n0=20, N=60, **kwargs)


class TestLocalSearch(SearcherConformance):

    def build(self, **kwargs):
        return LocalSearch(COSTS, OBJECTIVES, n0=4, k=7, N=60, **kwargs)


class TestStratifiedRandom(SearcherConformance):

    def build(self, **kwargs):
        return StratifiedRandom(COSTS, OBJECTIVES, bins=7, N=60, **kwargs)


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


def test_the_old_leave_the_population():
    """Real et al. 2019, Algorithm 1: the best of a sample of the last P."""
    history = finish(
        AgingEvolution(COSTS, OBJECTIVES, n0=20, k=1, sample_size=20, N=60))
    values = Objectives(OBJECTIVES).values(history)
    for record in history[20:]:
        alive = np.arange(record.id - 20, record.id)
        parent, = record.parents
        assert parent in alive
        # a sample of all: nobody of them beats it
        assert parent in alive[pareto_front(values[alive])]
        assert record.generation == record.id - 19


def test_survivors_are_those_of_nsga2():
    """Against the definition, by counting who beats whom."""
    searcher = NSGA2(COSTS, OBJECTIVES, n0=12, N=72)
    history = finish(searcher)
    values = Objectives(OBJECTIVES).values(history)

    def front_of(rows):
        left, out, front = list(rows), {}, 0
        while left:
            best = [
                i for i in left if not any((values[j] <= values[i]).all() and
                                           (values[j] < values[i]).any()
                                           for j in left)
            ]
            out.update(dict.fromkeys(best, front))
            left = [i for i in left if i not in best]
            front += 1
        return out

    alive = list(range(12))
    for generation in range(1, 6):
        begin = searcher.first_of(generation)
        offspring = range(begin, begin + 12)
        for id in offspring:
            assert set(history[id].parents) <= set(alive)
        both = front_of([*alive, *offspring])
        order = sorted(both.values())
        assert [r.id for r in NSGA2.select(searcher, generation)] == alive
        alive = [r.id for r in NSGA2.select(searcher, generation + 1)]
        assert len(alive) == 12
        # all of the better fronts, the rest from the last one
        last = order[11]
        assert {i for i, front in both.items() if front < last} <= set(alive)
        assert all(both[i] <= last for i in alive)


def test_places_by_crowding():
    """The ends of a front come first, then the lonely; fronts in order."""
    costs = np.array([[0, 4], [1, 3], [1.1, 2.9], [4, 0], [5, 5], [2, 6.]])
    ranks = crowded_ranks(costs)
    assert sorted(ranks[[0, 3]]) == [0, 1]
    assert sorted(ranks[[1, 2]]) == [2, 3] and sorted(ranks[[4, 5]]) == [4, 5]
    assert ranks[2] < ranks[1]  # further from its neighbours
    assert len(crowded_ranks(np.empty((0, 2)))) == 0


def test_neighbours_of_a_centre_differ_in_one_choice():
    searcher = LocalSearch(COSTS, OBJECTIVES, n0=4, k=7, N=60)
    history = finish(searcher)
    values = Objectives(OBJECTIVES).values(history)
    centres = [searcher.centre(g) for g in range(1, 9)]
    done = [c for c in centres if c is not None]
    assert len(set(done)) == len(done) > 3
    start = 0
    for generation, centre in enumerate(centres, 1):
        first = searcher.first_of(generation)
        if centre is None:
            start = first
            continue
        assert centre in start + pareto_front(values[start:first])
        for record in history[first:first + 7]:
            assert record.parents == [centre]


def test_a_local_optimum_begins_anew():
    """Where the best has no better neighbour."""
    searcher = LocalSearch(COSTS, dict(macs='min'), n0=1, k=6, N=61)
    first = SPACE.min_arch()
    tell(searcher, Candidate(0, first))
    while not searcher.finished:
        for candidate in searcher.ask(10):
            tell(searcher, candidate)
    centres = [searcher.centre(g) for g in range(1, 11)]
    assert centres[:2] == [0, None] and centres[2] > 6
    random = searcher.history[7:13]
    assert all(record.parents == [] for record in random)


@pytest.mark.parametrize('constraints', [{}, dict(macs=(None, 40e6))])
def test_strata_are_filled_evenly(constraints):
    searcher = StratifiedRandom(
        COSTS, OBJECTIVES, constraints=constraints, bins=5, N=50)
    macs = np.array([r.cost['macs'] for r in finish(searcher)])
    edges = [searcher.strata[0].ranges['macs'][0]]
    edges += [stratum.ranges['macs'][1] for stratum in searcher.strata]
    assert edges[0] == COSTS(SPACE.min_arch())['macs']
    counts = np.histogram(macs, edges)[0]
    assert counts.tolist() == [10] * 5
    plain = [
        r.cost['macs'] for r in finish(
            RandomSearch(COSTS, OBJECTIVES, constraints=constraints, N=50))
    ]
    assert np.histogram(plain, edges)[0].min() < 5


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


def test_limits_relative_to_the_largest():
    most = COSTS(SPACE.max_arch())['macs']
    for given, expected in (
        ('60%', (-np.inf, 0.6 * most)),
        ((None, '60%'), (-np.inf, 0.6 * most)),
        (('25.5%', 1e9), (0.255 * most, 1e9)),
    ):
        limits = Constraints(dict(macs=given), COSTS)
        assert limits.ranges['macs'] == pytest.approx(expected)
    for wrong in ('60', 'a%', ('60%', '50%'), '0.1%', ('%', None)):
        with pytest.raises(SettingError, match='constraints.macs: expected'):
            Constraints(dict(macs=wrong), COSTS)
    history = finish(
        RandomSearch(COSTS, OBJECTIVES, constraints=dict(macs='40%'), N=20))
    assert max(r.cost['macs'] for r in history) <= 0.4 * most


@pytest.mark.parametrize('kind, kwargs, message', [
    (AgingEvolution, dict(sample_size=0), 'sample_size: expected a whole'),
    (NSGA2, dict(p_c=2), 'p_c: expected a probability'),
    (NSGA2, dict(n0=0), 'n0: expected a whole number >= 1'),
    (LocalSearch, dict(k=0), 'k: expected a whole number >= 1'),
    (StratifiedRandom, dict(cost='flops'), 'cost: expected one of params'),
    (StratifiedRandom, dict(bins=0), 'bins: expected a whole number >= 1'),
])
def test_wrong_arguments_of_others(kind, kwargs, message):
    with pytest.raises(SettingError, match=message):
        kind(COSTS, OBJECTIVES, **kwargs)


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
