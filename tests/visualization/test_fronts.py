"""The fronts of two metrics of one archive, drawn and printed."""
import json

import numpy as np
import pytest
from commands import run

from scalenas_mm.search import Record
from scalenas_mm.spaces import NCPSpace, ScaleNetSpace, SettingError
from scalenas_mm.visualization import plot_fronts, read_fronts
from scalenas_mm.visualization.scalenet.shares import shares

SPACE = ScaleNetSpace(width=2, depths=(1, 2, 3), num_modules=(1, 2))
TOOL = 'analysis_tools/compare_fronts.py'


def write(folder, space, num=60, effect=0.0):
    """Metrics a and b; a is better with fusions into branch 0, b without."""
    rng = np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(num)]
    lines = []
    for i, arch in enumerate(archs):
        macs = space.complexity(arch, (64, 64)).macs
        good = effect * space.encode(arch)[3:9].sum()
        metrics = dict(a=macs / 1e6 + good, b=macs / 1e6 - good)
        lines.append(
            Record(
                i,
                arch.digest,
                arch.to_dict(),
                metrics={} if i == 7 else metrics,
                cost=dict(macs=macs, params=1),
                status='failed' if i == 7 else 'ok').to_json())
    path = folder / 'archive.jsonl'
    path.write_text('\n'.join(lines) + '\n')
    meta = dict(space=space.to_dict())
    (folder / 'archive.meta.json').write_text(json.dumps(meta))
    return path


def test_shares_by_counting():
    rng = np.random.default_rng(0)
    archs = [SPACE.sample(rng) for _ in range(5)] + [SPACE.max_arch()]
    found = shares(SPACE, archs)
    assert found.shape == (6, 3, 3, 3)
    assert (found[-1] == 1).all()
    for arch, share in zip(archs, found):
        for target in range(3):
            modules = [m for m in arch.modules if target < len(m.depth)]
            for level in range(3):
                has = [level < m.depth[target] for m in modules]
                assert share[target, target, level] == np.mean(has)
                for source in {0, 1, 2} - {target}:
                    bits = [
                        level < m.depth[target]
                        and m.fusion[target][level][source] for m in modules
                        if source < len(m.depth)
                    ]
                    assert share[target, source, level] == np.mean(bits)


def test_both_fronts_in_both_metrics(tmp_path):
    fronts = read_fronts(write(tmp_path, SPACE, effect=0.01), 'ab', swaps=20)
    assert 7 not in fronts.ids and len(fronts.ids) == 59
    figure = plot_fronts(fronts, tmp_path / 'fronts.png')
    assert (tmp_path / 'fronts.png').stat().st_size > 10_000
    drawn = {
        line.get_gid(): line.get_xydata()
        for line in figure.findobj(
            lambda artist: str(artist.get_gid()).startswith('best/'))
    }
    assert len(drawn) == 4
    for k, rows in enumerate(fronts.result.best):
        for i in range(2):
            expected = np.stack([fronts.cost, fronts.metrics[:, i]], 1)[rows]
            np.testing.assert_array_equal(
                np.sort(drawn[f'best/{k}/{i}'], 0), np.sort(expected, 0))
    cells = figure.findobj(lambda artist: artist.get_gid() == 'mean')
    np.testing.assert_allclose(  # of target 0 and source 1, the first group
        cells[2].get_ydata(), fronts.choices[fronts.result.best[0], 0,
                                             1].mean(0))


def test_measured_again(tmp_path):
    """By the digests of candidates; the mean of both counts."""
    path = write(tmp_path, SPACE)
    once = read_fronts(path, 'ab', swaps=2)
    assert once.reliability() is None
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line['metrics']:
            line['metrics']['a'] += 1
            line['metrics']['b'] *= -1
    kept = lines[20:][::-1]
    again = tmp_path / 'again.jsonl'
    again.write_text(''.join(
        json.dumps(dict(line, id=i)) + '\n' for i, line in enumerate(kept)))
    twice = read_fronts(path, 'ab', swaps=2, again=again)
    assert twice.ids.tolist() == list(range(20, 60))
    rows = [once.ids.tolist().index(i) for i in twice.ids]
    np.testing.assert_allclose(twice.metrics,
                               once.metrics[rows] * [1, 0] + [0.5, 0])
    assert twice.reliability() == pytest.approx((1, -1))
    done = run(TOOL, path, 'a', 'b', '--again', again, '--swaps', 2)
    assert 'rank correlation of a, measured again: 1.00' in done.out


def test_another_space_has_its_genes_compared(tmp_path):
    path = write(tmp_path, NCPSpace())
    fronts = read_fronts(path, 'ab', top=10, swaps=5)
    assert fronts.choices.shape == (59, 27)
    assert len(plot_fronts(fronts).axes) == 2


def test_the_command(tmp_path):
    path = write(tmp_path, SPACE, effect=0.05)
    done = run(TOOL, path, 'a', 'b', '--swaps', 99, '--out',
               tmp_path / 'out.svg')
    assert done.code == 0, done.err
    first, *rest = done.out.splitlines()
    assert first.startswith('59 candidates · ') and 'p = 0.0' in first
    assert rest[0].startswith('rank correlation of both: ')
    assert rest[1].startswith('a is worse by ')
    assert (tmp_path / 'out.svg').stat().st_size > 10_000


@pytest.mark.parametrize('args, message', [
    (('a', 'c'), 'metrics: expected one of a, b, got'),
    (('a', 'b', '--cost', 'x'), 'cost: expected one of macs, params, got'),
    (('a', 'b', '--top', '99'), 'at least 99 candidates, got 59'),
])
def test_errors_are_one_line(tmp_path, args, message):
    done = run(TOOL, write(tmp_path, SPACE), *args)
    assert done.code == 2 and message in done.err.splitlines()[-1]


def test_nothing_to_compare(tmp_path):
    path = write(tmp_path, SPACE, num=1)
    with pytest.raises(SettingError, match='at least 2 candidates'):
        read_fronts(path, 'ab')
