"""Models of every task library run from one sample."""
import copy

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement, InstanceData
from tiny_detector import BACKBONE, DETECTION
from torch.utils.data import DataLoader

from scalenas_mm.backbones import find_searchable
from scalenas_mm.evaluation import (blank_sample, calibrated, cost_model,
                                    count, first_sample, preprocessed,
                                    resized_sample, rest_of_model, run_tensor,
                                    tensors)
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import Complexity

POSE = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor'),
    backbone=dict(BACKBONE, multi_scale_output=False),
    head=dict(
        type='HeatmapHead',
        in_channels=4,
        out_channels=3,
        deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss'),
        decoder=dict(
            type='MSRAHeatmap',
            input_size=(64, 64),
            heatmap_size=(16, 16),
            sigma=2)))


class Images(torch.utils.data.Dataset):
    """Random images with a data sample, as pipelines pack them."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        noise = np.random.default_rng(index).integers(0, 255, (3, 40, 56))
        shape = (40, 56)
        sample = BaseDataElement(
            metainfo=dict(
                img_shape=shape,
                ori_shape=shape,
                scale_factor=(1.0, 1.0),
                mark='mine'))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor([[1., 1, 20, 20]]), labels=torch.zeros(1))
        return dict(
            inputs=torch.tensor(noise, dtype=torch.uint8), data_samples=sample)


def loader():
    return DataLoader(Images(), batch_size=2, collate_fn=pseudo_collate)


def build(scope, cfg):
    pytest.importorskip(scope)
    if scope == 'mmpose':
        import mmpose.models  # noqa: F401
    init_default_scope(scope)
    torch.manual_seed(0)
    cfg = ConfigDict(dict(cfg, type=f'{scope}.{cfg["type"]}'))
    return MODELS.build(cfg).eval()


@pytest.fixture(params=['mmpose', 'mmdet'])
def model(request):
    return build(request.param,
                 dict(mmpose=POSE, mmdet=DETECTION)[request.param])


def test_counted_calibrated_and_run_from_a_sample(model):
    size = (64, 96)
    sample = first_sample(model, loader())
    assert tensors(run_tensor(model, sample))
    sized = resized_sample(sample, size)
    assert sized['inputs'].shape == (1, 3, *size)
    assert sized['data_samples'][0].img_shape == size
    assert sized['data_samples'][0].mark == 'mine'
    assert sample['data_samples'][0].img_shape == (40, 56)
    assert rest_of_model(model, size) == rest_of_model(model, size, sample)

    costs = cost_model(model, size, sample)
    backbone = find_searchable(model)
    for name in ('min', 'max'):
        with backbone.active(name) as arch:
            counted = count(model, lambda: run_tensor(model, sized))
            cost = costs(arch)
            assert counted == Complexity(cost['params'], cost['macs'])

    batch = next(iter(loader()))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with calibrated(model, [batch]):
        norms = [
            m.num_batches_tracked for m in backbone.modules()
            if isinstance(m, torch.nn.BatchNorm2d)
        ]
        assert set(map(int, norms)) == {1}
    assert all(
        torch.equal(before[k], v) for k, v in model.state_dict().items())


@pytest.mark.parametrize('proposals', [10, 30])
def test_the_rest_of_a_two_stage_detector(proposals):
    """Neck, proposals and the head of all of them, by hand; it does not
    depend on the weights, as the number after a suppression does."""
    cfg = copy.deepcopy(DETECTION)
    cfg['test_cfg']['rpn']['max_per_img'] = proposals
    model = build('mmdet', cfg)
    pixels = 16 * 16 + 8 * 8 + 4 * 4
    neck = (4 + 8 + 16) * 8 * 16 * 16 + 8 * 8 * 9 * pixels
    rpn = (8 * 8 * 9 + 8 * 1 + 8 * 4) * pixels
    head = 8 * 49 * 16 + 16 * 16 + 16 * 3 + 16 * 8
    params = sum(p.numel() for p in model.parameters()) - sum(
        p.numel() for p in model.backbone.parameters())
    left, expected = [], Complexity(params, neck + rpn + proposals * head)
    for seed in range(3):
        torch.manual_seed(seed)
        for value in model.parameters():
            torch.nn.init.normal_(value, std=0.1)
        assert rest_of_model(model, (64, 64)) == expected
        sample = blank_sample(model, (64, 64))
        with torch.no_grad():
            found, = model.rpn_head.predict(
                model.extract_feat(sample['inputs']), sample['data_samples'])
        left.append(len(found))
    assert len(set(left)) > 1 or proposals == 10  # suppressed as before


def test_samples_without_an_image_stay_as_they_are():
    voxels = dict(inputs=dict(voxels=torch.zeros(3, 4)), data_samples=[])
    assert resized_sample(voxels, (8, 8)) is voxels
    assert resized_sample([1, 2], (8, 8)) == [1, 2]


def test_preprocessing_as_in_training_or_not():
    model = build(
        'mmdet',
        dict(
            DETECTION,
            data_preprocessor=dict(
                type='DetDataPreprocessor',
                pad_size_divisor=32,
                batch_augments=[
                    dict(type='mmdet.BatchFixedSizePad', size=(128, 128))
                ])))
    batch = pseudo_collate([Images()[0]])
    for training, expected in ((False, (64, 64)), (True, (128, 128))):
        inputs = preprocessed(model, batch, training)['inputs']
        assert inputs.shape[-2:] == expected


def test_blank_sample_has_the_channels_of_the_space():
    model = build(
        'mmpose',
        dict(
            POSE,
            backbone=dict(BACKBONE, multi_scale_output=False, in_channels=5)))
    assert blank_sample(model, (64, 64))['inputs'].shape == (1, 5, 64, 64)
    assert tensors(run_tensor(model, blank_sample(model, (64, 64))))


def test_tensors_of_a_data_element_are_in_the_order_of_names():
    """Its fields are a set, in another order in every process: digests of
    batches would differ between ranks, and after a search goes on."""
    names = [f'field_{i}' for i in range(20)]
    element = BaseDataElement()
    for i, name in enumerate(names):
        element.set_field(torch.tensor(i), name)
    assert [int(x) for x in tensors([element])
            ] == [names.index(name) for name in sorted(names)]
