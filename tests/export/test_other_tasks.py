"""A network found for segmentation begins other tasks.

Its backbone alone is read by ``init_cfg`` in a detector, which reads all
outputs, and in a pose model, which reads one.
"""
from copy import deepcopy

import pytest
import torch
from commands import run
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from tiny_detector import DETECTION

from scalenas_mm.registry import MODELS

NUMBER = 5
BACKBONE = dict(
    type='scalenas_mm.ScaleNet',
    width=2,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2),
    num_modules=(1, 1),
    norm_cfg=dict(type='BN'))
POSE = dict(
    type='TopdownPoseEstimator',
    backbone=dict(BACKBONE, multi_scale_output=False, upsample='nearest'),
    head=dict(
        type='HeatmapHead',
        in_channels=2,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss')))


def detector():
    model = deepcopy(DETECTION)
    model['backbone'] = dict(BACKBONE)
    model['neck']['in_channels'] = [2, 4, 8]
    return model


@pytest.fixture(scope='module')
def target(tmp_path_factory):
    """A config of a task that reads one output, which export is told of."""
    path = tmp_path_factory.mktemp('pose') / 'pose.py'
    path.write_text(f'model = {POSE!r}\n')
    return path


@pytest.mark.parametrize('library, model', [
    ('mmdet', detector()),
    ('mmpose', POSE),
])
def test_its_backbone_loads_whole(tiny, searched, target, tmp_path, library,
                                  model):
    pytest.importorskip(library)
    single = library == 'mmpose'
    done = run('export.py', tiny / 'tiny_search.py',
               tiny / 'supernet' / 'iter_4.pth', '--archive',
               searched / 'archive.jsonl', '--id', NUMBER, '--out', tmp_path,
               '--backbone-only', *(['--for', target] if single else []))
    assert done.code == 0, done.err
    files = tmp_path / f'scalenet_{NUMBER:04d}_backbone'
    init_default_scope(library)
    cfg = deepcopy(model)
    cfg['backbone'].update(
        arch=f'{files}.json',
        init_cfg=dict(type='Pretrained', checkpoint=f'{files}.pth'))
    built = MODELS.build(ConfigDict(cfg))
    built.init_weights()
    stored = torch.load(f'{files}.pth', weights_only=True)
    weights = stored.get('state_dict', stored)
    own = built.backbone.state_dict()
    assert weights.keys() == own.keys()
    assert all(torch.equal(own[key], weights[key]) for key in own)
    outputs = built.eval().backbone(torch.rand(1, 3, 64, 64))
    assert len(outputs) == (1 if single else 3)
    features = built.extract_feat(torch.rand(1, 3, 64, 64))
    assert all(torch.isfinite(feature).all() for feature in features)
