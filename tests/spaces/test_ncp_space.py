"""The space of NCP: codes, counts, and the measured table's own numbers."""
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.spaces import (ArchError, Complexity, NCPArch, NCPSpace,
                                ScaleNetSpace, SettingError, released_flops)
from .conformance import SpaceConformance, rng_of

SPACES = dict(
    paper=dict(),
    classification=dict(output_stride=32, in_channels=1),
    narrow=dict(blocks=(2, 3), units=(1, 4), channels=(8, 64, 2048)))
CODE = (16, 24, 1, 2, 16, 2, 1, 2, 8, 24, 1, 2, 1, 3, 16, 8, 24, 2, 1, 2, 1, 1,
        8, 16, 24, 32, 40)
TEXT = ('16 24 | 1 2 16 | 2 1,2 8,24 | 1 2,1,3 16,8,24 | '
        '2 1,2,1,1 8,16,24,32 | 40')


class TestNCPSpace(SpaceConformance):

    @pytest.fixture(params=SPACES)
    def space(self, request):
        return NCPSpace(**SPACES[request.param])


@pytest.fixture(scope='module')
def table(shared_data):
    """Codes and columns of the 2507 measured networks."""
    path = shared_data / 'nas_bench_mr' / 'seg.csv'
    names = path.read_text().partition('\n')[0].split(',')
    rows = np.loadtxt(path, delimiter=',', skiprows=1)
    assert rows.shape[0] == 2507
    return rows[:, :27].astype(np.int64), dict(zip(names, rows.T))


def test_cost_of_all_measured_networks(table):
    """Their columns: 128 x 128, 50 classes, classification."""
    codes, columns = table
    cost = NCPSpace(output_stride=32).complexity_batch(codes, (128, 128))
    params = cost.params + 50 * codes[:, -1] + 50
    assert (params == np.rint(columns['params'] * 1e6)).all()
    flops = released_flops(codes)
    assert (np.abs(flops / columns['flops'] - 1) < 1e-9).all()
    assert all(map(NCPSpace().contains, map(NCPArch.from_code, codes)))


def test_released_flops_are_those_of_the_size_and_the_classes():
    codes = NCPSpace().sample_genes(rng_of(0), 5)
    fewer = released_flops(codes) - released_flops(codes, num_classes=10)
    assert fewer * 1e9 == pytest.approx(40 * codes[:, -1].astype(int) + 40)
    double = (
        released_flops(codes, 0,
                       (256, 128)) / released_flops(codes, 0, (128, 128)))
    assert double == pytest.approx(2)


def by_layers(code, size, stride):
    """Cost straight from the definition: layer after layer, map after map."""
    sizes = []
    for _ in range(5):
        size = tuple(-(-side // 2) for side in size)
        sizes.append(size)
    numbers, cost = list(code), Complexity()

    def conv(before, after, kernel, level):
        nonlocal cost
        weights = before * after * kernel**2
        cost += Complexity(weights + 2 * after,
                           weights * sizes[level][0] * sizes[level][1])

    take = numbers.pop
    maps = [3]
    for level in range(2):
        width = take(0)
        conv(maps[0], width, 3, level)
        maps = [width]
    for stage in range(1, 5):
        blocks = take(0)
        units = [take(0) for _ in range(stage)]
        widths = [take(0) for _ in range(stage)]
        for _ in range(blocks):
            for j, width in enumerate(widths):
                if j == len(maps):
                    conv(widths[j - 1], width, 3, j + 1)
                elif j:
                    conv(maps[j - 1], width, 3, j + 1)
                if j < len(maps):
                    conv(maps[j], width, 3, j + 1)
                if j + 1 < len(maps):
                    conv(maps[j + 1], width, 1, j + 2)
            maps = widths
            for j, width in enumerate(widths):
                for _ in range(2 * units[j]):
                    conv(width, width, 3, j + 1)
    conv(sum(maps), take(), 1, {4: 1, 8: 2, 16: 3, 32: 4}[stride])
    assert not numbers
    return cost


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([4, 8, 16, 32]),
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)))
def test_cost_layer_by_layer(seed, stride, size):
    space = NCPSpace(output_stride=stride)
    arch = space.sample(rng_of(seed))
    assert space.complexity(arch, size) == by_layers(arch.code, size, stride)


