"""Costs of HR-NAS's networks: golden figures, layer by layer, per unit."""
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.spaces import Complexity, HRNASArch, HRNASSpace, SettingError
from scalenas_mm.spaces.hrnas import arch_from_rows
from .conformance import rng_of
from .hrnas_spaces import CHANGES, small

TASKS = dict(
    cls_imagenet=(1000, 1600),
    seg_cityscapes=(19, 90),
    seg_ade20k=(150, 180),
    keypoint_coco=(17, 90))
SUPERNETS = {
    'supernet_as_released (no transformer)':
    dict(tokens=0),
    'supernet_64_tokens (use_transformer default edited to True)':
    dict(tokens=64),
    'supernet_64_tokens_everywhere (downsampling_transformer edited too)':
    dict(tokens=64, reductions=True)
}
CITYSCAPES = (512, 1024)


@pytest.fixture(scope='module')
def golden(shared_data):
    return json.loads((shared_data / 'hrnas' / 'complexity.json').read_text())


@pytest.fixture(scope='module')
def figures(golden):
    return golden['configs']


def space_of(task, **options):
    head = 'dense'
    channels = [TASKS[task][1]]
    if task == 'cls_imagenet':
        head, channels = 'classification', None
    return HRNASSpace(
        transformer='released', head=head, head_channels=channels, **options)


