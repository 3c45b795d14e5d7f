"""Drawings of ViPNAS networks."""
from math import sqrt

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from vipnas_spaces import TINY, tiny_space

from scalenas_mm.spaces import ArchError, ViPNASSpace
from scalenas_mm.visualization import draw_arch, draw_stages, has_drawing
from scalenas_mm.visualization.vipnas.bars import colour

SIZE = (256, 192)


def artists(figure, kind):
    """Artists of one kind by the rest of their gid."""
    found = [(artist.get_gid(), artist) for artist in figure.findobj()
             if (artist.get_gid() or '').startswith(kind + '/')]
    out = {gid.split('/', 1)[1]: artist for gid, artist in found}
    assert len(out) == len(found)
    return out


def texts(figure):
    return [text for text in figure.findobj(Text) if text.get_text()]


def written(figure):
    return ' | '.join(text.get_text() for text in texts(figure))


def branches(arch):
    """Names of groups of bars, their depth and their branch."""
    return {
        f'stage/{i}/{j}': (stage.depth, branch)
        for i, stage in enumerate(arch.stages)
        for j, branch in enumerate(stage.branches)
    }


def below(names, start):
    return {name for name in names if name.startswith(f'{start}/')}


def archs(space):
    return (space.max_arch(), space.min_arch(),
            space.sample(np.random.default_rng(0)))


@pytest.mark.parametrize('paper', [True, False])
@pytest.mark.parametrize('family', TINY)
def test_a_bar_for_every_block(family, paper):
    space = ViPNASSpace(family) if paper else tiny_space(family)
    for arch in archs(space):
        figure = draw_arch(space, arch)
        bars, outlines = artists(figure, 'block'), artists(figure, 'most')
        dots, numbers = artists(figure,
                                'attention'), artists(figure, 'channels')
        scale = bars['stem/0'].get_height() / sqrt(arch.stem)
        deepest = branches(space.max_arch())
        for name, (depth, branch) in branches(arch).items():
            own = {f'{name}/{i}' for i in range(depth)}
            assert below(bars, name) == own
            assert below(dots, name) == (own if branch.attention else set())
            assert numbers[name].get_text() == str(branch.middle)
            for bar in own:
                assert bars[bar].get_height() == pytest.approx(
                    scale * sqrt(branch.middle))
                assert bars[bar].get_facecolor() == to_rgba(
                    colour(branch.kernel))
            depth, branch = deepest[name]
            assert len(below(outlines, name)) == depth
            assert outlines[f'{name}/0'].get_height() == pytest.approx(
                scale * sqrt(branch.middle))
        assert len(dots) == sum(depth * branch.attention
                                for depth, branch in branches(arch).values())


@pytest.mark.parametrize('family', ['resnet50', 'mobilenetv3'])
def test_transposed_convolutions(family):
    space = tiny_space(family)
    for arch in archs(space):
        figure = draw_stages(space, arch)
        bars = artists(figure, 'block')
        assert len(below(bars, 'head')) == len(arch.head.groups)
        assert bars['head/0'].get_facecolor() == to_rgba(
            colour(arch.head.kernel))
        assert bars['head/0'].get_height() / sqrt(
            arch.head.width) == pytest.approx(bars['stem/0'].get_height() /
                                              sqrt(arch.stem))
    other = ViPNASSpace('mobilenetv3')
    genes = other.encode(other.max_arch())
    genes[-1] = 1  # a width of 160 before 256 ones
    arch = other.decode(genes)
    first, last, _ = arch.head.groups
    assert first != last
    assert f'groups {first}, then {last}' in written(draw_stages(other, arch))


def test_modules_of_an_hrnet_stand_apart():
    space = ViPNASSpace('hrnet_w32')
    for arch in archs(space):
        figure = draw_stages(space, arch)
        outlines = artists(figure, 'most')
        left = [outlines[f'stage/2/1/{i}'].get_x() for i in range(16)]
        steps = np.diff(left)
        assert (steps[3::4] > 1.5 * steps[0]).all()
        assert np.allclose(np.delete(steps, [3, 7, 11]), steps[0])
        meet = artists(figure, 'exchange')
        assert len(meet) == 1 + sum(stage.depth // 4
                                    for stage in arch.stages[1:])
        for stage in range(4):  # rows go down
            rows = [
                outlines[f'stage/{stage}/{j}/0'] for j in range(stage or 1)
            ]
            middles = [row.get_y() + row.get_height() / 2 for row in rows]
            assert middles == sorted(middles, reverse=True)
    space = tiny_space('resnet50')
    assert not artists(draw_stages(space, space.max_arch()), 'exchange')


@pytest.mark.parametrize('paper', [True, False])
@pytest.mark.parametrize('family', TINY)
def test_no_text_leaves_the_figure_or_meets_another(family, paper):
    space = ViPNASSpace(family) if paper else tiny_space(family)
    figure = draw_stages(space, archs(space)[2], input_size=SIZE)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # places legends
    boxes = [(text.get_text(), text.get_window_extent().padded(-1))
             for text in texts(figure)
             if text.get_visible() and text.axes and text.axes.axison is False]
    assert len(boxes) > 20
    for i, (text, box) in enumerate(boxes):
        assert 0 < box.x0 and box.x1 < figure.bbox.width, text
        assert 0 < box.y0 and box.y1 < figure.bbox.height, text
        assert not any(box.overlaps(other) for _, other in boxes[:i]), text


def test_text_and_file(tmp_path):
    space = ViPNASSpace('mobilenetv3')
    arch = space.resolve('published')
    path = tmp_path / 'network.png'
    text = written(draw_stages(space, arch, path, SIZE, 'A title'))
    cost = space.complexity(arch, SIZE)
    for part in ('A title', '21 of 21 blocks', 'attention in 5 of 6 stages',
                 f'{cost.params / 1e6:.3f} M params',
                 f'{cost.macs / 1e9:.3f} GMACs @ 256 × 192', arch.digest,
                 '4 × 24 (× 5)', 'kernel 7 · SE', '120 groups of 1',
                 '160 groups of 1', 'squeeze-and-excitation'):
        assert part in text
    for size in ('128 × 96', '64 × 48', '32 × 24', '16 × 12', '8 × 6'):
        assert f'| {size} |' in text
    assert path.stat().st_size > 10_000 and len(list(tmp_path.iterdir())) == 1
    bare = written(draw_stages(space, space.min_arch()))
    assert 'GMACs' not in bare and 'squeeze' not in bare
    assert '128 × 96' not in bare


def test_texts_of_an_hrnet():
    assert has_drawing(ViPNASSpace())
    space = ViPNASSpace('hrnet_w32')
    text = written(draw_stages(space, space.resolve('hrnet'), None, SIZE))
    for part in ('16 × 128 · kernel 3', 'no groups', 'stride 32', '8 × 6',
                 'attention in 0 of 10 branches', 'branches exchange'):
        assert part in text


def test_an_hrnet_with_a_head_and_one_with_all_branches():
    head = dict(width=(8, ), groups=(1, ), layers=2)
    space = tiny_space('hrnet_w32', head=head)
    bars = artists(draw_stages(space, space.max_arch()), 'block')
    assert bars['head/1'].get_x() > bars['stage/2/0/7'].get_x()
    space = tiny_space('hrnet_w32', out_indices=(0, 1, 2))
    draw_stages(space, space.max_arch())


def test_an_architecture_of_another_space(tmp_path):
    with pytest.raises(ArchError):
        draw_stages(
            tiny_space('resnet50'),
            ViPNASSpace().max_arch(), tmp_path / 'x.png')
    assert not list(tmp_path.iterdir())
