"""tools/analysis_tools/compare_searches.py on the command line."""
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from scalenas_mm.search import Record

TOOL = Path(__file__).resolve().parents[1] / (
    'tools/analysis_tools/compare_searches.py')


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool; exit code, output and errors."""

    def main(*args):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, args)])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        code = 0
        try:
            runpy.run_path(str(TOOL), run_name='__main__')
        except SystemExit as exit:
            code = exit.code
        return (code, *capsys.readouterr())

    return main


def archive(path, points):
    """An archive of (MACs, mIoU); mIoU None is a failure."""
    path.write_text(''.join(
        Record(
            i,
            f'{i:x}', {},
            metrics={} if value is None else dict(mIoU=value),
            cost=dict(params=1, macs=macs),
            status='failed' if value is None else 'ok').to_json() + '\n'
        for i, (macs, value) in enumerate(points)))
    return path


def test_hypervolumes_by_hand(tmp_path, run):
    """Scaled over both: MACs 100..200 and mIoU 10..20 are 0..1."""
    one = archive(tmp_path / 'a.jsonl', [(200, 10.), (150, 15.), (150, None)])
    two = archive(tmp_path / 'b.jsonl', [(100, 20.), (200, 20.), (300, 90.),
                                         (100, 1.)])
    code, text, error = run(f'a={one}', f'b={two}', '--budget', 2)
    assert code == 0, error
    rows = [line.split() for line in text.splitlines()]
    assert ['a', '1', '0.2500', '0.2500', '1.0000', '15.00'] in rows
    assert ['b', '1', '1.0000', '1.0000', '4.0000', '20.00'] in rows
    code, text, _ = run(f'a={one}', f'a={two}')  # as many as the shorter has
    assert code == 0 and '3 candidates each' in text


@pytest.mark.parametrize('args, message', [
    (['a={one}', '--budget', 9], 'budget: expected .* at most 2 candidates'),
    (['a={one}', '--budget', 0], 'budget: expected at least 1 .*, got 0'),
    (['a={failed}'], 'archives: expected a candidate that did not fail'),
    (['a={one}', '--metric', 'top1'], 'metric: expected one of mIoU'),
    (['a=none.jsonl'], 'there is no archive none.jsonl'),
    (['{one}'], 'expected NAME=FILE'),
])
def test_errors_are_one_line(tmp_path, run, args, message):
    one = archive(tmp_path / 'a.jsonl', [(1, 2.), (2, 3.)])
    failed = archive(tmp_path / 'failed.jsonl', [(1, None)])
    code, _, error = run(*(str(a).format(one=one, failed=failed)
                           for a in args))
    assert code == 2 and re.search(message, error.splitlines()[-1])


def test_failures_and_errors_as_metric(tmp_path, run):
    """The first method has no hypervolume, so there are no ratios."""
    none = archive(tmp_path / 'a.jsonl', [(100, None), (100, 1.)])
    good = archive(tmp_path / 'b.jsonl', [(100, 10.), (200, 5.)])
    code, text, error = run(f'a={none}', f'b={good}', '--budget', 1)
    assert code == 0, error
    rows = [line.split() for line in text.splitlines()]
    assert ['a', '1', '0.0000', '0.0000', '-', '-'] in rows
    worst = archive(tmp_path / 'c.jsonl', [(200, 10.), (200, 10.)])
    code, text, error = run(f'c={worst}', f'b={good}', '--lower-is-better')
    assert code == 0, error
    rows = [line.split() for line in text.splitlines()]
    assert ['c', '1', '0.0000', '0.0000', '-', '10.00'] in rows
    assert ['b', '1', '0.0000', '0.0000', '-', '5.000'] in rows
    better = archive(tmp_path / 'd.jsonl', [(100, 5.)])
    _, text, _ = run(f'c={worst}', f'd={better}', f'b={good}',
                     '--lower-is-better')
    rows = [line.split() for line in text.splitlines()]
    assert ['d', '1', '1.0000', '1.0000', '-', '5.000'] in rows


def test_archives_must_be_of_one_space_and_size(tmp_path, run):
    pairs = []
    for name in 'abc':
        path = archive(tmp_path / f'{name}.jsonl', [(1, 2.), (2, 3.)])
        pairs.append(f'{name}={path}')

    def meta(name, width, size):
        data = dict(
            space=dict(type='Space', width=width),
            evaluation=dict(input_size=size))
        (tmp_path / f'{name}.meta.json').write_text(json.dumps(data))

    meta('a', 8, [64, 64])
    meta('c', 8, [64, 64])  # that of b is unknown
    assert run(*pairs)[0] == 0
    for width, size, key in ((16, [64, 64], 'space'), (8, [64,
                                                           32], 'input_size')):
        meta('c', width, size)
        code, _, error = run(*pairs)
        assert code == 2 and f'c.jsonl: {key}: expected' in error
        assert len(error.splitlines()) == 1


def test_latencies_must_be_of_one_table(tmp_path, run):
    pairs = []
    for name in 'ab':
        path = archive(tmp_path / f'{name}.jsonl', [(1, 2.), (2, 3.)])
        path.write_text(path.read_text().replace('"macs"', '"latency@desk"'))
        path.with_suffix('.meta.json').write_text(
            json.dumps(dict(latency=dict(desk=name))))
        pairs.append(f'{name}={path}')
    code, _, error = run(*pairs, '--cost', 'latency@desk')
    assert code == 2 and 'b.jsonl: latency table: expected a as in' in error
    path.with_suffix('.meta.json').write_text(
        json.dumps(dict(latency=dict(desk='a', phone='b'))))
    assert run(*pairs, '--cost', 'latency@desk')[0] == 0


def test_means_and_p_values(tmp_path, run):
    """Three seeds each, all of one better than all of the other."""
    pairs = []
    for name, values in dict(bad=(1., 2., 3.), good=(7., 8., 10.)).items():
        for i, value in enumerate(values):
            path = archive(tmp_path / f'{name}{i}.jsonl', [(100, value),
                                                           (200, 1.)])
            pairs.append(f'{name}={path}')
    figure, numbers = tmp_path / 'curves.png', tmp_path / 'numbers.json'
    code, text, error = run(*pairs, '--plot', figure, '--json', numbers)
    assert code == 0, error
    rows = [line.split() for line in text.splitlines()]
    # scaled mIoU are 0, 1/9, 2/9 and 6/9, 7/9, 1 at no cost; the front of all
    # is one point
    assert ['bad', '0.1111', '±', '0.1111', '0.8889', '±', '0.1111',
            '0.8889', '±', '0.1111', '-'] in rows  # yapf: disable
    assert ['good', '0.8148', '±', '0.1697', '0.1852', '±', '0.1697',
            '0.1852', '±', '0.1697', '0.1'] in rows  # yapf: disable
    assert '3 and 3 seeds: p cannot be below 0.1' in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert figure.read_bytes()[:4] == b'\x89PNG'
    found = json.loads(numbers.read_text())
    assert found['methods']['good']['p_value'] == pytest.approx(0.1)
    assert found['archives'][3] == pairs[3].split('=')
    code, text, _ = run(*pairs[:5])
    assert '3 and 2 seeds: no p; 3 each are the least' in text


@pytest.mark.parametrize('args, message', [
    ([], 'expected archives, or --run'),
    (['--run', 'c.py'], '--run: expected --out'),
    (['a=b', '--searcher', 'x=y'], 'expected --run'),
    (['--run', 'c.py', '--out', 'o', '--searcher', 'x'], 'NAME=FILE'),
    (['--run', 'c.py', '--out', 'o', '--searcher', '../x=y'], 'letters'),
    (['--run', 'c.py', '--out', 'o', '--searcher', 'x={'], 'x: not JSON'),
    (['--run', 'c.py', '--out', 'o', '--searcher', 'x={}'], 'a "type"'),
    (['--run', 'c.py', '--out', 'o', '--seeds', '-1'], 'number >= 0'),
    (['--run', 'c.py', '--out', 'o', '--N', '0'], 'number >= 1'),
    (['--run', 'none.py', '--out', 'o'], 'config not found: none.py'),
    (['--run', 'c.py', '--out', 'o', '--supernet', 'x=none.pth'
      ], 'checkpoint not found: none.pth'),
])
def test_wrong_arguments(run, args, message):
    code, _, error = run(*args)
    assert code == 2 and message in error.splitlines()[-1]
