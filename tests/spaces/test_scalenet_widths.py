"""ScaleNets with elastic widths."""
import itertools
import json

import numpy as np
import pytest

from scalenas_mm.spaces import (ArchError, ScaleNetSpace, SettingError,
                                WideScaleNetArch, WideScaleNetSpace)
from .conformance import SpaceConformance

SMALL = dict(width=8, stem_width=8, stage1_blocks=1, depths=(1, 2, 4))
WIDTHS = [(4, 8), (8, 12, 16), (16, 32)]


def small(widths=WIDTHS, **changes):
    return WideScaleNetSpace(widths, **{
        **SMALL, 'num_modules': (1, 2),
        **changes
    })


class TestWide(SpaceConformance):
    has_groups = True

    @pytest.fixture(params=[True, False])
    def space(self, request):
        return small(multi_scale_output=request.param)


def test_size_by_counting():
    space = small([(2, 4), (4, 6, 8)], num_modules=(1, ), depths=(1, ))
    every = np.array(list(itertools.product(*space.gene_choices())))
    rows = np.unique(space.canonical_genes(every), axis=0)
    assert len({space.decode(row).digest for row in rows}) == space.size()


@pytest.mark.parametrize('size', [(64, 96), (65, 97)])
def test_hrnet_is_a_point_with_the_cost_of_the_plain_one(size):
    space, plain = small(), ScaleNetSpace(**SMALL, num_modules=(1, 2))
    arch = space.resolve('hrnet')
    assert arch.plain == plain.hrnet_arch()
    assert space.complexity(arch, size) == plain.complexity(arch.plain, size)
    assert 'hrnet' not in small([(4, ), (8, 16), (16, 32)]).named()


def test_fixed_widths_cost_what_a_plain_space_says():
    space = small([(8, ), (16, ), (32, )])
    genes = space.sample_genes(np.random.default_rng(0), 50)
    plain, _ = space._split(genes)
    for drop_dead in (False, True):
        found = space.complexity_batch(genes, (64, 64), drop_dead)
        expected = space.plain.complexity_batch(plain, (64, 64), drop_dead)
        assert (found.macs == expected.macs).all()
        assert (found.params == expected.params).all()


def test_plain_architectures_stay_as_they_are():
    """No width in their JSON, so that digests and archives do not change."""
    plain = ScaleNetSpace(**SMALL, num_modules=(1, 2))
    assert set(plain.max_arch().to_dict()) == {'modules'}
    assert 'widths' not in plain.to_dict()


def test_mutation_draws_widths_anew():
    space, rng = small(), np.random.default_rng(0)
    arch = space.max_arch()
    changed = [
        space.mutate(arch, rng, p_m=1.0, p_bit=0.0, p_width=1.0)
        for _ in range(20)
    ]
    assert all(child.plain == arch.plain for child in changed)
    assert len({child.widths for child in changed}) > 10
    same = space.mutate(arch, rng, p_m=1.0, p_bit=0.0, p_width=0.0)
    assert same == arch


def test_mutation_follows_its_probabilities():
    """``p_m`` is the share of modules in which anything changes."""
    space, rng = small(num_modules=(2, 4)), np.random.default_rng(0)
    arch = space.max_arch()
    changed = []
    for _ in range(400):
        child = space.mutate(arch, rng, p_bit=0.9, p_width=0.9)
        changed += [
            new != old for new, old in zip(
                zip(child.modules, child.widths), zip(arch.modules,
                                                      arch.widths))
        ]
    assert np.mean(changed) == pytest.approx(0.5, abs=0.05)
    for _ in range(20):
        kept = space.mutate(
            arch, rng, p_m=1.0, p_bit=1.0, p_width=1.0, keep_last=True)
        assert kept.widths[-1] == arch.widths[-1]
        assert kept.modules[-1] == arch.modules[-1]
        assert kept.modules[0] != arch.modules[0]


def test_crossover_takes_modules_with_their_widths():
    space, rng = small(), np.random.default_rng(0)
    first, second = space.min_arch(), space.max_arch()
    pairs = [
        set(zip(parent.modules, parent.widths)) for parent in (first, second)
    ]
    seen = set()
    for _ in range(20):
        child = space.crossover(first, second, rng, p_c=0.5)
        for pair in zip(child.modules, child.widths):
            seen.add(pair in pairs[1])
            assert pair in pairs[0] | pairs[1]
    assert seen == {True, False}


def test_live_genes_are_those_of_live_architectures():
    space = small(multi_scale_output=False)
    genes = space.sample_genes(np.random.default_rng(0), 50)
    live = space.live_genes(genes)
    assert (live != genes).any()
    for row, code in zip(genes, live):
        assert (space.encode(space.live(space.decode(row))) == code).all()


def test_text_shows_the_widths():
    space = small()
    lines = str(space.resolve('hrnet')).split('\n')
    assert lines[0].startswith('WideScaleNetArch ')
    assert [line.rsplit('width ')[-1]
            for line in lines[1:]] == ['8-16', '8-16-32', '8-16-32']
    assert 'width' not in str(space.plain.max_arch())


def test_each_space_refuses_architectures_of_the_other():
    """Widths would be dropped without a word."""
    space = small()
    arch = space.max_arch()
    assert not space.plain.contains(arch)
    with pytest.raises(ArchError, match='arch: expected a ScaleNetArch'):
        space.plain.resolve(arch)
    with pytest.raises(ArchError, match='arch.widths: expected an object'):
        space.plain.from_dict(arch.to_dict())


@pytest.mark.parametrize('path, value, message', [
    (('widths', ), [[8, 16]], 'arch.widths: expected a list of 3 lists'),
    (('widths', 1), [8, 16], r'arch.widths\[1\]: expected a list of 3 widths'),
    (('widths', 0, 1), 9, r'arch.widths\[0\]\[1\]: expected one of \(8, 12'),
    (('widths', 0, 1), 'a', r'arch.widths\[0\]\[1\]: expected a positive'),
])
def test_wrong_architectures(path, value, message):
    space = small()
    data = json.loads(space.max_arch().to_json())
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ArchError, match=message):
        space.from_dict(data)
    with pytest.raises(ArchError, match='a WideScaleNetArch'):
        space.check(space.max_arch().plain)
    with pytest.raises(ArchError, match='arch.widths: expected a value'):
        WideScaleNetArch.from_dict(dict(modules=[]))


@pytest.mark.parametrize('widths', [None, [(8, ), (16, )], [(8, ), (0, ), 4]])
def test_wrong_settings(widths):
    with pytest.raises(SettingError, match='widths'):
        small(widths)
