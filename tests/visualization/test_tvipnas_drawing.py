"""Drawings of ViPNAS on videos."""
from math import sqrt

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from test_vipnas_drawing import artists, below, branches, texts, written
from tvipnas_spaces import SPATIAL, tiny_video_space
from vipnas_spaces import tiny_space

from scalenas_mm.search import Record
from scalenas_mm.spaces import (ArchError, TViPNASArch, TViPNASFrame,
                                TViPNASSpace, ViPNASSpace)
from scalenas_mm.visualization import (draw_arch, draw_frame_costs,
                                       draw_frames, has_drawing)
from scalenas_mm.visualization.pareto_data import as_table
from scalenas_mm.visualization.vipnas.bars import colour

SIZE = (256, 192)
EVERY = ('add', 'mul', 'cat', 'none')
MARKS = dict(add=['+'], mul=['x'], cat=['|', '|'])


def sampled(space, seed=0):
    return space.sample(np.random.default_rng(seed))


def fused(space, *frames):
    """The largest networks with these operations and stages."""
    network = space.spatial.max_arch()
    return TViPNASArch(
        tuple(TViPNASFrame(*frame, network) for frame in frames))


def numbers(figure, kind):
    return {
        name: text.get_text()
        for name, text in artists(figure, kind).items()
    }


def model_cost(space, arch, key=5_000_000):
    """Costs as an archive has them."""
    cost = space.cost_model(SIZE)(arch)
    return dict(cost, macs=cost['macs'] + key)


def records(space, num=6):
    rng = np.random.default_rng(0)
    out = []
    for i in range(num):
        arch = space.sample(rng)
        good = i != 2
        out.append(
            Record(
                i,
                arch.digest,
                arch.to_dict(),
                dict(AP=70.0 + i) if good else {},
                model_cost(space, arch),
                status='ok' if good else 'failed'))
    return out


@pytest.mark.parametrize('family', SPATIAL)
def test_a_bar_for_every_block_of_every_frame(family):
    space = tiny_video_space(family, num_frames=2)
    assert has_drawing(space)
    arch = sampled(space)
    figure = draw_arch(space, arch)
    bars, dots = artists(figure, 'block'), artists(figure, 'attention')
    most = space.spatial.max_arch()
    networks = [most, *(frame.network for frame in arch.frames)]
    scale = bars['0/stem/0'].get_height() / sqrt(most.stem)
    channels = numbers(figure, 'channels')
    for t, network in enumerate(networks):
        for name, (depth, branch) in branches(network).items():
            own = {f'{t}/{name}/{i}' for i in range(depth)}
            assert below(bars, f'{t}/{name}') == own
            assert below(dots, f'{t}/{name}') == (
                own if branch.attention else set())
            assert channels[f'{t}/{name}'] == str(branch.middle)
            for bar in own:
                assert bars[bar].get_height() == pytest.approx(
                    scale * sqrt(branch.middle))
                assert bars[bar].get_facecolor() == to_rgba(
                    colour(branch.kernel))
    assert numbers(figure, 'frame') == {
        '0': 'key frame',
        '1': 't + 1',
        '2': 't + 2'
    }


@pytest.mark.parametrize('family', SPATIAL)
def test_stages_of_all_frames_stand_below_each_other(family):
    space = tiny_video_space(family, num_frames=3)
    outlines = artists(draw_arch(space, sampled(space)), 'most')
    for name in below(outlines, '0'):
        boxes = [outlines[f'{t}/{name[2:]}'] for t in range(4)]
        assert np.ptp([box.get_x() for box in boxes]) < 1e-9
        assert (np.diff([box.get_y() for box in boxes]) < 0).all()


@pytest.mark.parametrize('family', SPATIAL)
def test_fusion_stands_behind_its_stage(family):
    spatial = tiny_space(family)
    last = len(spatial.stages)
    space = TViPNASSpace(
        spatial, 4, operations=EVERY, fusion_stages=[*range(1, last + 1)])
    arch = fused(space, ('add', 1), ('mul', 2), ('none', 0), ('cat', last))
    figure = draw_arch(space, arch)
    joints, ways = artists(figure, 'fusion'), artists(figure, 'way')
    bars, heatmaps = artists(figure, 'block'), artists(figure, 'heatmaps')
    assert set(joints) == set(ways) == {'1', '2', '4'}
    assert len(heatmaps) == 5
    assert numbers(figure, 'operation') == {
        '1': 'add',
        '2': 'multiply',
        '4': 'concatenate'
    }
    symbols = artists(figure, 'symbol')
    for t, joint in joints.items():
        operation, stage, network = arch.frames[int(t) - 1]
        x, y = joint.center
        last = bars[f'{t}/stage/{stage - 1}/0/'
                    f'{network.stages[stage - 1].depth - 1}']
        assert last.get_x() + last.get_width() < x - joint.radius
        follows = bars.get(f'{t}/stage/{stage}/0/0', heatmaps[t])
        assert x + joint.radius < follows.get_x()
        assert y == pytest.approx(last.get_y() + last.get_height() / 2)
        start, end = ways[t].get_path().vertices[[0, -1]]
        source = heatmaps[f'{int(t) - 1}']
        assert 0 <= start[0] - source.get_x() <= source.get_width() + 0.06
        assert start[1] == pytest.approx(source.get_y())
        assert end[0] == x and y < end[1] < start[1]
        drawn = [symbols[name] for name in sorted(below(symbols, t))]
        assert [mark.get_marker() for mark in drawn] == MARKS[operation]
    assert written(figure).count('no fusion') == 1


