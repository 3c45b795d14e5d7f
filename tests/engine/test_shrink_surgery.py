"""Optimisers, schedules, averages and wrappers after cuts of any network."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import (ExponentialMovingAverage,
                            MMDistributedDataParallel, StochasticWeightAverage)
from mmengine.optim import (AmpOptimWrapper, CosineAnnealingLR, OptimWrapper,
                            OptimWrapperDict)
from tiny_shrinking import BACKBONE, in_processes
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import \
    allreduce_hook

from scalenas_mm.backbones import HRNAS
from scalenas_mm.engine import RMSpropInside
from scalenas_mm.engine.surgery import (averages_of, planned_optimizer,
                                        planned_optimizers, planned_shrink)
from scalenas_mm.ops.slicing import apply_cuts_, planned_cuts
from scalenas_mm.spaces import SettingError

OPTIMISERS = [
    lambda p: torch.optim.SGD(p, lr=.1, momentum=.9),
    lambda p: torch.optim.RMSprop(p, lr=.1, momentum=.9, centered=True),
    lambda p: torch.optim.Adam(p, lr=.1, amsgrad=True),
    lambda p: torch.optim.AdamW(p, lr=.1, foreach=True),
    lambda p: torch.optim.Adagrad(p, lr=.1),
    lambda p: RMSpropInside(p, lr=.1, weight_decay=.01),
]


def layers():
    torch.manual_seed(0)
    return nn.ModuleDict(
        dict(
            a=nn.Linear(3, 6),
            norm=nn.BatchNorm1d(6),
            b=nn.Linear(6, 2),
            gone=nn.Linear(2, 2)))


def loss_of(net, gone=0.):
    x = torch.linspace(-1, 1, 12).view(4, 3)
    out = net['b'](net['norm'](net['a'](x)))
    if 'gone' in net:
        out = out + gone * net['gone'](out.detach())
    return out.square().sum()


ROWS = [1, 2, 5]
PARTS = {
    'a.weight': (ROWS, ),
    'a.bias': (ROWS, ),
    **{
        f'norm.{k}': (ROWS, )
        for k in ('weight', 'bias', 'running_mean', 'running_var')
    }, 'norm.num_batches_tracked': ...,
    'b.weight': (slice(None), ROWS),
    'b.bias': ...
}


def cut(net, optimizer):
    cuts = planned_cuts(net, PARTS)
    left, commit = planned_optimizer(optimizer, cuts)
    apply_cuts_(net, cuts)
    commit()
    return left


@pytest.mark.parametrize('make', OPTIMISERS)
def test_the_rest_goes_on_as_in_the_masked_network(make):
    """Units that add nothing and learn nothing go: all others take the steps
    that they would have taken."""
    nets = [layers() for _ in range(2)]
    optimisers = [make(net.parameters()) for net in nets]

    def step(net, optimizer):
        optimizer.zero_grad()
        loss_of(net).backward()
        if net['b'].in_features == 6:  # the dead ones' columns are 0
            net['b'].weight.grad[:, [0, 3, 4]] = 0
        optimizer.step()

    for net in nets:
        net['b'].weight.data[:, [0, 3, 4]] = 0
    for net, optimizer in zip(nets, optimisers):
        for _ in range(2):
            step(net, optimizer)
    cut(nets[0], optimisers[0])
    for net, optimizer in zip(nets, optimisers):
        for _ in range(3):
            step(net, optimizer)
    small, large = (net.state_dict() for net in nets)
    for key, index in PARTS.items():
        assert torch.allclose(small[key], large[key][index], atol=1e-6), key
    # and as what is saved and loaded by an optimiser of the small network
    fresh = make(nets[0].parameters())
    fresh.load_state_dict(optimisers[0].state_dict())
    before = optimisers[0].state_dict()['state']
    assert before.keys() == fresh.state_dict()['state'].keys()


@pytest.mark.parametrize('make', OPTIMISERS)
def test_before_any_state_exists(make):
    net = layers()
    optimizer = make(net.parameters())
    cut(net, optimizer)
    assert [
        id(p) for group in optimizer.param_groups for p in group['params']
    ] == [id(p) for p in net.parameters()]
    loss_of(net).backward()
    optimizer.step()


def test_groups_keep_their_order_and_settings():
    net = layers()
    groups = [
        dict(params=[net['b'].bias], lr=1.),
        dict(params=list(net['gone'].parameters()), lr=2.),
        dict(params=[*net['a'].parameters(), net['gone'].weight][:2], lr=3.),
        dict(params=[], lr=4.),
        dict(params=[net['norm'].weight, net['b'].weight], lr=5.),
    ]
    optimizer = torch.optim.SGD(groups, lr=.1)
    assert cut(net, optimizer) == [0, 2, 3, 4]
    assert [group['lr'] for group in optimizer.param_groups] == [1, 3, 4, 5]
    assert [[id(p) for p in group['params']]
            for group in optimizer.param_groups
            ] == [[id(net['b'].bias)],
                  [id(net['a'].weight), id(net['a'].bias)], [],
                  [id(net['norm'].weight),
                   id(net['b'].weight)]]


def test_wrappers_and_schedules():
    """Of several optimisers, each with its own schedules."""
    net = layers()
    first = torch.optim.AdamW([
        dict(params=net['gone'].parameters(), lr=.5),
        dict(params=net['a'].parameters(), lr=.1)
    ])
    second = torch.optim.SGD(net['b'].parameters(), lr=.2)
    wrappers = OptimWrapperDict(
        one=OptimWrapper(first), two=OptimWrapper(second))
    schedules = dict(
        one=[CosineAnnealingLR(wrappers['one'], T_max=9)],
        two=[CosineAnnealingLR(wrappers['two'], T_max=9)])
    runner = SimpleNamespace(
        optim_wrapper=wrappers, param_schedulers=schedules)
    cuts = planned_cuts(net, PARTS)
    commits = planned_optimizers(runner, cuts)
    apply_cuts_(net, cuts)
    for commit in commits:
        commit()
    # the last value is MMEngine's own, of settings that no group has
    assert schedules['one'][0].base_values[:1] == [.1]
    assert len(schedules['one'][0].base_values) == 2
    assert schedules['two'][0].base_values == [.2]
    assert wrappers['one'].param_groups[0]['params'][0] is net['a'].weight
    loss_of(net).backward()
    for name in wrappers.keys():
        wrappers[name].step()
        schedules[name][0].step()
    assert first.param_groups[0]['lr'] == pytest.approx(
        .05 * (1 + torch.cos(torch.tensor(torch.pi / 9)).item()))
    # not built yet, as before a test
    assert not planned_optimizers(
        SimpleNamespace(
            optim_wrapper=dict(type='OptimWrapper'),
            param_schedulers=[dict(type='LinearLR')]), cuts)


def test_scaled_losses():
    """The scaler of mixed precision is the optimiser's, which stays."""
    net = layers()
    optimizer = torch.optim.SGD(net.parameters(), lr=.1, momentum=.9)
    wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)
    OptimWrapper.__init__(wrapper, optimizer)
    wrapper._scale_update_param = None
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=8.)
    wrapper.update_params(loss_of(net))
    cut(net, optimizer)
    weight = net['a'].weight.detach().clone()
    wrapper.update_params(loss_of(net))
    assert not torch.equal(weight, net['a'].weight)
    assert wrapper.loss_scaler.get_scale() == 8.


