"""Configs of bottom-up pose run on tiny data of COCO's and CrowdPose's format.

Networks are narrow here and have one module a stage; their full size is built,
and counted, in ``test_metafiles.py``.
"""
import json
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from shipped import CONFIGS, named, shipped
from short_runs import run_short, shorten

from scalenas_mm.backbones import find_searchable
from scalenas_mm.backbones.base import plain_cfg
from scalenas_mm.datasets import make_tiny
from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive
from scalenas_mm.spaces import Complexity, ScaleNetArch

pytest.importorskip('mmpose')

FOLDER = CONFIGS / 'scalenas' / 'bottomup_pose'
NAMES = sorted(path.stem for path in FOLDER.glob('*512x512.py')) + sorted(
    path.stem for path in FOLDER.glob('*640x640.py'))
FAMILIES = [('w32', '8xb12', '512x512'), ('w48', '8xb10', '640x640')]
NAME = 'scalenet-{}_higherhrnet{}_coco-{}'
SIZE = 64


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    for kind in 'coco', 'crowdpose':
        make_tiny(kind, folder / kind)
    return folder


def shrink(value, data):
    """A small input with maps of the same strides; files below ``data``."""
    if 'heatmap_sizes' in value:
        value['heatmap_sizes'] = [(SIZE // 4, ) * 2, (SIZE // 2, ) * 2]
    if 'input_size' in value:
        square = isinstance(value['input_size'], int)
        value['input_size'] = SIZE if square else (SIZE, SIZE)
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, str) and item.startswith('data/'):
            value[key] = item.replace('data', str(data), 1)
        elif isinstance(item, (dict, list)):
            shrink(item, data)


def run(name, data, folder, start=None):
    """Two iterations and a validation, or a search; runner, checkpoint."""
    config = Config.fromfile(named(name))
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader',
                'val_evaluator', 'test_evaluator', 'tta_pipeline'):
        shrink(config[key], data)
    config.train_dataloader.batch_size = 1
    config.train_dataloader.dataset.indices = 2
    model = config.model.get('architecture', config.model)
    width = 3 if model.backbone.width == 48 else 2
    model.backbone.update(width=width, stem_width=4, num_modules=(1, 1, 1))
    model.head.update(in_channels=width, deconv_channels=(width, ))
    shorten(config, input_size=(SIZE, SIZE))
    runner, checkpoint = run_short(config, folder / name, start)
    if 'searcher' not in config.train_cfg:
        assert runner.iter == 2
        assert np.isfinite(
            runner.message_hub.get_scalar('train/loss').current())
    return runner, checkpoint


@pytest.mark.parametrize('width, batch, size', FAMILIES)
def test_from_teacher_to_search(width, batch, size, data, tmp_path):
    _, teacher = run(
        NAME.format(width, f'_{batch}-300e', size), data, tmp_path)
    runner, supernet = run(
        NAME.format(width, f'_supernet_{batch}-300e', size), data, tmp_path,
        teacher)
    assert int(runner.model.iteration) == 2
    logged = {key[6:] for key in runner.message_hub.log_scalars}
    assert {
        'loss_heatmap_0', 'loss_pull_0', 'loss_push_0', 'loss_heatmap_1',
        'distill.loss_mse'
    } <= logged
    runner, _ = run(
        NAME.format(width, '_search', size), data, tmp_path, supernet)
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    assert all('coco/AP' in record.metrics for record in records)


@pytest.mark.parametrize('name',
                         [name for name in NAMES if '_subnet_' in name])
def test_a_found_network_alone(name, data, tmp_path):
    """HRNet by default, tested at one scale and, as by ``tools/test.py
    --tta``, at several."""
    runner, checkpoint = run(name, data, tmp_path)
    space = runner.model.backbone.space
    assert runner.model.backbone.arch == space.hrnet_arch()
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    assert weights.keys() == runner.model.state_dict().keys()
    assert runner.model.head.num_keypoints == (14 if 'crowd' in name else 17)
    if '640' in name or 'crowd' in name:
        return
    config = runner.cfg
    config.load_from = str(checkpoint)
    config.test_dataloader.dataset.pipeline = config.tta_pipeline
    config.experiment_name += '_tta'
    metrics = Runner.from_cfg(config).test()
    assert 'coco/AP' in metrics


