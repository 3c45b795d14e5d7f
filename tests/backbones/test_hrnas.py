"""HR-NAS: the released networks, and what shrinking relies on."""
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from scalenas_mm.backbones import HRNAS, SHRINKING
from scalenas_mm.export.released_hrnas import convert_hrnas
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ArchError, HRNASArch, HRNASSpace, SettingError

# 10 blocks, with every kind of arrow
TINY = dict(
    stem=(4, 4),
    blocks=((1, ), (1, 1)),
    widths=((4, ), (4, 6)),
    expansion=2,
    tokens=3,
    transformer=dict(size=4, dropout=0.))
HEADS = {
    'dense': dict(head_channels=(5, )),
    'classification': dict(head='classification', head_channels=(6, 8, 10)),
    'none': dict(head='none', head_channels=())
}
TASKS = dict(conv_only='seg', seg='seg', cls='cls', retrain='cls')


def tiny(arch=None, seed=0, **options):
    torch.manual_seed(seed)
    return HRNAS(arch, **{**TINY, 'head_channels': (5, ), **options})


def image(*shape, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator)


def emptied(arch, block, tokens=True):
    """``arch`` without the units, and tokens, of a block."""
    channels, left = list(arch.channels), list(arch.tokens)
    channels[block] = (0, ) * len(channels[block])
    left[block] = 0 if tokens else left[block]
    return HRNASArch(tuple(channels), tuple(left))


def backward(net, x):
    """A training step; gradients by name."""
    net.zero_grad()
    outputs = net(x)
    sum(y.float().square().mean() for y in outputs).backward()
    return {key: p.grad for key, p in net.named_parameters()}


def maps_of(net, x, task):
    """Outputs of all stages by their released names."""
    found = {}

    def note(name):

        def hook(module, args, output):
            many = isinstance(output, (list, tuple))
            for i, y in enumerate(output if many else [output]):
                found[f'{name}/{i}'] = y

        return hook

    net.stem.register_forward_hook(note('downsamples'))
    for s, stage in enumerate(net.stages):
        stage.fusion.register_forward_hook(note(f'features.{2 * s}'))
        stage.register_forward_hook(note(f'features.{2 * s + 1}'))
    net.head.register_forward_hook(
        note('transform' if task ==
             'seg' else f'features.{2 * len(net.stages)}'))
    with torch.no_grad():
        x, = net(x)
    return found, x


@pytest.mark.parametrize('name', TASKS)
def test_outputs_of_the_released_networks(shared_data, name):
    """The output for images of even and of odd sides, and every stage's."""
    task = TASKS[name]
    weights = torch.load(
        shared_data / 'hrnas' / 'weights' / f'{name}.pth', weights_only=True)
    converted = convert_hrnas(weights, task)
    net = MODELS.build(converted.model['backbone']).eval()
    net.load_state_dict({
        key[len('backbone.'):]: value
        for key, value in converted.weights.items()
        if key.startswith('backbone.')
    })
    whole = next(key[:-len('weight')] for key in converted.weights
                 if key in ('decode_head.conv_seg.weight', 'head.fc.weight'))
    weight, bias = (converted.weights[whole + k] for k in ('weight', 'bias'))
    arrays = np.load(shared_data / 'hrnas' / 'forward.npz')
    compared = 0
    for size in ('2x3x64x64', '1x3x75x91'):
        start = f'{name}/{size}/'
        x = torch.from_numpy(arrays[f'{start}input']).float()
        found, x = maps_of(net, x, task)
        found['output'] = (
            nn.functional.conv2d(x, weight, bias) if task == 'seg' else
            nn.functional.linear(x.mean((2, 3)), weight, bias))
        for key in arrays.files:
            part = key[len(start):]
            if not key.startswith(start) or part == 'input':
                continue
            expected = torch.from_numpy(arrays[key])
            got = found[part]
            if got.ndim > expected.ndim:
                got = got.mean((2, 3))
            assert got.shape == expected.shape
            error = (got - expected).abs().max() / expected.abs().max()
            assert error < 1e-5, key
            compared += 1
    assert compared == dict(conv_only=14, seg=16, cls=10, retrain=2)[name]


