"""Every kind of file gives the same table, and broken ones clear errors."""
import os
import pickle
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from scalenas_mm.benchmarks import BenchmarkError, NASBenchMR
from scalenas_mm.search import Archive, Record
from scalenas_mm.spaces import NCPSpace


def equal(first, second):
    """Whether two tables hold exactly the same."""
    return (first.name, first.main) == (second.name, second.main) and (
        first.codes == second.codes).all() and list(first.columns) == list(
            second.columns) and all(
                (first.columns[key] == second.columns[key]).all()
                for key in first.columns)


def released(table, last=True):
    """Rows as released: a dict each; the code beside what it stands for."""
    out = []
    for i, code in enumerate(table.codes.tolist()):
        metrics = {key: col[i] for key, col in table.columns.items()}
        out.append(
            dict(
                metrics,
                input_channel=code[:2],
                network_setting=[[1, [3], [128]]],
                last_channel=code[-1],
                embedding=code if last else code[:-1]))
    return out


def values(table):
    return np.stack(list(table.columns.values()), 1)


def by_code(table, key, value):
    return {key(c): value(v) for c, v in zip(table.codes, values(table))}


def named(table):
    return lambda row: dict(zip(table.columns, row.tolist()))


def code_string(code):
    """As in the released list of codes, with numbers of branches."""
    parts = [code[:2], code[2:5], code[5:10], code[10:17], code[17:26]]
    for branches, part in enumerate(parts[1:], 1):
        parts[branches] = np.insert(part, 1, branches)
    return '-'.join('_'.join(map(str, p)) for p in (*parts, code[26:]))


FORMS = {
    'released': released,
    'released, last channel apart': lambda t: released(t, last=False),
    'array': lambda t: np.concatenate([t.codes, values(t)], 1),
    'rows': lambda t: np.concatenate([t.codes, values(t)], 1).tolist(),
    'rows of arrays':
    lambda t: list(np.concatenate([t.codes, values(t)], 1)),
    'pair': lambda t: (t.codes, values(t)),
    'strings to lists': lambda t: by_code(t, code_string, np.ndarray.tolist),
    'tuples to arrays': lambda t: by_code(t, tuple, np.asarray),
    'strings to dicts':
    lambda t: by_code(t, lambda c: str(c.tolist()), named(t)),
}


@pytest.mark.parametrize('form', FORMS)
def test_pickles_of_all_forms(table, tmp_path, form):
    with open(tmp_path / 'seg.pkl', 'wb') as file:
        pickle.dump(FORMS[form](table), file)
    assert equal(NASBenchMR(tmp_path).table('seg'), table)


def test_one_metric_without_a_list(table, tmp_path):
    data = by_code(table, tuple, lambda row: float(row[0]))
    (tmp_path / 'mine.pkl').write_bytes(pickle.dumps(data))
    with pytest.raises(BenchmarkError, match=r'names of its 1 metrics'):
        NASBenchMR(tmp_path).table('mine')
    bench = NASBenchMR(tmp_path, columns=dict(mine=['acc']))
    assert bench.query(table.codes[3],
                       'mine') == dict(acc=table.columns['mIoU'][3])


def test_round_trip(table, tmp_path):
    """CSV to Parquet to CSV, exactly."""
    for name in 'a', 'b':
        (tmp_path / name).mkdir()
    table.to_csv(tmp_path / 'a' / 'seg.csv')
    again = NASBenchMR(tmp_path / 'a').table('seg')
    again.to_parquet(tmp_path / 'b' / 'seg.parquet')
    last = NASBenchMR(tmp_path / 'b').table('seg')
    assert equal(again, table) and equal(last, table)
    last.to_csv(tmp_path / 'last.csv')
    assert (tmp_path / 'last.csv').read_bytes() == (tmp_path / 'a' /
                                                    'seg.csv').read_bytes()


