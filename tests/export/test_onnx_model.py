"""Models whose network onnxruntime runs: the library does the rest, and the
tools that test, time and draw with them."""
import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import run
from tiny_pairs import image_of, write_pair

for name in ('onnx', 'onnxruntime', 'onnxslim'):
    pytest.importorskip(name, reason='needs the extra onnx')
LIBRARIES = dict(seg='mmseg', pose='mmpose', det='mmdet')
FILES = dict(
    seg=['seg.network.onnx', 'seg.onnx', 'seg.int8.onnx'],
    pose=['pose.network.onnx', 'pose.onnx'],
    det=['det.network.onnx'])
DEMO = Path(__file__).resolve().parents[2] / 'demo'


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """A function that gives the folder of a pair and its ONNX files."""
    made = {}

    def pair(task):
        pytest.importorskip(LIBRARIES[task])
        if task not in made:
            folder = tmp_path_factory.mktemp(task)
            path = write_pair(folder, task)
            more = ['--int8', '--calibration-images', 2
                    ] if (task == 'seg') else ['--dynamic-batch']
            done = run('export.py', path, path.with_suffix('.pth'), '--onnx',
                       *more)
            assert done.code == 0, done.err
            made[task] = folder, done.out
        return made[task][0]

    pair.out = lambda task: pair(task) and made[task][1]
    return pair


def tool(name, *args, code=0):
    result = run(name, *args)
    assert result.code == code, result.out + result.err
    return result.err if code else result.out


def predictions(task, folder, weights):
    """What upstream's inference finds on an image, as arrays."""
    pytest.MonkeyPatch().syspath_prepend(str(DEMO))
    import image_demo
    args = image_demo.parser().parse_args(
        [str(image_of(folder)), f'{folder}/{task}.py', f'{folder}/{weights}'])
    library = LIBRARIES[task]
    model = image_demo.load(args, image_demo.read_model_config(args.config),
                            library)
    result = image_demo.INFER[library](model, args)
    if task == 'seg':
        return [result.seg_logits.data.numpy()]
    found = result.pred_instances
    return [
        np.asarray(found[key])
        for key in (('keypoints',
                     'keypoint_scores') if task == 'pose' else ('bboxes',
                                                                'scores'))
    ]


@pytest.mark.parametrize('task', LIBRARIES)
def test_predictions_are_those_of_torch(pairs, task):
    """By the network alone with torch's heads, and by the whole model."""
    folder = pairs(task)
    expected = predictions(task, folder, f'{task}.pth')
    assert expected[0].size
    for name in FILES[task]:
        found = predictions(task, folder, name)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape
            near = 0.7 if 'int8' in name else 1e-3
            assert np.abs(a - b).max() <= near * np.abs(b).max()


def test_export_says_what_was_written(pairs):
    out = pairs.out('seg')
    assert 'checked on 2 images of the data, 64x64' in out
    for name in FILES['seg']:
        assert f'  {name} ' in out
    tested = [line for line in out.splitlines() if line.startswith('  mIoU')]
    assert [line.split()[2:] for line in tested] == [['by', 'torch'],
                                                     ['seg.onnx'],
                                                     ['seg.int8.onnx']]
    assert tested[0].split()[1] == tested[1].split()[1]
    assert 'no file of the whole model: FasterRCNN: ' in pairs.out('det')
    assert 'with other batches or sizes (3x3x64x48' in pairs.out('pose')


def test_wrong_options_leave_nothing(pairs, tmp_path):
    config, weights = (pairs('seg') / f'seg.{key}' for key in ('py', 'pth'))
    for args, message in (
        ([], 'required: --archive'),
        (['--int8'], '--int8 needs --onnx'),
        (['--onnx', '--opset', '5'], 'invalid choice: 5'),
        (['--onnx', '--id', '1'], 'need --archive'),
        (['--onnx', '--calibration-images', '2'], 'needs --int8'),
        (['--onnx', '--int8', '--calibration-images', '0'], 'positive'),
        (['--onnx', '--out', pairs('seg')], 'exists; --force overwrites it'),
    ):
        assert message in tool(
            'export.py',
            config,
            weights,
            *([] if '--out' in args else ['--out', tmp_path / 'none']),
            *args,
            code=2).splitlines()[-1]
    assert not (tmp_path / 'none').exists()


def benchmark(config, *args, **kwargs):
    return tool('analysis_tools/benchmark_exported.py', config, '--turns', 2,
                '--runs', 1, '--pause', 0, *args, **kwargs)


def test_accuracy_is_of_a_precision(pairs, tmp_path, monkeypatch):
    """Also of files that are made anew and have the same digest."""
    monkeypatch.syspath_prepend(str(DEMO.parent / 'tools/analysis_tools'))
    monkeypatch.syspath_prepend(str(DEMO.parent / 'tools'))
    import benchmark_exported as tool_of
    scores = iter([50.0, 49.0])
    monkeypatch.setattr(tool_of, 'metrics', lambda *_: dict(mIoU=next(scores)))
    exact, *_, rough = tool_of.exported(str(pairs('seg') / 'seg.py'))
    rows = tool_of.Rows(tmp_path / 'rows.jsonl')
    found = [
        tool_of.accuracy(rows, one._replace(digest='d', runtime='r'),
                         dict(versions={}))['metrics']['mIoU']
        for one in (exact, rough, exact, rough)
    ]
    assert found == [50.0, 49.0] * 2


