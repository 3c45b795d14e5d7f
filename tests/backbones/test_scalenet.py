"""ScaleNet against released outputs, upstream's HRNets and itself."""
import numpy as np
import pytest
import torch
from hrnets import equal, hrnet_extra, image, randomised
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn

from scalenas_mm.backbones import ScaleNet, find_searchable
from scalenas_mm.evaluation import count
from scalenas_mm.export.released import convert_weights
from scalenas_mm.spaces import ArchError, InputError, ScaleNetArch

SMALL = dict(width=4, stem_width=8, stage1_blocks=1, num_modules=(1, 1, 1))


@pytest.fixture(scope='module')
def released(shared_data):
    """Converted weights, inputs and outputs of the released network."""
    folder = shared_data / 'scalenas'
    arrays = np.load(folder / 'official_forward_w4.npz')
    weights = {}
    for task in ('seg', 'pose'):
        raw = torch.load(
            folder / f'official_super_{task}_w4_fp16.pth', weights_only=True)
        weights[task] = convert_weights(raw, task)
    return weights, arrays


@pytest.mark.parametrize('task, name', [('seg', 'seg_w32_S1'),
                                        ('seg', 'seg_w32_S2'), ('seg', 'full'),
                                        ('pose', 'w32_256_P1'),
                                        ('pose', 'w32_256_P2'),
                                        ('pose', 'full')])
@pytest.mark.parametrize('fixed', [False, True])
def test_outputs_of_the_released_network(released, masks, task, name, fixed):
    weights, arrays = released
    weights = weights[task]
    arch = 'max' if name == 'full' else ScaleNetArch.from_released(
        masks[name]['modules'])
    kwargs = dict(
        width=4, multi_scale_output=task == 'seg', upsample='nearest')
    net = ScaleNet(arch=arch if fixed else None, **kwargs).eval()
    own = {k[9:]: v for k, v in weights.items() if k.startswith('backbone.')}
    assert not net.load_state_dict(own, strict=False).missing_keys
    net.arch = arch  # a fixed network takes only its own
    head = build_head(task)
    head.load_state_dict({
        k.split('.', 1)[1]: v
        for k, v in weights.items() if not k.startswith('backbone.')
    })
    with torch.no_grad():
        got = head.eval()(net(torch.from_numpy(arrays[f'{task}_input'])))
    expected = torch.from_numpy(arrays[f'{task}_{name}_output'])
    error = (got - expected).abs().max() / expected.abs().max()
    assert error < 1e-4


def build_head(task):
    if task == 'pose':
        models = pytest.importorskip('mmpose.models')
        return models.HeatmapHead(4, 17, deconv_out_channels=None)
    models = pytest.importorskip('mmseg.models')
    return models.FCNHead(
        in_channels=[4, 8, 16, 32],
        in_index=(0, 1, 2, 3),
        channels=60,
        input_transform='resize_concat',
        kernel_size=1,
        num_convs=1,
        concat_input=False,
        dropout_ratio=-1,
        num_classes=19,
        norm_cfg=dict(type='BN'),
        align_corners=False)


UPSTREAM = [('mmseg', True, 'bilinear'), ('mmdet', True, 'nearest'),
            ('mmpose', False, 'nearest')]


@pytest.mark.parametrize('library, multi_scale, upsample', UPSTREAM)
def test_weights_of_upstreams_hrnet_give_its_output(library, multi_scale,
                                                    upsample, tmp_path):
    models = pytest.importorskip(f'{library}.models')
    upstream = randomised(models.backbones.HRNet(extra=hrnet_extra(4)))
    torch.save(dict(state_dict=upstream.state_dict()), tmp_path / 'hrnet.pth')
    net = ScaleNet(
        4,
        multi_scale,
        arch='hrnet',
        upsample=upsample,
        init_cfg=dict(
            type='Pretrained', checkpoint=str(tmp_path / 'hrnet.pth')))
    net.init_weights()
    net.eval()
    x = image(64, 96)
    with torch.no_grad():
        for got, expected in zip(net(x), upstream(x)):
            torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('library, multi_scale, upsample', UPSTREAM)
