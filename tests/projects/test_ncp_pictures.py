"""The figures of NCP on the command line, and what commands refuse."""
import shutil

import numpy as np
import pandas as pd
import pytest
from nas_bench_mr.curves import curve_files, steps_of
from scipy.stats import spearmanr

from scalenas_mm.benchmarks import NASBenchMR
from scalenas_mm.predictors import load_predictor, save_predictor
from scalenas_mm.search import Archive, Record
from scalenas_mm.spaces import NCPSpace

SPACE = NCPSpace()


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


def test_steps_of_a_training(own, run, tmp_path):
    folder, curves = own
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
