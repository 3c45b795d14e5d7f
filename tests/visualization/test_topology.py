from collections import Counter

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from scalenas_mm.spaces import (ArchError, NASBench201Space, NCPSpace,
                                ScaleNetSpace)
from scalenas_mm.visualization import draw_arch, draw_topology, has_drawing
from scalenas_mm.visualization.scalenet.parts import DOWN, UP

MULTI = ScaleNetSpace()
SINGLE = ScaleNetSpace(multi_scale_output=False)
SMALL = ScaleNetSpace(
    width=8,
    stem_width=8,
    stage1_blocks=1,
    num_modules=(1, 1),
    depths=(1, 2),
    multi_scale_output=False)
TINY = ScaleNetSpace(num_modules=(1, ), depths=(1, ), stage1_blocks=1)


def artists(figure, kind):
    """Artists of one kind by the rest of their gid."""
    found = [(artist.get_gid(), artist) for artist in figure.findobj()
             if (artist.get_gid() or '').startswith(kind + '/')]
    out = {gid.split('/', 1)[1]: artist for gid, artist in found}
    assert len(out) == len(found)
    return out


def texts(figure):
    return '\n'.join(text.get_text() for text in figure.axes[0].texts)


def archs(space, num=1):
    rng = np.random.default_rng(0)
    return [space.max_arch(), space.min_arch()
            ] + [space.sample(rng) for _ in range(num)]


@pytest.mark.parametrize('space', [MULTI, SINGLE, SMALL, TINY])
def test_everything_of_the_architecture_is_drawn_once(space):
    for arch in archs(space):
        figure = draw_topology(space, arch)
        live = space.live(arch)
        blocks, fusions = artists(figure, 'block'), artists(figure, 'fusion')
        assert len(blocks) == space.num_blocks(arch)
        assert len(fusions) == arch.num_fusions
        dead = Counter(kind for kind, found in (('block', blocks), ('fusion',
                                                                    fusions))
                       for gid in found if gid.endswith('/dead'))
        assert dead['block'] == arch.num_blocks - live.num_blocks
        assert dead['fusion'] == arch.num_fusions - live.num_fusions
        outputs = len(space.num_modules) + 1
        assert len(artists(figure, 'transition')) == outputs - 1
        assert len(artists(figure, 'output')) == (
            outputs if space.multi_scale_output else 1)


def test_fusions_run_from_the_row_of_the_source_to_that_of_the_target():
    arch = MULTI.sample(np.random.default_rng(1))
    figure = draw_topology(MULTI, arch)
    rows = {}
    for gid, box in artists(figure, 'block').items():
        if not gid.startswith('stage1'):
            rows[int(gid.split('/')[1])] = (box.get_y() + box.get_height() / 2)
    assert rows[0] > rows[1] > rows[2] > rows[3]
    for gid, arrow in artists(figure, 'fusion').items():
        module, target, level, source = map(int, gid.split('/'))
        assert arch.modules[module].fusion[target][level][source]
        start, end = arrow._posA_posB
        assert start[1] == pytest.approx(rows[source])
        assert end[1] == pytest.approx(rows[target])
        assert start[0] < end[0]
        colour = to_hex(arrow.get_edgecolor())
        assert colour == (UP if source > target else DOWN)


def test_fusions_stay_between_the_blocks_of_their_level_and_the_next():
    figure = draw_topology(MULTI, MULTI.max_arch())
    blocks = artists(figure, 'block')
    for gid, arrow in artists(figure, 'fusion').items():
        module, target, level, source = map(int, gid.split('/'))
        start, end = arrow._posA_posB
        before = blocks[f'{module}/{source}/{level}']
        assert before.get_x() + before.get_width() < start[0]
        after = blocks.get(f'{module}/{target}/{level + 1}')
        assert after is None or end[0] < after.get_x()


def test_dead_layers_are_grey_only_if_asked_for():
    arch = SINGLE.from_dict(_deep_last_module())
    figure = draw_topology(SINGLE, arch)
    # branch 0 reads the others at its level 2, so their levels 3 and 4 are
    # of no use
    dead = {gid for gid in artists(figure, 'block') if gid.endswith('/dead')}
    assert dead == {
        f'7/{j}/{level}/dead'
        for j in (1, 2, 3)
        for level in (2, 3, 4)
    }
    assert 'of these reach no output: 9 blocks' in texts(figure)
    alive = draw_topology(SINGLE, arch, live=False)
    assert not any('dead' in gid for gid in artists(alive, 'block'))
    assert 'no output' not in texts(alive)


def _deep_last_module():
    data = SINGLE.max_arch().to_dict()
    last = data['modules'][-1]
    last['depth'][0] = 2
    last['fusion'][0] = [[0, 1, 1, 1]] * 2
    return data


