"""Configs of detection: from teacher to exported network on tiny data."""
import re
from dataclasses import replace

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from shipped import named, shipped
from short_runs import run_short, shorten
from torch.utils._python_dispatch import TorchDispatchMode

from scalenas_mm.datasets import KINDS, make_demo, make_tiny
from scalenas_mm.export import export_candidate, open_source
from scalenas_mm.registry import MODELS
from scalenas_mm.search import read_archive, read_meta
from scalenas_mm.spaces import ScaleNetArch

pytest.importorskip('mmdet')
SIZE = 64
NAME = 'scalenet-w32_{}{}_coco'


@pytest.fixture(scope='module')
def coco(tmp_path_factory):
    root = tmp_path_factory.mktemp('coco')
    return make_tiny('coco', root, images=4, size=(64, 96))


def shrink_pipeline(steps):
    """Images of 64 pixels and no larger canvas."""
    for step in steps:
        for key in 'scale', 'img_scale', 'crop_size', 'size':
            if key in step:
                step[key] = (SIZE, SIZE)


def shrink(config, root):
    """Tiny images, a narrow network with few proposals, which finds
    something."""
    for part in 'train', 'val', 'test':
        loader = config[f'{part}_dataloader']
        loader.batch_size = 2
        loader.dataset.data_root = str(root)
        loader.dataset.serialize_data = False  # which collects garbage
        shrink_pipeline(loader.dataset.pipeline)
    for evaluator in config.val_evaluator, config.test_evaluator:
        evaluator.ann_file = re.sub('^data/[^/]*', str(root),
                                    evaluator.ann_file)
    model = config.model.get('architecture', config.model)
    model.backbone.update(width=4, stem_width=4, num_modules=(1, 1, 1))
    model.neck.update(in_channels=[4, 8, 16, 32])
    model.backbone.pop('stage1_blocks', None)
    if 'roi_head' in model:
        model.roi_head.bbox_head.fc_out_channels = 16
        model.train_cfg.rpn_proposal.update(nms_pre=50, max_per_img=20)
        model.train_cfg.rcnn.sampler.num = 8
        model.test_cfg.rpn.update(nms_pre=50, max_per_img=20)
        model.test_cfg.rcnn.update(score_thr=0, max_per_img=5)
    if 'mask_head' in model.get('roi_head', ()):
        model.roi_head.mask_head.update(num_convs=1, conv_out_channels=16)
    shorten(config, input_size=(SIZE, SIZE))


def load(name, root):
    config = Config.fromfile(named(name))
    shrink(config, root)
    return config


def run(name, root, work_dir, start=None):
    """Runner and checkpoint of two iterations, or of three candidates."""
    return run_short(load(name, root), work_dir / name, start)


def searched(name, root, folder, start):
    runner, _ = run(name, root, folder, start)
    records = read_archive(runner.train_loop.archive_path)
    assert [record.ok for record in records] == [True] * 3
    assert set(runner.train_loop.searcher.objectives.metrics) <= set(
        records[0].metrics)
    return records


@pytest.fixture(scope='module')
def faster(coco, tmp_path_factory):
    """Folder and supernet of Faster R-CNN."""
    folder = tmp_path_factory.mktemp('faster')
    _, teacher = run(NAME.format('faster-rcnn', '_8xb2-12e'), coco, folder)
    runner, supernet = run(
        NAME.format('faster-rcnn', '_supernet_8xb2-12e'), coco, folder,
        teacher)
    assert int(runner.model.iteration) == 2
    assert 'train/distill.loss_mse' in runner.message_hub.log_scalars
    return folder, supernet


@pytest.mark.parametrize('method, training', [
    ('mask-rcnn', '_8xb2-12e'),
    ('rtmdet', '_8xb32-300e'),
])
def test_from_teacher_to_search(method, training, coco, tmp_path):
    _, teacher = run(NAME.format(method, training), coco, tmp_path)
    runner, supernet = run(
        NAME.format(method, '_supernet' + training), coco, tmp_path, teacher)
    assert int(runner.model.iteration) == 2
    searched(NAME.format(method, '_search'), coco, tmp_path, supernet)


def test_sizes_of_objects_are_objectives(faster, coco):
    folder, supernet = faster
    name = NAME.format('faster-rcnn', '_search-scales')
    records = searched(name, coco, folder, supernet)
    assert {'coco/bbox_mAP_s', 'coco/bbox_mAP_l'} <= records[0].metrics.keys()
    costs = [record.cost for record in records]
    rest = {cost['macs'] - cost['backbone_macs'] for cost in costs}
    assert len(rest) == 1  # proposals do not depend on what is searched


