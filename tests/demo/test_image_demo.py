"""demo/image_demo.py, and the inference that users of the libraries know, on
pairs as tools/export.py leaves them."""
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run
from tiny_pairs import image_of, write_pair

ROOT = Path(__file__).resolve().parents[2]
DEMO = '../demo/image_demo.py'
LIBRARIES = dict(seg='mmseg', pose='mmpose', det='mmdet')


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """A function that gives the config of a pair and an image."""
    folder = tmp_path_factory.mktemp('pairs')
    made = {}

    def pair(task):
        pytest.importorskip(LIBRARIES[task])
        if task not in made:
            made[task] = write_pair(folder / task, task)
        return made[task], image_of(folder / task)

    return pair


def demo(*args, code=0):
    result = run(DEMO, *args)
    assert result.code == code, result.out + result.err
    return result.err.splitlines()[-1] if code else result.out


@pytest.mark.parametrize('task, options, found', [
    ('seg', (), ' classes: class '),
    ('pose', ('--boxes', *'5 5 40 60 30 5 90 60'.split()), '2 people'),
    ('det', ('--score', '0'), ' objects'),
])
def test_draws_what_it_finds(pairs, tmp_path, task, options, found):
    config, image = pairs(task)
    out = tmp_path / 'out.png'
    said = demo(image, config, config.with_suffix('.pth'), '--out', out,
                *options)
    assert found in said and f'drawn into {out}' in said
    before, after = cv2.imread(str(image)), cv2.imread(str(out))
    assert before.shape == after.shape and (before != after).any()
    assert list(tmp_path.iterdir()) == [out]


def test_by_an_onnx_file_alone(pairs, tmp_path):
    """Config and file are enough; pictures are those of the checkpoint."""
    for name in 'onnx', 'onnxruntime', 'onnxslim':
        pytest.importorskip(name, reason='needs the extra onnx')
    config, image = pairs('seg')
    weights = config.with_suffix('.pth')
    done = run('export.py', config, weights, '--onnx', '--out', tmp_path)
    assert done.code == 0, done.err
    file, network = (tmp_path / f'seg{kind}.onnx' for kind in ('', '.network'))
    pictures = [tmp_path / f'{i}.png' for i in range(3)]
    demo(image, config, weights, '--out', pictures[0])
    demo(image, config, file, '--out', pictures[1])
    assert '--heads names the checkpoint' in demo(
        image, config, network, code=2)
    demo(image, config, network, '--heads', weights, '--out', pictures[2])
    first, *others = (cv2.imread(str(path)) for path in pictures)
    assert all(np.array_equal(first, other) for other in others)
    other = write_pair(tmp_path / 'other', 'seg', arch='min')
    assert 'has the architecture' in demo(image, other, file, code=2)
    large = tmp_path / 'large.png'
    cv2.imwrite(str(large), np.zeros((80, 80, 3), np.uint8))
    assert 'takes images of 64x64, got 80x80' in demo(
        large, config, file, code=2)
    assert not Path('large_result.png').exists()
    file.write_bytes(file.read_bytes()[:1000])
    assert 'not an ONNX file that can be read' in demo(
        image, config, file, code=2)


def test_errors_are_one_line(pairs, tmp_path):
    config, image = pairs('seg')
    weights, none = config.with_suffix('.pth'), tmp_path / 'none.png'
    (tmp_path / 'text.png').write_text('no image')
    (tmp_path / 'other.py').write_text("model = dict()\n")
    (tmp_path / 'torn.pth').write_bytes(weights.read_bytes()[:999])
    (tmp_path / 'folder.png').mkdir()
    for args, message in (
        ([none, config, weights], 'image not found'),
        ([image, none, weights], 'config not found'),
        ([image, config, none], 'checkpoint not found'),
        ([tmp_path / 'text.png', config, weights], 'not an image that can'),
        ([image, tmp_path / 'other.py', weights], 'expected default_scope'),
        ([image, config, tmp_path / 'torn.pth'], 'torn.pth: not a checkpoint'),
        ([image, config, weights, '--boxes', 1, 2], 'four numbers a person'),
        ([image, config, weights, '--boxes', 1, 2, 3, 4], 'only top-down'),
        ([image, config, weights, '--out', 'a.txt'], 'must end in .png'),
        ([image, config, weights, '--out',
          tmp_path / 'folder.png'], 'folder.png'),
        ([image, config, weights, '--device',
          'cuda:99'], 'error: --device cuda:99: '),
    ):
        assert message in demo(*args, code=2)


def test_help_is_cheap():
    done = subprocess.run([
        sys.executable, '-X', 'importtime', ROOT / 'demo' / 'image_demo.py',
        '--help'
    ],
                          env=dict(os.environ, PYTHONPATH=str(ROOT)),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0 and 'CHECKPOINT|ONNX' in done.stdout
    assert ' torch\n' not in done.stderr and ' numpy\n' not in done.stderr


def test_apis_of_the_libraries(pairs):
    """As docs/deploy.md shows them."""
    config, image = map(str, pairs('seg'))
    from mmseg.apis import inference_model
    from mmseg.apis import init_model as init_segmentor
    model = init_segmentor(config, config[:-2] + 'pth', device='cpu')
    assert inference_model(model, image).pred_sem_seg.shape == (64, 64)
    config, image = map(str, pairs('pose'))
    from mmpose.apis import inference_topdown
    from mmpose.apis import init_model as init_estimator
    model = init_estimator(config, config[:-2] + 'pth', device='cpu')
    person, = inference_topdown(model, image)
    assert person.pred_instances.keypoints.shape == (1, 17, 2)
    config, image = map(str, pairs('det'))
    from mmdet.apis import inference_detector, init_detector
    model = init_detector(config, config[:-2] + 'pth', device='cpu')
    found = inference_detector(model, image).pred_instances
    assert found.bboxes.shape[1] == 4


def test_inferencers_of_the_libraries(pairs):
    config, image = map(str, pairs('seg'))
    from mmseg.apis import MMSegInferencer
    call = MMSegInferencer(config, config[:-2] + 'pth', device='cpu')
    assert call(image)['predictions'].shape == (64, 64)
    config, image = map(str, pairs('pose'))
    from mmpose.apis import MMPoseInferencer
    call = MMPoseInferencer(
        pose2d=config,
        pose2d_weights=config[:-2] + 'pth',
        det_model='whole_image',
        device='cpu')
    people, = next(call(image))['predictions']
    assert np.shape(people[0]['keypoints']) == (17, 2)
    config, image = map(str, pairs('det'))
    from mmdet.apis import DetInferencer
    call = DetInferencer(
        config, config[:-2] + 'pth', device='cpu', show_progress=False)
    assert set(call(image)['predictions'][0]) >= {'bboxes', 'scores'}
