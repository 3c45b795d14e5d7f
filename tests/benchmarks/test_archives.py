"""Archives of searches as tables."""
import numpy as np
import pytest

from scalenas_mm.benchmarks import BenchmarkError, NASBenchMR
from scalenas_mm.search import Archive, Record
from scalenas_mm.spaces import NCPSpace

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
    (tmp_path / 'mine.failed.jsonl').touch()
    assert NASBenchMR(tmp_path).settings == ('mine', )
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
