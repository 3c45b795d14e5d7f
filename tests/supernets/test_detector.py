"""A two-stage detector as a supernet: lists of losses, teacher of a neck."""
from copy import deepcopy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from tiny_detector import DETECTION

from scalenas_mm.registry import MODELS

pytest.importorskip('mmdet')


def build(module='neck', **kwargs):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(
        ConfigDict(
            type='scalenas_mm.OneShotSupernet',
            architecture=dict(deepcopy(DETECTION), type='mmdet.FasterRCNN'),
            **dict(dict(distillation=dict(module=module)), **kwargs)))
    model.init_weights()
    return model.train()


@pytest.fixture
def batch():
    """Two images of different size, as a data loader gives them."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.bbox import HorizontalBoxes
    generator = torch.Generator().manual_seed(0)
    samples, images = [], []
    for size, boxes in ((64, 48), 2), ((40, 96), 1):
        sample = DetDataSample(
            metainfo=dict(
                img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0)))
        corner = torch.rand(boxes, 2, generator=generator) * 10
        sample.gt_instances = InstanceData(
            bboxes=HorizontalBoxes(torch.cat([corner, corner + 20], 1)),
            labels=torch.zeros(boxes, dtype=torch.long))
        sample.ignored_instances = InstanceData(
            bboxes=HorizontalBoxes(torch.zeros(0, 4)),
            labels=torch.zeros(0, dtype=torch.long))
        samples.append(sample)
        images.append(
            torch.randint(0, 255, (3, *size),
                          generator=generator).to(torch.uint8))
    return dict(inputs=images, data_samples=samples)


def losses_of(model, batch):
    data = model.data_preprocessor(batch, True)
    torch.manual_seed(0)  # samples of proposals
    return model(**data, mode='loss')


def test_step_of_a_two_stage_detector(batch):
    """Losses of every level stay lists; the neck's levels are compared."""
    model = build()
    network, unused = model.architecture, []
    network.rpn_head.predict = network.roi_head.forward = unused.append
    losses = losses_of(model, batch)
    assert not unused  # the teacher's heads did not run
    assert len(losses['loss_rpn_cls']) == 3
    total, log = model.parse_losses(losses)
    total.backward()
    assert log['distill.loss_mse'] > 0
    parts = [
        value for key, value in log.items() if 'loss' in key and key != 'loss'
    ]
    assert float(total.detach()) == pytest.approx(float(sum(parts)), rel=1e-5)

    twin = build()
    inputs = twin.data_preprocessor(batch, True)['inputs']
    draw, = twin.sampler(twin.backbone.space, 0)
    with torch.no_grad():
        with twin.backbone.active(draw.arch):
            student = twin.architecture.extract_feat(inputs)
        with twin.backbone.active('max'):
            teacher = twin.architecture.extract_feat(inputs)
    errors = [((a - b)**2).mean() for a, b in zip(student, teacher)]
    torch.testing.assert_close(losses['distill.loss_mse'].detach(),
                               sum(errors) / 3)


def test_sandwich_of_a_two_stage_detector(batch):
    losses = losses_of(build(sampler=dict(type='SandwichSampler')), batch)
    assert len(losses['smallest.loss_rpn_bbox']) == 3
    assert sum('distill.loss_mse' in key for key in losses) == 3
    assert 'largest.distill.loss_mse' not in losses


@pytest.mark.parametrize('module', ['rpn_head.rpn_cls', 'backbone'])
def test_separate_teacher_of_a_head_and_of_the_backbone(
        batch, module, tmp_path):
    """A layer that runs once per level; a layer that gives a tuple."""
    file = tmp_path / 'teacher.pth'
    torch.save(build().architecture.state_dict(), file)
    model = build(
        distillation=dict(
            module=['neck', module], teacher=dict(checkpoint=str(file))))
    losses = losses_of(model, batch)
    assert losses['distill.loss_mse'] > 0
    teacher = model.distillation.network
    assert teacher is not None and not teacher.training


def test_different_proposals_of_teacher_and_student_are_an_error(batch):
    """Nothing says which of them belong together."""
    model = build('roi_head.bbox_head.fc_cls')
    with pytest.raises(RuntimeError, match='fc_cls is .* in the student and'):
        losses_of(model, batch)
