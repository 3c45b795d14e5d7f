"""Networks as ONNX files: they give what torch gives, or are not written."""
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from tiny_detector import DETECTION

from scalenas_mm.evaluation import weights_digest
from scalenas_mm.export import ExportError, check_onnx, write_onnx_files
from scalenas_mm.registry import MODELS

reason = 'needs the extra onnx'
onnx = pytest.importorskip('onnx', reason=reason)
onnxruntime = pytest.importorskip('onnxruntime', reason=reason)
SIZE = (64, 64)


@pytest.fixture
def video():
    streams = pytest.importorskip('tvipnas_streams')
    init_default_scope('mmpose')
    return streams.exported


def run(path, **inputs):
    session = onnxruntime.InferenceSession(str(path))
    feed = {one.name: inputs[one.name] for one in session.get_inputs()}
    return session.run(None, feed)


def near(a, b):
    return np.abs(a - b).max() < 1e-4 * np.abs(b).max()


@pytest.mark.parametrize('family, settings', [
    ('mobilenetv3', dict()),
    ('resnet50', dict(num_frames=1)),
    ('hrnet_w32', dict(num_frames=1, operations=('none', ))),
])
def test_a_file_for_each_network(video, tmp_path, family, settings):
    model = video(family, **settings).model
    before = weights_digest(model)
    found = write_onnx_files(model, tmp_path / 'a', SIZE)
    frames = model.num_frames
    assert list(found) == ['a.key.onnx'] + [
        f'a.frame_{t + 1}.onnx' for t in range(frames)
    ]
    assert sorted(found) == sorted(path.name for path in tmp_path.iterdir())
    assert max(found.values()) < 1e-5
    assert weights_digest(model) == before and not model.training
    image = np.random.default_rng(3).normal(size=(1, 3, *SIZE)).astype('f4')
    heatmaps, = run(tmp_path / 'a.key.onnx', image=image)
    with torch.no_grad():
        expected = model.heatmaps(
            torch.from_numpy(image)[:, None].expand(-1, frames + 1, -1, -1,
                                                    -1))
    assert near(heatmaps, expected[0].numpy())
    for t in range(frames):
        path = tmp_path / f'a.frame_{t + 1}.onnx'
        heatmaps, = run(path, image=image, heatmaps=heatmaps)
        assert near(heatmaps, expected[t + 1].numpy())
        props = onnx.load(path).metadata_props
        assert {one.key: one.value for one in props} == dict(weights=before)


def test_other_models_are_one_file(tmp_path):
    models = pytest.importorskip('tvipnas_models')
    model = models.build(models.estimator('mobilenetv3'))
    assert list(write_onnx_files(model, tmp_path / 'b', SIZE)) == ['b.onnx']
    image = torch.randn(1, 3, *SIZE)
    found, = run(tmp_path / 'b.onnx', image=image.numpy())
    with torch.no_grad():
        assert near(found, model(image, None, mode='tensor').numpy())


def test_what_differs_is_not_written(video, tmp_path, monkeypatch):
    monkeypatch.setattr('scalenas_mm.export.onnx_files.TOLERANCE', -1)
    with pytest.raises(ExportError, match=r'a\.key\.onnx differ from those'):
        write_onnx_files(video().model, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_what_is_more_than_layers_is_refused(tmp_path):
    """Such as the proposals of a detector."""
    pytest.importorskip('mmdet')
    init_default_scope('mmdet')
    detector = MODELS.build(ConfigDict(deepcopy(DETECTION))).eval()
    with pytest.raises(ExportError, match='has no ONNX form'):
        write_onnx_files(detector, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_operators_that_onnx_lacks_are_named(video, tmp_path, monkeypatch):
    model = video().model
    key = model.key.head.forward
    model.key.head.forward = lambda maps: torch.fft.fft(key(maps)).real
    with pytest.raises(ExportError, match=r'a\.key\.onnx cannot be made, '):
        write_onnx_files(model, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ExportError, match=r"onnxruntime: pip install 'scal"):
        check_onnx()
