"""What every space must satisfy, whatever it is a space of."""
import json

import numpy as np
import pytest

from scalenas_mm.spaces import (GENE_DTYPE, ArchError, Complexity, CostModel,
                                SettingError, Space)
from scalenas_mm.spaces.operators import operators_cost


def rng_of(seed):
    return np.random.default_rng(seed)


class SpaceConformance:
    """Subclass it and define the fixture ``space``."""
    input_size = (65, 97)
    has_groups = False
    has_operators = True

    @pytest.fixture(params=range(5))
    def rng(self, request):
        return rng_of(request.param)

    @pytest.fixture
    def arch(self, space, rng):
        return space.sample(rng)

    def test_members(self, space, arch):
        for member in (arch, space.max_arch(), space.min_arch()):
            assert space.contains(member)
            assert space.canonical(member) == member
            assert space.contains(space.live(member))
        assert not space.contains(None)

    def test_variation_stays_inside_and_keeps_parents(self, space, arch, rng):
        other = space.sample(rng)
        before = arch.to_json(), other.to_json()
        for child in (space.mutate(arch, rng), space.step(arch, rng),
                      space.crossover(arch, other, rng)):
            assert space.contains(child)
        assert (arch.to_json(), other.to_json()) == before

    def test_round_trips(self, space, arch):
        assert space.decode(space.encode(arch)) == arch
        assert space.from_dict(json.loads(arch.to_json())) == arch
        assert type(arch).from_json(arch.to_json()).digest == arch.digest

    def test_genes_of_all_have_one_length(self, space, arch):
        genes = space.encode(arch)
        assert genes.shape == space.encode(space.max_arch()).shape
        assert genes.dtype == GENE_DTYPE == np.int16

    def test_gene_choices_are_the_values_that_genes_take(self, space, rng):
        choices = space.gene_choices()
        genes = np.concatenate([
            draw(rng, 300) for draw in (space.sample_genes, space.spread_genes)
        ])
        assert genes.shape[1] == len(choices)
        assert genes.dtype == space.canonical_genes(genes).dtype == np.int16
        for column, allowed in zip(genes.T, choices):
            assert allowed.dtype == np.int16
            assert (np.diff(allowed) > 0).all()
            assert set(column) <= set(allowed)

    def test_rounding_gives_members_and_keeps_them(self, space, rng):
        genes = space.sample_genes(rng, 20)
        assert (space.round_genes(genes) == genes).all()
        near = genes + rng.uniform(-0.4, 0.4, genes.shape)
        assert (space.round_genes(near) == genes).all()
        far = space.round_genes(rng.normal(0, 100, genes.shape))
        assert far.dtype == np.int16
        for row in far:  # any numbers at all give a canonical member
            assert (space.encode(space.decode(row)) == row).all()
        for wrong, message in ((genes[0], 'shape'), (genes[:, 1:], 'shape'),
                               (np.where(genes < 99, np.nan, 0), r'\[0\]')):
            with pytest.raises(ArchError, match=message):
                space.round_genes(wrong)

    def test_facts_have_the_same_names_for_all(self, space, arch):
        assert list(space.facts(arch)) == list(space.facts(space.max_arch()))

    def test_same_seed_same_sample(self, space):
        assert space.sample(rng_of(3)) == space.sample(rng_of(3))
        assert space.sample(rng_of(3)) != space.sample(rng_of(4))

    def test_batch_costs_equal_single_costs(self, space, rng):
        for draw in (space.sample_genes, space.spread_genes):
            genes = draw(rng, 7)
            for drop_dead in (False, True):
                batch = space.complexity_batch(genes, self.input_size,
                                               drop_dead)
                single = [
                    space.complexity(
                        space.decode(g), self.input_size, drop_dead)
                    for g in genes
                ]
                assert [Complexity(*map(int, pair))
                        for pair in zip(*batch)] == single

    @pytest.mark.parametrize('size', [(64, 96), (65, 97), (33, 50)])
    def test_operators_add_up_to_the_cost(self, space, size):
        genes = np.concatenate([
            draw(rng_of(0), 20)
            for draw in (space.sample_genes, space.spread_genes)
        ] + [[space.encode(a) for a in (space.min_arch(), space.max_arch())]])
        if not self.has_operators:
            with pytest.raises(SettingError, match=type(space).__name__):
                space.operators(genes, size)
            return
        for drop_dead in (False, True):
            for num in (0, 1, len(genes)):
                used = space.operators(genes[:num], size, drop_dead)
                assert all(
                    type(one) is int for (_, fixed, _), _ in used
                    for one in fixed)
                found = operators_cost(used, num)
                cost = space.complexity_batch(genes[:num], size, drop_dead)
                assert (found.params == cost.params).all()
                assert (found.macs == cost.macs).all()

    def test_channels_of_many_equal_those_of_one(self, space, rng):
        for draw in (space.sample_genes, space.spread_genes):
            for num in (0, 7):
                genes = draw(rng, num)
                single = [
                    space.output_channels(space.decode(g)) for g in genes
                ]
                batch = space.output_channels_batch(genes)
                assert batch.dtype == np.int64 and len(batch) == num
                assert list(map(tuple, batch.tolist())) == single
                default = Space.output_channels_batch(space, genes)
                assert (default == batch).all()
                assert default.shape == batch.shape
        assert all(
            type(c) is int for c in space.output_channels(space.sample(rng)))

    def test_a_cost_model_names_its_costs(self, space, rng):
        costs = CostModel(space, self.input_size)
        genes = space.sample_genes(rng, 3)
        batch = costs.batch(genes)
        assert tuple(batch) == costs.keys
        for row, code in enumerate(genes):
            single = costs(space.decode(code))
            assert tuple(single) == costs.keys
            assert single == {key: batch[key][row] for key in costs.keys}

    def test_extremes_bound_the_cost(self, space, arch):
        costs = [
            space.complexity(a, self.input_size)
            for a in (space.min_arch(), arch, space.max_arch())
        ]
        assert costs == sorted(costs, key=lambda cost: cost.macs)
        assert costs == sorted(costs, key=lambda cost: cost.params)

    def test_names_and_files(self, space, arch, tmp_path):
        path = tmp_path / 'arch.json'
        path.write_text(arch.to_json())
        assert space.resolve(str(path)) == arch
        assert space.resolve('max') == space.max_arch()
        assert space.resolve(arch.to_dict()) == arch
        for wrong in ('nothing', 3, tmp_path / 'none.json'):
            with pytest.raises(ValueError, match='expected a dict, a JSON'):
                space.resolve(wrong)

    def test_groups_are_named_and_sample_members(self, space, rng):
        if not self.has_groups:
            with pytest.raises(SettingError, match=type(space).__name__):
                space.groups()
            return
        groups = space.groups()
        assert len({name for name, _ in groups}) == len(groups) > 1
        for name, options in groups:
            assert space.contains(space.sample(rng, **options))

    def test_wrong_settings_are_told_apart_from_architectures(
            self, space, arch, rng):
        for call in (lambda: space.sample(rng, nothing=1),
                     lambda: space.mutate(arch, rng, nothing=1),
                     lambda: space.mutate(arch, rng, p_m=1.5),
                     lambda: space.crossover(arch, arch, rng, nothing=1),
                     lambda: space.crossover(arch, arch, rng, p_c='a'),
                     lambda: space.complexity(arch, (0, 5)), lambda: space.
                     complexity_batch(space.encode(arch)[None], (5, ))):
            with pytest.raises(SettingError):
                call()
        for call in (lambda: space.output_channels(None),
                     lambda: space.complexity(None, self.input_size),
                     lambda: space.decode(space.encode(arch)[1:]),
                     lambda: space.encode(None)):
            with pytest.raises(ArchError):
                call()

    def test_rebuilt_from_its_dict(self, space, arch):
        data = json.loads(json.dumps(space.to_dict()))
        assert type(space)(**{
            k: v
            for k, v in data.items() if k != 'type'
        }).contains(arch)