def test_a_found_network_begins_with_top_down_weights(data, tmp_path):
    """Those of the supernet (A.10); only its own layers are read."""
    name = 'scalenet-w32_higherhrnet_subnet_8xb12-300e_coco-512x512'
    model = shipped(named(name)).model.to_dict()
    start = tmp_path / 'supernet.pth'
    small = dict(width=2, stem_width=4, num_modules=(1, 1, 1))
    model['backbone'].update(small)
    model['backbone']['init_cfg']['checkpoint'] = str(start)
    model['head'].update(in_channels=2, deconv_channels=(2, ))
    init_default_scope('mmpose')
    top_down = MODELS.build(
        dict(type='scalenas_mm.ScaleNet', multi_scale_output=False, **small))
    torch.manual_seed(0)
    for p in top_down.parameters():
        torch.nn.init.normal_(p)
    weights = top_down.state_dict()
    torch.save(
        {
            f'architecture.backbone.{key}': v
            for key, v in weights.items()
        }, start)
    network = MODELS.build(model)
    network.init_weights()
    own = network.backbone.state_dict()
    assert own.keys() < weights.keys()
    assert all(torch.equal(value, weights[key]) for key, value in own.items())


@pytest.mark.parametrize('name', NAMES)
def test_protocol_of_the_paper(name):
    """Appendix A.10: what is trained, at which size."""
    config = shipped(named(name))
    size = int(re.search(r'(\d+)x\d+$', name)[1])
    steps = config.train_dataloader.dataset.pipeline
    affine, targets = steps[1], steps[3].encoder
    assert affine == dict(type='HigherHRNetAffine', input_size=(size, size))
    assert targets.input_size == (size, size)
    assert targets.heatmap_sizes == [(size // 4, ) * 2, (size // 2, ) * 2]
    for pipeline in (config.val_dataloader.dataset.pipeline,
                     config.test_dataloader.dataset.pipeline,
                     config.tta_pipeline):
        assert pipeline[1].input_size == size
    assert config.test_dataloader.dataset.data_root == (
        'data/crowdpose/' if 'crowd' in name else 'data/coco/')
    head = plain_cfg(config.model)['head']
    width = plain_cfg(config.model)['backbone']['width']
    assert (head['in_channels'], head['deconv_channels']) == (width, (width, ))
    if 'searcher' in config.train_cfg:
        assert config.train_cfg.input_size == (size, size)
        return
    assert config.optim_wrapper.optimizer == dict(type='Adam', lr=0.001)
    assert config.param_scheduler.milestones == [200, 260]


def test_cost_of_the_papers_p1(masks, shared_data):
    """The body of the published top-down network, at another size, with the
    released head as the papers count it."""
    from projects.higherhrnet.higherhrnet import published_complexity
    model = plain_cfg(
        shipped(named(NAME.format('w32', '_8xb12-300e', '512x512'))).model)
    init_default_scope('mmpose')
    with torch.device('meta'):  # nothing is computed
        model = MODELS.build(ConfigDict(model))
    space, size = find_searchable(model).space, (512, 512)
    whole = space.complexity(space.max_arch(), size, drop_dead=True)
    head = published_complexity(model, size) + whole * -1
    counts = json.loads(
        (shared_data / 'higherhrnet' / 'counts.json').read_text())['w32_512']
    groups = counts['macs_by_group']
    released = Complexity(
        sum(counts['params_by_top'][key]
            for key in ('final_layers', 'deconv_layers')),
        sum(groups[key] for key in ('final_layers.0', 'deconv_layers.blocks',
                                    'final_layers.1')) +
        counts['deconv_macs_weight_x_output'])
    assert head == released
    arch = space.canonical(
        ScaleNetArch.from_released(masks['w32_256_P1']['modules']))
    published = Complexity(28_483_633, 7_459_995_648)  # at 256x192, 1x1 head
    body = published + Complexity(17 * 33, 17 * 32 * 64 * 48) * -1
    assert space.complexity(arch, size) == Complexity(
        body.params, body.macs * 512 * 512 // (256 * 192))