def test_hrnet_weights_fill_the_supernet(library, multi_scale, upsample):
    """No weight of HRNet is left over, and none of its layers is missing."""
    models = pytest.importorskip(f'{library}.models')
    weights = models.backbones.HRNet(extra=hrnet_extra(4)).state_dict()
    result = ScaleNet(4, multi_scale).load_state_dict(weights, strict=False)
    assert not result.unexpected_keys
    fixed = ScaleNet(4, multi_scale, arch='hrnet')
    assert not fixed.load_state_dict(weights, strict=False).missing_keys


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('multi_scale', [True, False])
@pytest.mark.parametrize('drop_dead', [True, False])
def test_fixed_network_equals_supernet(seed, multi_scale, drop_dead):
    kwargs = dict(multi_scale_output=multi_scale, drop_dead=drop_dead, **SMALL)
    supernet = randomised(ScaleNet(**kwargs))
    arch = supernet.space.sample(np.random.default_rng(seed))
    fixed = ScaleNet(arch=arch.to_dict(), **kwargs).eval()
    weights = supernet.state_dict()
    fixed.load_state_dict({key: weights[key] for key in fixed.state_dict()})
    x = image(51, 70)
    with torch.no_grad(), supernet.active(arch):
        assert equal(fixed(x), supernet(x))


@pytest.mark.parametrize('widths', [None, ((2, 4), (4, 8), (8, 16), (8, 32))])
def test_channels_last(widths):
    """The same values, all maps in that order, and the fixed network computes
    as the supernet does."""
    kwargs = dict(widths=widths, channels_last=True, **SMALL)
    plain = randomised(ScaleNet(**dict(kwargs, channels_last=False))).double()
    supernet = ScaleNet(**kwargs).double().eval()
    weights = plain.state_dict()
    supernet.load_state_dict(weights)
    arch = supernet.space.sample(np.random.default_rng(0))
    fixed = ScaleNet(arch=arch.to_dict(), **kwargs).double().eval()
    fixed.load_state_dict({
        key: weights[key][part]
        for key, part in supernet.parts(arch).items()
    })
    x = image(64, 96, batch=2).double()
    with torch.no_grad(), supernet.active(arch), plain.active(arch):
        found, expected = supernet(x), plain(x)
        assert equal(fixed(x), found)
    for one, other in zip(found, expected):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
        assert one.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize('seed', range(3))
def test_dead_layers_do_not_change_the_output(seed):
    run, dropped = (
        randomised(
            ScaleNet(multi_scale_output=False, drop_dead=drop, **SMALL))
        for drop in (False, True))
    run.arch = dropped.arch = run.space.sample(np.random.default_rng(seed))
    x = image(32, 32)
    with torch.no_grad():
        assert equal(run(x), dropped(x))


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('size', [(64, 64), (33, 47), (7, 5)])
@pytest.mark.parametrize('multi_scale', [True, False])
@pytest.mark.parametrize('drop_dead', [True, False])
def test_formula_equals_a_count_of_the_built_network(seed, size, multi_scale,
                                                     drop_dead):
    rng = np.random.default_rng(seed)
    kwargs = dict(
        width=int(rng.integers(1, 6)),
        stem_width=int(rng.integers(1, 6)),
        stage1_blocks=int(rng.integers(1, 3)),
        num_modules=tuple(rng.integers(1, 3, rng.integers(1, 4)).tolist()),
        multi_scale_output=multi_scale,
        drop_dead=drop_dead)
    space = ScaleNet(**kwargs).space
    arch = space.sample(rng)
    net = ScaleNet(arch=arch, **kwargs).eval()
    x = image(*size)
    counted = count(net, lambda: net(x))
    assert counted == space.complexity(arch, size, drop_dead)
    assert counted.params == sum(p.numel() for p in net.parameters())


def test_one_set_of_names():
    supernet = ScaleNet(**SMALL).state_dict()
    for arch in ('min', 'hrnet', 'max'):
        own = ScaleNet(arch=arch, **SMALL).state_dict()
        assert {
            k: v.shape
            for k, v in own.items()
        }.items() <= {
            k: v.shape
            for k, v in supernet.items()
        }.items()


