"""Pareto functions against brute force and known figures."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scalenas_mm.search import (crowding_distance, hypervolume, pareto_front,
                                peel, select)

costs = arrays(
    float,
    st.tuples(st.integers(1, 25), st.integers(1, 3)),
    elements=st.integers(0, 6).map(float))


def dominates(a, b):
    return all(a <= b) and any(a < b)


@given(costs)
def test_front_by_definition(costs):
    front = set(pareto_front(costs))
    for i, row in enumerate(costs):
        beaten = any(dominates(other, row) for other in costs)
        assert (i in front) != beaten


@given(costs)
def test_peeling_orders_everything_once(costs):
    fronts = peel(costs)
    assert sorted(np.concatenate(fronts)) == list(range(len(costs)))
    left = set(range(len(costs)))
    for front in fronts:
        expected = {
            i
            for i in left
            if not any(dominates(costs[k], costs[i]) for k in left)
        }
        assert set(front) == expected
        left -= expected


@given(costs, st.integers(0, 30))
def test_selection_never_skips_a_front(costs, num):
    chosen = set(select(costs, num))
    assert len(chosen) == min(num, len(costs))
    whole = True
    for front in peel(costs):
        if not whole:
            assert not chosen & set(front)
        whole = whole and set(front) <= chosen


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


def test_hypervolume_of_known_figures():
    reference = np.array([4., 4.])
    assert hypervolume(np.array([[1., 2.], [2., 1.]]), reference) == 8
    assert hypervolume(np.array([[5., 1.]]), reference) == 0
    assert hypervolume(np.empty((0, 2)), reference) == 0
    with pytest.raises(ValueError, match='two objectives'):
        hypervolume(np.zeros((3, 3)), np.zeros(3))


@given(
    arrays(
        float,
        st.tuples(st.integers(1, 12), st.just(2)),
        elements=st.integers(0, 9).map(float)))
def test_hypervolume_counts_cells(costs):
    """On whole numbers it is the number of unit cells that are dominated."""
    cells = sum(
        any(x <= i and y <= j for x, y in costs) for i in range(8)
        for j in range(8))
    assert hypervolume(costs, np.array([8., 8.])) == cells