def test_the_layouts_of_a_folder(table, tmp_path):
    (tmp_path / 'data' / 'video').mkdir(parents=True)
    data = np.concatenate([table.codes, values(table)[:, :4]], 1)
    path = tmp_path / 'data' / 'video' / 'trainval.pkl'
    path.write_bytes(pickle.dumps(data))
    table.to_csv(tmp_path / 'data' / 'seg.csv')
    table.to_csv(tmp_path / 'data' / 'another.csv')
    (tmp_path / 'data' / 'notes.txt').write_text('no table')
    bench = NASBenchMR(tmp_path / 'data')
    assert bench.settings == ('seg', 'video', 'another')
    assert bench.main_metric('video') == 'top1'
    assert NASBenchMR(path).settings == ('video', )
    assert NASBenchMR(tmp_path / 'data' / 'seg.csv').settings == ('seg', )
    table.to_parquet(tmp_path / 'data' / 'seg.parquet')
    with pytest.raises(
            BenchmarkError, match='one table of seg, got .*seg.csv and seg.p'):
        NASBenchMR(tmp_path / 'data')


def test_columns_and_main(table, tmp_path):
    table.to_csv(tmp_path / 'seg.csv')
    bench = NASBenchMR(
        tmp_path, columns=dict(seg=['flops', 'mAcc']), main=dict(seg='mAcc'))
    assert list(bench.table('seg').columns) == ['flops', 'mAcc']
    assert bench.main_metric('seg') == 'mAcc'
    with pytest.raises(BenchmarkError, match="expected AP, got 'no AP'"):
        NASBenchMR(tmp_path, columns=dict(seg=['AP'])).table('seg')
    with pytest.raises(BenchmarkError, match="one of seg, got 'video'"):
        NASBenchMR(tmp_path, main=dict(video='top1'))


def spoil(column, value):

    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[2, column] = value
        return frame

    return change


FRAMES = [
    (lambda f: f.drop(columns=['c3', 'c26']), 'c0 to c26 .*no c3, c26'),
    (lambda f: f[['c1', 'c0', *f.columns[2:]]], 'c0 to c26 first, in order'),
    (lambda f: f.drop(columns='mIoU'), "main metric mIoU, got 'mAcc, aAcc,"),
    (lambda f: f.iloc[:, :27], 'metrics after the code'),
    (lambda f: f.rename(columns=dict(mAcc='c40')),
     "a name of its own .*'c40'"),
    (lambda f: f.rename(columns=dict(mAcc='aAcc')),
     "a name of its own .*'aAcc'"),
    (spoil('c7', 'three'), "row 3, c7: expected a number, got 'three'"),
    (spoil('mIoU', ''), "row 3, mIoU: expected a number, got ''"),
    (spoil('mIoU', np.inf), 'row 3, mIoU: expected a finite number, got inf'),
    (spoil('mIoU', 'nan'), 'row 3, mIoU: expected a finite number, got nan'),
    (spoil('c0', 8.5), 'row 3, c0: expected a whole number, got 8.5'),
    (spoil('c0', 12), 'row 3, c0: expected one of 8, 16, .*, 128, got 12'),
    (spoil('c2', 5), 'row 3, c2: expected one of 1, 2, 3, 4, got 5'),
    (lambda f: pd.concat([f, f.iloc[4:5]]),
     'row 21: expected every architecture once, got .* as in row 5'),
    (lambda f: f.iloc[:0], 'measured architectures, got .no rows'),
]


@pytest.mark.parametrize('change, message', FRAMES, ids=[m for _, m in FRAMES])
def test_wrong_tables(table, tmp_path, change, message):
    change(table.to_frame()).to_csv(tmp_path / 'seg.csv', index=False)
    with pytest.raises(BenchmarkError, match=message):
        NASBenchMR(tmp_path).table('seg')


def cut(text, to):
    return text[:text.rfind(to) + 1]


TEXTS = [
    (lambda t: t[:-1], 'a line end after the last row, got .* cut off'),
    (lambda t: t[:-9], 'a line end after the last row, got .* cut off'),
    (lambda t: cut(t, ',')[:-1] + '\n', 'row 20: expected 32 cells, got 31'),
    (lambda t: t[:-1] + ',7\n', 'row 20: expected 32 cells, got 33'),
    (lambda t: t.replace('\n', '\n\n', 3), 'row 1: expected 32 cells, got 0'),
    (lambda t: '', 'a table, got .an empty file'),
    (lambda t: '\ufeff', 'seg.csv: expected a table, got .an empty file'),
    (lambda t: '\n', 'c0 to c26 and then metrics, got .no c0, c1,'),
]