@pytest.mark.parametrize('options, classifier, params', [
    (dict(), 91 * 19, 12841839),
    (dict(tokens=0), 91 * 19, 10110235),
    (dict(head_channels=(180, )), 181 * 150, 13159310),
    (dict(), 91 * 17, 12841657),
    (dict(head='classification'), 1601 * 1000, 15975472),
    (dict(head='classification', tokens=0), 1601 * 1000, 13243868),
])
def test_parameters_of_the_published_supernets(options, classifier, params):
    with torch.device('meta'):
        net = HRNAS(transformer='released', **options)
    assert sum(p.numel() for p in net.parameters()) + classifier == params
    assert net.kind == SHRINKING


@pytest.mark.parametrize('options', [
    dict(
        HEADS['classification'],
        se_ratio=.5,
        reductions=True,
        act_cfg=dict(type='Swish')),
    dict(transformer='released', kernels=(3, 7), upsample='bilinear'),
    dict(HEADS['none'], transformer=dict(decoder=False, positions='learned')),
    dict(blocks=((1, ), (0, 1)), widths=((4, ), (0, 6)), tokens=0)
])
def test_every_parameter_is_trained(options):
    """And there are no more than are counted, whatever is left."""
    space = tiny(**options).space
    rng = np.random.default_rng(0)
    for arch in (space.max_arch(), space.sample(rng), space.min_arch()):
        net = tiny(arch, **options).train()
        grads = backward(net, image(2, 3, 35, 43))
        assert all(grad is not None for grad in grads.values())
        params = sum(p.numel() for p in net.parameters())
        assert params == space.complexity(arch, (35, 43)).params


def test_sizes_of_the_outputs():
    """A quarter of the image, halved for every branch, rounded up."""
    x = image(1, 3, 75, 91)
    sizes = {
        head: [tuple(y.shape[1:]) for y in tiny(**options).eval()(x)]
        for head, options in HEADS.items()
    }
    assert sizes == {
        'dense': [(5, 19, 23)],
        'classification': [(10, 10, 12)],
        'none': [(4, 19, 23), (6, 10, 12)]
    }


def test_every_block_may_be_empty():
    """Alone and all together, forward and backward in training.

    The released code overwrites the map that the first block hands on.
    """
    space = tiny().space
    x = image(2, 3, 35, 43)
    stem = tiny('min').train()
    handed_on = stem.stem(x)
    assert stem.stages[0].fusion['0_0'](handed_on) is handed_on
    before = handed_on.clone()
    stem.stages[0]([handed_on])
    assert torch.equal(handed_on, before)
    for i in range(len(space.places)):
        for tokens in {True, space.max_arch().tokens[i] == 0}:
            net = tiny(emptied(space.max_arch(), i, tokens)).train()
            grads = backward(net, x)
            assert all(grad.isfinite().all() for grad in grads.values())
            block = net.get_submodule(space.places[i].name)
            keeps = block.shortcut is None
            assert (list(block.parameters()) == []) == (
                keeps and block.transformer is None)
    assert all(g is not None for g in backward(stem, x).values())


def test_each_path_of_a_block_sees_its_input():
    block = tiny().get_submodule('stages.1.fusion.1_0').eval()
    x = image(1, 4, 9, 11)
    assert torch.allclose(
        block(x), block.shortcut(x) + block.mix(x), atol=1e-6)
    block = tiny().get_submodule('stages.1.branches.1.0').eval()
    x = image(1, 6, 9, 11)
    assert torch.allclose(
        block(x), x + block.transformer(x) + block.mix(x), atol=1e-6)