def test_batches_are_exact_beyond_one_chunk():
    """5000 codes; the largest network at a size beyond 32-bit MACs."""
    space, size = NCPSpace(), (4096, 4096)
    genes = space.sample_genes(rng_of(0), 5000)
    genes[-1] = space.encode(space.max_arch())
    batch = space.complexity_batch(genes, size)
    for i in (0, 4095, 4096, 4999):
        assert by_layers(genes[i].tolist(), size, 4) == Complexity(
            int(batch.params[i]), int(batch.macs[i]))
    assert batch.macs[-1] > 2**40
    assert [len(c) for c in space.complexity_batch(genes[:0], size)] == [0, 0]


@pytest.mark.parametrize('kwargs, size', [
    (dict(), 16**13 * 4**14),
    (dict(blocks=(1, 1), units=(2, ), channels=(8, 24)), 2**13),
    (dict(blocks=(1, 2), units=(1, 2), channels=(8, )), 2**14),
])
def test_size(kwargs, size):
    assert NCPSpace(**kwargs).size() == size


def test_size_is_the_number_of_members():
    space = NCPSpace(blocks=(1, ), units=(2, ), channels=(8, 16))
    codes = itertools.product(*(values.tolist() for values in space.choices))
    members = [NCPArch(code) for code in codes]
    assert len({arch.digest for arch in members}) == space.size() == 2**13
    assert all(map(space.contains, members))


def test_layout_of_the_code():
    arch = NCPArch(CODE)
    assert str(arch) == TEXT and arch.inputs == (16, 24) and arch.output == 40
    assert arch.stages == ((1, (2, ), (16, )), (2, (1, 2), (8, 24)),
                           (1, (2, 1, 3), (16, 8, 24)), (2, (1, 2, 1, 1),
                                                         (8, 16, 24, 32)))
    assert arch.to_dict() == dict(code=list(CODE))
    facts = NCPSpace().facts(arch)
    assert facts == dict(modules=6, units=2 + 2 * 3 + 6 + 2 * 5)


@pytest.mark.parametrize('code', [
    CODE, list(CODE), TEXT, '_'.join(map(str, CODE)), json.dumps(CODE),
    str(np.array(CODE)), str(np.array(CODE, float)), np.array(CODE, float),
    np.array(CODE, np.uint8), dict(code=CODE), dict(code=TEXT)
])  # yapf: disable
def test_forms_of_a_code(code):
    arch = NCPSpace().resolve(code)
    assert arch == NCPArch(CODE)
    assert all(type(value) is int for value in arch.code)


def test_initial_code_of_the_paper():
    space = NCPSpace()
    assert str(space.resolve('initial')) == (
        '64 64 | 2 2 64 | 2 2,2 64,64 | 2 2,2,2 64,64,64 | '
        '2 2,2,2,2 64,64,64,64 | 64')
    narrow = NCPSpace(blocks=(3, 4), units=(1, ), channels=(8, 56, 80))
    assert narrow.initial_arch().stages[1] == (3, (1, 1), (56, 56))


@pytest.mark.parametrize('position, value, message', [
    (0, 12, r'code\[0\] \(first input channels\): expected one of 8, 16'),
    (4, 0, r'code\[4\] \(stage 1 channels\): expected an integer from 1'),
    (5, 5, r'code\[5\] \(stage 2 blocks\): expected one of 1, 2, 3, 4, got 5'),
    (7, 2.5, r'code\[7\] \(stage 2 branch 1 units\): .*got 2.5'),
    (13, 'x', r"code\[13\] \(stage 3 branch 2 units\): .*got 'x'"),
    (22, None, r'code\[22\] \(stage 4 branch 0 channels\): .*got None'),
    (25, True, r'code\[25\] \(stage 4 branch 3 channels\): .*got True'),
    (26, float('nan'), r'code\[26\] \(output channels\): .*got nan'),
    (26, float('inf'), r'code\[26\] \(output channels\): .*got inf'),
])
def test_an_error_names_the_position(position, value, message):
    code = [*CODE[:position], value, *CODE[position + 1:]]
    with pytest.raises(ArchError, match=message):
        NCPSpace().resolve(code)


def test_messages_stay_short():
    space = NCPSpace(channels=range(1, 2001))
    with pytest.raises(ArchError, match='one of 1, 2, 3, ..., 2000, got 2001'):
        space.decode(np.where(np.arange(27), 1, 2001))
    with pytest.raises(ArchError) as error:
        space.resolve(np.zeros((40, 40)))
    assert len(str(error.value)) < 250 and '\n' not in str(error.value)
    arch = ScaleNetSpace().max_arch()
    with pytest.raises(ArchError) as error:
        space.check(arch)
    assert len(str(error.value)) < 250 < len(repr(arch))


