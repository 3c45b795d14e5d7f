"""The space of ScaleNets: values, genes, counts."""
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.spaces import (ArchError, ScaleNetArch, ScaleNetModule,
                                ScaleNetSpace, SettingError)
from .conformance import SpaceConformance, rng_of

SPACES = dict(
    paper=dict(),
    pose=dict(multi_scale_output=False),
    demo=dict(width=8, stem_width=16, stage1_blocks=2, num_modules=(1, 2, 1)),
    two=dict(num_modules=(2, ), depths=(1, 3), multi_scale_output=False))


class TestScaleNetSpace(SpaceConformance):
    has_groups = True

    @pytest.fixture(params=SPACES)
    def space(self, request):
        return ScaleNetSpace(**SPACES[request.param])


spaces = st.builds(
    ScaleNetSpace,
    width=st.integers(1, 16),
    multi_scale_output=st.booleans(),
    depths=st.sets(st.integers(1, 6), min_size=1, max_size=3),
    num_modules=st.lists(st.integers(1, 2), min_size=1, max_size=3),
    stem_width=st.integers(1, 8),
    stage1_blocks=st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_random_genes_decode_to_canonical_members(space, seed, fusion):
    rng = rng_of(seed)
    layout = space.layout
    genes = np.where(layout.is_bit,
                     rng.random(layout.length) < fusion,
                     rng.choice(space.depths, layout.length))
    arch = space.decode(genes)
    assert space.contains(arch)
    assert space.decode(space.encode(arch)) == arch
    assert ScaleNetArch.from_json(arch.to_json()) == arch
    mutant = space.mutate(arch, rng, p_m=1.0, p_bit=fusion, p_depth=0.5)
    assert space.contains(mutant)
    assert space.contains(space.crossover(arch, mutant, rng, p_c=0.5))
    live = space.live(arch)
    assert space.contains(live) and space.live(live) == live
    assert (space.live_genes(
        space.encode(arch)[None])[0] == space.encode(live)).all()


def rows(n, target, free):
    """All rows of bits of one target."""
    for bits in itertools.product((0, 1), repeat=n - 1 if free else 0):
        bits = bits or (0, ) * (n - 1)
        yield (*bits[:target], 0, *bits[target:])


def brute_force(space):
    """Every member by nested loops, straight from the definition."""
    modules = []
    for i, n in enumerate(space.branches):
        last = not space.multi_scale_output and i == len(space.branches) - 1
        options = []
        for depth in itertools.product(space.depths, repeat=n):
            targets = []
            for j in range(n):
                levels = [
                    list(rows(n, j, not last or t < depth[j] - 1))
                    for t in range(depth[j])
                ]
                if last and j == 0:
                    levels[-1] = [(0, ) + (1, ) * (n - 1)]
                targets.append(list(itertools.product(*levels)))
            options += [
                ScaleNetModule(depth, fusion)
                for fusion in itertools.product(*targets)
            ]
        modules.append(options)
    return [ScaleNetArch(arch) for arch in itertools.product(*modules)]


@pytest.mark.parametrize('kwargs', [
    dict(num_modules=(1, ), depths=(1, 2)),
    dict(num_modules=(2, ), depths=(1, 2)),
    dict(num_modules=(1, ), depths=(2, 3)),
    dict(num_modules=(1, 1), depths=(1, )),
    dict(num_modules=(1, ), depths=(1, 2), multi_scale_output=False),
    dict(num_modules=(2, ), depths=(1, 3), multi_scale_output=False),
    dict(num_modules=(1, 1), depths=(1, ), multi_scale_output=False),
])
def test_size_is_the_number_of_members(kwargs):
    space = ScaleNetSpace(width=2, stem_width=2, **kwargs)
    members = brute_force(space)
    assert len(set(members)) == len(members) == space.size()
    assert all(space.contains(arch) for arch in members)
    assert len({arch.digest for arch in members}) == len(members)
    genes = {space.encode(arch).tobytes() for arch in members}
    assert len(genes) == len(members)


def test_size_of_the_papers_spaces():
    """Counted in the facts of the project: 1.093e96 and 2.670e92."""
    assert f'{ScaleNetSpace().size():.3e}' == '1.093e+96'
    assert f'{ScaleNetSpace(multi_scale_output=False).size():.3e}' == (
        '2.670e+92')


def test_blocks_and_fusions_of_the_supernet_and_of_hrnet():
    """Paper: HRNet has 108 blocks and 62 fusions."""
    space = ScaleNetSpace()
    full, hrnet = space.max_arch(), space.hrnet_arch()
    assert full.num_fusions == 310
    assert (space.num_blocks(hrnet), hrnet.num_fusions) == (108, 62)
    with pytest.raises(ArchError, match='4 among the depths'):
        ScaleNetSpace(depths=(2, 3)).hrnet_arch()


def test_masks_of_released_networks(masks):
    for mask in masks.values():
        space = ScaleNetSpace(
            mask['width'], multi_scale_output=mask['task'] == 'seg')
        arch = ScaleNetArch.from_released(mask['modules'])
        assert space.contains(arch)
        assert space.canonical(arch) == arch


@pytest.mark.parametrize('name, blocks, fusions', [('seg_w32_S1', 72, 95),
                                                   ('seg_w32_S2', 87, 127),
                                                   ('w32_256_P1', 95, 130),
                                                   ('w32_256_P2', 111, 165)])
def test_blocks_and_fusions_of_released_networks(masks, name, blocks, fusions):
    arch = ScaleNetArch.from_released(masks[name]['modules'])
    assert ScaleNetSpace().num_blocks(arch) == blocks
    assert arch.num_fusions == fusions


@pytest.mark.parametrize('depths, fusion', [((2, ), 0.0), ((2, 3), 0.2),
                                            ((4, 5), 0.8), ((5, ), 1.0)])
def test_sampling_follows_its_options(depths, fusion):
    space = ScaleNetSpace()
    genes = space.sample_genes(rng_of(0), 400, depths=depths, fusion=fusion)
    layout = space.layout
    assert set(np.unique(genes[:, ~layout.is_bit])) == set(depths)
    active = layout.level < genes[:, layout.depth_of]
    share = genes[:, layout.is_bit][active[:, layout.is_bit]].mean()
    assert share == pytest.approx(fusion, abs=0.01)


def test_mutation_and_crossover_follow_their_probabilities():
    space = ScaleNetSpace()
    rng, modules = rng_of(0), np.zeros(8)
    first, second = space.min_arch(), space.max_arch()
    assert space.mutate(first, rng, p_m=0) == first
    for _ in range(400):
        child = space.crossover(first, second, rng, p_c=0.25)
        modules += [m == n for m, n in zip(child.modules, second.modules)]
    assert modules / 400 == pytest.approx(np.full(8, 0.25), abs=0.08)
    changed = [
        np.mean([
            m != n for m, n in zip(
                space.mutate(second, rng, p_bit=0.9).modules, second.modules)
        ]) for _ in range(400)
    ]
    assert np.mean(changed) == pytest.approx(0.5, abs=0.05)
    kept = space.mutate(second, rng, p_m=1, p_bit=0.5, keep_last=True)
    assert kept.modules[-1] == second.modules[-1]
    assert kept.modules[0] != second.modules[0]
    assert [m.depth for m in kept.modules] == [m.depth for m in second.modules]


def test_spread_covers_the_range_of_costs():
    space = ScaleNetSpace()
    size = (256, 256)
    spread = space.complexity_batch(space.spread_genes(rng_of(0), 500),
                                    size).macs
    plain = space.complexity_batch(space.sample_genes(rng_of(0), 500),
                                   size).macs
    least, most = (
        space.complexity(arch, size).macs
        for arch in (space.min_arch(), space.max_arch()))
    assert np.ptp(spread) > 0.7 * (most - least) > 1.5 * np.ptp(plain)


def wrong(change):
    """A valid dict, changed in place."""
    space = ScaleNetSpace()
    data = json.loads(space.sample(rng_of(0), depths=(4, )).to_json())
    change(data)
    return space, data


def set_row(value):

    def change(data):
        data['modules'][1]['fusion'][2][1] = value

    return change


@pytest.mark.parametrize('change, message', [
    (lambda d: d.clear(), r'arch\.modules: expected a value, got .nothing'),
    (lambda d: d.update(extra=1), r'arch\.extra: .*unknown key'),
    (lambda d: d.update(modules=3), r'arch\.modules: expected a list'),
    (lambda d: d['modules'].pop(),
     r'arch\.modules: expected 8 modules, got 7'),
    (lambda d: d['modules'][2].update(depth=[4, 4]),
     r'modules\[2\]\.fusion: expected a list of 2 branches'),
    (lambda d: d['modules'][3].update(d['modules'][0]),
     r'modules\[3\]\.depth: expected 3 branches'),
    (lambda d: d['modules'][2]['depth'].__setitem__(1, 9),
     r'modules\[2\]\.fusion\[1\]: expected a list of 9 levels'),
    (lambda d: d['modules'][0].update(
        depth=[1, 4], fusion=[[[0, 1]], [[1, 0]] * 4]),
     r'modules\[0\]\.depth\[0\]: expected one of \(2, 3, 4, 5\), got 1'),
    (lambda d: d['modules'][0]['depth'].__setitem__(0, float('nan')),
     r'modules\[0\]\.depth\[0\]: expected an integer from 1 to 64, got nan'),
    (lambda d: d['modules'][0]['depth'].__setitem__(0, True),
     r'depth\[0\]: expected an integer from 1 to 64, got True'),
    (lambda d: d['modules'][4].pop('depth'),
     r'modules\[4\]\.depth: expected a value'),
    (lambda d: d['modules'][4].update(width=3),
     r'modules\[4\]\.width: .*unknown key'),
    (set_row([0, 2, 0]), r'fusion\[2\]\[1\]\[1\]: expected 0 or 1, got 2'),
    (set_row([0, 1.0, 0]), r'fusion\[2\]\[1\]\[1\]: expected 0 or 1, got 1.0'),
    (set_row([0, 1]), r'fusion\[2\]\[1\]: expected a list of 3 bits'),
    (set_row('010'), r'fusion\[2\]\[1\]: expected a list of 3 bits'),
    (set_row([0, 0, 1]), r'fusion\[2\]\[1\]\[2\]: expected 0 \(a branch'),
])
def test_errors_name_the_field(change, message):
    space, data = wrong(change)
    with pytest.raises(ArchError, match=message):
        space.from_dict(data)


def test_single_scale_output_fixes_the_last_level():
    space = ScaleNetSpace(multi_scale_output=False)
    arch = ScaleNetSpace().max_arch()
    assert not space.contains(arch)
    with pytest.raises(ArchError, match=r'modules\[7\]\.fusion\[1\]\[4\]'):
        space.check(arch)
    last = space.canonical(arch).modules[-1]
    assert last.fusion[0][-1] == (0, 1, 1, 1)
    assert all(not any(last.fusion[j][-1]) for j in (1, 2, 3))


@pytest.mark.parametrize('kwargs, field', [
    (dict(width=0), 'width'),
    (dict(width='32'), 'width'),
    (dict(depths=()), 'depths'),
    (dict(depths=(0, 1)), 'depths'),
    (dict(num_modules=()), 'num_modules'),
    (dict(num_modules=(1, -1)), 'num_modules'),
    (dict(stem_width=1.5), 'stem_width'),
    (dict(depths=3), 'depths'),
    (dict(num_modules=3), 'num_modules'),
    (dict(in_channels=True), 'in_channels'),
])
def test_space_refuses_wrong_arguments(kwargs, field):
    with pytest.raises(SettingError, match=f'^{field}'):
        ScaleNetSpace(**kwargs)


@pytest.mark.parametrize('call, message', [
    (lambda s, r: s.sample(r, depths=(2, 6)), r'depths: .* subset of \(2, 3'),
    (lambda s, r: s.sample(r, depths=()), 'depths: expected a subset'),
    (lambda s, r: s.sample(r, depths=2), 'depths: expected a subset'),
    (lambda s, r: s.sample(r, fusion=2), r'fusion: .* in \[0, 1\], got 2'),
    (lambda s, r: s.sample(r, fusion='0'), 'fusion: expected a probability'),
    (lambda s, r: s.sample(r, depth=2), 'options: .* depths, fusion, got .d'),
    (lambda s, r: s.mutate(s.max_arch(), r, p_m=1.1), 'p_m: expected a prob'),
    (lambda s, r: s.mutate(s.max_arch(), r, p_bit=-1), 'p_bit: expected a'),
    (lambda s, r: s.mutate(s.max_arch(), r, p_depth=9), 'p_depth: expected'),
    (lambda s, r: s.mutate(s.max_arch(), r, p_gene=0), 'options: .* p_bit'),
    (lambda s, r: s.crossover(s.max_arch(), s.max_arch(), r, p_c=None),
     'p_c: expected a probability'),
    (lambda s, r: s.groups(depths=[2, 3]), 'depths: expected a subset'),
    (lambda s, r: s.groups(depths=[[2], [3, 7]]), r'depths: .*got \[3, 7'),
    (lambda s, r: s.groups(depths=[]), 'depths: expected a list, not empty'),
    (lambda s, r: s.groups(fusion=0.5), 'fusion: expected a list'),
    (lambda s, r: s.groups(fusion=(0.5, 2)), 'fusion: .*probability.*got 2'),
    (lambda s, r: s.groups(width=3), 'options: .*depths, fusion, got .width'),
])
def test_wrong_options(call, message):
    with pytest.raises(SettingError, match=message):
        call(ScaleNetSpace(), rng_of(0))


def test_groups_of_the_paper():
    names = [name for name, _ in ScaleNetSpace().groups()]
    assert names == [
        f'd{pair}_f{share}' for pair in (23, 34, 45)
        for share in (0.2, 0.5, 0.8)
    ]
    assert ScaleNetSpace(depths=(3, )).groups(fusion=[1]) == [
        ('d3_f1', dict(depths=(3, ), fusion=1))
    ]


def test_decode_refuses_wrong_genes():
    space = ScaleNetSpace()
    genes = space.encode(space.max_arch())
    for wrong_genes, message in ((genes[:-1], 'shape'), (genes * 2, 'depths'),
                                 (np.where(space.layout.is_bit, 3,
                                           genes), 'bits')):
        with pytest.raises(ArchError, match=f'genes: expected {message}'):
            space.decode(wrong_genes)


def test_text_is_readable():
    arch = ScaleNetSpace(num_modules=(1, )).hrnet_arch()
    assert str(arch) == (
        f'ScaleNetArch {arch.digest}: 8 blocks, 2 fusions\n'
        '  2 branches  depth 4-4      fusion 0<-.,.,.,1  1<-.,.,.,0')


def test_digest_is_stable():
    """Written down once: files and archives are named by it."""
    assert ScaleNetSpace().max_arch().digest == '33945f65cc130cb9'
    assert ScaleNetSpace().hrnet_arch().digest == '5549453829e99dc2'
