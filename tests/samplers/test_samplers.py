"""Every sampler, and what each one promises."""
import hashlib
from collections import Counter

import numpy as np
import pytest

from scalenas_mm.samplers import (GroupedSampler, SandwichSampler,
                                  UniformSampler)
from scalenas_mm.spaces import (HRNASSpace, NASBench201Space, NCPSpace,
                                ScaleNetSpace, SettingError)

SPACE = ScaleNetSpace()


@pytest.mark.parametrize('build',
                         [GroupedSampler, SandwichSampler, UniformSampler])
class TestConformance:

    def test_draws_members(self, build):
        for iteration in range(20):
            draws = build()(SPACE, iteration)
            assert draws
            assert all(SPACE.contains(draw.arch) for draw in draws)
            assert len({draw.name for draw in draws}) == len(draws)

    def test_pure_in_seed_and_iteration(self, build):
        sampler = build(seed=3)
        forward = [sampler(SPACE, i) for i in range(30)]
        backward = [build(seed=3)(SPACE, i) for i in reversed(range(30))]
        assert forward == backward[::-1]
        assert forward != [build(seed=4)(SPACE, i) for i in range(30)]

    def test_single_scale_space(self, build):
        space = ScaleNetSpace(multi_scale_output=False)
        assert all(space.contains(draw.arch) for draw in build()(space, 0))


def depths_of(arch):
    return {depth for module in arch.modules for depth in module.depth}


def fusion_share(arch):
    possible = sum(d * (len(m.depth) - 1) for m in arch.modules
                   for d in m.depth)
    return arch.num_fusions / possible


def test_nine_groups_of_the_paper_in_turn():
    """Sec. 4.1: {[2,3],[3,4],[4,5]} x {0.2, 0.5, 0.8}."""
    draws = [GroupedSampler()(SPACE, i)[0] for i in range(90)]
    assert [draw.group for draw in draws] == list(range(9)) * 10
    for draw in draws:
        pair = ((2, 3), (3, 4), (4, 5))[draw.group // 3]
        share = (0.2, 0.5, 0.8)[draw.group % 3]
        assert depths_of(draw.arch) == set(pair)
        assert fusion_share(draw.arch) == pytest.approx(share, abs=0.17)
        assert draw.name == f'd{pair[0]}{pair[1]}_f{share}'


def test_eleven_groups_of_the_released_code():
    draws = [GroupedSampler(extremes=True)(SPACE, i)[0] for i in range(22)]
    assert [draw.group for draw in draws] == list(range(11)) * 2
    assert draws[9].arch == draws[20].arch == SPACE.min_arch()
    assert draws[10].arch == SPACE.max_arch()


def test_groups_of_other_depths():
    space = ScaleNetSpace(depths=(1, 3))
    names = {GroupedSampler()(space, i)[0].name for i in range(10)}
    assert names == {'d13_f0.2', 'd13_f0.5', 'd13_f0.8'}


def of_draws(sampler, space):
    """Of 22 steps: names, groups and architectures."""
    draws = [sampler(space, i)[0] for i in range(22)]
    lines = [f'{d.name} {d.group} {d.arch.digest}\n' for d in draws]
    return hashlib.sha256(''.join(lines).encode()).hexdigest()[:16]


SMALL = ScaleNetSpace(
    depths=(1, 3), multi_scale_output=False, num_modules=(1, 1))


@pytest.mark.parametrize('space, kwargs, expected', [
    (SPACE, dict(), 'd8ec9684239c9466'),
    (SPACE, dict(extremes=True, seed=7), 'ebfa08980d34a2e2'),
    (SPACE, dict(depths=[[2]], fusion=(0.0, 0.3)), '455b12c384432d5d'),
    (SMALL, dict(), '31112ed5b48460e9'),
    (SMALL, dict(extremes=True, seed=7), '4505843d7771948c'),
    (SMALL, dict(depths=[[1]], fusion=(0.0, 0.3)), 'ffc7acd23c3ed4fb'),
])
def test_groups_draw_the_same_as_ever(space, kwargs, expected):
    """Written down before groups became the space's own."""
    assert of_draws(GroupedSampler(**kwargs), space) == expected


class ThinOrWide(NCPSpace):
    """A space with groups of its own."""

    def groups(self, wide=128, **options):
        return [('thin', dict(channels=8)), ('wide', dict(channels=wide))]

    def sample_genes(self, rng, num, channels=8, **options):
        genes = super().sample_genes(rng, num)
        genes[:, -1] = channels
        return genes


def test_any_space_may_have_groups():
    draws = [GroupedSampler(wide=64)(ThinOrWide(), i)[0] for i in range(4)]
    assert [(d.name, d.group, d.arch.output)
            for d in draws] == [('thin', 0, 8), ('wide', 1, 64)] * 2
    with pytest.raises(SettingError, match='one that has groups, got .NCPSp'):
        GroupedSampler()(NCPSpace(), 0)


@pytest.mark.parametrize('options, message', [
    (dict(depths=[[2, 3], [9]]), r'depths: .* subset of \(2, 3, 4, 5\), got'),
    (dict(fusion=(0.2, 2)), 'fusion: expected a probability'),
    (dict(fusion=2), 'fusion: expected a list'),
    (dict(widths=[1]), "options: expected one of depths, .* got 'widths'"),
])
def test_wrong_options_are_refused_at_the_first_draw(options, message):
    sampler = GroupedSampler(**options)
    with pytest.raises(SettingError, match=message):
        sampler(SPACE, 0)


@pytest.mark.parametrize('build, message', [
    (lambda: SandwichSampler(num_random=-1), 'num_random: .*>= 0, got -1'),
    (lambda: UniformSampler(seed=None), 'seed: expected a whole number >= 0'),
    (lambda: GroupedSampler(seed=-1), 'seed: expected a whole number'),
    (lambda: UniformSampler(fusions=1)(SPACE, 0), "options: .* got 'fusions'"),
])
def test_wrong_settings(build, message):
    with pytest.raises(SettingError, match=message):
        build()


@pytest.mark.parametrize(
    'space', [NCPSpace(), NASBench201Space(),
              HRNASSpace()])
@pytest.mark.parametrize('build', [SandwichSampler, UniformSampler])
def test_other_spaces(build, space):
    draws = build(seed=2)(space, 5)
    assert draws == build(seed=2)(space, 5)
    assert all(space.contains(draw.arch) for draw in draws)


def test_sandwich_has_largest_smallest_and_random():
    first, second = (SandwichSampler()(SPACE, i) for i in (0, 1))
    assert [d.name
            for d in first] == ['largest', 'smallest', 'random0', 'random1']
    assert first[0].arch == SPACE.max_arch()
    assert first[1].arch == SPACE.min_arch()
    assert len({d.arch for d in first + second}) == 6


def test_uniform_takes_options():
    sampler = UniformSampler(depths=[2], fusion=0.0)
    assert sampler(SPACE, 5)[0].arch == SPACE.min_arch()
    counts = Counter()
    for i in range(50):
        counts.update(depths_of(UniformSampler()(SPACE, i)[0].arch))
    assert set(counts) == {2, 3, 4, 5}


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    GroupedSampler()(SPACE, 0)
    assert (np.random.get_state()[1] == before).all()