def test_times_of_other_images_are_not_compared(pairs, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(DEMO.parent / 'tools/analysis_tools'))
    monkeypatch.syspath_prepend(str(DEMO.parent / 'tools'))
    import benchmark_exported as tool_of
    base, *_ = tool_of.exported(str(pairs('seg') / 'seg.py'))
    large = base._replace(
        name='large',
        part=base.part._replace(inputs=dict(image=torch.zeros(1, 3, 96, 96))))
    tool_of.table([base, base._replace(name='own'), large],
                  [None] * 3, [[2.0], [1.0], [1.0]], [base],
                  argparse.Namespace(metric=None))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-3:]]
    assert [(row[8], row[-1]) for row in rows] == [('1.00', '1x3x64x64'),
                                                   ('2.00', '1x3x64x64'),
                                                   ('-', '1x3x96x96')]


def test_existing_files_of_any_name_are_kept(pairs, tmp_path):
    config, weights = (pairs('seg') / f'seg.{key}' for key in ('py', 'pth'))
    odd = tmp_path / 'net[1].pth'
    shutil.copy(weights, odd)
    kept = tmp_path / 'net[1].onnx'
    kept.write_text('mine')
    assert 'exists; --force' in tool(
        'export.py', config, odd, '--onnx', code=2)
    assert kept.read_text() == 'mine'
    assert 'sides of at least 32' in tool(
        'export.py', config, odd, '--onnx', '--input-size', 5, 64, code=2)


def test_without_data_files_are_checked_on_noise(pairs, tmp_path):
    config, weights = (pairs('seg') / f'seg.{key}' for key in ('py', 'pth'))
    words = [config, weights, '--onnx', '--out', tmp_path / 'out']
    none = ['--cfg-options', 'test_dataloader=None']
    assert 'give --input-size' in tool('export.py', *words, *none, code=2)
    out = tool('export.py', *words, '--input-size', 64, 64, *none)
    assert 'checked on' in out and 'noise' in out
    assert 'train_dataloader: expected data' in tool(
        'export.py',
        *words,
        '--force',
        '--int8',
        '--cfg-options',
        'train_dataloader=None',
        code=2).splitlines()[-1]


def test_benchmark_resumes(pairs):
    """Rows are kept, torn ones are measured again, others are refused."""
    config = pairs('seg') / 'seg.py'
    path = config.with_name('benchmark.jsonl')
    out = benchmark(config)
    rows = list(map(json.loads, path.read_text().splitlines()))
    scores = [row for row in rows if row['kind'] == 'accuracy']
    times = [row for row in rows if row['kind'] == 'latency']
    assert [(one['runtime'], one['precision'])
            for one in scores] == [('torch', 'fp32'), ('onnxruntime', 'fp32'),
                                   ('onnxruntime', 'int8')]
    assert scores[0]['metrics'] == scores[1]['metrics']
    assert [one['turn'] for one in times] == [0, 0, 0, 1, 1, 1]
    assert all(one['machine']['cpu'] for one in rows)
    table = out.splitlines()[-4:]
    assert table[0].split()[:5] == [
        'network', 'part', 'runtime', 'precision', 'mIoU'
    ]
    # what is measured already is not measured again
    assert benchmark(config).splitlines()[-4:] == table
    assert len(path.read_text().splitlines()) == len(rows)
    path.write_bytes(path.read_bytes()[:-20])
    benchmark(config)
    assert json.loads(path.read_text().splitlines()[-1])['turn'] == 1
    path.write_text('{}\n' + path.read_text())
    assert 'line 1 is no row' in benchmark(config, code=2)
    for other in (b'\xff\n', b'notes', b'my\nnotes'):
        path.write_bytes(other)
        assert 'no row' in benchmark(config, code=2)
        assert path.read_bytes() == other


def test_benchmark_has_a_baseline_beside_it(pairs, tmp_path):
    """HRNet, with random weights, has a latency only; another network, which
    was trained, both. What the space lacks is said."""
    folder = pairs('pose')
    out = benchmark(folder / 'pose.py', '--no-accuracy', '--rows',
                    tmp_path / 'a')
    assert 'no HRNet in the space of these networks' in out  # depth 2
    assert {line.split()[8] for line in out.splitlines()[-2:]} == {'-'}
    wide = write_pair(
        tmp_path / 'wide', 'seg', depths=(1, 2, 3, 4), arch='min')
    last = benchmark(wide).splitlines()[-1].split()
    assert last[0] == 'HRNet' and last[4] == '-' and last[8] == '1.00'
    out = benchmark(folder / 'pose.py', '--rows', tmp_path / 'b', '--baseline',
                    folder / 'pose.py', folder / 'pose.pth', '--metric',
                    'coco/AP .5')
    lines = [line.split() for line in out.splitlines()[-4:]]
    assert [one[2] for one in lines] == ['torch', 'onnxruntime'] * 2
    assert '-' not in {one[4] for one in lines}
    assert '--metric: expected one of coco/AP' in benchmark(
        folder / 'pose.py',
        '--rows',
        tmp_path / 'b',
        '--metric',
        'mIoU',
        code=2)
