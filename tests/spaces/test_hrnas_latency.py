"""Times of networks from a table."""
import json

import numpy as np
import pytest

from scalenas_mm.spaces import CostModel, HRNASSpace, SettingError
from scalenas_mm.spaces.hrnas.latency import LatencyCosts

SPACE = HRNASSpace(
    stem=(4, 4),
    blocks=((1, ), ),
    widths=((4, ), ),
    kernels=(3, 5),
    expansion=1,
    tokens=2,
    head='none')
COSTS = CostModel(SPACE, (32, 64))


def table():
    """Two blocks."""
    assert len(SPACE.places) == 2
    return dict(
        machine='a machine',
        input_size=[32, 64],
        fixed=1.5,
        blocks={
            place.name:
            dict(fixed=10. * i, units={
                '3': .1,
                '5': .2
            }, token=.01)
            for i, place in enumerate(SPACE.places, 1)
        })


@pytest.fixture
def write(tmp_path):

    def write(data):
        path = tmp_path / 'table.json'
        path.write_text(json.dumps(data))
        return path

    return write


def test_sums(write):
    costs = LatencyCosts.of(COSTS, write(table()))
    arch = SPACE.from_dict(dict(channels=[[3, 1], [0, 0]], tokens=[2, 0]))
    expected = 1.5 + 10 + 3 * .1 + .2 + 2 * .01
    assert costs(arch)['latency'] == pytest.approx(expected)
    assert costs(SPACE.min_arch())['latency'] == 1.5
    assert costs(arch)['macs'] == COSTS(arch)['macs']
    assert costs.keys[-1] == 'latency'


def test_many_at_once(write):
    costs = LatencyCosts.of(COSTS, write(table()))
    genes = SPACE.sample_genes(np.random.default_rng(0), 20)
    np.testing.assert_allclose(
        costs.batch(genes)['latency'],
        [costs(SPACE.decode(row))['latency'] for row in genes])


@pytest.mark.parametrize('change, match', [
    (lambda t: t.pop('machine'), "an entry 'machine'"),
    (lambda t: t.update(machine=''), 'table.machine'),
    (lambda t: t.update(input_size=[32, 32]), 'table.input_size'),
    (lambda t: t.update(input_size=3), 'table.input_size'),
    (lambda t: t.update(fixed=-1), 'table.fixed: expected milliseconds'),
    (lambda t: t.update(fixed=float('nan')), 'table.fixed'),
    (lambda t: t.update(extra=1), 'table: expected entries'),
    (lambda t: t['blocks'].popitem(), 'table.blocks: expected an entry'),
    (lambda t: next(iter(t['blocks'].values()))['units'].pop('3'),
     r"units: expected an entry '3'"),
    (lambda t: next(iter(t['blocks'].values())).update(token=True),
     r'token: expected milliseconds'),
])
def test_wrong_tables(write, change, match):
    data = table()
    change(data)
    with pytest.raises(SettingError, match=match):
        LatencyCosts.of(COSTS, write(data))


def test_no_file(tmp_path):
    with pytest.raises(SettingError, match='latency table .*none.json'):
        LatencyCosts.of(COSTS, tmp_path / 'none.json')