@pytest.mark.parametrize('code', [
    CODE[1:], (*CODE, 8), [], '', '16', TEXT + ' 8', np.zeros((27, 1)), 5,
    None, [[1, 2]] * 27, {1, 2}
])  # yapf: disable
def test_wrong_length_or_form(code):
    with pytest.raises(ArchError, match='code: expected 27 integers, got'):
        NCPArch.from_code(code)


@pytest.mark.parametrize('text, got', [('x' + TEXT, "'x16'"),
                                       (TEXT.replace('40', '-40'), '-40'),
                                       (TEXT.replace('40', '1e2'), "'1e2'")])
def test_texts_that_hold_no_number(text, got):
    with pytest.raises(ArchError, match=f'got {got}'):
        NCPArch.from_code(text)


def test_members_only():
    space = NCPSpace()
    assert not space.contains(NCPArch(CODE[:-1]))
    assert not space.contains(NCPArch(list(CODE)))
    assert not space.contains(NCPArch(tuple(np.array(CODE))))  # has no JSON
    with pytest.raises(ArchError, match='an NCPArch'):
        space.complexity(CODE, (64, 64))
    with pytest.raises(ArchError, match='code: expected 27 integers'):
        space.decode(np.zeros(26))


@pytest.mark.parametrize('kwargs, message', [
    (dict(blocks=()), 'blocks: expected at least one'),
    (dict(units=3), 'units: expected an iterable of whole'),
    (dict(units=(1, 0)), r'units\[1\]: .* whole number from 1 to 32767'),
    (dict(channels=(8, 2**15)), r'channels\[1\]: .* got 32768'),
    (dict(output_stride=2), r'output_stride: expected one of \(4, 8, 16, 32'),
    (dict(in_channels=0), 'in_channels: expected a whole number from 1'),
])
def test_wrong_space(kwargs, message):
    with pytest.raises(SettingError, match=message):
        NCPSpace(**kwargs)


def test_a_step_changes_one_number():
    space, rng = NCPSpace(), rng_of(0)
    arch = space.initial_arch()
    changed = np.zeros(27, int)
    for _ in range(600):
        different = space.encode(space.step(arch, rng)) != space.encode(arch)
        assert different.sum() == 1
        changed += different
    assert (changed > 5).all()
    single = NCPSpace(blocks=(1, ), units=(1, ), channels=(8, ))
    assert single.step(single.min_arch(), rng) == single.min_arch()


def test_mutation_and_crossover_follow_their_probabilities():
    space, rng = NCPSpace(), rng_of(0)
    first, second = space.min_arch(), space.max_arch()
    assert space.mutate(first, rng, p_m=0) == first
    assert space.mutate(first, rng, p_m=1, p_gene=0) == first
    from_second = np.zeros(6)
    for _ in range(400):
        child = space.encode(space.crossover(first, second, rng, p_c=0.25))
        for part in range(6):
            genes = child[space.parts == part]
            ends = [space.encode(a)[space.parts == part]
                    for a in (first, second)]  # yapf: disable
            assert any((genes == end).all() for end in ends)
            from_second[part] += (genes == ends[1]).all()
    assert from_second / 400 == pytest.approx(np.full(6, 0.25), abs=0.08)
    changed = np.mean([
        space.encode(space.mutate(first, rng, p_m=0.5, p_gene=0.4))
        != space.encode(first) for _ in range(600)
    ], 0)
    wide = np.array([len(values) for values in space.choices])
    expected = 0.2 * (wide - 1) / wide  # a redrawn number may stay
    assert changed == pytest.approx(expected, abs=0.06)


def test_sampling_is_uniform_and_spreading_covers_the_costs():
    space, size = NCPSpace(), (128, 128)
    genes = space.sample_genes(rng_of(0), 6400)
    for column, values in zip(genes.T, space.choices):
        shares = (column[:, None] == values).mean(0)
        assert shares == pytest.approx(1 / len(values), abs=0.03)
    plain, spread = (
        np.log(space.complexity_batch(draw(rng_of(1), 2000), size).macs)
        for draw in (space.sample_genes, space.spread_genes))
    least, most = (
        np.log(space.complexity(arch, size).macs)
        for arch in (space.min_arch(), space.max_arch()))
    assert np.ptp(spread) > 0.8 * (most - least) > 1.5 * np.ptp(plain)
