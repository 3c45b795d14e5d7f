"""A budget, what goes for it, and the weight that leads there."""
import numpy as np
import pytest
from decays import SCHEDULES, Counts, Decay, random_counts, shrink
from latency_tables import summed, written

from scalenas_mm.engine.budget import Budget
from scalenas_mm.engine.budget_control import BudgetController
from scalenas_mm.engine.shrink_target import ShrinkTarget
from scalenas_mm.spaces import CostModel, HRNASSpace, SettingError

SMALL = Counts(sizes=(3, 2), units=(10., 4.), fixed=2.)  # 2 to 40


@pytest.mark.parametrize('value, limit', [('50%', 20.), ('12.5 %', 5.),
                                          (30, 30.), (2, 2.)])
def test_limit(value, limit):
    assert Budget.resolve(dict(macs=value), SMALL).limit == limit


@pytest.mark.parametrize('target, match', [
    (dict(macs='4%'), r'target.macs: expected at least 2, .*shortcuts.*5.0%'),
    (dict(macs=40), 'less than 40, which the largest one'),
    (dict(macs='100%'), 'less than 40'),
    (dict(macs='half'), "percentage such as '40%', got 'half'"),
    (dict(macs=True), 'a number'),
    (dict(flops='40%'), 'target: expected one of macs'),
    (dict(macs=3, params=4), 'target: expected one of macs'),
    ('40%', 'target: expected one of macs'),
])
def test_limits_that_cannot_be(target, match):
    with pytest.raises(SettingError, match=match):
        Budget.resolve(target, SMALL)


def scores(*rows):
    return [np.array(row, float) for row in rows]


def test_dead_units_go_as_far_as_the_floor():
    budget = Budget.resolve(dict(macs=20), SMALL)
    # for their cost: .5 / 10 of the first, .4 / 4 of the second group
    dead = scores([.5, .9, 3], [.4, 9])

    def left(floor, threshold=1.):
        return budget.choose(dead, (3, 2), threshold, floor)

    assert left(40) == (3, 2)
    assert left(30) == (2, 2)
    assert left(29) == (2, 2)
    assert left(20) == (1, 2)
    assert left(10) == (1, 1)
    assert left(0, threshold=9) == (0, 0)  # not above the threshold
    assert left(0, threshold=8.9) == (0, 1)


def test_the_last_shrink_comes_within_the_budget():
    fine = Counts(sizes=(30, 20), units=(10., 4.), fixed=20.)
    budget = Budget.resolve(dict(macs=201), fine)
    rng = np.random.default_rng(0)
    left = budget.choose_last(
        scores(rng.random(30), rng.random(20)), (30, 20), 1e-3)
    assert 201 * .98 <= 20 + 10 * left[0] + 4 * left[1] <= 201
    # within it, everything stays
    assert budget.choose_last(scores([1] * 18, []), (18, 0), 2) == (18, 0)


def test_a_unit_that_is_too_large_is_passed_over():
    coarse = Counts(sizes=(1, 40), units=(50., 1.), fixed=10.)
    budget = Budget.resolve(dict(macs=90), coarse)
    assert budget.choose_last(scores([0], [1] * 40), (1, 40), 1e-3) == (1, 30)
    # unless there is no other way
    budget = Budget.resolve(dict(macs=55), coarse)
    assert budget.choose_last(scores([0], [1] * 40), (1, 40), 1e-3) == (0, 40)


def test_unit_costs_are_differences():
    tokens = Counts(sizes=(5, 4), units=(1., 1.), pairs=.5)
    budget = Budget(tokens, 'macs', 5)
    np.testing.assert_allclose(
        budget.unit_costs(np.array([3, 0], np.int16)), [1 + .5 * 5, 0])


def controller(budget, end=300, weight=1e-3, **options):
    return BudgetController(budget, 0, end, weight, **options)


RUNS = [(optimizer, rate, schedule, percent)
        for optimizer, rate in (('sgd', .01), ('sgd', .1), ('adam', .01),
                                ('rmsprop', .004))
        for schedule, percent in zip(SCHEDULES, (25, 45, 70))]


@pytest.mark.parametrize('optimizer, rate, schedule, percent', RUNS)
@pytest.mark.parametrize('seed, weight', [(0, 1e-3), (1, 1e-2)])
def test_ends_within_two_percent(optimizer, rate, schedule, percent, seed,
                                 weight):
    rng = np.random.default_rng(seed)
    costs = random_counts(rng, 16)
    budget = Budget.resolve(dict(macs=f'{percent}%'), costs)
    decay = Decay(costs, rng, optimizer, rate, schedule)
    trace, weights = shrink(
        controller(budget, weight=weight), decay, 320, interval=40)
    *earlier, (_, _, before, after) = trace
    assert .98 * budget.limit <= after <= budget.limit
    for _, planned, _, cost in earlier:
        assert cost >= planned >= budget.limit * (1 - 1e-12)
    # the penalty has done it, not the last shrink
    assert before <= (1.35 if percent > 30 else 1.45) * budget.limit
    assert weights[-1] > 0