def classifier(task, size):
    """The layer that follows in the task's head: 1x1, with bias."""
    classes, channels = TASKS[task]
    pixels = 1
    if task != 'cls_imagenet':
        pixels = -(-size[0] // 4) * -(-size[1] // 4)
    return Complexity(classes * (channels + 1), classes * channels * pixels)


@pytest.mark.parametrize('supernet', SUPERNETS)
@pytest.mark.parametrize('task', TASKS)
def test_supernets_cost_what_the_released_ones_do(figures, task, supernet):
    """True counts and the released profiler's, at all sizes."""
    space = space_of(task, **SUPERNETS[supernet])
    arch, golden = space.max_arch(), figures[task][supernet]
    tried = 0
    for name, figure in golden.items():
        if not isinstance(figure, dict):
            continue
        tried += 1
        size = tuple(map(int, name.split('x')))
        rest = classifier(task, size)
        cost = space.complexity(arch, size) + rest
        attention = space.attention_macs(arch)
        assert cost.params == golden['params_without_distillation_bns']
        assert cost.macs == figure['all_macs_with_attention_matmuls']
        assert attention == figure['attention_matmul_macs']
        assert cost.macs - attention == figure['conv_plus_linear_macs']
        assert space.released_profile(arch, size) + rest == Complexity(
            figure['released_profiler_params'],
            figure['released_profiler_macs'])
    assert tried


def test_the_supernet_of_the_issue():
    """Cityscapes, 44 transformers of 64 tokens, 19 classes."""
    space = space_of('seg_cityscapes')
    arch = space.max_arch()
    assert np.count_nonzero(arch.tokens) == 44
    cost = space.complexity(arch, CITYSCAPES) + classifier(
        'seg_cityscapes', CITYSCAPES)
    assert cost.params == 12_841_839
    assert cost.macs - space.attention_macs(arch) == 61_997_768_704


@pytest.mark.parametrize('key, se_ratio, fused', [
    ('fused_swish_se05 (README: retrain)', 0.5, True),
    ('fused_no_se', 0, True),
    ('search_block_no_se', 0, False),
])
def test_the_released_architecture(figures, shared_data, key, se_ratio, fused):
    """Its 9 empty blocks have no norm here: 468 parameters that no operator
    of the released searching block reads."""
    golden = figures['cls_retrain'][key]
    path = shared_data / 'hrnas' / 'released_cls_architecture.json'
    space = space_of('cls_imagenet', tokens=0, se_ratio=se_ratio)
    arch = arch_from_rows(space, json.loads(path.read_text()))
    assert sum(map(sum, arch.channels)) == 6662
    rest = classifier('cls_imagenet', (224, 224))
    cost = space.complexity(arch, (224, 224)) + rest
    unused = sum(2 * place.out_channels
                 for place, row in zip(space.places, arch.channels)
                 if not sum(row))
    assert unused == 468
    assert cost.params == golden['params_without_distillation_bns'] - (
        0 if fused else unused)
    figure = golden['224x224']
    assert cost.macs == figure['conv_plus_linear_macs']
    assert space.released_profile(arch,
                                  (224, 224), fused) + rest == Complexity(
                                      figure['released_profiler_params'],
                                      figure['released_profiler_macs'])


def places_by_released_name(space):
    """Indices of blocks by their names in the released code."""
    out, order = {}, {}
    for i, place in enumerate(space.places):
        parts = place.name.split('.')
        if parts[0] == 'stages':
            module = 2 * int(parts[1]) + (parts[2] == 'branches')
            if parts[2] == 'branches':
                name = f'features.{module}.branches.{parts[3]}.{parts[4]}'
            else:
                to, source = parts[3].split('_')
                j = order.setdefault((module, to), 0)
                order[module, to] += 1
                new = int(to) == len(space.widths[int(parts[1]) -
                                                  1]) if module else False
                inner = '' if to == source or new else '.0'
                j = source if not new else j
                name = f'features.{module}.fuse_layers.{to}.{j}{inner}'
        elif parts[1] == 'project':
            name = 'transform'
        else:
            kind = dict(increase='incre_modules', down='downsamp_modules')
            name = f'features.10.{kind[parts[1]]}.{parts[2]}'
        out[name] = i
    return out


@pytest.mark.parametrize('tokens', [0, 64])
@pytest.mark.parametrize('task', TASKS)
def test_penalties_of_the_released_code(figures, task, tokens):
    """All named atoms, and tokens by how many are left."""
    key = 'penalties_with_transformers' if tokens else (
        'penalties_without_transformers')
    golden = figures[task][key]
    space, size = space_of(task, tokens=tokens), (224, 224)
    arch = space.max_arch()
    mean = space.released_normaliser(arch, size)
    assert mean == pytest.approx(golden['normaliser'], rel=1e-14)
    released = space.unit_costs(arch, size, 'released')
    paper = space.unit_costs(arch, size, 'paper')
    index = places_by_released_name(space)
    assert golden['atoms']
    for name, atom in golden['atoms'].items():
        block, k = name.split('.ops.')
        at = index[block], int(k[0])
        assert released.units[at] == atom['macs_per_atom']
        assert released.units[at] / mean == pytest.approx(
            atom['penalty'], rel=1e-14)
        assert paper.units[at] == atom['paper_eq6']
    for name, atom in golden.get('transformer_atoms', {}).items():
        block = index[name.partition('.transformer')[0]]
        for live, penalty in atom['penalty_by_live_tokens'].items():
            less = list(arch.tokens)
            less[block] = int(live)
            left = HRNASArch(arch.channels, tuple(less))
            cost = space.unit_costs(left, size, 'released').tokens[block]
            assert cost / mean == pytest.approx(penalty, rel=1e-14)


@pytest.mark.parametrize('size, giga, params', [(2, .00022, 59_680),
                                                (4, .00116, 126_208),
                                                (8, .00897, 1_152_640),
                                                (16, .10508, 17_423_488)])
def test_table_9(golden, size, giga, params):
    """What 44 transformers of 8 tokens add, by size of their maps.

    FLOPs are the released profiler's (the paper prints 0, .001, .009, .106 G
    as differences of rounded numbers). Params of the paper, 60k, 126k, 1153k,
    17423k, are those of six s^2 x s^2 linear layers with biases for each
    transformer, and 54.4k that do not depend on s.
    """
    space = HRNASSpace(
        tokens=8, transformer=dict(variant='released', size=size))
    arch = space.max_arch()
    bare = HRNASArch(arch.channels, (0, ) * len(arch.tokens))

    def added(cost):
        after, before = cost(arch, CITYSCAPES), cost(bare, CITYSCAPES)
        return after + before * -1

    profile = added(space.released_profile)
    assert round(profile.macs / 1e9, 5) == giga
    figure = golden['configs']['seg_cityscapes']['table9_deltas'][str(size)]
    assert profile == Complexity(figure['released_params_added'],
                                 figure['released_macs_added'])
    assert added(space.complexity).params == figure['true_params_added']
    assert 44 * 6 * (size**4 + size**2) + 54_400 == params
    paper = golden['paper'][
        'Table 9 (44 transformers of 8 tokens, s = 2, 4, 8, 16): added params']
    assert round(params, -3) == paper[(2, 4, 8, 16).index(size)]


def sparse(space, rng):
    """An architecture with empty kernels, blocks and transformers, and with
    single units."""
    counts = space.spread_genes(rng, 1).reshape(len(space.places), -1)
    few = rng.random(counts.shape)
    counts = np.where(few < 0.3, 0, np.where(few < 0.5, counts > 0, counts))
    counts[rng.random(len(counts)) < 0.2, :-1] = 0
    return space.decode(counts.reshape(-1).astype(np.int16))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(CHANGES)), st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 700), st.integers(1, 700)))
