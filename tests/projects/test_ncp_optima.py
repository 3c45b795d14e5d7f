"""Optima of propagation on NAS-Bench-MR: ncp_optima.py."""
import csv
from itertools import combinations

import numpy as np
import pytest
from nas_bench_mr import options
from nas_bench_mr.ranking import ordered_pairs

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.predictors import (NetworkCodingPropagation, Task,
                                    efficiency_targets, load_predictor)
from scalenas_mm.predictors.propagation import STRATEGIES
from scalenas_mm.spaces import CostModel, NCPSpace

SPACE = NCPSpace()
LAMBDAS = ['0.1', '0.7']


def test_missing_predictors_are_trained_and_stored(trained, data):
    folder, done = trained
    for name, main in (('seg', 'mIoU'), ('video', 'top1')):
        _, origin = load_predictor(folder / 'predictors' / f'{name}.pth')
        assert (origin['setting'], origin['main']) == (name, main)
        split = origin['split']
        assert len(split['train']) == 48 and len(split['val']) == 12
        assert origin['training']['epochs'] == 100
        assert origin['seed'] == 0
        assert f'{name}: trained on 48 networks; on 12 others {main}' in (
            done.stderr)


def test_rows_are_what_propagation_predictor_and_table_say(
        trained, data, optima):
    assert [(row['goal'], row['lambda']) for row in optima['optima']] == [
        (goal, float(lam)) for goal in ('seg', 'video', 'seg + video')
        for lam in LAMBDAS
    ]
    tables = {name: NASBenchMR(data).table(name) for name in ('seg', 'video')}
    models = {
        name: load_predictor(trained[0] / 'predictors' / f'{name}.pth')
        for name in tables
    }
    start = SPACE.encode(SPACE.initial_arch())
    for row in optima['optima']:
        tasks = [
            Task(models[name][0],
                 efficiency_targets(tables[name].main, row['lambda']))
            for name in row['settings']
        ]
        code = NetworkCodingPropagation(SPACE, tasks).run(start).codes[0]
        assert row['code'] == code.tolist()
        cost = SPACE.complexity(SPACE.decode(code), (128, 128))
        assert (row['params'], row['gmacs']) == (cost.params / 1e6,
                                                 cost.macs / 1e9)
        for name, (model, _) in models.items():
            assert row['predicted'][name] == pytest.approx({
                key: v[0]
                for key, v in model.predict(code).items()
            })
        first = row['settings'][0]
        near, distance = tables[first].nearest(code)
        found = row['nearest']
        assert found['row'] == near
        assert found['distance'] == pytest.approx(distance)
        assert found['measured']['seg'] == tables['seg'].query(
            tables[first].codes[near])
        assert found['trained_on'] == (
            near in models[first][1]['split']['train'])


def pairs_by_hand(table, model, rows):
    """Every pair is compared."""
    values = table.main_values
    said = model.predict(table.codes)[table.main]
    pairs = [(i, j) for i, j in combinations(rows, 2)
             if values[i] != values[j]]
    right = [(values[i] < values[j]) == (said[i] < said[j]) for i, j in pairs]
    return dict(right=sum(right), total=len(pairs))


def test_pairs_are_counted_one_by_one(trained, data, optima):
    table = NASBenchMR(data).table('seg')
    model, origin = load_predictor(trained[0] / 'predictors' / 'seg.pth')
    unseen = sorted(set(range(60)) - set(origin['split']['train']))
    ranges = [int(np.ptp(choices)) for choices in SPACE.gene_choices()]
    near, near_unseen = set(), set()
    for row in optima['optima']:
        if 'seg' not in row['settings']:
            continue
        far = np.abs((table.codes - row['code']) / ranges).sum(1)
        order = far.argsort(kind='stable')
        near |= set(order[:5].tolist())
        near_unseen |= set([i for i in order.tolist() if i in unseen][:5])
        assert row['pairs']['seg'] == pairs_by_hand(table, model, order[:5])
    sets = {one['what']: one for one in optima['ranking']['seg']}
    for what, rows in (('5 nearest to each optimum', near),
                       ('5 nearest unseen to each optimum',
                        near_unseen), ('all unseen', unseen)):
        assert sets[what]['pairs'] == pairs_by_hand(table, model, sorted(rows))
        assert sets[what]['networks'] == len(rows)
        assert sets[what]['trained_on'] == len(set(rows) - set(unseen))


def test_equal_measurements_make_no_pair():
    assert ordered_pairs(np.array([1., 1, 2, 3]), np.array([5., 6, 9,
                                                            8])) == (4, 5)
    # the same prediction for two different networks does not order them
    assert ordered_pairs(np.array([1., 2]), np.array([5., 5])) == (0, 1)


def test_the_printed_table(trained):
    lines = trained[1].stdout.splitlines()
    assert 'from initial' in lines[0] and 'continuous' in lines[0]
    for head in ('seg mIoU   video top1   flops   params       M   GMACs',
                 'distance   trained on   seg mIoU   video top1'):
        assert any(head in line for line in lines)


def test_transfer_limits_and_csv(trained, data, run, tmp_path):
    """The predictors there are used, the start is the other's optimum."""
    stored = trained[0] / 'predictors' / 'seg.pth'
    before = stored.stat().st_mtime_ns
    out = tmp_path / 'optima.csv'
    run('ncp_optima', data, '--transfer-from', 'video', '--lambdas', '0.5',
        '--strategies', 'continuous', 'winner-takes-all', '--predictors',
        stored.parent, '--max-params', '2', '--max-gmacs', '0.8', '--step',
        '0.1', '--iterations', '20', '--out', out)
    assert stored.stat().st_mtime_ns == before
    rows = list(csv.DictReader(out.open()))
    assert [row['goal']
            for row in rows[::2]] == ['video', 'seg', 'seg from video']
    assert [row['strategy']
            for row in rows[:2]] == ['continuous', 'winner-takes-all']
    model, _ = load_predictor(stored)
    for row in rows:
        code = SPACE.resolve(row['code'])
        cost = SPACE.complexity(code, (128, 128))
        assert cost.params <= 2e6 and cost.macs <= 0.8e9
        assert float(row['params']) == cost.params / 1e6
        assert float(row['predicted.seg.mIoU']) == pytest.approx(
            model.predict(SPACE.encode(code))['mIoU'][0])
    limits = dict(params=2e6, macs=0.8e9)
    task = Task(model, efficiency_targets('mIoU', 0.5, step=0.1))
    again = NetworkCodingPropagation(
        SPACE,
        task,
        iterations=20,
        limits=limits,
        costs=CostModel(SPACE, (128, 128)))
    for row, start in ((rows[2], 'initial'), (rows[4], rows[0]['code'])):
        codes = again.run(SPACE.encode(SPACE.resolve(start))).codes
        assert row['code'] == str(SPACE.decode(codes[0]))


def test_strategies_are_those_of_the_propagation():
    """The arguments are read before it is imported."""
    assert options.STRATEGIES == STRATEGIES
