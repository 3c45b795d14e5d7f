"""The benchmark against the paper, and questions to it against brute force."""
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from scalenas_mm.benchmarks import PAPER, BenchmarkError, NASBenchMR, as_code
from scalenas_mm.spaces import NASBench201Space, NCPArch, NCPSpace

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'dataset_converters' / 'nas_bench_mr.py'
SIX = ('cls-50-1000', 'cls-50-100', 'cls-10-1000', 'cls-10c', 'seg', 'video')


@pytest.fixture(scope='module')
def bench(shared_data):
    return NASBenchMR(shared_data / 'nas_bench_mr')


def test_settings(bench):
    assert bench.settings == (*SIX, 'nas-bench-201')
    assert bench.codes.shape == (2507, 27)
    main = [bench.main_metric(name) for name in bench.settings]
    assert main == ['top1'] * 4 + ['mIoU', 'top1', 'Acc']


@pytest.mark.parametrize('setting', SIX)
def test_statistics_of_table_6(bench, setting):
    """The paper says 2,500 architectures, the files hold 2,507."""
    found = bench.statistics(setting)
    assert found['num'] == 2507
    assert found['mean'] == pytest.approx(PAPER[setting].mean, abs=0.016)
    off = dict([('cls-50-1000', 0.11), ('cls-50-100', 0.065)])
    assert found['std'] == pytest.approx(
        PAPER[setting].std, abs=off.get(setting, 0.025))


@pytest.fixture(scope='module')
def correlations(bench):
    return bench.spearman()


@pytest.mark.parametrize('first, second, paper, off', [
    ('cls-50-100', 'cls-10c', 0.818, 0.01),
    ('cls-10-1000', 'cls-10c', 0.538, 0.01),
    ('cls-50-100', 'cls-10-1000', 0.519, 0.015),
    ('cls-50-1000', 'cls-10c', 0.517, 0.005),
    ('seg', 'video', -0.003, 0.015),
    ('cls-10c', 'video', 0.632, 0.02),
    ('cls-50-100', 'video', 0.647, 0.03),
    ('cls-50-1000', 'cls-50-100', 0.3, 0.06),
    ('cls-50-1000', 'seg', 0.639, 0.08),
])
def test_correlations_of_figure_4(bench, correlations, first, second, paper,
                                  off):
    """The files are not quite those of the figure: ``cls-50-1000`` differs."""
    found = correlations.loc[first, second]
    assert found == pytest.approx(paper, abs=off)
    values = [bench.table(name).main_values for name in (first, second)]
    assert found == pytest.approx(spearmanr(*values).statistic, abs=1e-12)


def test_correlation_over_common_codes(table, tmp_path):
    """Other orders, and rows that only one of the two has."""
    rows = np.random.default_rng(0).permutation(20)
    table.take(rows[:15]).to_csv(tmp_path / 'seg.csv')
    table.take(rows[5:][::-1]).to_csv(tmp_path / 'seg-4x.csv')
    bench = NASBenchMR(tmp_path)
    assert {*map(tuple, bench.codes)} == {*map(tuple, table.codes[rows[5:15]])}
    np.testing.assert_allclose(bench.spearman(), 1)
    table.take(rows[14:]).to_csv(tmp_path / 'seg-4x.csv')
    with pytest.raises(BenchmarkError, match='at least 2 architectures'):
        NASBenchMR(tmp_path).spearman()


def test_spaces_are_not_mixed(bench):
    with pytest.raises(BenchmarkError, match='settings of one space'):
        bench.spearman(['seg', 'nas-bench-201'])


def test_nas_bench_201(bench):
    table = bench.table('nas-bench-201')
    assert len(table) == NASBench201Space().size()
    assert bench.statistics('nas-bench-201')['max'] == pytest.approx(
        47.33, abs=0.005)
    row = int(table.main_values.argmax())
    arch = table.space.decode(table.codes[row])
    best = bench.query(arch, 'nas-bench-201')
    assert best['Acc'] == table.main_values[row]
    assert bench.query(str(arch), 'nas-bench-201') == best
    # the one that NCP finds, section C
    found = np.isclose(table.columns['Flops'], 90.36, atol=0.006)
    assert np.isclose(table.main_values[found], 46.8, atol=0.06).any()


def test_a_one_hot_code_is_checked(bench, tmp_path):
    table = bench.table('nas-bench-201').take(np.arange(3))
    table.codes[1, :5] = 1
    table.to_csv(tmp_path / 'nas-bench-201.csv')
    with pytest.raises(
            BenchmarkError, match='row 2, c1: expected a code of NASBench201'):
        NASBenchMR(tmp_path).table('nas-bench-201')


def test_query_by_all_forms_of_a_code(table):
    code = table.codes[4]
    expected = {key: col[4] for key, col in table.columns.items()}
    arch = NCPArch.from_code(code)
    for form in (arch, str(arch), code, code.tolist(), code.astype(float),
                 tuple(code), ','.join(map(str, code))):
        assert table.query(form) == expected


