"""NAS-Bench-201: the one-hot space and the table's cost columns."""
from collections import defaultdict

import numpy as np
import pytest

from scalenas_mm.spaces import (ArchError, Complexity, NASBench201Arch,
                                NASBench201Space)
from scalenas_mm.spaces.nas_bench_201 import EDGES, OPERATIONS
from .conformance import SpaceConformance, rng_of

SPACE = NASBench201Space()
TEXT = ('|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+'
        '|skip_connect~0|avg_pool_3x3~1|none~2|')


class TestNASBench201Space(SpaceConformance):
    has_operators = False

    @pytest.fixture(params=[{}, dict(channels=4, cells=1, num_classes=10)])
    def space(self, request):
        return NASBench201Space(**request.param)


@pytest.fixture(scope='module')
def table(shared_data):
    """Genes, accuracy, MACs in M and parameters in M of all cells."""
    path = shared_data / 'nas_bench_mr' / 'nas-bench-201.csv'
    rows = np.loadtxt(path, delimiter=',', skiprows=1)
    return rows[:, :30].astype(np.int16), *rows[:, 30:].T


def nearly(values, printed, digits):
    """Whether exact values are what a column prints, rounded."""
    return np.abs(values / 1e6 - printed) <= 0.5 * 10**-digits + 1e-9


def function_of(arch):
    """What a cell computes, as a text: sums over the paths that are live."""
    nodes = ['x', '', '', '']
    for target in range(1, 4):
        terms = []
        for (source, end), name in zip(EDGES, arch.operations):
            if end == target and name != 'none' and nodes[source]:
                terms.append(nodes[source] if name ==
                             'skip_connect' else f'{name}({nodes[source]})')
        nodes[target] = '+'.join(sorted(terms))
    return nodes[3]


def test_cost_of_all_cells(table):
    """32 x 32 pixels and 100 classes give what the table prints.

    In 150 rows it prints the cost of another cell that computes the same
    function; both columns agree on that.
    """
    genes, _, flops, params = table
    assert len(np.unique(genes, axis=0)) == SPACE.size() == 15_625
    cost = SPACE.complexity_batch(genes, (32, 32))
    right = nearly(cost.macs, flops, 2)
    assert (right == nearly(cost.params, params, 3)).all()
    assert right.sum() == 15_625 - 150
    archs = [SPACE.decode(row) for row in genes]
    groups = defaultdict(list)
    for i, arch in enumerate(archs):
        groups[function_of(arch)].append(i)
    for i in np.flatnonzero(~right):
        same = groups[function_of(archs[i])]
        assert (nearly(cost.macs[same], flops[i], 2)
                & nearly(cost.params[same], params[i], 3)).any()


def test_operations_and_edges_of_the_columns(table):
    """Cells whose output is not connected guess one of 120 classes."""
    genes, accuracy, *_ = table
    archs = [SPACE.decode(row) for row in genes]
    dead = np.array([not function_of(arch) for arch in archs])
    assert dead.sum() == 341
    assert (accuracy[dead] < 1).all()
    assert (accuracy[~dead] < 1).sum() == 4


def test_extremes():
    assert SPACE.complexity(SPACE.min_arch(),
                            (32, 32)) == Complexity(79_156, 7_788_800)
    assert SPACE.complexity(SPACE.max_arch(),
                            (32, 32)) == Complexity(1_537_396, 220_125_440)


def test_rounding_takes_the_greatest_of_each_edge():
    rng = rng_of(0)
    values = rng.normal(size=(50, 30))
    rounded = SPACE.round_genes(values).reshape(50, 6, 5)
    assert (rounded.sum(2) == 1).all()
    assert (rounded.argmax(2) == values.reshape(50, 6, 5).argmax(2)).all()


def test_one_hot_and_text():
    arch = SPACE.resolve(TEXT)
    assert str(arch) == TEXT
    assert arch.operations == ('nor_conv_3x3', 'none', 'nor_conv_1x1',
                               'skip_connect', 'avg_pool_3x3', 'none')
    bits = SPACE.encode(arch).reshape(6, 5).argmax(1)
    assert [OPERATIONS[i] for i in bits] == list(arch.operations)


@pytest.mark.parametrize('change, message', [
    ({
        5: 1,
        6: 1
    }, r'operations\[1\] \(0->2\): expected one 1'),
    ({
        29: 2
    }, r'operations\[5\] \(2->3\): expected one 1'),
    ({
        0: 0
    }, r'operations\[0\] \(0->1\): expected one 1'),
])
def test_genes_that_are_not_one_hot(change, message):
    genes = SPACE.genes_of(np.zeros((1, 6), int))[0]
    for position, value in change.items():
        genes[position] = value
    with pytest.raises(ArchError, match=message):
        SPACE.decode(genes)
    with pytest.raises(ArchError, match=r'shape \(30,\), got \(29,\)'):
        SPACE.decode(genes[1:])


@pytest.mark.parametrize('source, message', [
    (TEXT.replace('~2', '~1'), r'\|a~0\|\+\|b~0\|c~1\|'),
    (TEXT[:-1], r'\|a~0\|\+\|b~0\|c~1\|'),
    (TEXT.replace('1x1', '5x5'), r'operations\[2\] \(1->2\): .*nor_conv_5x5'),
    (dict(operations=['none'] * 5), 'operations: expected a list of 6'),
    (dict(operations=['none'] * 5 + [3]), r'operations\[5\] .* got 3'),
    (NASBench201Arch(('none', )), 'operations: expected 6 names'),
    (NASBench201Arch(['none'] * 6), 'operations: expected a tuple'),
])
def test_wrong_cells(source, message):
    with pytest.raises(ArchError, match=message):
        SPACE.resolve(source)


def test_crossover_and_mutation_of_edges():
    rng = rng_of(0)
    first, second = SPACE.min_arch(), SPACE.max_arch()
    children = [
        SPACE.crossover(first, second, rng, p_c=0.25) for _ in range(800)
    ]
    taken = np.mean([[name != 'none' for name in child.operations]
                     for child in children])
    assert taken == pytest.approx(0.25, abs=0.03)
    mutants = [SPACE.mutate(first, rng, p_m=0.5) for _ in range(800)]
    changed = np.mean([[name != 'none' for name in mutant.operations]
                       for mutant in mutants])
    assert changed == pytest.approx(0.5 * 4 / 5, abs=0.03)
