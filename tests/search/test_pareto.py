"""Pareto functions against brute force and known figures."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scalenas_mm.search import (crowding_distance, hypervolume, pareto_front,
                                running_hypervolume, select)


def matrices(elements, objectives=st.integers(1, 5), least=0):
    """Few values, so that many rows are equal in part or whole."""
    return st.tuples(st.integers(least, 25), objectives).flatmap(
        lambda shape: arrays(float, shape, elements=elements))


INF = float('inf')
SMALL = st.integers(0, 6).map(float)
ODD = st.sampled_from([-INF, -1e300, -1.0, -0.0, 0.0, 5e-324, 1.0, INF])
costs = matrices(SMALL) | matrices(ODD) | matrices(st.floats(allow_nan=False))


def dominates(a, b):
    return all(a <= b) and any(a < b)


def fronts_of(costs):
    """Row indices, front by front, by definition."""
    left, fronts = set(range(len(costs))), []
    while left:
        fronts.append({
            i
            for i in left
            if not any(dominates(costs[k], costs[i]) for k in left)
        })
        left -= fronts[-1]
    return fronts


@given(costs)
def test_front_by_definition(costs):
    front = pareto_front(costs)
    assert front.tolist() == sorted(next(iter(fronts_of(costs)), []))


@given(costs, st.integers(0, 30))
def test_selection_goes_front_by_front(costs, num):
    chosen = select(costs, num).tolist()
    assert len(set(chosen)) == len(chosen) == min(num, len(costs))
    for front in fronts_of(costs):
        part, chosen = chosen[:len(front)], chosen[len(front):]
        assert part == sorted(part) and set(part) <= front
        assert set(part) == front or not chosen


def test_equal_rows_do_not_beat_each_other():
    rows = np.array([[1., 2.], [1., 2.], [2., 1.], [2., 2.], [1., 3.]])
    assert pareto_front(rows).tolist() == [0, 1, 2]
    assert select(rows, 5).tolist() == [0, 1, 2, 3, 4]
    assert pareto_front(np.zeros((3, 1))).tolist() == [0, 1, 2]


def test_the_last_front_keeps_its_ends():
    line = np.array([[0, 10], [1, 9], [1.1, 8.9], [5, 5], [10, 0]])
    assert {0, 4} <= set(select(line, 2))
    assert set(select(line, 3)) == {0, 3, 4}


def test_crowding_distance_of_nsga2():
    """Sum over objectives of the gap between neighbours over the range."""
    points = np.array([[0., 4.], [1., 2.], [4., 0.]])
    distance = crowding_distance(points)
    assert np.isinf(distance[[0, 2]]).all()
    assert distance[1] == pytest.approx(4 / 4 + 4 / 4)
    assert crowding_distance(np.empty((0, 2))).shape == (0, )


def test_crowding_among_infinite_values_is_counted_in_places():
    points = np.array([[0., INF], [1., 3.], [2., 2.], [4., -INF]])
    assert crowding_distance(points)[1] == pytest.approx(2 / 4 + 2 / 3)


@pytest.mark.parametrize('function', [
    pareto_front, crowding_distance, lambda costs: select(costs, 1),
    lambda costs: hypervolume(costs, np.ones(2)),
    lambda costs: running_hypervolume(costs, np.ones(2))
])
def test_what_is_no_matrix_of_numbers_is_refused(function):
    with pytest.raises(ValueError, match='got NaN in row 1'):
        function(np.array([[0, 0], [0, np.nan], [np.nan, 0]]))
    for wrong in (np.zeros(3), np.zeros((3, 0)), np.zeros((2, 2, 2))):
        with pytest.raises(ValueError, match='expected an array of shape'):
            function(wrong)


def test_hypervolume_of_known_figures():
    reference = np.array([4., 4.])
    assert hypervolume(np.array([[1., 2.], [2., 1.]]), reference) == 8
    assert hypervolume(np.array([[5., 1.]]), reference) == 0
    assert hypervolume(np.array([[4., 1.], [INF, -INF]]), reference) == 0
    assert hypervolume(np.array([[-INF, 1.]]), reference) == INF
    assert hypervolume(np.empty((0, 2)), reference) == 0
    assert hypervolume(np.array([[1.], [3.]]), np.array([4.])) == 3
    for wrong in (np.zeros(3), np.array([0, INF]), 1.0):
        with pytest.raises(ValueError, match='a reference of 2 finite'):
            hypervolume(np.zeros((3, 2)), wrong)


def test_running_hypervolume_needs_finite_numbers():
    with pytest.raises(ValueError, match='finite'):
        running_hypervolume(np.array([[-INF, 0.]]), np.ones(2))


@given(matrices(st.integers(0, 5).map(float), st.integers(1, 5)))
def test_hypervolume_counts_cells(costs):
    """On whole numbers it is the number of unit cells that are dominated."""
    cells = np.moveaxis(np.indices((4, ) * costs.shape[1]), 0, -1)
    inside = (costs[:, *[None] * costs.shape[1]] <= cells).all(-1).any(0)
    reference = np.full(costs.shape[1], 4.0)
    assert hypervolume(costs, reference) == pytest.approx(inside.sum())


@given(
    matrices(st.integers(-1, 5).map(float), st.just(2))
    | matrices(st.floats(-1, 2), st.just(2)))
def test_running_hypervolume_is_that_of_each_beginning(costs):
    reference = np.array([4., 1.])
    expected = [
        hypervolume(costs[:i + 1], reference) for i in range(len(costs))
    ]
    found = running_hypervolume(costs, reference)
    assert found.shape == (len(costs), )
    assert np.allclose(found, expected) and (np.diff(found) >= 0).all()
