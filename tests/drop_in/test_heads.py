"""ScaleNet under the necks and heads of the task libraries: outputs, losses
and gradients, also for images of odd sizes."""
import numpy as np
import pytest
import small_models as models
import torch
from hrnets import build_hrnet
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from scalenas_mm.backbones import find_searchable
from scalenas_mm.registry import MODELS


def seg_data(size):
    from mmseg.structures import SegDataSample
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=torch.randint(0, 5, (1, *size)))
    image = torch.randint(0, 255, (3, *size), dtype=torch.uint8)
    return dict(inputs=[image] * 2, data_samples=[sample] * 2)


def det_data(size):
    from mmdet.testing import demo_mm_inputs
    return demo_mm_inputs(2, (3, *size))


def pose_data(size):
    from mmpose.testing import get_packed_inputs
    height, width = size
    return get_packed_inputs(
        2,
        img_shape=size,
        input_size=(width, height),
        heatmap_size=(width // 4, height // 4))


def kitti_data(size):
    from mmdet3d.testing import create_detector_inputs
    data = create_detector_inputs(num_points=200, num_gt_instance=3)
    points, = data['inputs']['points']
    points[:, :3] = points[:, :3] * torch.tensor([20, 20, 3]) - torch.tensor(
        [0, 10, 2])
    return dict(
        inputs=dict(points=[points]), data_samples=data['data_samples'])


SEG, DET, POSE = ('mmseg', seg_data), ('mmdet', det_data), ('mmpose',
                                                            pose_data)
CASES = dict(
    FCNHead=(*SEG,
             models.segmentor('FCNHead',
                              input_transform='resize_concat'), (65, 97)),
    UPerHead=(*SEG, models.segmentor('UPerHead'), (65, 97)),
    SegFormerHead=(*SEG, models.segmentor('SegformerHead'), (65, 97)),
    FPN=(*DET, lambda: models.detector('FPN'), (75, 101)),
    # doubles maps instead of resizing them
    HRFPN=(*DET, lambda: models.detector('HRFPN'), (64, 96)),
    HeatmapHead=(*POSE, models.HEATMAP, (64, 48)),
    RTMCCHead=(*POSE, models.RTMCC, (64, 48)),
    RegressionHead=(*POSE, models.DEEPPOSE, (67, 51)),
    SECONDFPN=('mmdet3d', kitti_data, models.pointpillars, None))


@pytest.mark.parametrize('name', CASES)
def test_outputs_losses_and_gradients(name):
    library, data, cfg, size = CASES[name]
    pytest.importorskip(f'{library}.models')
    init_default_scope(library)
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(cfg() if callable(cfg) else cfg)
    model.init_weights()
    batch = data(size)
    model.train()
    inputs = model.data_preprocessor(batch, True)
    loss, _ = model.parse_losses(model(**inputs, mode='loss'))
    assert torch.isfinite(loss) and loss > 0
    loss.backward()
    backbone = find_searchable(model)
    for key in 'conv1.weight', 'stage4.0.branches.3.0.conv1.weight':
        grad = backbone.get_parameter(key).grad
        assert torch.isfinite(grad).all() and grad.any()
    model.eval()
    with torch.no_grad():
        inputs = model.data_preprocessor(data(size), False)
        assert model(**inputs, mode='tensor') is not None


# three lines in a project that knows nothing of this package
FOREIGN = """
_base_ = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py'
custom_imports = dict(imports=['scalenas_mm.registry'])
model = dict(
    backbone=dict(_delete_=True, type='scalenas_mm.ScaleNet', width=8),
    neck=dict(in_channels=[8, 16, 32, 64]))
"""


def test_three_lines_in_another_project(tmp_path):
    from mmengine.config import Config
    pytest.importorskip('mmdet.models')
    (tmp_path / 'mine.py').write_text(FOREIGN)
    config = Config.fromfile(tmp_path / 'mine.py')
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model)
    with torch.no_grad():
        maps = model.extract_feat(torch.rand(1, 3, 65, 97))
    assert [tuple(x.shape[1:]) for x in maps] == [(256, 17, 25), (256, 9, 13),
                                                  (256, 5, 7), (256, 3, 4),
                                                  (256, 2, 2)]


@pytest.mark.parametrize('multi_scale', [True, False])
def test_outputs_are_those_of_upstreams_hrnet(multi_scale):
    """A tuple from high to low resolution, of one map for pose."""
    upstream = build_hrnet('mmseg' if multi_scale else 'mmpose', 4, (1, 1, 1))
    kwargs = dict(models.BACKBONE, multi_scale_output=multi_scale)
    net = MODELS.build(kwargs).eval()
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        got, expected = net(x), upstream(x)
    assert isinstance(got, tuple)
    assert [a.shape for a in got] == [b.shape for b in expected]
    assert net.space.output_channels(net.arch) == tuple(out.shape[1]
                                                        for out in expected)
