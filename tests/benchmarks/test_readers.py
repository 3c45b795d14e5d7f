"""Every kind of file gives the same table, and broken ones clear errors."""
import os
import pickle
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from scalenas_mm.benchmarks import BenchmarkError, NASBenchMR


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


@pytest.mark.parametrize('last', [True, False])
def test_released_pickles(table, tmp_path, last):
    """The last channel may stand apart."""
    (tmp_path / 'seg.pkl').write_bytes(pickle.dumps(released(table, last)))
    assert equal(NASBenchMR(tmp_path).table('seg'), table)


def test_pickles_of_another_setting(table, tmp_path):
    """As long as the codes are; values of numpy and arrays are numbers."""
    rows = [
        dict(embedding=code, acc=np.float32(i), note='text')
        for i, code in enumerate(table.codes[:, :9])
    ]
    (tmp_path / 'mine.pkl').write_bytes(pickle.dumps(rows))
    mine = NASBenchMR(tmp_path).table('mine')
    assert (mine.codes == table.codes[:, :9]).all() and mine.main == 'acc'
    assert mine.columns['acc'].tolist() == list(range(20))


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
    rows = [dict(row, top1=row['mIoU']) for row in released(table)]
    path = tmp_path / 'data' / 'video' / 'trainval.pkl'
    path.write_bytes(pickle.dumps(rows))
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
    with pytest.raises(BenchmarkError, match='c3: expected numbers, got'):
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
    (lambda t: 5, "list of dicts with the code as embedding.*got 'int'"),
    (lambda t: {}, "as released, got 'dict'"),
    (lambda t: t.codes, "as released, got 'ndarray'"),
    (lambda t: t.codes.tolist(), "as released, got 'list with a list'"),
    (lambda t: without(released(t), 'embedding'), "with a dict of mIoU, mAcc"),
    (lambda t: [], 'measured architectures'),
    (lambda t: without(released(t), 'aAcc'),
     'row 4: expected mIoU, mAcc, aAcc, flops, params, got .mIoU, mAcc, fl'),
    (lambda t:
     [dict(row, embedding=row['embedding'][2:])
      for row in released(t)], 'row 1, code: expected 27 whole num'),
    (lambda t: [dict(row, embedding='8 8')
                for row in released(t)], 'row 1, code: expected 27 .*8 8'),
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
