"""Outputs of named layers, and what a teacher computes to give them."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalenas_mm.ops import frozen_statistics
from scalenas_mm.supernets import Distillation, capture
from scalenas_mm.supernets.outputs import named_tensors


class Pyramid(nn.Module):
    """A neck with a nested output, a shared layer that runs twice, and a head
    that counts how often it ran."""

    def __init__(self, inplace=False, levels=2):
        super().__init__()
        self.neck = Neck(levels)
        self.shared = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU(inplace)
        self.head_runs = 0

    def forward(self, x, data_samples=None, mode='tensor'):
        out = self.neck(x)
        a, b = (self.relu(self.shared(y)) for y in out['maps'][:2])
        self.head_runs += 1
        return a.sum() + b.sum()


class Neck(nn.Module):

    def __init__(self, levels):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.levels = levels

    def forward(self, x):
        x = self.conv(x)
        return dict(
            maps=[F.avg_pool2d(x, 2**i) for i in range(self.levels)],
            size=(x.shape[2], torch.tensor(x.shape[3])))


def pyramid(seed, **kwargs):
    torch.manual_seed(seed)
    return Pyramid(**kwargs)


IMAGE = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def outputs_of(model, names, runs=None):
    with capture(model, names, runs) as outputs:
        model(IMAGE)
    return outputs


def test_every_tensor_counts_alike_whatever_its_size():
    student, teacher = pyramid(0), pyramid(1)
    names = ['neck', 'shared']
    distillation = Distillation(names, alpha=2.0)
    mine = outputs_of(student, names)
    assert list(mine.tensors) == [
        "neck['maps'][0]", "neck['maps'][1]", 'shared', 'shared of run 2'
    ]
    maps = [net.neck(IMAGE)['maps'] for net in (student, teacher)]
    pairs = list(zip(*maps))
    pairs += [(student.shared(a), teacher.shared(b)) for a, b in pairs]
    expected = 2 * sum(((a - b)**2).mean() for a, b in pairs) / 4
    theirs = distillation.targets(teacher, IMAGE, None, mine)
    loss = distillation.loss(mine, theirs)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert student.neck.conv.weight.grad is not None
    assert teacher.neck.conv.weight.grad is None


def test_the_teacher_stops_when_all_layers_ran_as_often():
    """Nothing behind the last one is computed."""
    teacher = pyramid(0)
    for names, runs in (['neck'], [1]), (['shared', 'neck'], [2, 1]):
        distillation = Distillation(names)
        student = outputs_of(pyramid(1), names)
        outputs = distillation.targets(teacher, IMAGE, None, student)
        assert [outputs.runs[name] for name in names] == runs
    # the head begins when the second map of `shared` is there
    assert teacher.head_runs == 0
    assert not teacher.shared._forward_hooks  # no hook stays


def test_what_differs_is_named():
    names = ['neck', 'shared']
    distillation = Distillation(names)
    student = outputs_of(pyramid(0), names)
    once = outputs_of(pyramid(0), names, dict(shared=1))
    with pytest.raises(
            RuntimeError, match='shared ran 2 times in the student '
            'and 1 times'):
        distillation.loss(student, once)
    other = outputs_of(pyramid(0, levels=3), names)
    with pytest.raises(
            RuntimeError,
            match=r"neck\['maps'\]\[2\] is nothing in the student and "
            r'\(2, 3, 2, 2\) in the teacher'):
        distillation.loss(student, other)


def test_a_layer_must_run_and_give_tensors_that_stay():
    with pytest.raises(RuntimeError, match='shared of Pyramid did not run'):
        with capture(pyramid(0), ['shared']):
            pass
    with pytest.raises(RuntimeError, match='0 gives no tensors, but str'):
        net = nn.Sequential(nn.Identity())
        with capture(net, ['0']):
            net('text')
    with pytest.raises(RuntimeError, match='shared is changed in place'):
        outputs_of(pyramid(0, inplace=True), ['shared'])
    assert dict(named_tensors([torch.tensor(3), None, 'x'], 'a')) == {}


def test_batch_statistics_without_a_trace():
    norm = nn.BatchNorm1d(2)
    with frozen_statistics(norm):
        norm(torch.randn(4, 2))
    assert torch.equal(norm.running_mean, torch.zeros(2))
    assert norm.momentum == 0.1
