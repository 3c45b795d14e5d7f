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
