"""The space of ViPNAS on videos."""
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tvipnas_spaces import SPATIAL, tiny_video_space

from scalenas_mm.spaces import (ArchError, ElasticHeadCost, ElasticHeadsCost,
                                SettingError, TViPNASArch, TViPNASSpace,
                                ViPNASSpace)
from .conformance import SpaceConformance


class TestTiny(SpaceConformance):

    @pytest.fixture(params=SPATIAL)
    def space(self, request):
        return tiny_video_space(request.param)


class TestVariants(SpaceConformance):

    @pytest.fixture(params=[
        dict(same=True),
        dict(operations=('cat', 'none', 'add'), num_frames=4),
        dict(operations=('none', )),
        dict(fusion_stages=(2, ), operations=('mul', ))
    ])
    def space(self, request):
        return tiny_video_space(**request.param)


class TestPaper(SpaceConformance):

    @pytest.fixture(params=['resnet50', 'mobilenetv3', 'hrnet_w32'])
    def space(self, request):
        return TViPNASSpace(ViPNASSpace(request.param))


def every_arch(space):
    return [
        space.decode(space.canonical_genes(np.array([genes], np.int16))[0])
        for genes in product(*(c.tolist() for c in space.gene_choices()))
    ]


@pytest.mark.parametrize('options', [
    dict(),
    dict(operations=('add', 'none')),
    dict(same=True),
    dict(same=True, operations=('none', 'mul', 'cat'))
])
def test_size_by_counting(options):
    spatial = ViPNASSpace(
        'resnet50',
        stem=(4, ),
        stages=[
            dict(depth=(1, 2), width=(8, ), groups=(2, ), attention=(0, )),
            dict(
                depth=(1, ),
                width=(8, 16),
                groups=(8, ),
                attention=(0, ),
                stride=2)
        ],
        head=None)
    space = TViPNASSpace(spatial, num_frames=2, **options)
    assert spatial.size() == 4
    assert space.size() == len(set(every_arch(space)))


@pytest.mark.parametrize('family, networks, heads',
                         [('resnet50', 170311680, None),
                          ('mobilenetv3', None, None)])
@pytest.mark.parametrize('frames', [2, 3, 4])
def test_size_of_the_paper(family, networks, heads, frames):
    """(N_O N_S)^T temporal choices (Sec. 3.3), times the spatial ones."""
    spatial = ViPNASSpace(family)
    space = TViPNASSpace(spatial, num_frames=frames)
    assert len(space.operations) == 3 and len(space.fusion_stages) == 4
    assert space.size() == (12 * spatial.size())**frames
    if networks:
        assert ViPNASSpace(family, head=None).size() == networks


def test_stages_of_the_families():
    """The last stage of each resolution from a fourth on."""
    found = {
        family: TViPNASSpace(ViPNASSpace(family)).fusion_stages
        for family in ('resnet50', 'mobilenetv3', 'hrnet_w32')
    }
    assert found == dict(
        resnet50=(1, 2, 3, 4),
        mobilenetv3=(2, 3, 5, 6),
        hrnet_w32=(1, 2, 3, 4))


def literal_fusion(space, frame, size):
    """Parameters and MACs of the fusion of a frame, layer by layer."""
    if frame.operation == 'none':
        return 0, 0
    stage = frame.stage - 1
    channels = space.spatial.stage_channels(frame.network.stages)[stage]
    height, width = space.spatial.stage_sizes(size)[stage]
    top, left = space.spatial.heatmap_size(size)
    inner = channels * (2 if frame.operation == 'cat' else 1)
    params = space.heatmaps * channels + channels + inner * channels + channels
    macs = (
        space.heatmaps * channels * top * left +
        inner * channels * height * width)
    return params, macs


@pytest.mark.parametrize('family', SPATIAL)
def test_costs_of_frames_and_averages(family):
    space = tiny_video_space(
        family, num_frames=3, operations=('add', 'mul', 'cat', 'none'))
    size, spatial = (64, 96), space.spatial
    head, key = ElasticHeadCost(spatial, 5), spatial.max_arch()
    elastic = spatial.head is not None
    heads = ElasticHeadsCost(space, 5, spatial, key)
    costs = space.cost_model(size, followers=(heads, ))
    one = spatial.cost_model(size, followers=(head, ))
    genes = space.sample_genes(np.random.default_rng(0), 20)
    batch = costs.batch(genes)
    for row, code in enumerate(genes):
        arch = space.decode(code)
        found = costs(arch)
        assert tuple(found) == costs.keys == tuple(batch)
        assert found == {k: pytest.approx(v[row]) for k, v in batch.items()}
        fusions = [literal_fusion(space, f, size) for f in arch.frames]
        alone = [one(frame.network) for frame in arch.frames]
        macs = [a['macs'] + m for a, (_, m) in zip(alone, fusions)]
        assert [found[f'macs_{t}'] for t in (1, 2, 3)] == macs
        assert found['propagated_macs'] == found['macs'] == sum(macs)
        assert found['frame_macs'] == sum(macs) / 4
        assert found['params'] == sum(a['params'] + p
                                      for a, (p, _) in zip(alone, fusions))
        if elastic:
            paper = sum(a['paper_gflops']
                        for a in alone) + sum(m for _, m in fusions) / 2**30
            assert found['propagated_paper_gflops'] == pytest.approx(paper)
            assert found['paper_gflops'] == pytest.approx(
                (paper + one(key)['paper_gflops']) / 4)


