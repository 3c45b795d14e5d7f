"""Tables and figures of NCP on the command line."""
import csv
import json
import runpy
import shutil
import subprocess
import sys
from contextlib import nullcontext
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from scalenas_mm.benchmarks import ArchTable, NASBenchMR
from scalenas_mm.predictors import (NetworkCodingPropagation, Task,
                                    efficiency_targets, load_predictor,
                                    save_predictor)
from scalenas_mm.search import Archive, Record
from scalenas_mm.spaces import CostModel, NCPSpace, released_flops

TOOLS = Path(__file__).resolve().parents[1] / 'tools' / 'analysis_tools'
SPACE = NCPSpace()
LAMBDAS = ['0.1', '0.7']


def write_tables(folder, num=60):
    """Two settings of the same networks; one more lacks a network."""
    rng = np.random.default_rng(0)
    genes = SPACE.sample_genes(rng, num)
    codes = genes.astype(np.int64)
    costs = dict(
        flops=released_flops(codes),
        params=SPACE.complexity_batch(genes, (128, 128)).params / 1e6)
    good = np.log(costs['flops']) + codes[:, 24] / 40
    metrics = {
        'seg':
        dict(mIoU=70 + good, mAcc=80 + good + rng.random(num), aAcc=90 + good),
        'video':
        dict(
            top1=20 - codes[:, 0] / 40 + rng.random(num),
            top5=50 + rng.random(num)),
    }
    for name, columns in metrics.items():
        main = next(iter(columns))
        ArchTable(name, codes, {
            **columns,
            **costs
        }, main, SPACE).to_csv(folder / f'{name}.csv')
    table = ArchTable('cls-10c', codes[1:], {'top1': good[1:]}, 'top1', SPACE)
    table.to_csv(folder / 'cls-10c.csv')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bench')
    write_tables(folder)
    return folder


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """Predictors that a command trained, and what it wrote and printed."""
    folder = tmp_path_factory.mktemp('trained')
    done = subprocess.run([
        sys.executable, TOOLS / 'ncp_optima.py', data, '--settings', 'seg',
        'video', 'seg+video', '--lambdas', *LAMBDAS, '--predictors', folder /
        'predictors', '--nearest', '5', '--out', folder / 'optima.json'
    ],
                          check=True,
                          capture_output=True,
                          text=True)
    return folder, done


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command inside this process, which has its imports already."""

    def main(name, *args, code=0):
        tool = TOOLS / f'{name}.py'
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, args)])
        monkeypatch.setattr(sys, 'path', [str(TOOLS), *sys.path])
        with pytest.raises(SystemExit) if code else nullcontext() as stop:
            runpy.run_path(str(tool), run_name='__main__')
        assert not code or stop.value.code == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return main


@pytest.fixture
def optima(trained):
    return json.loads((trained[0] / 'optima.json').read_text())


# -- optima ---------------------------------------------------------------
def test_missing_predictors_are_trained_and_stored(trained, data):
    folder, done = trained
    for name, main in (('seg', 'mIoU'), ('video', 'top1')):
        _, origin = load_predictor(folder / 'predictors' / f'{name}.pth')
        assert (origin['setting'], origin['main']) == (name, main)
        split = origin['split']
        assert len(split['train']) == 48 and len(split['val']) == 12
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
        order = np.abs((table.codes - row['code']) / ranges).sum(1).argsort()
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


def test_equal_measurements_make_no_pair(monkeypatch):
    monkeypatch.setattr(sys, 'path', [str(TOOLS), *sys.path])
    from _ncp_ranking import ordered_pairs
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


# -- figures --------------------------------------------------------------
def test_spearman_prints_stores_and_draws(data, run, tmp_path):
    out = tmp_path / 'matrix.png'
    (tmp_path / 'matrix.csv').write_text('mine')
    printed = run('ncp_spearman', data, '--out', out)
    assert 'not in the data: cls-50-1000, cls-50-100, cls-10-1000, seg-4x' in (
        printed)
    assert (tmp_path / 'matrix.csv').read_text() == 'mine'
    values = pd.read_csv(tmp_path / 'matrix_spearman.csv', index_col=0)
    assert list(values) == ['cls-10c', 'seg', 'video']
    tables = [NASBenchMR(data).table(name) for name in ('seg', 'video')]
    # the network that cls-10c lacks is left out everywhere
    rho = spearmanr(*(table.main_values[1:] for table in tables))[0]
    assert values.loc['seg', 'video'] == pytest.approx(rho)
    assert f'{rho:.3f}' in printed and out.stat().st_size


def test_spearman_does_not_write_among_the_tables(data, run):
    before = sorted(data.iterdir())
    for source in (data, data / 'seg.csv'):
        error = run(
            'ncp_spearman',
            source,
            '--out',
            data / '..' / data.name / 'seg.png',
            code=2)
        assert '--out: expected a file outside' in error
    assert sorted(data.iterdir()) == before


def test_trace_and_codes_end_where_the_table_does(trained, data, run, tmp_path,
                                                  optima):
    folder = trained[0] / 'predictors'
    for tool, option in (('ncp_trace', '--setting'), ('ncp_codes',
                                                      '--settings')):
        out = tmp_path / f'{tool}.png'
        printed = run(tool, data, option, 'seg+video', '--lambda', '0.7',
                      '--predictors', folder, '--out', out)
        row = optima['optima'][-1]
        assert row['arch'] in printed and out.stat().st_size
        assert f"{row['params']:.2f} M" in printed
        if tool == 'ncp_trace':
            model, _ = load_predictor(folder / 'seg.pth')
            first = model.predict(SPACE.encode(SPACE.initial_arch()))['mIoU']
            assert f'seg mIoU {first[0]:.2f} → ' in printed
    assert f"{row['predicted']['video']['top1']:.2f} predicted" in printed


def test_codes_of_the_tasks_that_are_there(trained, data, run, tmp_path):
    printed = run('ncp_codes', data, '--predictors', trained[0] / 'predictors',
                  '--out', tmp_path / 'codes.svg')
    names = [line.split(':')[0] for line in printed.splitlines()[::2]]
    assert names[:2] == ['seg', 'video']


def test_ranks_without_curves(data, run, tmp_path):
    out = tmp_path / 'ranks.png'
    printed = run('ncp_ranks', data, '--out', out)
    table = NASBenchMR(data).table('seg')
    rhos = [
        spearmanr(table.columns['mIoU'], table.columns[name])[0]
        for name in ('mAcc', 'aAcc')
    ]
    assert (f'seg: rank correlation of mIoU with mAcc {rhos[0]:.3f}, aAcc '
            f'{rhos[1]:.3f}') in printed
    assert 'cls-10c: has one metric only' in printed
    assert '(a) is left out: the data hold no training curves' in printed
    assert out.stat().st_size


@pytest.fixture
def own(tmp_path):
    """A benchmark with curves, as build_benchmark.py writes it."""
    rng = np.random.default_rng(0)
    steps = range(10, 140, 10)
    with_curves = []
    archive = Archive(tmp_path / 'own' / 'toy' / 'rows_0.jsonl',
                      dict(space=SPACE.to_dict()))
    for i, genes in enumerate(SPACE.sample_genes(rng, 12)):
        arch = SPACE.decode(genes)
        curve = [[step, float(rng.random())] for step in steps]
        if i == 3:  # has one validation less
            del curve[5]
        with_curves.append(dict(curve))
        archive.append(
            Record(
                id=i,
                digest=arch.digest,
                arch=arch.to_dict(),
                metrics=dict(acc=curve[-1][1], other=float(i)),
                cost=dict(params=1, macs=1),
                curves=dict(acc=curve)))
    archive.close()
    return tmp_path / 'own', pd.DataFrame(with_curves)


def test_steps_of_a_training(own, run, tmp_path, monkeypatch):
    folder, curves = own
    monkeypatch.setattr(sys, 'path', [str(TOOLS), *sys.path])
    from ncp_ranks import curve_files, steps_of
    for root in (folder, folder / 'toy'):
        printed = run('ncp_ranks', root, '--out', tmp_path / 'a.png')
        assert 'left out' not in printed
        found = steps_of(curve_files(root, 'toy'), 'acc')
        assert list(found) == [20, 40, 70, 90, 110, 130]  # 60 is not in all
        assert np.array_equal(found, curves[list(found)])
    assert steps_of(curve_files(folder, 'toy'), 'other') is None


# -- errors ---------------------------------------------------------------
@pytest.mark.parametrize('tool, args, message', [
    ('ncp_optima', ['--out', 'a.txt'], 'expected a file .json or .csv'),
    ('ncp_trace', ['--out', 'a.txt'], 'expected a file .png, .svg, .pdf'),
    ('ncp_optima', ['--nearest', '1'], '--nearest: expected at least 2'),
    ('ncp_optima', ['--settings', 'seg+seg'], 'expected SETTING'),
    ('ncp_optima', ['--settings', 'depth'], 'setting: expected one of'),
    ('ncp_trace', ['--max-gmacs', '1e-6'], 'limits.macs: expected a number'),
    ('ncp_codes', ['--start', 'best'], 'one of max, min, initial'),
    ('ncp_ranks', ['--metrics', 'AP'], 'metric: expected one of'),
    ('ncp_ranks', ['--metrics', *'abcdef'], '--metrics: expected at most 5'),
    ('ncp_optima', ['--lambdas', '0.1', '-1'], 'expected a number >= 0'),
    ('ncp_trace', ['--lambda', 'nan'], 'expected a number >= 0'),
    ('ncp_codes', ['--lambda', '-1'], 'expected a number >= 0'),
    ('ncp_spearman', ['--settings', 'AP'], 'setting: expected one of'),
])
def test_wrong_arguments(trained, data, run, tmp_path, tool, args, message):
    options = dict(
        ncp_ranks=[],
        ncp_spearman=[]).get(tool, ['--predictors', trained[0] / 'predictors'])
    assert message in run(tool, data, *options, *args, code=2)


def test_predictors_that_do_not_fit(trained, data, run, tmp_path):
    model, origin = load_predictor(trained[0] / 'predictors' / 'seg.pth')
    for change, message in [
        (dict(data_sha256='0', rows=5), 'got one of 5 rows that differ'),
        (dict(data_sha256=None), 'train it anew'),
        (dict(split=None), 'expected the split'),
        (dict(split=dict(train=[60], val=[])), 'expected rows below 60'),
    ]:
        save_predictor(tmp_path / 'seg.pth', model, {**origin, **change})
        assert message in run(
            'ncp_optima', data, '--predictors', tmp_path, code=2)
    save_predictor(tmp_path / 'seg.pth', model, origin)
    table = NASBenchMR(data).table('seg')
    for changed in (table.codes[:, 0], table.columns['mIoU']):
        value, changed[0] = changed[0], 136 - changed[0]
        table.to_csv(tmp_path / 'seg.csv')
        changed[0] = value
        assert 'of these very data, got one of 60 rows that differ' in run(
            'ncp_optima',
            tmp_path / 'seg.csv',
            '--predictors',
            tmp_path,
            code=2)
    (tmp_path / 'seg.pth').write_text('none')
    assert 'is no predictor' in run(
        'ncp_trace', data, '--predictors', tmp_path, code=2)


def test_defaults_of_training_are_those_of_the_tool(trained, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS.parent))
    from train_predictor import parse_args
    _, origin = load_predictor(trained[0] / 'predictors' / 'seg.pth')
    args, used = vars(parse_args(['DATA'])), origin['training']
    assert used == {key: args[key] for key in used} and origin['seed'] == 0


def test_codes_of_no_known_space(data, run, tmp_path):
    shutil.copy(data / 'seg.csv', tmp_path / 'mine.csv')
    error = run('ncp_optima', tmp_path, '--settings', 'mine', code=2)
    assert 'codes of NCPSpace' in error and 'an unknown space' in error


def test_a_benchmark_of_another_space(tmp_path, run):
    lines = [','.join([f'c{i}' for i in range(30)] + ['Acc,Flops,Params'])]
    row = np.eye(5, dtype=int)[[3] * 6].ravel()
    lines.append(','.join([*map(str, row), '1.0', '2.0', '3.0']))
    (tmp_path / 'nas-bench-201.csv').write_text('\n'.join(lines) + '\n')
    error = run('ncp_optima', tmp_path, '--settings', 'nas-bench-201', code=2)
    assert "codes of NCPSpace, got '30 numbers of NASBench201Space'" in error