@pytest.mark.parametrize('make', [
    lambda p: torch.optim.Adafactor(p, lr=.1),
    lambda p: torch.optim.LBFGS(p, lr=.1, max_iter=2),
])
def test_state_of_another_shape_is_refused_and_nothing_is_done(make):
    net = layers()
    optimizer = make(net.parameters())
    for _ in range(2):
        optimizer.zero_grad()

        def closure():
            loss = loss_of(net, 1.)
            loss.backward()
            return loss

        optimizer.step(closure)
    with pytest.raises(
            SettingError,
            match='optim_wrapper.optimizer: expected '
            'one whose state has the shape'):
        planned_optimizer(optimizer, planned_cuts(net, PARTS))
    assert net['a'].weight.shape == (6, 3)


# -- a whole shrink ---------------------------------------------------------
def shrinking():
    torch.manual_seed(0)
    net = nn.Sequential(
        HRNAS(**{
            k: v
            for k, v in BACKBONE.items() if k != 'type'
        }))
    with torch.no_grad():
        for gamma in net[0].gammas().values():
            gamma[::2] = 0
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(2, 3, 32, 32))[0].sum().backward()
    optimizer.step()
    with torch.no_grad():
        for gamma in net[0].gammas().values():
            gamma[::2] = 0
    return SimpleNamespace(
        model=net,
        hooks=[],
        optim_wrapper=OptimWrapper(optimizer),
        param_schedulers=None)


