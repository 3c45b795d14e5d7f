"""Training a supernet: losses, teachers, determinism, memory."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_search import runner_of
from torch.autograd.graph import saved_tensors_hooks

from scalenas_mm.backbones import ScaleNet
from scalenas_mm.registry import MODELS
from scalenas_mm.spaces import ScaleNetSpace
from scalenas_mm.supernets import Distillation

pytest.importorskip('mmseg')

BACKBONE = dict(
    type='scalenas_mm.ScaleNet',
    width=2,
    stem_width=4,
    stage1_blocks=1,
    depths=(1, 2),
    num_modules=(1, 1),
    norm_cfg=dict(type='BN'))
ARCHITECTURE = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(type='mmseg.SegDataPreProcessor', size=(32, 32)),
    backbone=BACKBONE,
    decode_head=dict(
        type='mmseg.FCNHead',
        in_channels=[2, 4, 8],
        in_index=(0, 1, 2),
        channels=4,
        num_convs=1,
        kernel_size=1,
        concat_input=False,
        input_transform='resize_concat',
        dropout_ratio=0,
        norm_cfg=dict(type='BN'),
        num_classes=3))


def build(sampler='GroupedSampler', distillation=None, **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='scalenas_mm.OneShotSupernet',
            architecture={
                **ARCHITECTURE,
                **kwargs
            },
            sampler=dict(type=sampler),
            distillation=distillation))
    model.init_weights()
    return model.train()


@pytest.fixture
def batch():
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample
    generator = torch.Generator().manual_seed(0)
    samples = []
    for _ in range(2):
        sample = SegDataSample(metainfo=dict(img_shape=(32, 32)))
        sample.gt_sem_seg = PixelData(
            data=torch.randint(0, 3, (1, 32, 32), generator=generator))
        samples.append(sample)
    return torch.randn(2, 3, 32, 32, generator=generator), samples


DISTILLATION = dict(module='decode_head.conv_seg', alpha=2.0)


def test_the_preprocessor_of_the_whole_config():
    """It serves an architecture that has none of its own."""
    top = dict(
        type='mmseg.SegDataPreProcessor',
        size=(32, 32),
        mean=[1.0] * 3,
        std=[2.0] * 3)
    bare = {k: v for k, v in ARCHITECTURE.items() if k != 'data_preprocessor'}
    means = []
    for architecture in bare, ARCHITECTURE:
        model = MODELS.build(
            dict(
                type='scalenas_mm.OneShotSupernet',
                architecture=architecture,
                data_preprocessor=top))
        assert model.data_preprocessor is model.architecture.data_preprocessor
        means.append(hasattr(model.data_preprocessor, 'mean'))
    assert means == [True, False]


def test_one_architecture_keeps_the_names_of_the_losses(batch):
    model = build()
    losses = model(*batch, mode='loss')
    assert set(losses) == {'decode.loss_ce', 'decode.acc_seg', 'group'}
    assert [int(model(*batch, mode='loss')['group'])
            for _ in range(8)] == [1, 2, 0, 1, 2, 0, 1, 2]


def test_several_architectures_have_their_names_in_front(batch):
    losses = build('SandwichSampler', DISTILLATION)(*batch, mode='loss')
    total, log = build().parse_losses(losses)
    tasks = [k for k in losses if k.endswith('decode.loss_ce')]
    assert tasks == [
        f'{name}.decode.loss_ce'
        for name in ('largest', 'smallest', 'random0', 'random1')
    ]
    # the largest network is the teacher of the others
    assert 'largest.distill.loss_mse' not in losses
    assert sum('distill.loss_mse' in key for key in losses) == 3
    assert float(total) == pytest.approx(
        sum(float(v) for k, v in losses.items() if 'loss' in k), rel=1e-5)


def test_task_loss_is_that_of_the_sub_network_alone(batch):
    model = build()
    draw, = model.sampler(model.backbone.space, 0)
    loss = model(*batch, mode='loss')['decode.loss_ce']
    alone = MODELS.build({
        **ARCHITECTURE, 'backbone': {
            **BACKBONE, 'arch': draw.arch
        }
    }).train()
    weights = build().architecture.state_dict()
    alone.load_state_dict({key: weights[key] for key in alone.state_dict()})
    expected = alone(*batch, mode='loss')['decode.loss_ce']
    assert torch.equal(loss, expected)


def test_loss_to_its_own_largest_network(batch):
    """alpha x MSE(student, teacher); the teacher leaves no trace."""
    model = build(distillation=DISTILLATION)
    twin = build()
    loss = model(*batch, mode='loss')['distill.loss_mse']
    network, (inputs, samples) = twin.architecture, batch
    with torch.no_grad():
        draw, = twin.sampler(twin.backbone.space, 0)
        with twin.backbone.active(draw.arch):
            student = network(inputs, samples, mode='tensor')
        with twin.backbone.active('max'):
            teacher = network(inputs, samples, mode='tensor')
    expected = 2 * ((student - teacher)**2).mean()
    torch.testing.assert_close(loss, expected)


def test_teachers_pass_changes_no_statistics(batch):
    model, plain = build(distillation=DISTILLATION), build()
    for net in (model, plain):
        net(*batch, mode='loss')
    for (name, a), b in zip(model.named_buffers(), plain.buffers()):
        if 'num_batches_tracked' not in name:
            assert torch.equal(a, b), name


@pytest.mark.parametrize('wrapped', [False, True])
def test_separate_teacher(batch, tmp_path, wrapped):
    """From a plain model's checkpoint or from a supernet's."""
    torch.manual_seed(5)
    teacher = MODELS.build(ARCHITECTURE)
    teacher.init_weights()
    prefix = 'architecture.' if wrapped else ''
    torch.save(
        {
            'state_dict': {
                prefix + k: v
                for k, v in teacher.state_dict().items()
            }
        }, tmp_path / 'teacher.pth')
    cfg = dict(checkpoint=str(tmp_path / 'teacher.pth'))
    model = build(distillation=dict(DISTILLATION, teacher=cfg))
    names = set(model.state_dict())
    draw, = model.sampler(model.backbone.space, 0)
    loss = model(*batch, mode='loss')['distill.loss_mse']
    twin = build()
    with torch.no_grad(), twin.backbone.active(draw.arch):
        student = twin.architecture(*batch, mode='tensor')
        target = teacher.eval()(*batch, mode='tensor')
    torch.testing.assert_close(loss, 2 * ((student - target)**2).mean())
    # neither trained nor saved with the supernet
    assert set(model.state_dict()) == names
    assert not any(p.requires_grad
                   for p in model.distillation.network.parameters())


def test_teacher_must_fit(batch, tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'empty.pth')
    cfg = dict(checkpoint=str(tmp_path / 'empty.pth'))
    model = build(distillation=dict(DISTILLATION, teacher=cfg))
    with pytest.raises(RuntimeError, match='missing keys'):
        model(*batch, mode='loss')
    with pytest.raises(ValueError, match="distillation.teacher: expected"):
        Distillation('conv', teacher='other')
    for wrong in (), 3, ['conv', 3]:
        with pytest.raises(ValueError, match="distillation.module: expected"):
            Distillation(wrong)


def saved_bytes(model, batch):
    """Memory that the graph of a step holds for its backward pass."""
    tensors = {}

    def pack(tensor):
        tensors[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage(
        ).nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        losses = model(*batch, mode='loss')
    for parameter in model.parameters():
        tensors.pop(parameter.untyped_storage().data_ptr(), None)
    del losses
    return sum(tensors.values())


def test_a_step_takes_no_more_memory_than_the_sub_network(batch):
    supernet = build()
    draw, = supernet.sampler(supernet.backbone.space, 0)
    alone = MODELS.build({
        **ARCHITECTURE, 'backbone': {
            **BACKBONE, 'arch': draw.arch
        }
    }).train()
    assert saved_bytes(supernet, batch) == saved_bytes(alone, batch)


def test_only_the_drawn_layers_get_gradients(batch):
    model = build()
    draw, = model.sampler(model.backbone.space, 0)
    losses = model(*batch, mode='loss')
    losses['decode.loss_ce'].backward()
    got = {
        name[len('architecture.backbone.'):]
        for name, p in model.named_parameters()
        if p.grad is not None and '.backbone.' in name
    }
    fixed = ScaleNet(**{
        **{
            k: v
            for k, v in BACKBONE.items() if k != 'type'
        }, 'arch': draw.arch
    })
    assert got == {name for name, _ in fixed.named_parameters()}


def test_half_precision(batch):
    """Losses are finite and gradients flow under autocast."""
    model = build(distillation=DISTILLATION)
    with torch.autocast('cpu', torch.bfloat16):
        total, _ = model.parse_losses(model(*batch, mode='loss'))
    total.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert torch.isfinite(total) and len(grads) > 50
    assert all(torch.isfinite(grad).all() for grad in grads)


def train(tiny, folder, **options):
    """Train the tiny supernet; groups and final weights."""
    runner = runner_of(
        tiny / 'tiny_supernet.py',
        folder,
        train_cfg__max_iters=8,
        train_cfg__val_interval=100,
        **options)
    draws = []
    model = runner.model
    sampler = model.sampler

    def spy(space, iteration):
        draws.append((iteration, sampler(space, iteration)[0].arch.digest))
        return sampler(space, iteration)

    model.sampler = spy
    runner.train()
    return draws, {k: v.clone() for k, v in model.state_dict().items()}


def test_resumed_training_goes_on_as_if_never_stopped(tiny, tmp_path):
    accumulate = dict(optim_wrapper__accumulative_counts=2)
    whole, weights = train(tiny, tmp_path / 'whole', **accumulate)
    part = tmp_path / 'part'
    part.mkdir()
    checkpoint = tmp_path / 'whole' / 'iter_4.pth'
    resumed, again = train(
        tiny, part, resume=True, load_from=str(checkpoint), **accumulate)
    assert [iteration for iteration, _ in whole] == list(range(8))
    assert resumed == whole[4:]
    for key, value in weights.items():
        torch.testing.assert_close(again[key], value, rtol=0, atol=0)


def test_validation_names_each_architecture(tiny, tmp_path):
    runner = runner_of(
        tiny / 'tiny_supernet.py',
        tmp_path,
        load_from=str(tiny / 'supernet/iter_4.pth'))
    before = torch.load(
        tiny / 'supernet/iter_4.pth', weights_only=True)['state_dict']
    metrics = runner.test()
    # depth 4 is not in this space, so there is no HRNet
    assert {key.split('/')[0] for key in metrics} == {'min', 'max'}
    assert 0 <= metrics['min/mIoU'] <= 100
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, before[key])
    arch = ScaleNetSpace(
        2, depths=(1, 2), num_modules=(1, 1),
        stem_width=4).sample(np.random.default_rng(0))
    runner = runner_of(
        tiny / 'tiny_supernet.py',
        tmp_path / 'chosen',
        load_from=str(tiny / 'supernet/iter_4.pth'),
        test_cfg__archs=dict(mine=arch.to_dict()))
    assert {key.split('/')[0] for key in runner.test()} == {'mine'}


@pytest.mark.slow
def test_two_processes_draw_the_same(tiny, tmp_path):
    """DDP on CPU: same architectures, same weights at the end."""
    script = Path(__file__).with_name('ddp_run.py')
    env = dict(os.environ, OMP_NUM_THREADS='1')
    result = subprocess.run([
        sys.executable, '-W', 'ignore', '-m', 'torch.distributed.run',
        '--standalone', '--nproc_per_node', '2', script,
        tiny / 'tiny_supernet.py', tmp_path
    ],
                            env=env,
                            capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.count('same on all ranks') == 2
