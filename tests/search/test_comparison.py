"""Distances of fronts, p-values and what a comparison of searches holds."""
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scalenas_mm.search import (ArchiveError, Record, check_evaluation,
                                compare_searches, comparison_dict,
                                generational_distances, hypervolume, least_p,
                                mann_whitney, mean_and_deviation, p_values)

SCALED = st.integers(0, 8).map(lambda number: number / 8)


def fronts(objectives=st.integers(1, 3)):
    """Two sets of points with as many objectives."""
    rows = st.integers(1, 12)
    return st.tuples(rows, rows, objectives).flatmap(lambda n: st.tuples(
        arrays(float, (n[0], n[2]), elements=SCALED),
        arrays(float, (n[1], n[2]), elements=SCALED)))


def beaten(points):
    worse = (points[:, None] >= points).all(2) & (points[:, None]
                                                  > points).any(2)
    return worse.any(1)


@settings(deadline=None)
@given(fronts())
def test_distances_by_brute_force(pair):
    points, reference = pair
    kept = points[~beaten(points)]
    steps = kept[:, None] - reference
    igd = np.sqrt((steps**2).sum(2)).min(0).mean()
    igd_plus = np.sqrt((np.maximum(steps, 0)**2).sum(2)).min(0).mean()
    assert generational_distances(points, reference) == pytest.approx(
        (igd, igd_plus))


def test_distances_of_nothing_and_of_wrong_points():
    square = np.zeros((2, 2))
    assert generational_distances(np.zeros((0, 2)), square) == (math.inf, ) * 2
    assert generational_distances(square, square) == (0, 0)
    for points, reference in ((square, np.zeros(
        (0, 2))), (square, np.zeros((2, 3))), (square, np.full(
            (1, 2), math.inf)), (np.full((1, 2), math.nan), square)):
        with pytest.raises(ValueError, match='expected'):
            generational_distances(points, reference)


def p_by_counting(one, other):
    """Of all ways to call so many of the numbers the first method's, the
    share in which its ranks sum up to something as far from the middle."""
    both = [*one, *other]
    ranks = [
        sum(v < value for v in both) + (sum(v == value for v in both) + 1) / 2
        for value in both
    ]
    sums = [sum(rows) for rows in itertools.combinations(ranks, len(one))]
    found = sum(ranks[:len(one)])
    low = sum(value <= found + 1e-9 for value in sums) / len(sums)
    high = sum(value >= found - 1e-9 for value in sums) / len(sums)
    return min(1, 2 * low, 2 * high)


VALUES = st.lists(st.integers(0, 9).map(float), min_size=3, max_size=5)


@settings(deadline=None, max_examples=50)
@given(VALUES, VALUES)
def test_p_values_by_counting(one, other):
    p = mann_whitney(one, other)
    assert p == pytest.approx(p_by_counting(one, other))
    assert p >= least_p(len(one), len(other)) - 1e-12
    assert mann_whitney(other, one) == pytest.approx(p)


def test_p_values_of_few_and_of_many():
    assert mann_whitney([1, 2, 3], [4, 5, 6]) == least_p(3, 3) == 0.1
    assert mann_whitney([1, 2, 3], [4, 5, math.inf]) == 0.1
    assert math.isnan(mann_whitney([1, 2], [3, 4, 5, 6]))
    many = list(range(50))
    assert mann_whitney(many, [value + 60 for value in many]) < 1e-10
    tied = mann_whitney([0.] * 20, [0.] * 19 + [1.])  # drawn, not counted
    assert tied == mann_whitney([0.] * 20, [0.] * 19 + [1.]) > 0.5


def write(path, points, **meta):
    """An archive of (MACs, error); an error of None is a failure."""
    path.write_text(''.join(
        Record(
            i,
            f'{i:x}', {},
            metrics={} if value is None else dict(error=value),
            cost=dict(macs=macs),
            status='failed' if value is None else 'ok').to_json() + '\n'
        for i, (macs, value) in enumerate(points)))
    path.with_suffix('.meta.json').write_text(json.dumps(meta))
    return path