def test_maps_of_shallow_branches_are_carried_through():
    data = MULTI.min_arch().to_dict()
    data['modules'][0] = dict(
        depth=[2, 4], fusion=[[[0, 0]] * 2, [[0, 0]] * 4])
    figure = draw_topology(MULTI, MULTI.from_dict(data))
    carried = [
        line for line in figure.axes[0].lines if line.get_gid() == 'carried/0'
    ]
    assert len(carried) == 1
    assert not [
        line for line in figure.axes[0].lines if line.get_gid() == 'carried/1'
    ]


def test_the_caption_names_size_cost_and_digest():
    arch = MULTI.hrnet_arch()
    cost = MULTI.complexity(arch, (256, 192))
    text = texts(draw_topology(MULTI, arch, input_size=(256, 192), title='HR'))
    assert text.startswith('HR') or '\nHR' in text
    for part in ('108 blocks', '62 fusions', f'{cost.params / 1e6:.2f} M',
                 f'{cost.macs / 1e9:.2f} GMACs @ 256 × 192', arch.digest,
                 '64 × 48', '8 × 6'):
        assert part in text
    assert 'GMACs' not in texts(draw_topology(MULTI, arch))


@pytest.mark.parametrize('space', [MULTI, SINGLE, SMALL, TINY])
def test_nothing_leaves_the_figure(space):
    for arch in archs(space, num=0):
        figure = draw_topology(space, arch, input_size=(1024, 2048))
        renderer = FigureCanvasAgg(figure).get_renderer()
        frame = figure.bbox
        axes = figure.axes[0]
        for artist in [*axes.texts, *axes.patches, axes.get_legend()]:
            box = artist.get_window_extent(renderer)
            if box.width:
                assert frame.x0 <= box.x0 and box.x1 <= frame.x1
                assert frame.y0 <= box.y0 and box.y1 <= frame.y1


def test_labels_do_not_overlap():
    figure = draw_topology(MULTI, MULTI.min_arch(), input_size=(1024, 2048))
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [
        text.get_window_extent(renderer) for text in figure.axes[0].texts
        if text.get_text()
    ]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_wider_with_more_levels():
    widths = [
        draw_topology(MULTI, arch).get_figwidth()
        for arch in (MULTI.min_arch(), MULTI.hrnet_arch(), MULTI.max_arch())
    ]
    assert widths == sorted(widths) and widths[0] < widths[2]


def test_an_architecture_of_another_space_is_refused(tmp_path):
    path = tmp_path / 'a.png'
    with pytest.raises(ArchError, match='modules'):
        draw_topology(MULTI, SMALL.min_arch(), path)
    assert not path.exists()


def test_equal_architectures_give_equal_files(tmp_path):
    files = [tmp_path / 'a.png', tmp_path / 'b.png']
    for file in files:
        draw_topology(SMALL, SMALL.max_arch(), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_space_finds_its_own_drawing(tmp_path):
    assert has_drawing(SMALL)
    plain, found = tmp_path / 'plain.png', tmp_path / 'found.png'
    arch = SMALL.max_arch()
    draw_topology(SMALL, arch, plain, (64, 64), 'a title')
    assert draw_arch(SMALL, arch, found, input_size=(64, 64), title='a title')
    assert found.read_bytes() == plain.read_bytes()
    with pytest.raises(ArchError, match='modules'):
        draw_arch(MULTI, arch, tmp_path / 'other.png')

    class Wider(ScaleNetSpace):
        pass

    assert has_drawing(Wider())


@pytest.mark.parametrize('space', [NCPSpace(), NASBench201Space()])
def test_a_space_without_a_drawing_writes_nothing(space, tmp_path):
    assert not has_drawing(space)
    assert draw_arch(space, space.min_arch(), tmp_path / 'a.png') is None
    assert draw_arch(space, space.min_arch(), input_size=(8, 8)) is None
    assert not list(tmp_path.iterdir())
    with pytest.raises(ArchError):
        draw_arch(space, SMALL.min_arch())


def test_elastic_widths_are_drawn_by_draw_arch(tmp_path):
    """The channels of each branch stand in every module."""
    from scalenas_mm.spaces import WideScaleNetSpace
    from scalenas_mm.visualization import draw_arch, has_drawing
    space = WideScaleNetSpace([(4, 5), (7, 8), (9, 16), (32, )], width=4)
    assert has_drawing(space)
    path = tmp_path / 'wide.png'
    figure = draw_arch(space, space.min_arch(), path, (64, 64))
    texts = [t.get_text() for t in figure.findobj() if hasattr(t, 'get_text')]
    modules = len(space.branches)
    assert texts.count('4') == texts.count('7') == modules
    assert texts.count('32') == 3 and path.stat().st_size > 10_000