def test_a_unit_costs_what_the_network_saves_without_it(name, seed, size):
    """For every kernel of every block, and for tokens."""
    space = small(name)
    arch = sparse(space, rng_of(seed))
    genes = space.encode(arch)
    less = np.repeat(genes[None], len(genes), 0) - np.eye(
        len(genes), dtype=np.int16)
    kept = genes > 0
    after = space.complexity_batch(less[kept], size)
    before = space.complexity(arch, size)
    for rule in ('macs', 'params'):
        costs = space.unit_costs(arch, size, rule)
        assert costs.units.dtype == costs.tokens.dtype == np.float64
        flat = np.column_stack([costs.units, costs.tokens]).reshape(-1)
        saved = getattr(before, rule) - getattr(after, rule)
        assert (flat[kept] == saved).all()


def test_costs_of_eq_6():
    """k * k * h * w of the output map; O(n) - O(n - 1) of the tokens, with
    O(n) = 4 n d s^2 + 2 n^2 d + 8 n s^4 for encoder and decoder each."""
    space = HRNASSpace(tokens=5, transformer=dict(size=4))
    arch = space.max_arch()
    costs = space.unit_costs(arch, (65, 97))

    def transformer(n, s=4, d=16):
        return 2 * (4 * n * d * s**2 + 2 * n**2 * d + 8 * n * s**4)

    index = [place.name for place in space.places].index
    keeps, reduces = index('stages.1.branches.1.0'), index(
        'stages.1.fusion.1_0')
    # 65 x 97 -> 33 x 49 -> 17 x 25 -> 9 x 13
    assert costs.units[keeps].tolist() == [k * k * 9 * 13 for k in (3, 5, 7)]
    assert costs.units[reduces].tolist() == costs.units[keeps].tolist()
    assert costs.units[0].tolist() == [k * k * 17 * 25 for k in (3, 5, 7)]
    assert costs.tokens[keeps] == transformer(5) - transformer(4)
    fewer = HRNASArch(arch.channels, (2, *arch.tokens[1:]))
    left = space.unit_costs(fewer, (65, 97)).tokens
    assert left[0] == transformer(2) - transformer(1)
    with pytest.raises(SettingError, match='rule: expected one of .*paper'):
        space.unit_costs(arch, (65, 97), 'latency')


def test_what_is_lost_does_not_cost():
    """Empty blocks have neither norm nor squeeze-and-excitation."""
    space = small('classification')
    shortcuts = space.complexity(space.min_arch(), (32, 32))
    genes = space.encode(space.min_arch())
    genes[0] = 1
    cost = space.complexity(space.decode(genes), (32, 32))
    se, width = 3, 6
    assert cost.params - shortcuts.params == (
        (width + 2 + 9 + 2 + width + 2 * width) + se + 2 * se + 1)
    assert cost.macs - shortcuts.macs == (2 * width + 9) * 64 + 2 * se


def test_costs_of_huge_images_are_exact():
    space = HRNASSpace(tokens=0, in_channels=3)
    size = (2**16, 2**17)
    whole = space.complexity(space.max_arch(), size)
    piece = space.complexity(space.max_arch(), (512, 1024))
    assert whole.macs == piece.macs * 2**14 > 2**49