@torch.no_grad()
def test_mixed_convolution_is_the_sum_over_kernels():
    """One expansion and projection compute what one of each kernel does."""
    mix = tiny(se_ratio=0).get_submodule('stages.1.fusion.1_0').mix
    for norm in (mix.expand_norm, mix.norm):
        nn.init.uniform_(norm.weight, .5, 1.5)
        nn.init.uniform_(norm.bias, -.3, .3)
        nn.init.uniform_(norm.running_mean, -.3, .3)
        nn.init.uniform_(norm.running_var, .5, 1.5)
    mix.eval()
    x, total, begin = image(2, 4, 9, 11), 0, 0

    def normed(y, norm, at):
        return nn.functional.batch_norm(y, norm.running_mean[at],
                                        norm.running_var[at], norm.weight[at],
                                        norm.bias[at], False, 0., norm.eps)

    for kernel, conv in mix.depthwise.items():
        at = slice(begin, begin + conv.out_channels)
        y = nn.functional.conv2d(x, mix.expand.weight[at])
        y = normed(y, mix.expand_norm, at).relu()
        y = nn.functional.conv2d(y, conv.weight, None, 2,
                                 int(kernel) // 2, 1, conv.groups)
        y = normed(y, mix.norm, at).relu()
        total = total + nn.functional.conv2d(y, mix.project.weight[:, at])
        begin = at.stop
    assert begin == mix.norm.num_features
    assert torch.allclose(mix(x), mix.project_norm(total), atol=1e-5)


# -- what shrinking relies on ---------------------------------------------
def test_importance_factors_stand_in_the_order_of_the_space():
    net = tiny()
    names = list(net.gammas())
    places = [place.name for place in net.space.places]
    owners = [name.split('.mix')[0].split('.transformer')[0] for name in names]
    assert sorted(set(owners), key=owners.index) == places
    assert names[:2] == [
        'stages.0.fusion.0_0.mix.norm.weight',
        'stages.0.fusion.0_0.transformer.input_norm.weight'
    ]
    parameters = dict(net.named_parameters())
    assert all(net.gammas()[name] is parameters[name] for name in names)
    assert not tiny('min').gammas()


def test_what_survives():
    net = tiny()
    assert net.surviving() == net.arch
    assert net.surviving(threshold=1.) == net.space.min_arch()
    gammas = net.gammas()
    with torch.no_grad():
        units = gammas['stages.0.fusion.0_0.mix.norm.weight']
        units[:8] = 1e-3  # at the threshold
        units[8:12] = -0.9  # the released code takes it for dead
        units[12] = float('nan')
        gammas['stages.0.branches.0.0.transformer.input_norm.weight'][1] = 0
    arch = net.surviving(threshold=float(units[0]))
    assert arch.channels[0] == (0, 7, 8) and arch.tokens[:2] == (3, 2)
    scores = {name: torch.zeros(len(gamma)) for name, gamma in gammas.items()}
    assert net.surviving(scores) == net.space.min_arch()
    scores.pop('head.project.mix.norm.weight')
    with pytest.raises(SettingError, match=r'scores\[head.project'):
        net.surviving(scores)


@torch.no_grad()
@pytest.mark.parametrize('head', HEADS)
@pytest.mark.parametrize('se_ratio', [0, .5])
def test_parts_select_what_is_kept(head, se_ratio):
    """A smaller network gives the outputs of the larger one whose other
    units are silent."""
    options = dict(HEADS[head], se_ratio=se_ratio)
    net = tiny(**options).eval()
    space = net.space
    tokens = space.max_arch().tokens
    arch = HRNASArch(space.sample(np.random.default_rng(3)).channels, tokens)
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, .5, 1.5)
            nn.init.uniform_(norm.bias, -.3, .3)
    parts = net.parts(arch)
    weights = net.state_dict()
    small = tiny(arch, **options).eval()
    small.load_state_dict({k: weights[k][i] for k, i in parts.items()})
    assert small.kind == 'fixed'
    for name, gamma in net.gammas().items():
        if 'transformer' not in name:
            dead = torch.ones_like(gamma, dtype=torch.bool)
            if name in parts:
                dead[parts[name]] = False
            net.get_parameter(name)[dead] = 0
            net.get_parameter(name.replace('weight', 'bias'))[dead] = 0
    x = image(1, 3, 35, 43)
    for name, place in ((p.name, p) for p in space.places):
        kept = space.places.index(place)
        if not any(arch.channels[kept]):  # a block without units has no norm
            norm = net.get_submodule(name).mix.project_norm
            nn.init.zeros_(norm.weight), nn.init.zeros_(norm.bias)
    for expected, got in zip(net(x), small(x), strict=True):
        assert torch.allclose(expected, got, atol=1e-5)