@pytest.mark.parametrize('change, message', TEXTS)
def test_torn_text(table, tmp_path, change, message):
    table.to_csv(tmp_path / 'seg.csv')
    text = (tmp_path / 'seg.csv').read_text()
    (tmp_path / 'seg.csv').write_text(change(text))
    with pytest.raises(BenchmarkError, match=message):
        NASBenchMR(tmp_path).table('seg')


def test_not_a_text(tmp_path):
    (tmp_path / 'seg.csv').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(BenchmarkError, match='a text file'):
        NASBenchMR(tmp_path).table('seg')


def test_broken_parquet(table, tmp_path):
    path = tmp_path / 'seg.parquet'
    table.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(BenchmarkError, match='a whole Parquet file'):
        NASBenchMR(tmp_path).table('seg')
    table.to_frame().assign(c3='x').to_parquet(path)
    with pytest.raises(BenchmarkError, match='c3: expected numbers, got .str'):
        NASBenchMR(tmp_path).table('seg')
    table.to_frame().assign(mAcc=None).astype(
        dict(mAcc=float)).to_parquet(path)
    with pytest.raises(BenchmarkError, match='row 1, mAcc: .* finite'):
        NASBenchMR(tmp_path).table('seg')


def test_without_pyarrow(table, tmp_path, monkeypatch):
    table.to_parquet(tmp_path / 'seg.parquet')
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with pytest.raises(BenchmarkError, match='pip install pyarrow'):
        NASBenchMR(tmp_path).table('seg')
    with pytest.raises(BenchmarkError, match='pip install pyarrow'):
        table.to_parquet(tmp_path / 'new.parquet')
    assert os.listdir(tmp_path) == ['seg.parquet']


