"""The ImageNet teacher: HRNet's head, the paper's schedule, and how other
tasks start from its backbone."""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from shipped import named, shipped
from short_runs import run_short, shorten

from scalenas_mm.backbones import find_searchable
from scalenas_mm.backbones.base import searchable_cfg
from scalenas_mm.datasets import make_tiny
from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive

pytest.importorskip('mmpretrain')

NAME = 'scalenet-{}_imagenet'
TEACHER = 'w32_16xb48-100e'


@pytest.fixture(scope='module')
def imagenet(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'imagenet'
    return make_tiny('imagenet', folder, images=1, size=(32, 32))


def load(step, data):
    config = Config.fromfile(named(NAME.format(step)))
    shorten(config, input_size=(32, 32))
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.batch_size = 2
        loader.dataset.data_root = str(data)
        for transform in loader.dataset.pipeline:
            for key in {'scale', 'crop_size'} & transform.keys():
                transform[key] = 32
    model = config.model.get('architecture', config.model)
    searchable_cfg(model).update(
        width=8, stage1_blocks=1, num_modules=(1, 1, 1))
    model.neck[0].in_channels = (8, 16, 32, 64)
    return config


@pytest.mark.parametrize('width, params', [(32, 41_228_840), (48, 77_466_024)])
def test_hrnet_has_the_parameters_of_upstreams(width, params):
    """What mmpretrain publishes for HRNet-W32 and W48."""
    config = shipped(named(NAME.format(f'w{width}_subnet_16xb48-100e')))
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert sum(p.numel() for p in model.parameters()) == params


@pytest.mark.parametrize('width', [32, 48])
def test_the_papers_schedule(width):
    """Appendix A.7; also where it comes from a base of upstream's."""
    config = shipped(named(NAME.format(f'w{width}_16xb48-100e')))
    optimizer = dict(config.optim_wrapper.optimizer, _scope_=None)
    assert optimizer == dict(
        type='SGD',
        lr=0.3,
        momentum=0.9,
        nesterov=True,
        weight_decay=1e-4,
        _scope_=None)
    schedule = config.param_scheduler
    assert (schedule.milestones, schedule.gamma) == ([30, 60, 90], 0.1)
    assert config.train_cfg.max_epochs == 100
    assert config.train_dataloader.batch_size * 16 == 768


@pytest.mark.slow
def test_from_teacher_to_search(imagenet, tmp_path):
    runner, teacher = run_short(load(TEACHER, imagenet), tmp_path / 'teacher')
    assert runner.iter == 2
    assert runner.model.head.fc.weight.shape == (1000, 2048)
    _, supernet = run_short(
        load('w32_supernet_16xb48-100e', imagenet), tmp_path / 'supernet',
        teacher)
    runner, _ = run_short(
        load('w32_search', imagenet), tmp_path / 'search', supernet)
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    assert {'accuracy/top1', 'accuracy/top5'} <= records[0].metrics.keys()


# ---- what starts from it --------------------------------------------------
SMALL = dict(
    type='scalenas_mm.ScaleNet',
    width=4,
    stem_width=8,
    stage1_blocks=1,
    num_modules=(1, 1, 1))
CHANNELS = [4, 8, 16, 32]
SEGMENTOR = dict(
    type='EncoderDecoder',
    decode_head=dict(
        type='FCNHead',
        in_channels=CHANNELS,
        in_index=(0, 1, 2, 3),
        channels=8,
        input_transform='resize_concat',
        num_classes=5))
POSE = dict(
    type='TopdownPoseEstimator',
    head=dict(
        type='HeatmapHead',
        in_channels=4,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss')))


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    """A classifier's checkpoint, every entry of its own."""
    init_default_scope('mmpretrain')
    config = shipped(named(NAME.format(TEACHER))).model.to_dict()
    neck = dict(config['neck'][0], in_channels=CHANNELS)
    model = MODELS.build(
        dict(config, backbone=SMALL, neck=[neck, *config['neck'][1:]]))
    weights = {
        key: torch.rand(value.shape) if value.ndim else value
        for key, value in model.state_dict().items()
    }
    path = tmp_path_factory.mktemp('teacher') / 'epoch_100.pth'
    torch.save(dict(state_dict=weights), path)
    return path


def detector():
    from mmengine.hub import get_config
    model = get_config('mmdet::_base_/models/faster-rcnn_r50_fpn.py').model
    model.neck = dict(type='HRFPN', in_channels=CHANNELS, out_channels=256)
    return model


@pytest.mark.parametrize('library, model, kwargs', [
    ('mmseg', lambda: SEGMENTOR, {}),
    ('mmpose', lambda: POSE, dict(multi_scale_output=False)),
    ('mmdet', detector, {}),
])
def test_other_tasks_start_from_it(library, model, kwargs, teacher):
    """Every weight of their backbone is the teacher's."""
    pytest.importorskip(f'{library}.models')
    init_default_scope(library)
    init_cfg = dict(
        type='Pretrained', checkpoint=str(teacher), prefix='backbone.')
    built = MODELS.build(
        dict(model(), backbone=dict(SMALL, init_cfg=init_cfg, **kwargs)))
    built.init_weights()
    backbone = find_searchable(built)
    assert backbone.arch == backbone.space.max_arch()
    weights = torch.load(teacher, weights_only=True)['state_dict']
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, weights[f'backbone.{key}']), key