def test_exported_scores_what_was_recorded(faster, coco, tmp_path):
    """As an ordinary detector, to the last digit."""
    folder, supernet = faster
    name = NAME.format('faster-rcnn', '_search')
    records = searched(name, coco, folder, supernet)
    source = open_source(
        named(name), load(name, coco), str(supernet),
        read_meta(folder / name / 'archive.jsonl'))
    export_candidate(source, records[2], tmp_path, 'a comment')
    plain = load(NAME.format('faster-rcnn', '_8xb2-12e'), coco)
    plain.model = Config.fromfile(tmp_path / 'scalenet_0002.py').model
    plain.update(
        work_dir=str(tmp_path), load_from=str(tmp_path / 'scalenet_0002.pth'))
    plain.experiment_name = tmp_path.name
    metrics = Runner.from_cfg(plain).test()
    assert {k: float(v) for k, v in metrics.items()} == records[2].metrics


def test_demo(tmp_path):
    data = tmp_path / 'data'
    make_demo(data, 'digits-coco',
              replace(KINDS['digits-coco'].spec, train=4, val=2))
    start = None
    for step in '1xb8-500iters_', 'supernet_1xb8-500iters_':
        name = f'scalenet-w8_faster-rcnn_{step}digits-coco-160x160'
        _, start = run(name, data, tmp_path, start)
    searched('scalenet-w8_faster-rcnn_search_digits-coco-160x160', data,
             tmp_path, start)


@pytest.mark.parametrize('kind', ['', '-transfer'])
def test_a_sub_network_alone(kind, coco, tmp_path):
    """Trains as an ordinary detector; Mask R-CNN reports masks, too."""
    runner, checkpoint = run(
        NAME.format('mask-rcnn', f'_subnet{kind}_8xb2-12e'), coco, tmp_path)
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    assert weights.keys() == runner.model.state_dict().keys()
    assert {'coco/bbox_mAP', 'coco/segm_mAP'} <= runner.test().keys()


def detector(config, **backbone):
    """The detector of a config, without pretrained weights."""
    init_default_scope('mmdet')
    model = config.model.copy()
    model.backbone = dict(model.backbone, init_cfg=None, **backbone)
    return MODELS.build(model).eval()


def test_the_baseline_is_the_hrnet_of_mmdet():
    """Its weights load, and features are the same."""
    theirs = detector(
        get_config('mmdet::hrnet/faster-rcnn_hrnetv2p-w32-1x_coco.py'))
    ours = detector(
        shipped(named(NAME.format('faster-rcnn', '_subnet_8xb2-12e'))),
        upsample='nearest')
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        pairs = zip(*(model.extract_feat(torch.ones(1, 3, 64, 64))
                      for model in (theirs, ours)))
    for expected, got in pairs:
        torch.testing.assert_close(got, expected)


class Rule(TorchDispatchMode):
    """What ``get_flops.py`` of mmdet 2 counts, by operator."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        name = func._schema.name.removeprefix('aten::')
        if name == 'convolution':
            weight, bias, transposed = args[1], args[2], args[6]
            kernel = (weight[:, 0] if transposed else weight[0]).numel()
            self.total += out.numel() * (kernel + (bias is not None))
        elif name == 'addmm':
            self.total += args[1].numel() * out.shape[-1]
        elif 'batch_norm' in name:
            self.total += 2 * out[0].numel()
        elif name in ('relu', 'relu_', 'upsample_nearest2d'):
            self.total += out.numel()
        return out


@pytest.mark.parametrize('method, network, params, gflops', [
    ('faster-rcnn', 'hrnet', 47.2797, 285.4),
    ('faster-rcnn', 'S2', 46.2356, 271.3),
    ('mask-rcnn', 'hrnet', 49.9230, 353.9),
    ('mask-rcnn', 'S2', 48.8789, 339.8),
])
def test_cost_in_the_papers_table_5(method, network, params, gflops, masks):
    """At 800x1280: boxes of 1000 proposals, masks of 100."""
    arch = network if network == 'hrnet' else ScaleNetArch.from_released(
        masks['seg_w32_S2']['modules'])
    with torch.device('meta'):  # nothing is computed
        model = detector(
            shipped(named(NAME.format(method, '_subnet_8xb2-12e'))),
            arch=arch,
            upsample='nearest')
        with Rule() as rule:
            maps = model.extract_feat(torch.empty(1, 3, 800, 1280))
            model.rpn_head(maps)
            model.roi_head.bbox_head(torch.empty(1000, 256, 7, 7))
            if method == 'mask-rcnn':
                model.roi_head.mask_head(torch.empty(100, 256, 14, 14))
    assert round(rule.total / 1e9, 1) == gflops
    counted = sum(value.numel() for value in model.parameters())
    assert round(counted / 1e6, 4) == params
