"""The space of HR-NAS: what its suites ask, layout, sampling, errors."""
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.spaces import ArchError, HRNASArch, HRNASSpace, SettingError
from scalenas_mm.spaces.hrnas import arch_from_rows
from .conformance import SpaceConformance, rng_of
from .hrnas_spaces import CHANGES, small


class TestHRNASSpace(SpaceConformance):

    @pytest.fixture(params=[
        'paper', 'classification', 'branches', 'single', 'ended', 'learned',
        'convolutions'
    ])
    def space(self, request):
        return small(request.param)


@pytest.fixture(scope='module')
def full():
    return HRNASSpace()


def counts(arch):
    return np.column_stack([arch.channels, arch.tokens])


def test_the_supernet_of_the_paper(full):
    """61 searching blocks, 44 of them keep their shape; in the order of the
    released construction."""
    assert len(full.places) == 61
    assert sum(place.keeps_shape for place in full.places) == 44
    assert len(full.gene_choices()) == 244
    arch = full.max_arch()
    assert sum(map(sum, arch.channels)) == 44_928
    assert sum(arch.tokens) == 44 * 64
    assert [place.name for place in full.places[:8]] == [
        'stages.0.fusion.0_0', 'stages.0.branches.0.0', 'stages.1.fusion.0_0',
        'stages.1.fusion.1_0', 'stages.1.branches.0.0',
        'stages.1.branches.0.1', 'stages.1.branches.1.0',
        'stages.1.branches.1.1'
    ]
    assert full.places[-1][:4] == ('head.project', 270, 90, 1)
    more = HRNASSpace(reductions=True, head='classification')
    assert len(more.places) == 67
    assert np.count_nonzero(more.max_arch().tokens) == 67
    assert sum(map(sum, more.max_arch().channels)) == 47_952


def test_maps_are_as_large_as_in_released_networks(shared_data):
    """Odd sides are rounded up at every stride."""
    path = shared_data / 'hrnas' / 'configs.json'
    flows = json.loads(path.read_text())['seg']['shapes']
    space = HRNASSpace((8, 8), ((1, ), (1, 1), (1, 2, 1)),
                       ((8, ), (6, 12), (6, 12, 24)),
                       expansion=2,
                       head_channels=(10, ))
    for key, flow in flows.items():
        size = tuple(map(int, key.split('x')[-2:]))
        for place in space.places:
            if '.branches.' in place.name:
                _, stage, _, branch, _ = place.name.split('.')
                shape = flow[f'features.{2 * int(stage) + 1}/{branch}']
                assert place.sizes(size)[1] == tuple(shape[2:])


def test_one_branch_is_a_chain():
    space = small('single')
    assert [place.name for place in space.places] == [
        'stages.0.fusion.0_0', 'stages.0.branches.0.0', 'stages.1.fusion.0_0',
        'stages.1.branches.0.0', 'stages.1.branches.0.1', 'head.project'
    ]
    assert {place.stride for place in space.places} == {1}


def test_samples_spread_over_all_costs(full):
    """Each tenth of the range from shortcuts only to everything."""
    low, high = (
        full.complexity(arch, (224, 224)).macs
        for arch in (full.min_arch(), full.max_arch()))

    def shares(genes):
        macs = full.complexity_batch(genes, (224, 224)).macs
        share = (macs - low) / (high - low)
        return np.histogram(share, np.linspace(0, 1, 11))[0] / len(genes)

    spread = shares(full.spread_genes(rng_of(0), 2000))
    assert spread.min() > 0.03 and spread.max() < 0.2
    assert shares(full.sample_genes(rng_of(0), 2000))[3:7].sum() > 0.9


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(CHANGES)), st.integers(0, 2**32 - 1))
def test_variation_works_on_blocks(name, seed):
    """A child of two takes whole blocks; a mutation without probability
    changes nothing; any gene vector has a way to an architecture and back."""
    space, rng = small(name), rng_of(seed)
    first, second = (space.decode(g) for g in space.spread_genes(rng, 2))
    child = counts(space.crossover(first, second, rng, p_c=0.5))
    assert ((child == counts(first)).all(1)
            | (child == counts(second)).all(1)).all()
    assert space.mutate(first, rng, p_m=0) == first
    assert space.crossover(first, second, rng, p_c=0) == first
    assert space.crossover(first, second, rng, p_c=1) == second
    genes = np.array([rng.choice(c) for c in space.gene_choices()])
    arch = space.decode(genes)
    assert space.canonical(arch) == arch and space.contains(arch)
    assert (space.encode(arch) == genes).all()
    assert HRNASArch.from_json(arch.to_json()) == arch


def test_mutation_changes_blocks_at_its_probability(full):
    """Half of the blocks, and a twentieth of the numbers of these."""
    rng, arch = rng_of(0), full.max_arch()
    changed = np.mean(
        [counts(full.mutate(arch, rng)) != counts(arch) for _ in range(40)], 0)
    assert changed[:, :3].mean() == pytest.approx(0.025, abs=0.006)


def test_size_is_the_number_of_architectures():
    space = small('single', expansion=1, tokens=1, kernels=(3, ))
    # widths 6 6 6 8 8, and 8 in the head; tokens where shape is kept
    assert space.size() == 7**3 * 9**3 * 2**4


