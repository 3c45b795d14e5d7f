"""Networks as ONNX files: they give what torch gives, or are not written."""
import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from tiny_detector import DETECTION
from tiny_pairs import BACKBONE, write_pair

from scalenas_mm import __version__
from scalenas_mm.evaluation import weights_digest
from scalenas_mm.export import (ExportError, OnnxNetwork, OnnxOptions,
                                check_onnx, images_of, network_inputs,
                                random_images, read_info, use_onnx,
                                without_head, write_onnx_files)
from scalenas_mm.export.onnx_meta import normalisation
from scalenas_mm.registry import MODELS

reason = 'needs the extra onnx'
onnx = pytest.importorskip('onnx', reason=reason)
onnxruntime = pytest.importorskip('onnxruntime', reason=reason)
pytest.importorskip('onnxslim', reason=reason)
SIZE = (64, 64)


@pytest.fixture
def video():
    streams = pytest.importorskip('tvipnas_streams')
    init_default_scope('mmpose')
    return streams.exported


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """Config and model of a pair."""
    pytest.importorskip('mmseg')
    path = write_pair(tmp_path_factory.mktemp('seg'), 'seg')
    config = Config.fromfile(path)
    init_default_scope('mmseg')
    model = MODELS.build(config.model).eval()
    weights = torch.load(path.with_suffix('.pth'), weights_only=True)
    model.load_state_dict(weights['state_dict'])
    return config, model


@pytest.fixture
def segmentor(built):
    init_default_scope('mmseg')
    return built


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
    assert max(one.check.difference for one in found.values()) < 1e-5
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
        info = read_info(path)
        assert info.weights == before and info.part == f'frame_{t + 1}'


@pytest.fixture(scope='module')
def written(built, tmp_path_factory):
    """Folder and files of a segmentor, with default options."""
    config, model = built
    init_default_scope('mmseg')
    folder = tmp_path_factory.mktemp('written')
    meta = dict(classes=['x', 'y'], palette=None)
    found = write_onnx_files(
        model, folder / 'b', SIZE, images_of(config, model, 9), metainfo=meta)
    return folder, found


def test_other_models_are_network_and_whole_model(segmentor, written):
    config, model = segmentor
    folder, found = written
    assert list(found) == ['b.network.onnx', 'b.onnx']
    network, whole = found.values()
    assert network.info.modules == ['backbone']
    assert whole.info.modules == ['backbone', 'decode_head']
    assert whole.images == '2 images of the data'  # there are no more
    assert whole.check.agreement == 1 and network.check.agreement is None
    assert whole.nodes[0] > whole.nodes[1] > 0
    image = images_of(config, model, 2)[1]
    with torch.no_grad():
        expected = model(image, mode='tensor').numpy()
        maps = model.backbone(image)
    assert near(run(folder / 'b.onnx', image=image.numpy())[0], expected)
    outputs = run(folder / 'b.network.onnx', image=image.numpy())
    assert len(outputs) == len(maps) == 3
    assert all(near(a, b.numpy()) for a, b in zip(outputs, maps))


def test_files_say_what_they_are(segmentor, written, tmp_path):
    """Enough to run one without the config."""
    model, path = segmentor[1], written[0] / 'b.onnx'
    session = onnxruntime.InferenceSession(path)
    props = session.get_modelmeta().custom_metadata_map
    arch = model.backbone.arch
    assert json.loads(props['arch']) == arch.to_dict()
    assert props['digest'] == arch.digest
    assert props['weights'] == weights_digest(model)
    assert props['scalenas_mm'] == __version__
    assert (props['part'], props['precision']) == ('model', 'fp32')
    assert json.loads(props['input_size']) == list(SIZE)
    assert json.loads(props['classes']) == ['x', 'y']
    assert read_info(path) == written[1]['b.onnx'].info
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, dict(weights='a'))
    onnx.save(graph, tmp_path / 'd.onnx')
    with pytest.raises(ExportError, match='d.onnx does not say its part'):
        read_info(tmp_path / 'd.onnx')
    (tmp_path / 'e.onnx').write_bytes(b'no protobuf' * 99)
    with pytest.raises(ExportError, match='e.onnx: not an ONNX file'):
        read_info(tmp_path / 'e.onnx')


def test_normalisation_is_that_of_the_data(tmp_path):
    structures = pytest.importorskip('mmpose.structures')
    config = Config.fromfile(write_pair(tmp_path, 'pose'))
    init_default_scope('mmpose')
    model = MODELS.build(config.model).eval()
    told = normalisation(model)
    mean, std = (np.array(told[key], np.float32) for key in ('mean', 'std'))
    image = torch.randint(0, 256, (3, 64, 48), dtype=torch.uint8)
    by_hand = (image.numpy()[::-1] - mean[:, None, None]) / std[:, None, None]
    assert told['bgr_to_rgb'] is True
    batch = dict(inputs=[image], data_samples=[structures.PoseDataSample()])
    inputs, = network_inputs(model, [batch])
    assert near(by_hand, inputs[0].numpy())


