"""Where the time goes adds up, and measuring it changes nothing."""
import time

import pytest
import torch
from mmengine.model import BaseDataPreprocessor, BaseModel
from torch import nn

from scalenas_mm.evaluation import NoProfile, Profile, profile_table


def spend(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def near(value, expected):
    return expected <= value < expected + 0.2


def test_time_counts_for_the_innermost_part():
    profile = Profile()
    with profile.part('rest'):
        spend(0.01)
        with profile.part('metric'):
            spend(0.02)
        spend(0.01)
    spend(0.3)  # of nothing
    with profile.part('archive'):
        pass
    assert list(profile.seconds) == ['rest', 'metric', 'archive']
    assert near(profile.seconds['rest'], 0.02)
    assert near(profile.seconds['metric'], 0.02)
    assert profile.seconds['archive'] < 0.01


def test_a_part_ends_with_an_error():
    profile = Profile()
    with pytest.raises(ValueError), profile.part('rest'):
        with profile.part('network'):
            raise ValueError
    with profile.part('metric'):
        pass
    assert set(profile.seconds) == {'rest', 'network', 'metric'}


def test_loading():

    def batches():
        for i in range(3):
            spend(0.01)
            yield i

    profile = Profile()
    for i in profile.loading(batches()):
        spend(0.1)
    assert i == 2
    assert near(profile.seconds['loading'], 0.03)
    assert list(NoProfile().loading(batches())) == [0, 1, 2]


class Layer(nn.Module):

    def forward(self, x):
        spend(0.01)
        return x


class Head(nn.Module):
    """As those of OpenMMLab, it calls its own forward."""

    def __init__(self):
        super().__init__()
        self.layer = Layer()

    def forward(self, x):
        return self.layer(x)

    def predict(self, x):
        x = self.forward(x)
        spend(0.03)
        return x


class Preprocessor(BaseDataPreprocessor):

    def forward(self, data, training=False):
        spend(0.02)
        return data


class Net(BaseModel):

    def __init__(self):
        super().__init__(data_preprocessor=Preprocessor())
        self.backbone = nn.Sequential(Layer(), Layer())
        self.head = Head()

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.head.predict(self.backbone(inputs))


def test_networks_and_what_is_made_of_their_outputs():
    net, profile = Net(), Profile()
    data = dict(inputs=torch.zeros(1))
    with profile.watched(net), profile.part('postprocessing'):
        net.val_step(data)
    assert near(profile.seconds['network'], 0.03)
    assert near(profile.seconds['postprocessing'], 0.03)
    assert near(profile.seconds['preprocessing'], 0.02)
    profile.seconds.clear()
    with profile.watched(net), profile.part('calibration'):
        net.val_step(data)
    assert list(profile.seconds) == ['calibration']
    assert not any('forward' in vars(module) for module in net.modules())


def test_table():
    table = profile_table(
        dict(metric=1.0, network=6.0, other=1.0, calibration=2.0))
    assert table == '''\
part               seconds    share
calibration           2.00    20.0%
network               6.00    60.0%
metric                1.00    10.0%
other                 1.00    10.0%
all                  10.00   100.0%
forward passes        8.00    80.0%'''
    assert profile_table({}).endswith('0.0%')


def test_without_a_profile_nothing_is_touched():
    net, profile = Net(), NoProfile()
    with profile.watched(net), profile.part('rest'):
        assert not any('forward' in vars(module) for module in net.modules())
