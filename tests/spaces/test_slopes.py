"""How exact costs change with single genes."""
import numpy as np
import pytest

from scalenas_mm.spaces import (CostModel, HRNASSpace, NCPSpace, ScaleNetSpace,
                                cost_slopes, neighbours)

SIZE = (64, 64)


def test_neighbours_are_the_next_choices():
    space = NCPSpace(blocks=(1, 3, 4), units=(2, ), channels=(8, 400))
    genes = np.stack(
        [space.encode(a) for a in (space.min_arch(), space.max_arch())])
    genes[0, 2] = 3  # blocks of the first stage
    up, down = neighbours(space, genes)
    assert up.dtype == down.dtype == genes.dtype
    assert up[0, :5].tolist() == [400, 400, 4, 2, 400]
    assert down[0, :5].tolist() == [8, 8, 1, 2, 8]
    assert (up[1] == genes[1]).all()
    assert down[1, :5].tolist() == [8, 8, 3, 2, 8]


@pytest.mark.parametrize('space', [
    NCPSpace(channels=(8, 16, 400)),
    ScaleNetSpace(4, depths=(1, 2), num_modules=(1, 1)),
    HRNASSpace(blocks=((1, ), ), widths=((8, ), ))
])  # yapf: disable
def test_slopes_are_differences_of_costs(space):
    costs = CostModel(space, SIZE)
    genes = space.sample_genes(np.random.default_rng(0), 3)
    slopes = cost_slopes(costs, genes)
    assert tuple(slopes) == costs.keys
    up, down = neighbours(space, genes)
    grows = up != genes
    for row, code in enumerate(genes):
        base = costs(space.decode(code))
        for gene in range(len(code)):
            moved = code.copy()
            moved[gene] = (up if grows[row, gene] else down)[row, gene]
            other = costs(space.decode(moved))
            for key in costs.keys:
                change = (other[key] - base[key]) / base[key]
                expected = change if grows[row, gene] else -change
                assert slopes[key][row,
                                   gene] == pytest.approx(max(expected, 0))