def test_only_the_supernet_changes_its_architecture():
    supernet, fixed = ScaleNet(**SMALL), ScaleNet(arch='min', **SMALL)
    assert (supernet.kind, fixed.kind) == ('shared', 'fixed')
    before = supernet.arch
    with supernet.active('min') as arch:
        assert supernet.arch == arch == supernet.space.min_arch()
    assert supernet.arch == before
    with pytest.raises(
            ArchError, match='which this fixed ScaleNet was built with'):
        fixed.arch = 'max'
    with pytest.raises(ArchError, match='expected 6 modules|3 modules'):
        supernet.arch = ScaleNet().space.min_arch()
    with pytest.raises(RuntimeError), supernet.active('min'):
        raise RuntimeError
    assert supernet.arch == before


def test_frozen_stages_and_norm_eval():
    net = ScaleNet(frozen_stages=2, norm_eval=True, **SMALL)
    net.train()
    frozen = {
        n.split('.')[0]
        for n, p in net.named_parameters() if not p.requires_grad
    }
    assert frozen == {
        'conv1', 'bn1', 'conv2', 'bn2', 'layer1', 'transition1', 'stage2',
        'transition2'
    }
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not any(norm.training for norm in norms)
    assert not net.stage2.training and net.stage3.training
    everything = ScaleNet(frozen_stages=4, **SMALL)
    assert not any(p.requires_grad for p in everything.parameters())


def test_checkpointing_gives_the_same_gradients():
    grads = []
    for with_cp in (False, True):
        net = randomised(ScaleNet(with_cp=with_cp, **SMALL))
        sum(out.sum() for out in net(image(32, 32))).backward()
        grads.append([p.grad for p in net.parameters()])
    for a, b in zip(*grads):
        torch.testing.assert_close(a, b)


def test_zero_init_residual():
    net = ScaleNet(zero_init_residual=True, **SMALL)
    net.init_weights()
    assert not net.stage4[0].branches[3][1].bn2.weight.any()
    assert not net.layer1[0].bn3.weight.any()
    assert net.stage4[0].branches[3][1].bn1.weight.all()


@pytest.mark.parametrize('kwargs, message', [
    (dict(upsample='cubic'), 'upsample: expected bilinear or nearest'),
    (dict(frozen_stages=7), 'frozen_stages: expected -1 to 4, got 7'),
    (dict(arch='large'), 'arch: expected a dict, a JSON file or one of'),
    (dict(width=-1), 'width: expected a whole number from 1'),
])
def test_wrong_arguments(kwargs, message):
    with pytest.raises(InputError, match=message):
        ScaleNet(**{**SMALL, **kwargs})


def test_group_norm_and_other_channels():
    net = ScaleNet(
        norm_cfg=dict(type='GN', num_groups=2), in_channels=5, **SMALL)
    outputs = net.eval()(image(32, 32, channels=5))
    assert [tuple(o.shape) for o in outputs] == [(1, 4, 8, 8), (1, 8, 4, 4),
                                                 (1, 16, 2, 2), (1, 32, 1, 1)]


BACKBONE = dict(
    type='scalenas_mm.ScaleNet', arch='min', norm_cfg=dict(type='BN'), **SMALL)


def detector():
    from mmengine.hub import get_config
    model = get_config('mmdet::_base_/models/faster-rcnn_r50_fpn.py').model
    model.backbone = BACKBONE
    model.neck = dict(
        type='HRFPN', in_channels=[4, 8, 16, 32], out_channels=256)
    return model


@pytest.mark.parametrize('neck', ['HRFPN', 'FPN'])
def test_drop_in_for_detection(neck):
    registry = pytest.importorskip('mmdet.registry')
    from mmdet.utils import register_all_modules
    register_all_modules(init_default_scope=True)
    model = detector()
    model.neck = dict(type=neck, in_channels=[4, 8, 16, 32], out_channels=256)
    if neck == 'FPN':
        model.neck.num_outs = 5
    model = registry.MODELS.build(model).eval()
    with torch.no_grad():
        features = model.extract_feat(image(64, 64))
        scores, boxes = model.rpn_head(features)
    assert len(scores) == len(boxes) == 5
    assert find_searchable(model).arch == find_searchable(
        model).space.min_arch()