@pytest.fixture
def archives(tmp_path):
    rng = np.random.default_rng(0)
    pairs = []
    for name, seed in itertools.product('ab', range(3)):
        points = rng.integers(1, 100, (12, 2)).tolist()
        points[4][1] = None
        pairs.append((name, write(tmp_path / f'{name}{seed}.jsonl', points)))
    return pairs


def test_curves_end_at_the_hypervolume(archives):
    _, methods = compare_searches(archives, 'error', lower_is_better=True)
    whole = [curve for method in methods.values() for curve in method.curves]
    assert [len(curve) for curve in whole] == [12] * 6
    for curve in whole:
        assert (np.diff(curve) >= 0).all() and curve[4] == curve[3]
    for method in methods.values():
        assert method.volumes == [curve[-1] for curve in method.curves]


def test_against_the_front_of_all(archives):
    """Scaling and front are those of all archives, in the budget only."""
    budget, methods = compare_searches(
        archives, 'error', lower_is_better=True, budget=9)
    assert budget == 9
    points = {}
    for name, path in archives:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        points.setdefault(name, []).append(
            np.array([(r['cost']['macs'], r['metrics']['error'])
                      for r in rows[:9] if r['status'] == 'ok'], float))
    every = np.concatenate(sum(points.values(), []))
    low, span = every.min(0), np.ptp(every, axis=0)
    front = ((every - low) / span)[~beaten(every)]
    for name, seeds in points.items():
        for i, rows in enumerate((rows - low) / span for rows in seeds):
            steps = rows[~beaten(rows)][:, None] - front
            igd = np.sqrt((steps**2).sum(2)).min(0).mean()
            assert methods[name].igd[i] == pytest.approx(igd)
            assert methods[name].igd_plus[i] <= igd
            assert methods[name].volumes[i] == pytest.approx(
                hypervolume(rows, np.ones(2)))


def test_all_numbers_are_json(archives, tmp_path):
    none = write(tmp_path / 'none.jsonl', [(1, None)] * 12)
    budget, methods = compare_searches([*archives, ('none', none)],
                                       'error',
                                       lower_is_better=True)
    found = json.loads(
        json.dumps(
            comparison_dict(budget, methods, metric='error'), allow_nan=False))
    assert (found['budget'], found['metric'],
            found['baseline']) == (12, 'error', 'a')
    one = found['methods']['b']
    volumes = methods['b'].volumes
    assert one['hypervolume']['by_seed'] == volumes
    assert one['hypervolume']['mean'] == pytest.approx(np.mean(volumes))
    assert one['hypervolume']['deviation'] == pytest.approx(
        np.std(volumes, ddof=1))
    assert one['p_value'] == p_values(methods)['b'] >= 0.1
    assert found['methods']['a']['p_value'] is None
    assert [len(curve) for curve in one['curves']] == [12] * 3
    assert found['methods']['none']['igd'] == dict(
        by_seed=[None], median=None, mean=None, deviation=None)
    assert found['methods']['none']['hypervolume']['deviation'] is None


def test_means_and_deviations():
    assert mean_and_deviation([1., 3.]) == (2, pytest.approx(math.sqrt(2)))
    mean, deviation = mean_and_deviation([2.])
    assert mean == 2 and math.isnan(deviation)
    mean, deviation = mean_and_deviation([2., math.inf])
    assert mean == math.inf and math.isnan(deviation)


def test_all_were_measured_alike(tmp_path):
    how = dict(input_size=[4, 4], data=dict(data_root='x'))
    one, two, three = (write(
        tmp_path / f'{i}.jsonl', [(1, 1.)],
        evaluation=dict(how, batches=batches, data=dict(data_root=i)))
                       for i, batches in enumerate((8, 8, 4)))
    check_evaluation([one, two])
    with pytest.raises(
            ArchiveError, match=r'evaluation.batches: expected 8, got 4'):
        check_evaluation([one, two, three])