def test_fusion_of_an_hrnet_follows_where_branches_meet():
    space = TViPNASSpace(tiny_space('hrnet_w32'), num_frames=3)
    arch = fused(space, *(('add', stage) for stage in (1, 2, 3)))
    figure = draw_arch(space, arch)
    meet = artists(figure, 'exchange')
    at = [artists(figure, 'fusion')[f'{t}'].center[0] for t in (1, 2, 3)]
    # a lone branch becomes two behind the fusion
    assert at[0] < meet['1/2/0'].get_xdata()[0]
    for t, name in ((2, '3/0'), (3, 'last/0')):
        assert at[t - 1] > meet[f'{t}/{name}'].get_xdata()[0]


def test_bars_are_the_costs_of_the_frames():
    space = tiny_video_space(num_frames=2)
    arch = sampled(space)
    figure = draw_arch(space, arch, input_size=SIZE)
    key = space.spatial.complexity(space.spatial.max_arch(), SIZE).macs
    macs = [key, *(space.frame_sums(f, SIZE).macs for f in arch.frames)]
    assert sum(macs[1:]) == space.complexity(arch, SIZE).macs
    check_costs(figure, macs)
    assert 'backbone, without heads' in written(figure)


def check_costs(figure, macs):
    lengths = {
        name: bar.get_width()
        for name, bar in artists(figure, 'cost').items() if name != 'average'
    }
    for t, value in enumerate(macs):
        assert lengths[f'{t}'] / lengths['0'] == pytest.approx(value / macs[0])
    assert numbers(figure, 'macs') == {
        **{
            f'{t}': f'{value / 1e6:,.1f}'
            for t, value in enumerate(macs)
        }, 'average': f'average {np.mean(macs) / 1e6:,.1f}'
    }
    average = artists(figure, 'cost')['average']
    left = artists(figure, 'cost')['0'].get_x()
    assert average.get_xdata()[0] - left == pytest.approx(
        lengths['0'] * np.mean(macs) / macs[0])


def test_bars_of_a_model():
    space = tiny_video_space(num_frames=2)
    arch = sampled(space)
    cost = model_cost(space, arch, key=90_000_000)
    figure = draw_frames(space, arch, cost=cost)
    check_costs(figure, [90_000_000, cost['macs_1'], cost['macs_2']])
    text = written(figure)
    assert 'model' in text and 'backbone, without heads' not in text
    with pytest.raises(ValueError, match='expected 3 frames .* got 2'):
        longer = tiny_video_space(num_frames=3)
        draw_frames(longer, sampled(longer), cost=cost)
    with pytest.raises(ValueError, match='with a key frame'):
        draw_frames(space, arch, cost=space.cost_model(SIZE)(arch))
    with pytest.raises(KeyError, match='macs_1'):
        draw_frames(space, arch, cost=dict(macs=1))


@pytest.mark.parametrize('frames', [1, 6])
@pytest.mark.parametrize('family', SPATIAL)
def test_no_text_leaves_the_figure_or_meets_another(family, frames):
    settings = dict(num_frames=frames, operations=EVERY)
    space = tiny_video_space(family, **settings)
    if frames == 1:  # of the paper
        space = TViPNASSpace(ViPNASSpace(family), **settings)
    check_texts(draw_arch(space, sampled(space, 1), None, SIZE))


def check_texts(figure):
    figure.draw_without_rendering()  # places legends
    boxes = [(text.get_text(), text.get_window_extent().padded(-1))
             for text in texts(figure)
             if text.get_visible() and text.get_text().strip()]
    assert len(boxes) > 10
    for i, (text, box) in enumerate(boxes):
        assert 0 < box.x0 and box.x1 < figure.bbox.width, text
        assert 0 < box.y0 and box.y1 < figure.bbox.height, text
        assert not any(box.overlaps(other) for _, other in boxes[:i]), text


def test_text_and_file(tmp_path):
    spatial = ViPNASSpace('resnet50')
    spatial = spatial.within(spatial.resolve('published'))
    space = TViPNASSpace(spatial)
    arch = sampled(space)
    text = written(draw_arch(space, arch, None, SIZE, 'A title'))
    cost, facts = space.complexity(arch, SIZE), space.facts(arch)
    for part in ('A title', '3 frames after the key frame',
                 f'{facts["blocks"]} of 60 blocks',
                 f'attention in {facts["attention"]} of 12 stages',
                 f'{cost.params / 1e6:.3f} M params',
                 f'{cost.macs / 1e9:.3f} GMACs @ 256 × 192', arch.digest,
                 '(S-ViPNet)', '(T-ViPNet)', 'largest network', 'heatmaps',
                 'GMACs of a frame', '1.431'):
        assert part in text
    space, path = tiny_video_space(), tmp_path / 'clip.png'
    bare = written(draw_arch(space, space.max_arch(), path))
    assert path.stat().st_size > 10_000 and len(list(tmp_path.iterdir())) == 1
    assert 'GMACs' not in bare and 'average' not in bare
    assert ' × 48' not in bare


