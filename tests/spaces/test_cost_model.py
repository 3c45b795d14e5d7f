"""Costs of whole models: heads behind outputs, and further costs."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalenas_mm.predictors import CostLimits
from scalenas_mm.search import Constraints, Objectives
from scalenas_mm.spaces import (Complexity, CostModel, NCPSpace, ScaleNetSpace,
                                cost_slopes)

SIZE = (64, 48)
NCP = NCPSpace(channels=(8, 16, 320))


class Head:
    """A 1x1 convolution to 10 classes; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, channels):
        self.asked.append(channels)
        weights = 10 * sum(channels)
        return Complexity(weights + 10, 12 * weights)


def test_a_head_behind_elastic_outputs():
    head = Head()
    costs = CostModel(NCP, SIZE, head)
    genes = NCP.sample_genes(np.random.default_rng(0), 40)
    batch = costs.batch(genes)
    assert sorted(head.asked) == [(8, ), (16, ), (320, )]
    for row, code in enumerate(genes):
        arch = NCP.decode(code)
        backbone = NCP.complexity(arch, SIZE)
        weights = 10 * arch.output
        assert costs(arch) == {
            'params': backbone.params + weights + 10,
            'macs': backbone.macs + 12 * weights,
            'backbone_params': backbone.params,
            'backbone_macs': backbone.macs
        } == {
            key: values[row]
            for key, values in batch.items()
        }
    assert len(head.asked) == 3  # and never again
    assert all(len(values) == 0 for values in costs.batch(genes[:0]).values())


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sets(st.integers(1, 2**12), min_size=1, max_size=9))
def test_many_cost_as_one_at_any_widths(seed, channels):
    space = NCPSpace(channels=channels)
    costs = CostModel(space, SIZE, Head())
    genes = space.spread_genes(np.random.default_rng(seed), 5)
    batch = costs.batch(genes)
    for row, code in enumerate(genes):
        single = CostModel(space, SIZE, Head())(space.decode(code))
        assert single == {key: values[row] for key, values in batch.items()}


@pytest.mark.parametrize('multi_scale_output', [True, False])
def test_a_head_behind_fixed_outputs_is_asked_once(multi_scale_output):
    space = ScaleNetSpace(4, multi_scale_output, num_modules=(1, 1))
    head = Head()
    costs = CostModel(space, SIZE, head)
    genes = space.sample_genes(np.random.default_rng(0), 9)
    constant = CostModel(space, SIZE, head(space.output_channels(
        space.max_arch())))  # yapf: disable
    for key, values in costs.batch(genes).items():
        assert (values == constant.batch(genes)[key]).all()
    assert costs(space.min_arch()) == constant(space.min_arch())
    assert head.asked == [(4, 8, 16) if multi_scale_output else (4, )] * 2


def test_equal_models_are_equal_whatever_they_were_asked():
    first, second = (CostModel(NCP, SIZE, max) for _ in range(2))
    other = CostModel(NCP, SIZE)
    assert first == second != other and hash(first) == hash(second)


class Timed(CostModel):
    """Also tells milliseconds on a device."""

    @property
    def keys(self):
        return *super().keys, 'latency@cpu'

    def _with_time(self, costs):
        return {**costs, 'latency@cpu': costs['backbone_macs'] / 1e6}

    def __call__(self, arch):
        return self._with_time(super().__call__(arch))

    def batch(self, genes):
        return self._with_time(super().batch(genes))


def test_a_further_cost_is_an_objective_a_range_a_limit_and_has_slopes():
    costs = Timed(NCP, SIZE)
    objectives = Objectives({'AP': 'max', 'latency@cpu': 'min'}, costs.keys)
    assert objectives.metrics == ('AP', )
    assert objectives.costs == ('latency@cpu', )
    least, most = (
        costs(arch)['latency@cpu']
        for arch in (NCP.min_arch(), NCP.max_arch()))
    middle = (least * most)**0.5
    within = Constraints({'latency@cpu': (None, middle)}, costs)
    assert within.violation(costs(NCP.min_arch())) == 0
    assert within.violation(costs(NCP.max_arch())) > 0

    genes = np.stack([NCP.encode(NCP.max_arch())])
    choices = NCP.gene_choices()
    limits = CostLimits({'latency@cpu': middle}, costs, np.ones(len(choices)),
                        (np.array([c[0] for c in choices]),
                         np.array([c[-1] for c in choices])))  # yapf: disable
    met = NCP.round_genes(limits.project(genes.astype(np.float32)))
    assert 0 < costs.batch(met)['latency@cpu'] <= middle
    slopes = cost_slopes(costs, genes)
    assert slopes['latency@cpu'] == pytest.approx(slopes['backbone_macs'])
    for wrong in (lambda: Constraints({'energy': (1, 2)}, costs),
                  lambda: objectives.check({})):
        with pytest.raises(ValueError, match='one of .*latency@cpu'):
            wrong()
