"""Re-estimated statistics, and nothing else changed."""
from random import random as rand

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseDataPreprocessor, BaseModel
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from scalenas_mm.evaluation import (calibrated, calibration_batches,
                                    estimate_statistics, local_norms,
                                    with_statistics)
from scalenas_mm.spaces import SettingError


class Net(BaseModel):

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.frozen = nn.BatchNorm2d(4)

    def train(self, mode=True):
        super().train(mode)
        self.frozen.eval()
        return self

    def forward(self, inputs, data_samples=None, mode='tensor'):
        x = torch.stack(inputs) if isinstance(inputs, list) else inputs
        return self.frozen(self.drop(self.norm(self.conv(x))))


class Images(torch.utils.data.Dataset):

    def __len__(self):
        return 10

    def __getitem__(self, index):
        noise = torch.randn(3, 5, 5) + np.random.rand()
        return dict(inputs=noise + index)


def loader():
    return DataLoader(Images(), batch_size=3, collate_fn=pseudo_collate)


def snapshot(model):
    return ({
        k: v.clone()
        for k, v in model.state_dict().items()
    }, [m.training for m in model.modules()],
            [getattr(m, 'momentum', None) for m in model.modules()])


def assert_same(first, second):
    assert all(torch.equal(first[0][key], second[0][key]) for key in first[0])
    assert first[1:] == second[1:]


def test_statistics_are_the_average_over_the_batches():
    torch.manual_seed(0)
    model = Net()
    batches = calibration_batches(loader(), 4, seed=0)
    outputs = [model.conv(torch.stack(batch['inputs'])) for batch in batches]
    with calibrated(model, batches):
        assert not any(module.training for module in model.modules())
        mean = torch.stack([o.mean((0, 2, 3)) for o in outputs]).mean(0)
        var = torch.stack([o.var((0, 2, 3)) for o in outputs]).mean(0)
        torch.testing.assert_close(model.norm.running_mean, mean)
        torch.testing.assert_close(model.norm.running_var, var)
        assert torch.equal(model.frozen.running_mean, torch.zeros(4))


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('num', [0, 3])
def test_model_is_left_exactly_as_it_was(training, num):
    model = Net().train(training)
    model.norm.running_mean.fill_(0.3)
    before = snapshot(model)
    with calibrated(model, calibration_batches(loader(), num, 0)):
        pass
    assert_same(before, snapshot(model))
    with pytest.raises(RuntimeError):
        with calibrated(model, calibration_batches(loader(), 1, 0)):
            raise RuntimeError
    assert_same(before, snapshot(model))


def test_model_is_left_as_it_was_if_calibration_fails():
    model = Net()
    before = snapshot(model)
    with pytest.raises(RuntimeError):
        with calibrated(model, [dict(inputs=[torch.zeros(7, 5, 5)])]):
            pass
    assert_same(before, snapshot(model))


def test_batches_depend_on_the_seed_only():
    torch.manual_seed(1)
    first = calibration_batches(loader(), 2, seed=5)
    torch.manual_seed(2)
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    second = calibration_batches(loader(), 2, seed=5)
    other = calibration_batches(loader(), 2, seed=6)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (np.random.get_state()[1] == state[1]).all()
    flat = [
        torch.cat([torch.stack(b['inputs']) for b in batches])
        for batches in (first, second, other)
    ]
    assert torch.equal(flat[0], flat[1])
    assert not torch.equal(flat[0], flat[2])


def test_more_batches_than_images():
    batches = calibration_batches(loader(), 5, seed=0)
    assert [len(batch['inputs']) for batch in batches] == [3] * 5


class Nothing(Images):

    def __len__(self):
        return 0


def test_too_few_batches_are_refused():
    data = DataLoader(Nothing(), batch_size=3, sampler=SequentialSampler([]))
    with pytest.raises(SettingError, match='expected 2 batches .*, got 0'):
        calibration_batches(data, 2, seed=0)


def test_statistics_are_data():
    torch.manual_seed(0)
    model = Net().train()
    before = snapshot(model)
    statistics = estimate_statistics(model,
                                     calibration_batches(loader(), 2, 0))
    assert_same(before, snapshot(model))
    assert set(statistics) == {
        f'norm.{key}'
        for key in ('running_mean', 'running_var', 'num_batches_tracked')
    }
    with with_statistics(model, statistics):
        assert not model.training
        for key, value in statistics.items():
            assert torch.equal(model.state_dict()[key], value)
    assert_same(before, snapshot(model))


class Partial(Net):
    """Of two norms only one runs."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.conv(torch.stack(inputs))


def test_norms_that_nothing_ran_through_keep_their_statistics():
    model = Partial()
    model.norm.running_mean.fill_(0.3)
    model.norm.running_var.fill_(2.5)
    assert estimate_statistics(model, calibration_batches(loader(), 1,
                                                          0)) == {}
    with calibrated(model, calibration_batches(loader(), 1, 0)):
        assert torch.equal(model.norm.running_mean, torch.full((4, ), 0.3))
        assert torch.equal(model.norm.running_var, torch.full((4, ), 2.5))


class Noisy(BaseDataPreprocessor):
    """As batch augmentation is: random in training."""

    def forward(self, data, training=False):
        data = super().forward(data, training)
        inputs = torch.stack(data['inputs'])
        if training:
            inputs = inputs * np.random.rand() + torch.rand(1) + rand()
        return dict(inputs=inputs)


def test_randomness_of_the_preprocessor_is_the_same_for_all():
    model = Net()
    model.data_preprocessor = Noisy()
    batches = calibration_batches(loader(), 2, 0)
    first = estimate_statistics(model, batches, seed=1)
    torch.rand(3), np.random.rand(3), rand()
    again = estimate_statistics(model, batches, seed=1)
    other = estimate_statistics(model, batches, seed=2)
    key = 'norm.running_mean'
    assert torch.equal(first[key], again[key])
    assert not torch.equal(first[key], other[key])


class ByParity(BatchSampler):
    """Even and odd images apart, as mmdet groups them by aspect ratio."""

    def __init__(self, sampler, batch_size):
        super().__init__(sampler, batch_size, False)
        self.waiting = [[], []]

    def __iter__(self):
        for index in self.sampler:
            group = self.waiting[index % 2]
            group.append(index)
            if len(group) == self.batch_size:
                yield group[:]
                del group[:]


class Numbers(Images):

    def __getitem__(self, index):
        return index


def test_batches_of_a_batch_sampler():
    sampler = ByParity(SequentialSampler(range(10)), 3)
    data = DataLoader(
        Numbers(), batch_sampler=sampler, collate_fn=lambda batch: batch)
    batches = calibration_batches(data, 7, seed=0)
    assert batches == calibration_batches(data, 7, seed=0)
    assert [len(batch) for batch in batches] == [3] * 7
    assert all(len({i % 2 for i in batch}) == 1 for batch in batches)
    assert sampler.waiting == [[], []]


class Stream(torch.utils.data.IterableDataset):

    def __iter__(self):
        yield 1


def test_data_without_an_index_are_refused():
    with pytest.raises(SettingError, match='train_dataloader'):
        calibration_batches(DataLoader(Stream()), 1, 0)


def test_synchronised_norms_become_local():
    model = Net()
    model.norm = nn.SyncBatchNorm(4)
    model.norm.running_mean.fill_(0.3)
    keys = list(model.state_dict())
    local_norms(model)
    assert not isinstance(model.norm, nn.SyncBatchNorm)
    assert list(model.state_dict()) == keys
    assert torch.equal(model.norm.running_mean, torch.full((4, ), 0.3))
