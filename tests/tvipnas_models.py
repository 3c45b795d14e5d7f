"""Small video models, which need mmpose, for tests."""
from copy import deepcopy

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from tvipnas_spaces import SPATIAL

import projects.vipnas_video.vipnas_video  # noqa: F401
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ViPNASSpace

TYPES = dict(
    resnet50='ViPNASResNet',
    mobilenetv3='ViPNASMobileNetV3',
    hrnet_w32='ViPNASHRNet')
HEADS = dict(
    resnet50=dict(
        in_channels=32,
        deconv_out_channels=(12, ),
        deconv_kernel_sizes=(4, ),
        deconv_num_groups=(2, )),
    mobilenetv3=dict(
        in_channels=24,
        deconv_out_channels=(16, ),
        deconv_kernel_sizes=(4, ),
        deconv_num_groups=(4, )),
    hrnet_w32=dict(
        in_channels=12,
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
        deconv_num_groups=None))
SIZE, JOINTS = (64, 64), 5


def estimator(family, **head):
    """Config of an ordinary estimator, the largest network of the space."""
    init_default_scope('mmpose')
    return dict(
        type='mmpose.TopdownPoseEstimator',
        backbone=dict(
            type=f'scalenas_mm.{TYPES[family]}',
            init_cfg=dict(type='Kaiming', layer='Conv2d'),
            **deepcopy(SPATIAL[family])),
        head=dict(
            type='scalenas_mm.ElasticHeatmapHead',
            out_channels=JOINTS,
            loss=dict(type='mmpose.KeypointMSELoss', use_target_weight=True),
            decoder=dict(
                type='MSRAHeatmap',
                input_size=SIZE[::-1],
                heatmap_size=(16, 16),
                sigma=1),
            **{
                **HEADS[family],
                **head
            }))


def video_cfg(family='resnet50', key=None, **backbone):
    """Config of a supernet; ``key`` is the architecture of the key frame,
    which networks of frames do not exceed."""
    plain = estimator(family)
    space = ViPNASSpace(family, **SPATIAL[family])
    key = space.resolve('max' if key is None else key)
    fixed = deepcopy(plain)
    fixed['backbone']['arch'] = fixed['head']['arch'] = key.to_dict()
    if key.head is None:
        fixed['head'].pop('arch')
    head = dict(plain['head'], arch=key.to_dict())
    if key.head is None:
        head.pop('arch')
    return dict(
        type='scalenas_mm.TViPNet',
        data_preprocessor=dict(type='scalenas_mm.ClipPreprocessor'),
        key=fixed,
        backbone=dict(
            type='scalenas_mm.TViPNAS',
            network=plain['backbone'],
            within=key.to_dict(),
            heatmaps=JOINTS,
            **{
                **dict(num_frames=2),
                **backbone
            }),
        head=head)


def build(cfg, random=True):
    """A model in evaluation mode, with weights that make outputs differ."""
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(deepcopy(cfg)))
    if not random:
        model.init_weights()
        return model.eval()
    for key, value in model.state_dict().items():
        if value.dim() == 4:
            torch.nn.init.normal_(value, std=0.3)
        elif value.is_floating_point():
            torch.nn.init.uniform_(value, 0.2, 0.8)
    return model.eval()


def clips(num=2, frames=2, seed=0):
    """Inputs of a model."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num, frames + 1, 3, *SIZE, generator=generator)