def test_a_failed_write_leaves_the_old_file(table, tmp_path, monkeypatch):
    path = tmp_path / 'seg.csv'
    table.to_csv(path)
    before = path.read_bytes()

    def torn(self, file, index):
        file.write_text('c0,')
        raise OSError('no space left')

    monkeypatch.setattr(pd.DataFrame, 'to_csv', torn)
    with pytest.raises(OSError, match='no space left'):
        table.to_csv(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ['seg.csv']


class Command:

    def __reduce__(self):
        return os.system, ('echo executed', )


def without(rows, key):
    del rows[3][key]
    return rows


PICKLES = [
    (lambda t: Command(), r'posix.system is not allowed'),
    (lambda t: [dict(released(t)[0], mIoU=Fraction(1, 2))],
     r'fractions.Fraction is not allowed'),
    (lambda t: 5, "expected rows, a pair .*, got 'int'"),
    (lambda t: dict(), 'measured architectures'),
    (lambda t: [], 'measured architectures'),
    (lambda t: t.codes, r'names of its 0 metrics'),
    (lambda t: (t.codes, values(t)[1:]), 'metrics of 20 codes, got 19'),
    (lambda t:
     (t.codes, values(t)[:, 1:]), r'names of its 4 metrics .* got .5'),
    (lambda t: without(released(t), 'aAcc'),
     'row 4: expected mIoU, mAcc, aAcc, flops, params, got .mIoU, mAcc, fl'),
    (lambda t:
     [dict(row, embedding=row['embedding'][2:])
      for row in released(t)], 'row 1, code: expected 27 whole num'),
    (lambda t: {
        '8 8': [1, 2, 3, 4, 5]
    }, 'row 1, code: expected 27 .*8 8'),
    (lambda t: {
        tuple(t.codes[0]): ['a', 2, 3, 4, 5]
    }, 'row 1: expected 5 m'),
]


@pytest.mark.parametrize('make, message', PICKLES, ids=[m for _, m in PICKLES])
def test_wrong_pickles(table, tmp_path, make, message, capfd):
    (tmp_path / 'seg.pkl').write_bytes(pickle.dumps(make(table)))
    with pytest.raises(BenchmarkError, match=message):
        NASBenchMR(tmp_path).table('seg')
    assert 'executed' not in capfd.readouterr().out


def test_a_torn_pickle(table, tmp_path):
    data = pickle.dumps(released(table))
    (tmp_path / 'seg.pkl').write_bytes(data[:-100])
    with pytest.raises(BenchmarkError, match='seg.pkl: .*not a whole pickle'):
        NASBenchMR(tmp_path).table('seg')


def test_nothing_there(tmp_path):
    with pytest.raises(BenchmarkError, match='root: expected a folder'):
        NASBenchMR(tmp_path / 'none')
    with pytest.raises(BenchmarkError, match='.csv, .*, got .none'):
        NASBenchMR(tmp_path)


# -- archives of searches -------------------------------------------------
SPACE = NCPSpace(channels=(8, 16))


def write_archive(path, genes, space=SPACE, **changes):
    """An archive of candidates of which the second failed."""
    path.parent.mkdir(exist_ok=True)
    archive = Archive(path, dict(space=space.to_dict()))
    for i, row in enumerate(genes):
        arch = space.decode(row)
        cost = space.complexity(arch, (64, 64))
        record = dict(
            id=i,
            digest=arch.digest,
            arch=arch.to_dict(),
            metrics=dict(mIoU=i / 7, aAcc=50 + i),
            cost=dict(params=cost.params, macs=cost.macs),
            curves=dict(mIoU=[[10, 0.1], [20, i / 7]]))
        if i == 1:
            record.update(metrics={}, status='failed', error='NaN')
        archive.append(Record(**{**record, **changes}))
    archive.close()


@pytest.fixture
def genes():
    return SPACE.sample_genes(np.random.default_rng(1), 5)


def test_archives_of_a_folder(genes, tmp_path):
    write_archive(tmp_path / 'digits' / 'rows_0.jsonl', genes[:3])
    write_archive(tmp_path / 'digits' / 'rows_1.jsonl', genes[3:4])
    for root in tmp_path, tmp_path / 'digits':
        bench = NASBenchMR(root)
        assert bench.settings == ('digits', )
        table = bench.table('digits')
        np.testing.assert_array_equal(table.codes, genes[[0, 2, 3]])
        assert table.main == 'mIoU'
        assert table.space.to_dict() == SPACE.to_dict()
        cost = SPACE.complexity(SPACE.decode(genes[2]), (64, 64))
        assert table.query(SPACE.decode(genes[2])) == dict(
            mIoU=2 / 7,
            aAcc=52,
            flops=cost.macs / 1e9,
            params=cost.params / 1e6)


def test_one_archive(genes, tmp_path):
    write_archive(tmp_path / 'mine.jsonl', genes)
    bench = NASBenchMR(tmp_path, columns=dict(mine=['aAcc']))
    assert bench.table('mine').columns.keys() == {'aAcc'}
    assert len(bench.table('mine')) == 4
    with pytest.raises(BenchmarkError, match='expected AP, got .no AP'):
        NASBenchMR(tmp_path, columns=dict(mine=['AP'])).table('mine')


def test_wrong_archives(genes, tmp_path):
    first = tmp_path / 'own' / 'rows_0.jsonl'
    write_archive(first, genes[:1])
    second = tmp_path / 'own' / 'rows_1.jsonl'
    write_archive(second, genes[2:3], metrics=dict(AP=1))
    with pytest.raises(
            BenchmarkError, match='rows_1.jsonl: candidate 0: expected mIoU'):
        NASBenchMR(tmp_path).table('own')
    second.unlink()
    write_archive(second, genes[:1])
    with pytest.raises(BenchmarkError, match='every architecture once'):
        NASBenchMR(tmp_path).table('own')
    second.unlink()
    write_archive(second, genes[3:4], NCPSpace())
    with pytest.raises(BenchmarkError, match='rows_1.jsonl: space: expected'):
        NASBenchMR(tmp_path).table('own')
    second.unlink()
    write_archive(second, genes[3:4], arch=dict(code=[64] * 27))
    with pytest.raises(BenchmarkError, match='rows_1.jsonl: candidate 0: '):
        NASBenchMR(tmp_path).table('own')
    second.with_suffix('.meta.json').write_text('{"space": {"type": "Arch"}}')
    first.unlink()
    with pytest.raises(BenchmarkError, match='type: one of .*NCPSpace'):
        NASBenchMR(tmp_path).table('own')
    second.with_suffix('.meta.json').unlink()
    with pytest.raises(BenchmarkError, match='meta.json, which belongs to'):
        NASBenchMR(tmp_path).table('own')