@pytest.mark.parametrize('kind, buffers', [
    (ExponentialMovingAverage, False),
    (ExponentialMovingAverage, True),
    (StochasticWeightAverage, True),
])
def test_averages_inside_any_hook(kind, buffers):
    runner = shrinking()
    average = kind(runner.model, update_buffers=buffers)
    other = kind(nn.Linear(2, 2))  # of another model
    runner.hooks = [SimpleNamespace(mean=average, other=other, text='')]
    assert averages_of(runner) == [average]
    average.update_parameters(runner.model)
    before = {k: v.clone() for k, v in average.module.state_dict().items()}
    arch = runner.model[0].surviving()
    parts = runner.model[0].parts(arch)
    planned_shrink(runner, arch, None, False)()
    after = average.module.state_dict()
    assert {k[2:] for k in after} == set(parts)
    assert all(
        torch.equal(after[f'0.{k}'], before[f'0.{k}'][index])
        for k, index in parts.items())
    assert average.module[0].arch == runner.model[0].arch == arch
    with torch.no_grad():
        for p in runner.model.parameters():
            p += 1
    average.update_parameters(runner.model)
    moved = average.module.state_dict()
    name = '0.stages.0.branches.0.0.mix.expand.weight'
    assert (moved[name] > before[name][parts[name[2:]]]).all()


@pytest.mark.parametrize('where', ['optimizer', 'wrapper', 'average'])
def test_an_error_halfway_leaves_the_old_network(where, monkeypatch):
    runner = shrinking()
    average = ExponentialMovingAverage(runner.model, update_buffers=True)
    runner.hooks = [SimpleNamespace(mean=average)]
    model, optimizer = runner.model, runner.optim_wrapper.optimizer
    before = {k: v.clone() for k, v in model.state_dict().items()}
    objects = model.state_dict(keep_vars=True)
    states = {id(p) for p in optimizer.state}

    def fail(*_):
        raise MemoryError('no memory left')

    if where == 'optimizer':
        monkeypatch.setattr('scalenas_mm.engine.surgery._cut_state', fail)
    elif where == 'average':
        monkeypatch.setattr(average.module[0], 'fold_dead', fail)
    else:
        runner.model = torch.nn.DataParallel(runner.model)
    arch = model[0].surviving()
    with pytest.raises((MemoryError, SettingError),
                       match='no memory left|MMDistributedDataParallel'):
        planned_shrink(runner, arch, None, True)
    now = model.state_dict(keep_vars=True)
    assert list(now) == list(before)
    assert all(now[k] is objects[k] and torch.equal(now[k], before[k])
               for k in now)
    assert {id(p) for p in optimizer.state} == states
    assert all(
        map(torch.equal,
            average.module.state_dict().values(), before.values()))
    assert model[0].arch == average.module[0].arch == model[0].space.max_arch()


def test_buckets_of_a_distributed_model(tmp_path):
    """Settings and communication hooks stay, and gradients are the mean over
    the processes once more."""

    def run():
        torch.distributed.init_process_group('gloo')
        rank = torch.distributed.get_rank()
        runner = shrinking()
        net = runner.model
        calls = []

        def hook(state, bucket):
            calls.append(state)
            return allreduce_hook(None, bucket)

        runner.model = wrapper = MMDistributedDataParallel(
            net,
            broadcast_buffers=False,
            find_unused_parameters=True,
            bucket_cap_mb=1)
        wrapper.register_comm_hook('state', hook)
        planned_shrink(runner, net[0].surviving(), None, True)()
        assert runner.model is wrapper and not wrapper.broadcast_buffers
        assert wrapper.find_unused_parameters
        net.zero_grad()
        x = torch.randn(2, 3, 32, 32, generator=torch.manual_seed(rank))
        wrapper(x)[0].square().sum().backward()
        mine = torch.cat([p.grad.flatten() for p in net.parameters()])
        net.zero_grad()
        net(x)[0].square().sum().backward()
        own = torch.cat([p.grad.flatten() for p in net.parameters()])
        torch.distributed.all_reduce(own)
        assert torch.allclose(mine, own / 2, atol=1e-5)
        assert set(calls) == {'state'}
        torch.distributed.barrier()

    assert in_processes(run, num=2) == [0, 0]