def test_parts_keep_the_best_units_of_each_kernel_in_their_order():
    net = tiny()
    whole = net.arch
    key = 'stages.0.fusion.0_0.mix.norm.weight'
    with torch.no_grad():
        net.get_parameter(key)[:8] = torch.tensor(
            [.1, -.9, .5, .5, .5, .2, .9, 0.])
    rows = [(4, 8, 0), *whole.channels[1:]]
    parts = net.parts(HRNASArch(tuple(rows), whole.tokens))
    assert parts[key] == ([1, 2, 3, 6, *range(8, 16)], )
    assert parts['stages.0.fusion.0_0.mix.depthwise.3.weight'] == ([
        1, 2, 3, 6
    ], )
    # what stays whole is not touched
    assert parts['stages.0.fusion.0_0.mix.depthwise.5.weight'] is ...
    assert 'stages.0.fusion.0_0.mix.depthwise.7.weight' not in parts
    others = {
        k: v
        for k, v in parts.items() if 'stages.0.fusion.0_0.mix.' not in k
    }
    assert set(others.values()) == {...}
    tokens = {k: torch.ones(v.shape) for k, v in net.gammas().items()}
    name = 'stages.0.fusion.0_0.transformer.'
    tokens[f'{name}input_norm.weight'][0] = 0
    parts = net.parts(
        HRNASArch(whole.channels, (2, *whole.tokens[1:])), tokens)
    for k in ('input_proj.weight', 'input_norm.running_var', 'query'):
        assert parts[name + k] == ([1, 2], )
    assert parts[f'{name}reverse_proj.weight'] == (slice(None), [1, 2])
    assert parts[f'{name}encoder.linear1.weight'] is ...


@pytest.mark.parametrize('head', HEADS)
def test_a_shrunk_network_is_the_one_built_small(head):
    """It has the same weights and outputs, and goes on training."""
    options = dict(HEADS[head], se_ratio=.5, reductions=True)
    net = tiny(**options)
    for i, arch in enumerate(
        [net.space.sample(np.random.default_rng(5)),
         net.space.min_arch()]):
        if i == 0:
            backward(net, image(2, 3, 35, 43))
        parts, weights = net.parts(arch), net.state_dict()
        small = tiny(arch, **options)
        small.load_state_dict({k: weights[k][v] for k, v in parts.items()})
        cuts = net.shrink(arch)
        assert net.arch == arch and net.kind == SHRINKING
        assert {cut.name
                for cut in cuts
                } == {key
                      for key in weights if parts.get(key) is not ...}
        found = net.state_dict()
        assert list(found) == list(small.state_dict())
        assert all(
            torch.equal(found[k], v) for k, v in small.state_dict().items())
        x = image(2, 3, 35, 43)
        for a, b in zip(net.eval()(x), small.eval()(x), strict=True):
            assert torch.equal(a, b)
        grads = backward(net.train(), x)
        assert all(grad is not None for grad in grads.values())


def test_a_network_only_gets_smaller():
    space = tiny().space
    arch = emptied(space.max_arch(), 0)
    net = tiny(arch)
    with pytest.raises(ArchError, match='channels and tokens of stages.0.fus'):
        net.parts(space.max_arch())
    with pytest.raises(ArchError, match='which this fixed HRNAS'):
        net.arch = space.min_arch()
    with pytest.raises(ArchError, match='which this shrinking HRNAS'):
        tiny().arch = arch
    with pytest.raises(ArchError, match='this fixed network'):
        net.shrink(space.min_arch())


# -- as any backbone ------------------------------------------------------
def test_same_gradients_when_activations_are_recomputed():
    x = image(2, 3, 35, 43)
    nets = [tiny(with_cp=with_cp).train() for with_cp in (False, True)]
    first, second = (backward(net, x) for net in nets)
    for name, grad in first.items():
        assert torch.allclose(grad, second[name], rtol=1e-4, atol=1e-7), name


