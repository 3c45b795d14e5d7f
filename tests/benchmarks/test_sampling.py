"""Which architectures a benchmark of one's own holds."""
import pytest

from scalenas_mm.benchmarks import draw, narrowed
from scalenas_mm.spaces import NCPSpace, ScaleNetSpace, SettingError


@pytest.mark.parametrize('space', [
    NCPSpace(),
    ScaleNetSpace(num_modules=(1, 1), multi_scale_output=False),
])
@pytest.mark.parametrize('spread', [False, True])
def test_sample(space, spread):
    archs = draw(space, 40, 3, spread)
    assert len({arch.digest for arch in archs}) == 40
    assert archs[:7] == draw(space, 7, 3, spread)
    assert archs != draw(space, 40, 4, spread)
    assert all(arch == space.live(arch) for arch in archs)
    for arch in archs:
        space.check(arch)


def test_sample_of_a_whole_space():
    small = NCPSpace(blocks=(1, 2), units=(1, ), channels=(8, ))
    everything = draw(small, small.size(), 0, False)
    assert len({arch.code for arch in everything}) == small.size() == 16


def test_spread_is_wider():
    macs = [[
        NCPSpace().complexity(arch, (64, 64)).macs
        for arch in draw(NCPSpace(), 100, 0, spread)
    ] for spread in (False, True)]
    assert min(macs[1]) < min(macs[0]) and max(macs[0]) < max(macs[1])


def test_a_part_of_a_space():
    whole = NCPSpace(blocks=(1, 2), channels=(8, 16, 24))
    part = narrowed(whole, dict(channels=[8, 24]))
    assert part.to_dict() == dict(whole.to_dict(), channels=[8, 24])
    assert narrowed(whole, {}).to_dict() == whole.to_dict()
    for wrong, message in ((dict(depth=[1]), "space: expected .*got 'depth'"),
                           (dict(type='X'), 'space: type: expected NCPSpace'),
                           (dict(blocks=[]), 'space: blocks: expected at'),
                           (dict(blocks=7), 'space: .*blocks')):
        with pytest.raises(SettingError, match=message):
            narrowed(whole, wrong)


def test_more_than_there_are():
    with pytest.raises(SettingError, match='num: expected at most 1, .* 3'):
        draw(NCPSpace(blocks=(1, ), units=(1, ), channels=(8, )), 3)
