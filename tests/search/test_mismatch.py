"""What is lost by a search for another metric."""
import numpy as np
import pytest

from scalenas_mm.search import mismatch


def brute_force(picks, judges, cost, metric):
    """Over 50 limits, one after the other."""
    out = []
    for limit in np.linspace(min(cost), max(cost), 50):
        there = [i for i in range(len(cost)) if cost[i] <= limit]
        own = min(there, key=lambda i: picks[i, metric])
        other = min(there, key=lambda i: picks[i, 1 - metric])
        out.append(judges[other, metric] - judges[own, metric])
    return np.mean(out)


@pytest.mark.parametrize('times', [1, 2])
def test_equal_to_a_second_implementation(times):
    rng = np.random.default_rng(0)
    cost = rng.random(40)
    measured = [rng.random((40, 2)) for _ in range(times)]
    found = mismatch(measured, cost, resamples=3)
    for metric in range(2):
        expected = np.mean([
            brute_force(measured[0], measured[-1], cost, metric),
            brute_force(measured[-1], measured[0], cost, metric)
        ])
        assert found[metric, 0] == pytest.approx(expected)


def test_luck_is_counted_unless_measured_again():
    """All candidates are equally good; what differs is noise."""
    rng = np.random.default_rng(0)
    cost = rng.random(100)
    noise = [rng.normal(size=(100, 2)) for _ in range(2)]
    once = mismatch(noise[:1], cost, resamples=50)
    assert (once[:, 0] > 1).all()
    twice = mismatch(noise, cost, resamples=200)
    assert (twice[:, 1] < 0).all() and (twice[:, 2] > 0).all()


def test_what_is_lost_is_found_despite_noise():
    """The networks that are good by one metric are 2 worse by the other."""
    rng = np.random.default_rng(1)
    cost, kind = rng.random(200), rng.integers(0, 2, 200)
    truth = np.stack([2. * kind, 2. * (1 - kind)], 1)
    measured = [truth + rng.normal(size=(200, 2)) * 0.1 for _ in range(2)]
    found = mismatch(measured, cost, resamples=100)
    np.testing.assert_allclose(found[:, 0], 2, atol=0.3)
    assert (found[:, 1] > 1).all() and (found[:, 2] < 2.5).all()