def test_an_architecture_of_another_space(tmp_path):
    space, other = tiny_video_space(), tiny_video_space(num_frames=3)
    with pytest.raises(ArchError):
        draw_arch(space, other.max_arch(), tmp_path / 'x.png', SIZE)
    with pytest.raises(ArchError):
        draw_arch(space, space.spatial.max_arch(), tmp_path / 'x.png')
    assert not list(tmp_path.iterdir())


# -- MACs of the frames of candidates --------------------------------------
def heights(figure, stacked=False):
    """Values of the bars by candidate and frame."""
    bars = artists(figure, 'bar')
    return {name: bar.get_height() for name, bar in bars.items()}


@pytest.mark.parametrize('stacked', [False, True])
def test_costs_of_records(stacked, tmp_path):
    space = tiny_video_space(num_frames=2)
    given = records(space)
    path = tmp_path / 'costs.svg'
    figure = draw_frame_costs(given, path, 'AP', stacked=stacked)
    good = sorted((r for r in given if r.ok), key=lambda r: r.cost['macs'])
    found = heights(figure)
    assert len(found) == 3 * len(good)
    for i, record in enumerate(good):
        cost = record.cost
        macs = (cost['macs'] - cost['propagated_macs'], cost['macs_1'],
                cost['macs_2'])
        for t, value in enumerate(macs):
            assert found[f'{i}/{t}'] == pytest.approx(value / 1e6)
        bar = artists(figure, 'bar')[f'{i}/2']
        assert bar.get_y() == pytest.approx(
            sum(macs[:2]) / 1e6 if stacked else 0)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()
            ] == [f'#{record.id}' for record in good]
    assert list(numbers(figure, 'metric').values()) == [
        f'{record.metrics["AP"]:.2f}' for record in good
    ]
    lines = figure.axes[0].collections
    assert len(lines) == (not stacked)
    for line in lines:
        assert [segment[0, 1] for segment in line.get_segments()
                ] == pytest.approx([r.cost['macs'] / 3e6 for r in good])
    assert 'costs: model' in written(figure) and 'AP' in written(figure)
    assert path.read_text().startswith('<?xml')


def test_costs_of_a_front_and_of_selected_ones():
    space = tiny_video_space(num_frames=2)
    given = records(space)
    front = numbers(draw_frame_costs(given, None, 'AP', front=True), 'metric')
    values = [float(value) for value in front.values()]
    # the last one is the best, so it is on every front
    assert values == sorted(values) and values[-1] == 75
    table = as_table(given)
    some = draw_frame_costs(table, None, 'AP', selected=[4, 0])
    assert sorted(numbers(some, 'metric').values()) == ['70.00', '74.00']
    assert not numbers(draw_frame_costs(table), 'metric')


@pytest.mark.parametrize('num,frames', [(1, 1), (30, 2), (5, 6)])
def test_costs_of_architectures(num, frames):
    space = tiny_video_space(num_frames=frames)
    archs = [sampled(space, seed) for seed in range(num)]
    figure = draw_frame_costs(archs, space=space, input_size=SIZE)
    found = heights(figure)
    assert len(found) == num * (frames + 1)
    total = sum(space.complexity(arch, SIZE).macs for arch in archs)
    assert sum(value for name, value in found.items()
               if not name.endswith('/0')) == pytest.approx(total / 1e6)
    assert 'backbone, without heads' in written(figure)
    check_texts(figure)


def test_texts_of_many_records():
    space = tiny_video_space(num_frames=3)
    check_texts(draw_frame_costs(records(space, 30), None, 'AP'))


def test_what_has_no_costs_is_refused():
    space = tiny_video_space(num_frames=2)
    given, arch = records(space), sampled(space)
    with pytest.raises(ValueError, match='at least one'):
        draw_frame_costs([])
    with pytest.raises(ValueError, match='expected records, or arch'):
        draw_frame_costs([given[0], arch])
    with pytest.raises(ValueError, match='space, input_size'):
        draw_frame_costs([arch], space=space)
    with pytest.raises(ValueError, match='expected none for arch'):
        draw_frame_costs([arch], None, 'AP', space, SIZE)
    with pytest.raises(ArchError):
        other = tiny_video_space(num_frames=3)
        draw_frame_costs([arch], space=other, input_size=SIZE)
    with pytest.raises(ValueError, match='front: expected a metric'):
        draw_frame_costs(given, front=True)
    with pytest.raises(KeyError, match='AR'):
        draw_frame_costs(given, None, 'AR')
    with pytest.raises(KeyError, match='selected'):
        draw_frame_costs(given, selected=[2])
    with pytest.raises(KeyError, match="'macs_1'"):
        image = Record(0, 'a', {}, dict(AP=1.0), dict(macs=1, params=1))
        draw_frame_costs([image])
