"""Network coding propagation."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.predictors import (MultiMetricMLP, NetworkCodingPropagation,
                                    Task, efficiency_targets)
from scalenas_mm.spaces import (ArchError, CostModel, NASBench201Space,
                                NCPSpace, SettingError)

SPACE = NCPSpace()
COSTS = CostModel(SPACE, (128, 128))
START = SPACE.encode(SPACE.resolve('initial'))
STARTS = SPACE.sample_genes(np.random.default_rng(1), 6)


def untrained(space=SPACE, seed=0, metrics=('mIoU', 'flops'), **options):
    """A predictor with random weights, but real statistics of the codes."""
    torch.manual_seed(seed)
    model = MultiMetricMLP(len(space.gene_choices()), metrics, **options)
    codes = space.sample_genes(np.random.default_rng(0), 500)
    values = np.random.default_rng(0).normal(50, 4, (500, len(metrics)))
    model.set_statistics(codes.astype(float), values)
    return model.eval().requires_grad_(False)


MODEL = untrained()
TASK = Task(MODEL, efficiency_targets('mIoU'))


def propagate(tasks=TASK, **kwargs):
    kwargs = {**dict(iterations=10, costs=COSTS), **kwargs}
    return NetworkCodingPropagation(SPACE, tasks, **kwargs)


def test_defaults_are_the_papers():
    """Sec. E.1: 70 iterations, learning rate 3, lambda 0.5, +1 and -1."""
    rule = NetworkCodingPropagation(SPACE, TASK)
    assert (rule.iterations, rule.lr, rule.strategy) == (70, 3.0, 'continuous')
    assert efficiency_targets('mIoU') == dict(
        mIoU=dict(increment=1.0), flops=dict(increment=-1.0, weight=0.5))


@pytest.mark.parametrize('features', ['code', 'log', 'code+log'])
def test_one_step_follows_the_numerical_gradient(features):
    """e <- e - lr * grad (Sec. 3.1), with eq. 3 written out again."""
    model = untrained(features=features)

    def loss(codes, goals):
        predicted = model(model.inputs(codes)).double()
        parts = F.smooth_l1_loss(predicted, goals, reduction='none')
        return float(parts[0, 0] + 0.5 * parts[0, 1])

    start = torch.tensor(START[None], dtype=torch.float32)
    goals = model(model.inputs(start)).double() + torch.tensor([[1.0, -1.0]])
    expected = START.astype(float)
    for gene, unit in enumerate(model.code_std.tolist()):
        up, down = start.clone(), start.clone()
        up[0, gene] += 0.01 * unit
        down[0, gene] -= 0.01 * unit
        slope = (loss(up, goals) - loss(down, goals)) / 0.02
        expected[gene] -= 3 * slope * unit
    low, high = (
        np.array([c[i] for c in SPACE.gene_choices()], float) for i in (0, -1))
    task = Task(model, efficiency_targets('mIoU'))
    moved = propagate(task, iterations=1).run(START).trace[1, 0]
    assert moved == pytest.approx(expected.clip(low, high), abs=0.02)
    assert np.abs(moved - START).max() > 0.5


def test_improves_what_it_is_asked_to():
    for metric, sign in (('mIoU', 1), ('mIoU', -1), ('flops', 1)):
        rule = propagate(Task(MODEL, {metric: 0.5 * sign}))
        values = rule.run(STARTS).predicted[0][metric]
        assert ((values[-1] - values[0]) * sign > 0).all()


@pytest.mark.parametrize('options', [{},
                                     dict(strategy='winner-takes-all'),
                                     dict(limits=dict(macs=1e9)),
                                     dict(round_every=3)])
def test_many_starts_equal_single_ones(options):
    rule = propagate(**options)
    batch = rule.run(STARTS)
    assert batch.trace.shape == (11, 6, 27) and batch.codes.shape == (6, 27)
    for i, start in enumerate(STARTS):
        single = rule.run(start)
        assert (single.codes[0] == batch.codes[i]).all()
        assert single.trace[:, 0] == pytest.approx(batch.trace[:, i], abs=1e-3)
        assert single.scores[0] == pytest.approx(batch.scores[i], abs=1e-4)
    assert SPACE.contains(SPACE.decode(batch.best))
    assert (batch.best == batch.codes[batch.scores.argmax()]).all()


def test_several_tasks_add_their_gradients():
    """Eq. 7: two halves of one task are the task."""
    half = Task(MODEL, efficiency_targets('mIoU'), weight=0.5)
    whole, halves = propagate(TASK).run(START), propagate([half, half])
    assert halves.run(START).trace == pytest.approx(whole.trace, abs=1e-3)
    other = Task(untrained(seed=1), efficiency_targets('mIoU'))
    both = propagate([TASK, other], iterations=1).run(START).trace[1]
    one, two = (
        propagate(task, iterations=1).run(START).trace[1]
        for task in (TASK, other))
    assert both - START == pytest.approx(one + two - 2 * START, abs=1e-3)


def test_transfer_starts_from_another_optimum():
    first = propagate().run(START)
    rule = propagate(Task(untrained(seed=1), efficiency_targets('mIoU')))
    moved = rule.run(first.codes)
    assert (moved.trace[0] == first.codes).all()
    assert (moved.codes != first.codes).any()


def test_stops_at_an_absolute_target():
    before = float(MODEL.predict(START)['mIoU'][0])
    goal = before + 0.02 * float(MODEL.metric_std[0])
    rule = propagate(Task(MODEL, dict(mIoU=dict(value=goal))), iterations=80)
    result = rule.run(START)
    values = result.predicted[0]['mIoU'][:, 0]
    assert values[-1] == pytest.approx(
        goal, abs=0.011 * float(MODEL.metric_std[0]))
    assert (result.trace[-1] == result.trace[-2]).all()


# -- where codes may go -------------------------------------------------------
def test_bounds_hold_everywhere():
    rule = propagate(bounds={26: (40, 72), 2: (2, 2)}, lr=50)
    trace = rule.run(START).trace
    assert trace[..., 26].min() >= 40 and trace[..., 26].max() <= 72
    assert (trace[..., 2] == 2).all()
    assert trace[..., 0].min() >= 8 and trace[..., 0].max() <= 128


@settings(max_examples=15, deadline=None)
@given(
    share=st.floats(0.001, 0.9),
    key=st.sampled_from(['macs', 'params']),
    strategy=st.sampled_from(['continuous', 'winner-takes-all']))
def test_limits_hold_at_every_step(share, key, strategy):
    least, most = (
        COSTS(arch)[key] for arch in (SPACE.min_arch(), SPACE.max_arch()))
    limit = least + share * (most - least)
    rule = propagate(
        Task(MODEL, dict(flops=1.0)),
        strategy=strategy,
        limits={key: limit},
        iterations=5)
    codes = rule.run(STARTS[:2]).rounded(SPACE).reshape(-1, 27)
    assert COSTS.batch(codes)[key].max() <= limit


def test_a_code_within_the_limits_is_not_touched():
    limits = dict(macs=1e11, params=1e9)
    assert (propagate(
        limits=limits).run(STARTS).trace == propagate().run(STARTS).trace
            ).all()


def test_bounds_and_limits_together():
    bounds = {26: (96, 128), 2: (3, 4)}
    for strategy in ('continuous', 'winner-takes-all'):
        rule = propagate(
            bounds=bounds, limits=dict(macs=4e8), strategy=strategy)
        result = rule.run(STARTS)
        assert result.trace[..., 26].min() >= 96
        assert result.trace[..., 2].min() >= 3
        assert COSTS.batch(result.codes)['macs'].max() <= 4e8
    with pytest.raises(
            SettingError, match='limits.macs: .* the least there is'):
        propagate(bounds={26: (128, 128)}, limits=dict(macs=1.1e7))


def test_a_gene_that_never_varied_stays():
    """Nothing was learnt about it, so its gradient is noise."""
    model = untrained()
    model.code_std[2] = 0
    for strategy in ('continuous', 'winner-takes-all'):
        task = Task(model, efficiency_targets('mIoU'))
        trace = propagate(task, strategy=strategy).run(START).trace
        assert (trace[..., 2] == START[2]).all()
        assert (trace[-1] != START).any()


def test_limits_may_be_numpy_numbers():
    codes = propagate(limits=dict(macs=np.int64(10**9))).run(STARTS).codes
    assert COSTS.batch(codes)['macs'].max() <= 10**9


def test_both_limits_can_be_tight():
    limits = dict(macs=5e8, params=2e6)
    codes = propagate(limits=limits, iterations=30).run(STARTS).codes
    found = COSTS.batch(codes)
    assert found['macs'].max() <= 5e8 and found['params'].max() <= 2e6


# -- winner takes all --------------------------------------------------------
def test_winner_takes_all_moves_the_best_gene_by_one_choice():
    """Eq. 4-6 by brute force."""
    rule = propagate(strategy='winner-takes-all', iterations=12)
    trace = rule.run(START).trace[:, 0]
    for before, after in zip(trace, trace[1:]):
        codes = torch.tensor(before[None], requires_grad=True)
        loss, _ = TASK.loss(codes)
        (gradient, ) = torch.autograd.grad(loss, codes)
        assert (after == _winner(before, gradient[0].numpy())).all()


def _winner(code, gradient):
    """One move, gene by gene."""
    macs = _macs(code)
    shrink, grow = [], []
    for gene, choices in enumerate(SPACE.gene_choices()):
        k = 1 if len(choices) == 4 else 8
        up, down = code.copy(), code.copy()
        up[gene] += k
        down[gene] -= k
        top = code[gene] == choices[-1]
        rise = (macs - _macs(down) if top else _macs(up) - macs) / macs
        ratio = gradient[gene] / rise
        if code[gene] > choices[0]:
            shrink.append((ratio, gene, down))
        if not top:
            grow.append((ratio, gene, up))
    best, worst = max(
        shrink, key=lambda x: x[0]), min(
            grow, key=lambda x: x[0])
    return best[2] if best[0] > 0 else worst[2] if worst[0] < 0 else code


def _macs(code):
    return COSTS(SPACE.decode(code.astype(np.int16)))['macs']


# -- one-hot codes -----------------------------------------------------------
def test_one_hot_codes_take_the_argmax_every_ten_iterations():
    """NCP, Sec. C.3."""
    space = NASBench201Space()
    task = Task(untrained(space), efficiency_targets('mIoU'))
    rule = NetworkCodingPropagation(
        space, task, iterations=20, lr=30, round_every=10)
    trace = rule.run(space.sample_genes(np.random.default_rng(0), 4)).trace
    for step in (0, 10, 20):
        assert (trace[step].reshape(4, 6, 5).sum(-1) == 1).all()
    assert not np.isin(trace[9], (0, 1)).all()
    assert (trace[20] != trace[0]).any()


# -- errors -------------------------------------------------------------------
@pytest.mark.parametrize('targets, message', [
    ({}, 'targets: expected at least one metric'),
    (dict(top1=1), 'targets.top1: expected one of mIoU, flops'),
    (dict(mIoU='+1'), 'targets.mIoU.increment: expected a finite number'),
    (dict(mIoU=float('inf')), 'targets.mIoU.increment: expected a finite'),
    (dict(mIoU=0), 'targets.mIoU.increment: expected not zero'),
    (dict(mIoU=dict(weight=1)), 'targets.mIoU: expected either increment or'),
    (dict(mIoU=dict(value=1, increment=1)), 'either increment or value'),
    (dict(mIoU=dict(value=1, colour=2)), 'either increment or value'),
])
def test_bad_targets_are_named(targets, message):
    with pytest.raises(SettingError, match=message):
        Task(MODEL, targets)


@pytest.mark.parametrize('options, message', [
    (dict(strategy='both'), 'strategy: expected continuous or winner'),
    (dict(iterations=0), 'iterations: expected a whole number'),
    (dict(iterations=3.5), 'iterations: expected a whole number'),
    (dict(round_every=-1), 'round_every: expected a whole number'),
    (dict(lr=-3), 'lr: expected a positive number'),
    (dict(lr=float('nan')), 'lr: expected a finite number'),
    (dict(bounds={26: 5}), r'bounds\[26\]: expected \(low, high\)'),
    (dict(limits=dict(macs='1G')), 'limits.macs: expected a finite number'),
    (dict(bounds={27: (1, 2)}), r'bounds\[27\]: expected a gene'),
    (dict(bounds={0: (9, 15)}), r'bounds\[0\]: expected a gene'),
    (dict(limits=dict(gflops=1)), 'limits.gflops: expected one of params'),
    (dict(limits=dict(macs=10)), 'limits.macs: expected a number >= '),
    (dict(limits=dict(macs=1e9), costs=None), 'costs: expected a CostModel'),
    (dict(tasks=[]), 'tasks: expected at least one'),
])
def test_bad_settings_are_named(options, message):
    with pytest.raises(SettingError, match=message):
        propagate(**options)


@pytest.mark.parametrize('start', [
    np.full(27, 64),
    np.full(26, 8),
    np.where(np.arange(27) == 26, 60, START),
    np.where(np.arange(27) == 26, np.nan, START),
    np.where(np.arange(27) == 2, 5, START),
])
def test_starts_outside_the_space_are_refused(start):
    with pytest.raises(ArchError):
        propagate().run(start)


def test_winner_takes_all_needs_genes_that_move_alone():
    space = NASBench201Space()
    task = Task(untrained(space), efficiency_targets('mIoU'))
    with pytest.raises(SettingError, match='depend on each other'):
        NetworkCodingPropagation(
            space,
            task,
            strategy='winner-takes-all',
            costs=CostModel(space, (32, 32)))


def test_a_start_that_is_no_array_is_named():
    with pytest.raises(ArchError, match='starts: expected codes'):
        propagate().run(SPACE.max_arch())


def test_logarithms_are_refused_where_genes_can_be_0():
    space = NASBench201Space()
    torch.manual_seed(0)
    model = MultiMetricMLP(30, ['mIoU', 'flops'], features='log')
    with pytest.raises(SettingError, match=r'tasks\[0\].predictor: .* code'):
        NetworkCodingPropagation(space, Task(model,
                                             efficiency_targets('mIoU')))


def test_a_predictor_of_another_space_is_refused():
    with pytest.raises(
            SettingError, match=r'tasks\[0\].predictor: .* 30 genes'):
        NetworkCodingPropagation(NASBench201Space(), TASK)
