"""Drawings of ViPNAS networks."""
from math import sqrt

import numpy as np
import pytest
from vipnas_spaces import TINY, tiny_space

from scalenas_mm.spaces import ArchError, ViPNASSpace
from scalenas_mm.visualization import draw_arch, draw_stages, has_drawing
from scalenas_mm.visualization.vipnas.stages import colour


def artists(figure, kind):
    """Artists of one kind by the rest of their gid."""
    found = [(artist.get_gid(), artist) for artist in figure.findobj()
             if (artist.get_gid() or '').startswith(kind + '/')]
    out = {gid.split('/', 1)[1]: artist for gid, artist in found}
    assert len(out) == len(found)
    return out


def branches(arch):
    """Names of groups of bars, their depth and their branch."""
    return {
        f'stage/{i}/{j}': (stage.depth, branch)
        for i, stage in enumerate(arch.stages)
        for j, branch in enumerate(stage.branches)
    }


@pytest.mark.parametrize('paper', [True, False])
@pytest.mark.parametrize('family', TINY)
def test_a_bar_for_every_block(family, paper):
    space = ViPNASSpace(family) if paper else tiny_space(family)
    for arch in (space.max_arch(), space.min_arch(),
                 space.sample(np.random.default_rng(0))):
        figure = draw_arch(space, arch)
        bars, outlines = artists(figure, 'block'), artists(figure, 'most')
        dots, heights = artists(figure, 'attention'), {}
        for name, (depth, branch) in branches(arch).items():
            own = {f'{name}/{i}' for i in range(depth)}
            assert own == {b for b in bars if b.startswith(f'{name}/')}
            assert {d
                    for d in dots if d.startswith(f'{name}/')} == (
                        own if branch.attention else set())
            for bar in own:
                heights[bar] = bars[bar].get_height() / sqrt(branch.middle)
                face = bars[bar].get_facecolor()
                assert face == _rgba(colour(branch.kernel))
        for name, (depth, branch) in branches(space.max_arch()).items():
            own = [b for b in outlines if b.startswith(f'{name}/')]
            assert len(own) == depth
        assert max(heights.values()) == pytest.approx(min(heights.values()))
        layers = len(arch.head.groups) if arch.head else 0
        assert sum(b.startswith('head/') for b in bars) == layers


def _rgba(value):
    from matplotlib.colors import to_rgba
    return to_rgba(value)


def test_text_and_file(tmp_path):
    space = ViPNASSpace('mobilenetv3')
    arch = space.resolve('published')
    path = tmp_path / 'network.png'
    figure = draw_stages(space, arch, path, (256, 192), 'A title')
    texts = ' | '.join(t.get_text() for t in figure.findobj()
                       if hasattr(t, 'get_text'))
    for part in ('A title', '21 of 21 blocks', '5.884 M params',
                 '0.723 GMACs @ 256 × 192', arch.digest, '4 × 24 (× 5) · SE',
                 '120 groups of 1', '160 groups', 'squeeze-and-excitation'):
        assert part in texts
    assert path.stat().st_size > 10_000 and len(list(tmp_path.iterdir())) == 1
    assert has_drawing(space)
    hrnet = ViPNASSpace('hrnet_w32')
    figure = draw_stages(hrnet, hrnet.resolve('hrnet'))
    assert any('no groups' in t.get_text() for t in figure.findobj()
               if hasattr(t, 'get_text'))


def test_an_architecture_of_another_space():
    with pytest.raises(ArchError):
        draw_stages(tiny_space('resnet50'), ViPNASSpace().max_arch())
