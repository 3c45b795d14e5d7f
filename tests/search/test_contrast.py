"""Whether the best by one metric are others than the best by another."""
import numpy as np
import pytest

from scalenas_mm.search import contrast
from scalenas_mm.spaces import SettingError


def archive(rng, num=150, effect=0.0, noise=0.5, choices=12):
    """Cost, choices of 0 and 1, and two metrics to be minimised; choice 0 is
    good for the first only, choice 1 for the second."""
    bits = rng.integers(0, 2, (num, choices)).astype(float)
    cost = bits[:, 2:].sum(1) + rng.random(num)
    metrics = -cost[:, None] * [1, 10] + rng.normal(
        0, noise, (num, 2)) * [1, 10] - effect * bits[:, :2] * [1, 10]
    return metrics, cost, bits


def test_what_differs_is_found_and_nothing_else():
    metrics, cost, bits = archive(np.random.default_rng(0), 300, effect=4)
    result = contrast(metrics, cost, bits, top=60, swaps=300)
    assert result.p_value < 0.01
    assert np.flatnonzero(result.differs).tolist() == [0, 1]
    first, second = result.means
    assert (first - second)[0] > 0.2 and (second - first)[1] > 0.2


def test_without_a_number_the_fronts_are_compared():
    metrics, cost, bits = archive(np.random.default_rng(0))
    result = contrast(metrics, cost, bits, swaps=1)
    for rows, column in zip(result.best, metrics.T):
        beaten = (cost[:, None] <= cost) & (column[:, None] <= column)
        np.fill_diagonal(beaten, False)  # no two are equal
        assert rows.tolist() == np.flatnonzero(~beaten.any(0)).tolist()


@pytest.mark.parametrize('top', [0, 30])
def test_chance_is_called_chance(top):
    """Of archives in which nothing differs one in ten has p < 0.1."""
    p = [
        contrast(
            *archive(np.random.default_rng(seed), 80),
            top=top,
            swaps=40,
            seed=seed).p_value for seed in range(100)
    ]
    assert 2 <= sum(value < 0.1 for value in p) <= 19
    assert 35 <= sum(value < 0.5 for value in p) <= 65


def test_the_scale_of_a_metric_does_not_matter():
    metrics, cost, bits = archive(np.random.default_rng(1), effect=1)
    one = contrast(metrics, cost, bits, swaps=50)
    other = contrast(np.exp(metrics * [0.1, 0.01]), cost, bits, swaps=50)
    assert one.p_value == other.p_value
    np.testing.assert_array_equal(one.limit, other.limit)
    assert one.correlation == pytest.approx(other.correlation)


def test_equal_metrics_and_constant_choices():
    metrics, cost, bits = archive(np.random.default_rng(2))
    bits[:, 3] = 1
    result = contrast(metrics[:, [0, 0]], cost, bits, top=9, swaps=20)
    assert result.p_value == 1 and not result.differs.any()
    assert result.correlation == pytest.approx(1)
    assert [len(rows) for rows in result.best] == [9, 9]


@pytest.mark.parametrize('num, top, message', [
    (1, 0, 'archive: expected at least 2 candidates, got 1'),
    (5, 6, 'archive: expected at least 6 candidates, got 5'),
    (5, -1, 'top: expected a whole number >= 0'),
])
def test_too_few(num, top, message):
    data = archive(np.random.default_rng(0), num)
    with pytest.raises(SettingError, match=message):
        contrast(*data, top=top)
