"""Which architectures tools/build_benchmark.py trains."""
from pathlib import Path

import pytest

from scalenas_mm.spaces import NCPSpace, ScaleNetSpace

TOOLS = Path(__file__).resolve().parents[1] / 'tools'


@pytest.fixture
def draw(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    from _benchmark_sample import draw
    return draw


@pytest.mark.parametrize('space', [
    NCPSpace(),
    ScaleNetSpace(num_modules=(1, 1), multi_scale_output=False),
])
@pytest.mark.parametrize('spread', [False, True])
def test_sample(draw, space, spread):
    archs = draw(space, 40, 3, spread)
    assert len({arch.digest for arch in archs}) == 40
    assert archs[:7] == draw(space, 7, 3, spread)
    assert archs != draw(space, 40, 4, spread)
    assert all(arch == space.live(arch) for arch in archs)
    for arch in archs:
        space.check(arch)


def test_sample_of_a_whole_space(draw):
    small = NCPSpace(blocks=(1, 2), units=(1, ), channels=(8, ))
    everything = draw(small, small.size(), 0, False)
    assert len({arch.code for arch in everything}) == small.size() == 16


def test_spread_is_wider(draw):
    macs = [[
        NCPSpace().complexity(arch, (64, 64)).macs
        for arch in draw(NCPSpace(), 100, 0, spread)
    ] for spread in (False, True)]
    assert min(macs[1]) < min(macs[0]) and max(macs[0]) < max(macs[1])
