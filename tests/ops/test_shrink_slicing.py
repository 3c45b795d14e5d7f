"""Cutting parts out of a network in place."""
import copy

import pytest
import torch
from torch import nn

from scalenas_mm.ops.slicing import cut_
from scalenas_mm.spaces import SettingError


class Block(nn.Module):
    """A miniature of a mixed convolution, with a token-like parameter."""

    def __init__(self, kernels=(3, 5), units=4):
        super().__init__()
        total = units * len(kernels)
        self.expand = nn.Conv2d(3, total, 1, bias=False)
        self.expand_norm = nn.BatchNorm2d(total)
        self.depthwise = nn.ModuleDict({
            str(k):
            nn.Conv2d(
                units, units, k, padding=k // 2, groups=units, bias=False)
            for k in kernels
        })
        self.norm = nn.BatchNorm2d(total)
        self.project = nn.Conv2d(total, 5, 1)
        self.query = nn.Parameter(torch.randn(total, 2))

    def forward(self, x):
        x = self.expand_norm(self.expand(x)).relu()
        convs = self.depthwise.values()
        parts = x.split([conv.in_channels for conv in convs], 1)
        x = torch.cat([conv(part) for conv, part in zip(convs, parts)], 1)
        return self.project(self.norm(x).relu())


def parts_of(block, kept):
    """Index map for the units ``kept`` of each kernel size."""
    starts, rows, start = {}, [], 0
    for name, conv in block.depthwise.items():
        starts[name] = kept[name]
        rows += [start + i for i in kept[name]]
        start += conv.out_channels
    out = {}
    for key in block.state_dict():
        if key.startswith('depthwise.'):
            if kept[key.split('.')[1]]:
                out[key] = (kept[key.split('.')[1]], )
        elif key.endswith('num_batches_tracked') or key == 'project.bias':
            out[key] = ...
        elif key == 'project.weight':
            out[key] = (slice(None), rows)
        else:
            out[key] = (rows, )
    return out, rows


@pytest.fixture
def block():
    torch.manual_seed(0)
    block = Block().eval()
    for norm in (block.expand_norm, block.norm):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
        norm.running_mean.normal_()
    return block


@pytest.mark.parametrize('kept', [{
    '3': [0, 2],
    '5': [1]
}, {
    '3': [],
    '5': [0, 1, 2, 3]
}, {
    '3': [3],
    '5': []
}])
def test_what_is_left_gives_the_outputs_of_the_masked_network(block, kept):
    parts, rows = parts_of(block, kept)
    masked = copy.deepcopy(block)
    dead = [i for i in range(8) if i not in rows]
    with torch.no_grad():
        masked.norm.weight[dead] = masked.norm.bias[dead] = 0
    x = torch.randn(2, 3, 9, 7)
    cut_(block, parts)
    assert torch.allclose(block(x), masked(x), atol=1e-6)
    # what the layers know of themselves is as in a network built like this
    assert list(block.depthwise) == [k for k in kept if kept[k]]
    assert all(
        conv.in_channels == conv.out_channels == conv.groups == len(kept[k])
        for k, conv in block.depthwise.items())
    assert block.project.in_channels == len(rows)
    assert block.project.out_channels == 5
    assert block.expand.out_channels == len(rows)
    assert block.norm.num_features == len(rows)
    assert block.query.shape == (len(rows), 2)
    block.train()(x).sum().backward()  # and it can be trained on
    assert block.norm.weight.grad.shape == (len(rows), )


def test_cuts_say_what_was_cut_and_leave_the_old_tensors(block):
    before = {k: v.clone() for k, v in block.state_dict().items()}
    objects = block.state_dict(keep_vars=True)
    parts, _ = parts_of(block, {'3': [], '5': [0, 3]})
    cuts = {cut.name: cut for cut in cut_(block, parts)}
    assert all(torch.equal(cut.old, before[k]) for k, cut in cuts.items())
    gone = [k for k, cut in cuts.items() if cut.new is None]
    assert gone == ['depthwise.3.weight']
    now = block.state_dict(keep_vars=True)
    for key in now:
        if parts[key] is ...:
            assert key not in cuts and now[key] is objects[key]
        else:
            assert now[key] is cuts[key].new
            assert torch.equal(now[key], before[key][parts[key]])
            assert torch.equal(now[key], cuts[key].old[cuts[key].index])


def test_of_a_layer_with_nothing_left_the_attribute_becomes_none(block):
    outer = nn.ModuleDict(dict(a=nn.Module(), b=nn.Linear(2, 2)))
    outer['a'].mix = block
    outer['a'].other = nn.Linear(2, 2)
    cut_(outer, {k: ... for k in outer.state_dict() if '.mix.' not in k})
    assert outer['a'].mix is None and list(outer) == ['a', 'b']
    assert list(outer.state_dict()) == [
        'a.other.weight', 'a.other.bias', 'b.weight', 'b.bias'
    ]
    outer['a'].stays_when_empty = True
    cut_(outer, {k: ... for k in outer.state_dict() if k[0] == 'b'})
    assert list(outer) == ['a', 'b'] and outer['a'].other is None
    outer['a'].stays_when_empty = False
    cut_(outer, {})
    assert list(outer) == ['a']  # of which there was nothing to remove


def test_hooks_gradients_memory_format_and_attributes_stay(block):
    block.to(memory_format=torch.channels_last).train()
    block.expand_norm.weight.requires_grad_(False)
    block.project.weight.decay = 0.5
    calls = []
    block.project.register_forward_hook(lambda *_: calls.append('forward'))
    handle = block.project.weight.register_hook(
        lambda grad: calls.append(tuple(grad.shape)))
    block(torch.randn(2, 3, 8, 8)).square().sum().backward()
    gradient = block.project.weight.grad.clone()
    calls.clear()
    parts, rows = parts_of(block, {'3': [1], '5': [0, 2]})
    cut_(block, parts)
    assert not block.expand_norm.weight.requires_grad
    assert block.project.weight.decay == 0.5
    assert torch.equal(block.project.weight.grad, gradient[:, rows])
    conv = block.depthwise['5']
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert conv.weight.stride() == nn.Conv2d(
        2, 2, 5,
        groups=2).to(memory_format=torch.channels_last).weight.stride()
    block(torch.randn(2, 3, 8, 8)).sum().backward()
    assert calls == ['forward', (5, 3, 1, 1)]
    handle.remove()
    block(torch.randn(2, 3, 8, 8)).sum().backward()
    assert calls == ['forward', (5, 3, 1, 1), 'forward']


def test_shared_tensors_stay_shared_and_types_stay():
    net = nn.ModuleDict(
        dict(
            a=nn.Linear(4, 2, bias=False).double(),
            b=nn.Embedding(2, 4),
            norm=nn.SyncBatchNorm(4),
            layer=nn.LayerNorm(4)))
    net['b'].weight = net['a'].weight
    columns = (slice(None), [1, 2])
    cut_(
        net, {
            'a.weight': columns,
            'b.weight': columns,
            'norm.num_batches_tracked': ...,
            **{
                f'norm.{k}': slice(0, 2)
                for k in ('weight', 'bias', 'running_mean', 'running_var')
            },
            **{
                f'layer.{k}': [0, 2]
                for k in ('weight', 'bias')
            }
        })
    assert net['a'].weight is net['b'].weight
    assert net['a'].weight.dtype == torch.double
    assert net['a'].in_features == net['b'].embedding_dim == 2
    assert isinstance(net['norm'], nn.SyncBatchNorm)
    assert net['norm'].num_features == 2
    # a slice is no view of the old tensor, which would be kept alive
    assert net['norm'].weight.untyped_storage().nbytes() == 8
    assert net['layer'](torch.randn(3, 2)).shape == (3, 2)


@pytest.mark.parametrize('change, field', [
    (dict(unknown=...), 'keys of the state dict, got .?unknown'),
    ({
        'norm.weight': ([0, 99], )
    }, r'parts.norm.weight: expected an index of shape \(8,\)'),
    ({
        'norm.weight': (0, )
    }, 'parts.norm.weight'),
    ({
        'norm.weight': ('a', )
    }, 'parts.norm.weight'),
])
def test_an_index_that_does_not_fit_changes_nothing(block, change, field):
    before = block.state_dict(keep_vars=True)
    parts, _ = parts_of(block, {'3': [], '5': [0]})
    with pytest.raises(SettingError, match=field):
        cut_(block, {**parts, **change})
    now = block.state_dict(keep_vars=True)
    assert list(now) == list(before)
    assert all(now[key] is before[key] for key in now)
    assert list(block.depthwise) == ['3', '5']


def test_convolutions_in_groups_can_only_be_taken_whole():
    conv = nn.Conv2d(4, 8, 1, groups=2)
    with pytest.raises(SettingError, match='only plain and depthwise'):
        cut_(conv, {'weight': ([0, 1], ), 'bias': ([0, 1], )})
    cut_(conv, {'weight': (list(range(8)), ), 'bias': ...})
    assert conv.groups == 2 and conv.in_channels == 4