@pytest.mark.parametrize('change, message', [
    (lambda c, t: (c[1:], t), 'channels: expected 7 blocks, got 6'),
    (lambda c, t: (c, t + [0]), 'tokens: expected 7 blocks, got 8'),
    (lambda c, t: ([[13, 0], *c[1:]], t),
     r'channels\[0\]\[0\]: expected an integer from 0 to 12, got 13'),
    (lambda c, t: ([*c[:3], [1], *c[4:]], t),
     r'channels\[3\]: expected a number for each of \(3, 5\), got \(1,\)'),
    (lambda c, t: ([[0, -1], *c[1:]], t),
     r'channels\[0\]\[1\]: expected an integer >= 0, got -1'),
    (lambda c, t: ([[0, 1.5], *c[1:]], t), r'channels\[0\]\[1\]: .* got 1.5'),
    (lambda c, t: ([[0, True], *c[1:]], t), r'channels\[0\]\[1\]: .* True'),
    (lambda c, t: (c, t[:2] + [1] + t[3:]),
     r'tokens\[2\]: expected an integer from 0 to 0, got 1'),
    (lambda c, t: (c, [4, *t[1:]]), r'tokens\[0\]: .* from 0 to 3, got 4'),
    (lambda c, t: (5, t), 'channels: expected a list of lists of integers'),
    (lambda c, t: (c, None), 'tokens: expected a list of integers, got None'),
])
def test_an_error_names_the_block(change, message):
    space = small(widths=((6, ), (4, 8)), blocks=((1, ), (1, 1)))
    data = space.max_arch().to_dict()
    data = dict(
        zip(('channels', 'tokens'), change(data['channels'], data['tokens'])))
    with pytest.raises(ArchError, match=message):
        space.from_dict(data)


@pytest.mark.parametrize('kwargs, message', [
    (dict(head='fcn'), 'head: expected one of .*dense.*got .fcn'),
    (dict(stem=(8, )), 'stem: expected two numbers'),
    (dict(stem=8), 'stem: expected a list of whole numbers'),
    (dict(kernels=(3, 4)), 'kernels: expected odd numbers'),
    (dict(blocks=((1, ), )), 'blocks: expected as many numbers as widths'),
    (dict(widths=((6, ), (4, 8), (4, )), blocks=((1, ), (1, 1), (1, ))),
     'widths: expected as many branches as the stage before or one more'),
    (dict(blocks=((1, ), (1, 1), (1, -1, 1))), r'blocks\[2\]\[1\]: .* >= 0'),
    (dict(head_channels=(1, 2)), 'head_channels: expected 1 numbers'),
    (dict(expansion=0), 'expansion: expected a whole number >= 1'),
    (dict(expansion=2000), 'expansion: expected at most 32767 // 24'),
    (dict(tokens=2**15), 'tokens: expected a whole number from 0 to 32767'),
    (dict(se_ratio=-1), 'se_ratio: expected a number from 0 to 8, got -1'),
    (dict(se_ratio='half'), 'se_ratio: expected a number'),
    (dict(transformer='deit'), 'transformer.variant: expected one of'),
    (dict(transformer=dict(width=4)), 'transformer: expected settings of'),
])
def test_wrong_space(kwargs, message):
    with pytest.raises(SettingError, match=message):
        small(**kwargs)


def rows_of(space, arch):
    """As the released code writes them: kernels without channels left out."""
    for place, row in zip(space.places, arch.channels):
        pairs = [(k, c) for k, c in zip(space.kernels, row) if c]
        yield [
            place.out_channels, 1, place.stride, [k for k, _ in pairs],
            [c for _, c in pairs], True
        ]


def test_released_rows_are_read(shared_data):
    path = shared_data / 'hrnas' / 'released_cls_architecture.json'
    rows = json.loads(path.read_text())
    space = HRNASSpace(tokens=8, head='classification')
    arch = arch_from_rows(space, rows)
    assert list(rows_of(space, arch)) == rows
    assert not any(arch.tokens)
    tokens = [
        8 if space.has_transformer(place) else 0 for place in space.places
    ]
    assert arch_from_rows(space, rows, tokens).tokens == tuple(tokens)


@pytest.mark.parametrize('change, message', [
    (lambda rows: rows[1:], 'rows: expected a list of 6 rows, got'),
    (lambda rows: [[9, *rows[0][1:]], *rows[1:]],
     r'rows\[0\]: expected \[6, 1, 1\] for stages.0.fusion.0_0, got \[9'),
    (lambda rows: [rows[0][:3], *rows[1:]], r'rows\[0\]: expected .*channels'),
    (lambda rows: [[*rows[0][:3], [9], [1], True], *rows[1:]],
     r'rows\[0\]\[3\]: expected kernel sizes of \(3, 5, 7\), got \[9\]'),
    (lambda rows: [[*rows[0][:3], [3, 5], [1], True], *rows[1:]],
     r'rows\[0\]: expected'),
    (lambda rows: [[*rows[0][:3], [3], [1.5], True], *rows[1:]],
     r'rows\[0\]\[4\]: expected integers >= 0, got 1.5'),
    (lambda rows: [[*rows[0][:3], [3], [99], True], *rows[1:]],
     r'channels\[0\]\[0\]: expected an integer from 0 to 12, got 99'),
])
def test_wrong_rows(change, message):
    space = small('single')
    rows = list(rows_of(space, space.max_arch()))
    with pytest.raises(ArchError, match=message):
        arch_from_rows(space, change(rows))