@pytest.mark.parametrize('head', HEADS)
def test_copies_formats_and_precisions(head):
    net = tiny(**HEADS[head])
    x = image(2, 3, 35, 43)
    net.train()(x)
    net.eval()
    expected = net(x)
    last = deepcopy(net).to(memory_format=torch.channels_last)
    got = last(x.to(memory_format=torch.channels_last))
    with torch.autocast('cpu', torch.bfloat16):
        rough = net(x)
        backward(net, x)
    for a, b, c in zip(expected, got, rough, strict=True):
        assert torch.allclose(a, b, atol=1e-5 * float(a.abs().max()))
        assert (a - c).abs().max() < .1 * a.abs().max()


def test_synchronised_norms():
    net = tiny(norm_cfg=dict(type='SyncBN', requires_grad=True))
    norms = {type(m) for m in net.modules() if hasattr(m, 'running_mean')}
    assert all(issubclass(norm, nn.SyncBatchNorm) for norm in norms)
    assert len(norms) == 1
    group = tiny(norm_cfg=dict(type='GN', num_groups=1))
    assert group.eval()(image(1, 3, 35, 43))[0].isfinite().all()


def test_dropout_before_pooling_drops_channels():
    net = tiny(dropout=.5, **HEADS['classification']).train()
    pooled = net(image(2, 3, 35, 43))[0].flatten(2)
    dropped = (pooled == 0).all(2)
    assert dropped.any() and not dropped.all()
    with pytest.raises(SettingError, match='unless the head is class'):
        tiny(dropout=.5)


@pytest.mark.parametrize('rule', ['mnas', 'pose'])
def test_initial_weights_of_the_released_code(rule):
    net = HRNAS(
        init_cfg=dict(type='scalenas_mm.HRNASInit', rule=rule),
        tokens=8,
        blocks=((1, ), (1, 1)),
        widths=((24, ), (18, 36)))
    torch.manual_seed(0)
    net.init_weights()
    weights = dict(net.named_parameters())
    block = 'stages.1.fusion.1_0.'
    expected = {
        f'{block}shortcut.weight': 2**.5,  # in 18 groups of 18 channels
        f'{block}mix.expand.weight': (2 / 216)**.5,
        f'{block}mix.depthwise.3.weight': (2 / 9)**.5,
        f'{block}mix.project.weight': (2 / 36)**.5,
        'stages.1.branches.0.0.transformer.input_proj.weight': .5,
    }
    for name, deviation in expected.items():
        found = float(weights[name].detach().std())
        deviation = deviation if rule == 'mnas' else 1e-3
        assert abs(found / deviation - 1) < 5 / weights[name].numel()**.5
    linear = weights[
        'stages.1.branches.0.0.transformer.encoder.linear2.weight']
    if rule == 'mnas':
        assert .99 / 8 < float(linear.detach().abs().max()) <= 1 / 8
    with pytest.raises(SettingError, match='mnas'):
        HRNAS(init_cfg=dict(type='scalenas_mm.HRNASInit',
                            rule='kaiming')).init_weights()


def test_wrong_settings():
    with pytest.raises(SettingError, match="upsample.*got 'cubic'"):
        tiny(upsample='cubic')
    with pytest.raises(SettingError, match='head_channels'):
        tiny(head='classification')
    with pytest.raises(ArchError):
        tiny(HRNASSpace().min_arch())


def test_upsampling_is_an_option():
    """The released way differs from nearest where a side is odd."""
    nets = {}
    for mode in ('nearest', 'bilinear', 'released'):
        nets[mode] = tiny(
            upsample=mode,
            blocks=((1, ), (1, 1), (1, 1)),
            widths=((4, ), (4, 6), (4, 6))).eval()
    even, odd = ({
        mode: net(image(1, 3, *size))[0]
        for mode, net in nets.items()
    } for size in ((32, 32), (35, 43)))
    assert torch.equal(even['nearest'], even['released'])
    assert not torch.allclose(odd['nearest'], odd['released'])
    assert not torch.allclose(even['nearest'], even['bilinear'])