def test_limits_of_the_tables():
    """C = (T + 1) avg - S for averages of 1.0 GFLOPs: 1.56, 2.56 and 3.56 for
    T = 2, 3 and 4 (decoding of table 4)."""
    spatial = ViPNASSpace('resnet50')
    key = spatial.named()['published']()
    for frames, limit in ((2, 1.56), (3, 2.56), (4, 3.56)):
        space = TViPNASSpace(spatial.within(key), num_frames=frames)
        costs = space.cost_model(
            (256, 192),
            followers=(ElasticHeadsCost(space, 17, spatial, key), ))
        found = costs(space.min_arch())
        rest = (frames + 1) * 1.0 - ((frames + 1) * found['paper_gflops'] -
                                     found['propagated_paper_gflops'])
        assert rest == pytest.approx(limit, abs=0.011)


@pytest.mark.parametrize('family', ['resnet50', 'mobilenetv3'])
def test_within_a_network(family):
    """Its largest is that network; all others are members of the whole."""
    whole = ViPNASSpace(family)
    key = whole.named()['published']()
    part = whole.within(key)
    assert part.max_arch() == key
    rng = np.random.default_rng(0)
    for _ in range(50):
        arch = part.sample(rng)
        assert whole.contains(arch)
        for own, most in zip(arch.stages, key.stages):
            assert own.depth <= most.depth
            for a, b in zip(own.branches, most.branches):
                assert a.width <= b.width and a.kernel <= b.kernel
                assert a.middle // a.groups <= b.middle // b.groups
                assert a.attention <= b.attention


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(SPATIAL)))
def test_within_any_network(seed, family):
    whole = ViPNASSpace(family, **SPATIAL[family])
    arch = whole.sample(np.random.default_rng(seed))
    part = whole.within(arch)
    assert part.max_arch() == arch
    assert whole.contains(part.sample(np.random.default_rng(seed)))


def test_extremes_have_random_fusion():
    space = tiny_video_space(num_frames=3)
    rng = np.random.default_rng(0)
    for draw, network in ((space.largest, space.spatial.max_arch()),
                          (space.smallest, space.spatial.min_arch())):
        drawn = [draw(rng) for _ in range(40)]
        assert {f.network for a in drawn for f in a.frames} == {network}
        assert len({(f.operation, f.stage)
                    for a in drawn
                    for f in a.frames}) == 6
        assert len({a.frames[0][:2] == a.frames[1][:2] for a in drawn}) == 2
        assert all(map(space.contains, drawn))
    assert space.is_largest(space.largest(rng))
    assert not space.is_largest(space.smallest(rng))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_variation_by_frame(seed):
    space = tiny_video_space(num_frames=4)
    rng = np.random.default_rng(seed)
    first, second = space.sample(rng), space.sample(rng)
    child = space.crossover(first, second, rng, p_c=0.5)
    for frame, a, b in zip(child.frames, first.frames, second.frames):
        assert frame in (a, b)
    assert space.mutate(first, rng, p_m=0.0) == first
    step = space.step(first, rng)
    changed = [a != b for a, b in zip(step.frames, first.frames)]
    assert sum(changed) == 1


def test_the_same_in_all_frames():
    space = tiny_video_space(same=True)
    rng = np.random.default_rng(0)
    first, second = space.sample(rng), space.sample(rng)
    for arch in (first, space.mutate(first, rng), space.step(first, rng),
                 space.crossover(first, second, rng), space.largest(rng)):
        assert len(set(arch.frames)) == 1
    mixed = TViPNASArch((first.frames[0], second.frames[0]))
    with pytest.raises(ArchError, match='same in all frames'):
        space.check(mixed)


@pytest.mark.parametrize('change, message', [
    (dict(num_frames=0), 'num_frames: expected'),
    (dict(operations=('plus', )), 'operations: expected'),
    (dict(operations=()), 'operations: expected'),
    (dict(fusion_stages=(0, )), r'fusion_stages\[0\]: expected'),
    (dict(fusion_stages=(3, )), r'fusion_stages\[0\]: expected'),
    (dict(same=2), 'same: expected'),
])
def test_wrong_settings(change, message):
    with pytest.raises(SettingError, match=message):
        tiny_video_space(**change)


def test_wrong_architectures():
    space = tiny_video_space()
    good = space.max_arch().to_dict()
    for change, message in ((dict(operation='plus'),
                             r'frames\[1\].operation: expected one of'),
                            (dict(stage=0),
                             r'frames\[1\].stage: expected the number'),
                            (dict(stage=9),
                             r'frames\[1\].stage: expected one of \(1, 2\)'),
                            (dict(operation='none'),
                             r'frames\[1\].stage: expected 0'),
                            (dict(network=3),
                             r'frames\[1\].network: arch: expected')):
        frames = [dict(frame) for frame in good['frames']]
        frames[1].update(change)
        with pytest.raises(ArchError, match=message):
            space.from_dict(dict(frames=frames))
    with pytest.raises(ArchError, match='expected 2 frames, got 1'):
        space.from_dict(dict(frames=good['frames'][:1]))