def test_a_fixed_weight_does_not_get_there():
    """What the weight's feedback is for."""
    rng = np.random.default_rng(0)
    costs = random_counts(rng, 16)
    budget = Budget.resolve(dict(macs='25%'), costs)
    fixed = controller(budget, weight=1e-4)
    fixed.weight = lambda *_: 1e-4
    trace, _ = shrink(fixed, Decay(costs, rng, 'sgd', .01), 320, 40)
    assert trace[-1][2] > 3.9 * budget.limit


@pytest.mark.parametrize('plan, middle', [('exponential', .5), ('cosine', .5)])
def test_plan(plan, middle):
    one = BudgetController(
        Budget.resolve(dict(macs=10), SMALL), 100, 300, 1., plan=plan)
    one.begin_at((3, 2))
    assert one.planned(0) == one.planned(100) == 40
    assert one.planned(180) == pytest.approx(40 * .25**middle)
    assert one.planned(260) == one.planned(300) == pytest.approx(10)
    quarter = dict(exponential=.25, cosine=(1 - np.sqrt(.5)) / 2)[plan]
    assert one.planned(140) == pytest.approx(40 * .25**quarter)


def test_weight_before_and_after_the_plan():
    one = BudgetController(Budget.resolve(dict(macs=10), SMALL), 10, 20, .5)
    assert [one.due(step) for step in (9, 10, 19, 20)] == [0, 1, 1, 0]
    factors = scores([1, 1, 1], [1, 1])
    assert one.weight(9, factors, (3, 2)) == .5
    assert one.weight(12, factors, (3, 2)) > .5  # behind
    assert one.weight(20, factors, (3, 2)) == 0


def test_network_that_is_within_the_budget_at_the_start():
    one = controller(Budget.resolve(dict(macs=20), SMALL))
    with pytest.raises(SettingError, match='at the start, 10'):
        one.begin_at((0, 2))


@pytest.mark.parametrize('options, match', [
    (dict(plan='linear'), 'target.plan'),
    (dict(arrive=2), 'target.arrive'),
    (dict(horizon=-1), 'target.horizon'),
    (dict(every=.5), 'target.every'),
    (dict(weight=0), 'penalty.weight'),
])
def test_wrong_options(options, match):
    with pytest.raises(SettingError, match=match):
        controller(Budget.resolve(dict(macs=20), SMALL), **options)


@pytest.mark.parametrize('stop', [0, 57, 60, 200])
def test_goes_on_the_same_from_a_state(stop):
    """A second controller takes over in the middle."""

    def run(stop):
        rng = np.random.default_rng(5)
        costs = random_counts(rng, 6)
        decay = Decay(costs, rng, 'adam', .01)
        budget = Budget.resolve(dict(macs='40%'), costs)
        now = [controller(budget, weight=1e-3)]

        class Changing:
            """As the controller, which is replaced at ``stop``."""

            def weight(self, step, *args):
                if step == stop:
                    new = controller(budget, weight=1e-3)
                    new.load_state_dict(now[0].state_dict())
                    now[0] = new
                return now[0].weight(step, *args)

            def due(self, step):
                return step == stop or now[0].due(step)

            def __getattr__(self, name):
                return getattr(now[0], name)

        return shrink(Changing(), decay, 320, 40)

    assert run(stop if stop % 1 else stop) == run(stop)
    every = controller(Budget.resolve(dict(macs=20), SMALL)).every
    if stop % every == 0:
        assert run(stop) == run(None)


def test_units_that_leave_behind_its_back():
    """Another hand may shrink: means begin anew."""
    one = controller(Budget.resolve(dict(macs=10), SMALL))
    one.weight(0, scores([1, 1, 1], [1, 1]), (3, 2))
    one.weight(1, scores([1, .5], [1, 1]), (2, 2))
    assert [len(mean) for mean in one._units["mean"]] == [2, 2]
    np.testing.assert_allclose(one.steady(scores([0, 1], [1, 1]))[0], [0, .5])
    assert len(one.steady(scores([1], [1, 1]))[0]) == 1


def test_state_holds_plain_arrays():
    one = controller(Budget.resolve(dict(macs=10), SMALL))
    one.weight(0, scores([1, 1, 1], [1, 1]), (3, 2))
    state = one.state_dict()
    assert {type(value)
            for value in state.values()} <= {float, int, list, np.ndarray}


def test_a_budget_of_time(tmp_path):
    """Milliseconds from a table, as any other cost."""
    space = HRNASSpace(
        stem=(4, 4), blocks=((1, ), ), widths=((4, ), ), tokens=4, head='none')
    path = written(tmp_path / 'table.json', space, (32, 32))
    costs = CostModel(space, (32, 32))
    target = ShrinkTarget(
        dict(latency='40%', table=str(path)), costs, 0, 9, .1, 1e-3)
    rng = np.random.default_rng(0)
    genes = space.encode(space.max_arch())
    left = target.budget.choose_last([rng.random(n) for n in genes],
                                     space.max_arch(), 1e-3)
    ends = [space.min_arch(), space.max_arch()]
    assert target.budget.reach() == pytest.approx(
        [summed(space, arch, (32, 32)) for arch in ends])
    time = target.budget.costs(left)['latency@desk']
    assert .98 * target.budget.limit <= time <= target.budget.limit
    assert 'latency@desk' in target.describe()