def test_drop_in_for_pose():
    registry = pytest.importorskip('mmpose.registry')
    from mmpose.utils import register_all_modules
    register_all_modules(init_default_scope=True)
    codec = dict(
        type='MSRAHeatmap',
        input_size=(48, 64),
        heatmap_size=(12, 16),
        sigma=2)
    model = registry.MODELS.build(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(multi_scale_output=False, **BACKBONE),
            head=dict(
                type='HeatmapHead',
                in_channels=4,
                out_channels=17,
                deconv_out_channels=None,
                loss=dict(type='KeypointMSELoss'),
                decoder=codec))).eval()
    with torch.no_grad():
        assert model(image(64, 48), None).shape == (1, 17, 16, 12)


def test_drop_in_for_segmentation():
    registry = pytest.importorskip('mmseg.registry')
    from mmseg.utils import register_all_modules
    register_all_modules(init_default_scope=True)
    model = registry.MODELS.build(
        dict(
            type='EncoderDecoder',
            backbone=BACKBONE,
            decode_head=dict(
                type='FCNHead',
                in_channels=[4, 8, 16, 32],
                in_index=(0, 1, 2, 3),
                channels=8,
                input_transform='resize_concat',
                num_classes=5,
                norm_cfg=dict(type='BN')))).eval()
    with torch.no_grad():
        assert model(image(64, 96)).shape == (1, 5, 16, 24)


def test_drop_in_for_3d_detection():
    """A bird's-eye-view map as image, as in PointPillars."""
    registry = pytest.importorskip('mmdet3d.registry')
    from mmdet3d.utils import register_all_modules
    from mmengine.hub import get_config
    register_all_modules(init_default_scope=True)
    model = get_config(
        'mmdet3d::_base_/models/pointpillars_hv_secfpn_kitti.py').model
    # three branches: KITTI's 496 x 432 pillars cannot be halved five times
    model.backbone = dict(BACKBONE, in_channels=64, num_modules=(1, 1))
    model.neck.update(
        in_channels=[4, 8, 16],
        upsample_strides=[1, 2, 4],
        out_channels=[128] * 3)
    model = registry.MODELS.build(model).eval()
    points = torch.rand(500, 4) * torch.tensor([69., 79., 3., 1.])
    points -= torch.tensor([0., 39.5, 3., 0.])
    with torch.no_grad():
        data = model.data_preprocessor(
            dict(inputs=dict(points=[points]), data_samples=[]), False)
        scores, boxes, directions = model(**data, mode='tensor')
    assert scores[0].shape[2:] == (124, 108)  # 496 x 432 at stride 4


def test_checkpoint_of_a_whole_upstream_model(tmp_path):
    """``prefix`` picks the backbone out of a checkpoint of a segmentor."""
    models = pytest.importorskip('mmseg.models')
    upstream = randomised(models.backbones.HRNet(extra=hrnet_extra(4)))
    torch.save(
        {
            'state_dict': {
                f'backbone.{k}': v
                for k, v in upstream.state_dict().items()
            }
        }, tmp_path / 'segmentor.pth')
    net = ScaleNet(
        4,
        arch='hrnet',
        init_cfg=dict(
            type='Pretrained',
            checkpoint=str(tmp_path / 'segmentor.pth'),
            prefix='backbone.'))
    net.init_weights()
    x = image(32, 32)
    with torch.no_grad():
        for got, expected in zip(net.eval()(x), upstream(x)):
            torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_whole_model_checkpoint_loads_with_a_prefix(tmp_path):
    """A segmentor with our backbone reads HRNet's names below its prefix."""
    net = nn.Module()
    net.backbone = ScaleNet(arch='hrnet', **SMALL)
    weights = {}
    for key, value in net.state_dict().items():
        parts = key.split('.fusions.3_')
        if len(parts) == 2:
            j, k, rest = parts[1][0], parts[1][2], parts[1][4:]
            key = f'{parts[0]}.fuse_layers.{j}.{k}.{rest}'
        weights[key] = value + 1
    torch.save(dict(state_dict=weights), tmp_path / 'model.pth')
    load_checkpoint(net, str(tmp_path / 'model.pth'), strict=True)
    fusion = net.backbone.stage2[0].fusions['3_0_1'][0].weight
    assert torch.equal(fusion,
                       weights['backbone.stage2.0.fuse_layers.0.1.0.weight'])