def test_released_code_string():
    """The example of the released documentation."""
    assert as_code(
        '96_128-1_1_1_48-1_2_1_1_128_8-1_3_1_1_1_128_128_120-4_4_4_4_4_4_128_'
        '128_128_128-64', 27).tolist() == [
            96, 128, 1, 1, 48, 1, 1, 1, 128, 8, 1, 1, 1, 1, 128, 128, 120, 4,
            4, 4, 4, 4, 128, 128, 128, 128, 64
        ]


@pytest.mark.parametrize('code', [
    '8 8', 'max', [8] * 26, [8.5] * 27, [[8] * 27], None, {
        'a': 1
    }, [float('nan')] * 27
])
def test_no_code(table, code):
    with pytest.raises(
            BenchmarkError, match='code: expected 27 whole numbers'):
        table.query(code)


def test_nearest_by_brute_force(table):
    rng = np.random.default_rng(3)
    ranges = [120 if c[-1] > 4 else 3 for c in NCPSpace().gene_choices()]
    for code in NCPSpace().sample_genes(rng, 10).tolist():
        distances = [
            sum(abs(a - b) / r for a, b, r in zip(code, row, ranges))
            for row in table.codes.tolist()
        ]
        row, distance = table.nearest(code)
        assert row == int(np.argmin(distances))
        assert distance == pytest.approx(min(distances))
        np.testing.assert_allclose(table.distances(code), distances)
    assert table.nearest(table.codes[7]) == (7, 0)


def test_an_unknown_code_says_which_is_nearest(table):
    code = table.codes[2].copy()
    code[0] = 8 if code[0] > 64 else 128
    row, distance = table.nearest(code)
    nearest = ' '.join(map(str, table.codes[row]))
    with pytest.raises(
            BenchmarkError,
            match=f'one of the 20 measured for seg; .* of {distance:.3g}, is '
            f'{nearest}, got .{" ".join(map(str, code))}'):
        table.query(code)


def test_samples_and_splits(table, tmp_path):
    train, val = table.split(14, 5, seed=1)
    assert len({*train, *val}) == 19
    again = table.split(14, 5, seed=1)
    assert (train == again[0]).all() and (val == again[1]).all()
    assert (table.split(14, 5, seed=2)[0] != train).any()
    with pytest.raises(BenchmarkError, match='at most the 20 rows of seg'):
        table.split()
    for numbers, message in (((1, 5), 'num_train: expected at least 2, got 1'),
                             ((14, 0), 'num_val: expected at least 1, got 0'),
                             ((25, -5), 'num_val: expected at least 1'),
                             ((-2, 5), 'num_train: expected at least 2')):
        with pytest.raises(BenchmarkError, match=message):
            table.split(*numbers)
    for num in 0, -1, 21:
        with pytest.raises(BenchmarkError, match=f'num: .*at least 1.*{num}'):
            table.sample(num)
    table.to_csv(tmp_path / 'seg.csv')
    part = NASBenchMR(tmp_path).sample('seg', 6, seed=4)
    rows = table.sample(6, seed=4)
    assert (part.codes == table.codes[rows]).all() and len(part) == 6
    assert (part.main_values == table.main_values[rows]).all()


def test_unknown_names(table, tmp_path):
    table.to_csv(tmp_path / 'seg.csv')
    bench = NASBenchMR(tmp_path)
    with pytest.raises(BenchmarkError, match="one of seg, got 'cls'"):
        bench.table('cls')
    with pytest.raises(BenchmarkError, match="one of mIoU, .*, got 'AP'"):
        bench.statistics('seg', 'AP')


def run(*args):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', TOOL, *map(str, args)],
        capture_output=True,
        text=True)


def test_tool(table, tmp_path):
    for name in 'seg.csv', 'mine.csv':
        table.to_csv(tmp_path / name)
    out = tmp_path / 'out'
    args = (tmp_path, out, '--format', 'parquet', '--setting', 'seg')
    result = run(*args)
    assert result.returncode == 0, result.stderr
    line, = (x.split() for x in result.stdout.splitlines() if 'mIoU' in x)
    mean = f'{table.main_values.mean():.2f}'
    assert line[:4] == ['seg', 'mIoU', '20', mean]
    assert line[-2:] == ['72.58', '5.33']
    assert [path.name for path in out.iterdir()] == ['seg.parquet']
    found = NASBenchMR(out).table('seg')
    assert (found.main_values == table.main_values).all()
    result = run(*args)
    assert result.returncode == 2
    assert 'seg.parquet exists; --force' in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize('force', [[], ['--force']])
def test_tool_leaves_one_table_of_a_setting(table, tmp_path, capsys,
                                            monkeypatch, force):
    """A second one would make the folder unreadable."""
    table.to_csv(tmp_path / 'seg.csv')
    argv = [TOOL, tmp_path, tmp_path, '--format', 'parquet', *force]
    monkeypatch.setattr(sys, 'argv', list(map(str, argv)))
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    assert stop.value.code == 2
    assert 'seg.csv is a table of seg, too' in capsys.readouterr().err
    assert len(NASBenchMR(tmp_path).table('seg')) == 20