def test_other_batches_and_sizes_in_int8_too(segmentor, tmp_path):
    """What is made for one image of 64x64 runs with others."""
    config, model = segmentor
    options = OnnxOptions(20, True, True, calibration_images=2)
    found = write_onnx_files(
        model,
        tmp_path / 'f',
        SIZE,
        images_of(config, model, 2),
        options,
        calibration=lambda: images_of(config, model, 2, 'train'))
    assert list(found) == ['f.network.onnx', 'f.onnx', 'f.int8.onnx']
    assert len(list(tmp_path.iterdir())) == 3
    plain, small = found['f.onnx'], found['f.int8.onnx']
    assert plain.others.difference < 1e-4
    assert plain.info.dynamic == ['batch', 'size']
    for height, width in (96, 160), (32, 32), (100, 75):
        image = torch.randn(3, 3, height, width)
        with torch.no_grad():
            expected = model(image, mode='tensor').numpy()
        got = run(tmp_path / 'f.onnx', image=image.numpy())[0]
        assert got.shape == expected.shape and near(got, expected)
    assert read_info(tmp_path / 'f.int8.onnx') == small.info
    assert (small.info.part, small.info.precision) == ('model', 'int8')
    assert 0 < small.check.difference < 1
    assert small.check.agreement > 0.5 and small.others is not None
    graph = onnx.load(tmp_path / 'f.int8.onnx')
    assert {one.version
            for one in graph.opset_import if not one.domain} == {20}
    weights = [one for one in graph.graph.initializer if len(one.dims) == 4]
    assert weights and all(one.data_type == onnx.TensorProto.INT8
                           for one in weights)


def test_a_size_that_a_graph_keeps_is_found(segmentor, tmp_path, monkeypatch):
    _, model = segmentor
    head = type(model.decode_head)
    plain = head.forward

    def fixed(self, maps):
        side = int(maps[0].shape[2])  # a number in the graph
        return torch.nn.functional.interpolate(plain(self, maps), (side, side))

    monkeypatch.setattr(head, 'forward', fixed)
    with pytest.raises(ExportError, match=r'outputs of k\.onnx have the shap'):
        write_onnx_files(
            model,
            tmp_path / 'k',
            SIZE,
            options=OnnxOptions(dynamic_size=True))
    assert not list(tmp_path.iterdir())


def test_what_differs_is_not_written(video, tmp_path, monkeypatch):
    monkeypatch.setattr('scalenas_mm.export.onnx_check.TOLERANCE', -1)
    with pytest.raises(ExportError, match=r'a\.key\.onnx differ from those'):
        write_onnx_files(video().model, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_what_decides_otherwise_is_not_written(video, tmp_path, monkeypatch):
    monkeypatch.setattr('scalenas_mm.export.onnx_check.AGREEMENT', 1.1)
    with pytest.raises(ExportError, match=r'a\.key\.onnx decides as torch in'):
        write_onnx_files(video().model, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_detectors_with_proposals_have_a_network_only(tmp_path):
    pytest.importorskip('mmdet')
    init_default_scope('mmdet')
    detector = MODELS.build(ConfigDict(deepcopy(DETECTION))).eval()
    found = write_onnx_files(
        detector,
        tmp_path / 'a',
        SIZE,
        options=OnnxOptions(calibration_images=1),
        calibration=lambda: [random_images(detector, SIZE)])
    assert list(found) == ['a.network.onnx', 'a.network.int8.onnx']
    assert found['a.network.onnx'].info.modules == ['backbone', 'neck']
    image = torch.randn(1, 3, *SIZE)
    got = run(tmp_path / 'a.network.onnx', image=image.numpy())
    with torch.no_grad():
        expected = detector.extract_feat(image)
    assert all(near(a, b.numpy()) for a, b in zip(got, expected, strict=True))


class Pillars(BaseModel):
    """What a detector of points is to this package: an encoder makes a map of
    them, which the network reads."""

    def __init__(self):
        super().__init__()
        self.voxel_encoder = torch.nn.Linear(3, 5)
        self.backbone = MODELS.build(dict(BACKBONE, in_channels=5))
        self.bbox_head = torch.nn.Identity()

    def forward(self, inputs, data_samples=None, mode='tensor'):
        points = torch.stack(inputs['points'])
        maps = self.voxel_encoder(points).permute(0, 3, 1, 2)
        return self.bbox_head(self.backbone(maps))


def test_of_points_the_network_begins_at_their_map(tmp_path):
    torch.manual_seed(0)
    model = Pillars().eval()
    points = [torch.randn(32, 64, 3) for _ in range(2)]
    images = network_inputs(model, [dict(inputs=dict(points=points))])
    assert [tuple(image.shape) for image in images] == [(1, 5, 32, 64)] * 2
    assert 'the file begins at that map' in without_head(model)
    found = write_onnx_files(model, tmp_path / 'p', (32, 64), images)
    assert list(found) == ['p.network.onnx']
    assert found['p.network.onnx'].info.normalisation == {}
    use_onnx(model, OnnxNetwork(tmp_path / 'p.network.onnx'))
    maps = model(dict(points=points))
    with torch.no_grad():
        expected = run(tmp_path / 'p.network.onnx', image=images[1].numpy())
    assert all(near(a[1:].numpy(), b) for a, b in zip(maps, expected))


def test_operators_that_onnx_lacks_are_named(video, tmp_path):
    model = video().model
    key = model.key.head.forward
    model.key.head.forward = lambda maps: torch.fft.fft(key(maps)).real
    with pytest.raises(ExportError, match=r'a\.key\.onnx cannot be made, '):
        write_onnx_files(model, tmp_path / 'a', SIZE)
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ExportError, match=r"onnxslim: pip install 'scal"):
        check_onnx()
