"""Closed-form costs against a counter that runs the built network."""
import pytest
import torch

from scalenas_mm.backbones import HRNAS
from scalenas_mm.evaluation.counter import count
from .conformance import rng_of
from .hrnas_spaces import CHANGES, SMALL, small
from .test_hrnas_cost import sparse

SIZES = (33, 51), (64, 90)


def counted(name, arch, size):
    net = HRNAS(arch=arch, **{**SMALL, **CHANGES[name]}).eval()
    image = torch.zeros(1, 3, *size)
    return count(net, lambda: net(image)), net


@pytest.mark.parametrize('name', CHANGES)
def test_costs_are_those_of_the_network(name):
    """Every setting; what is lost, single units, odd sides."""
    space = small(name)
    archs = space.max_arch(), sparse(space, rng_of(0))
    for arch, size in zip(archs, SIZES):
        cost, net = counted(name, arch, size)
        assert space.complexity(arch, size) == cost
        assert sum(p.numel() for p in net.parameters()) == cost.params


def test_shortcuts_alone():
    arch = small().min_arch()
    cost, net = counted('paper', arch, (33, 51))
    assert small().complexity(arch, (33, 51)) == cost


def test_the_supernet_of_the_paper():
    """As trained on Cityscapes, without its classifier."""
    net = HRNAS(transformer='released', init_cfg=[]).eval()
    image = torch.zeros(1, 3, 128, 96)
    cost = count(net, lambda: net(image))
    assert net.space.complexity(net.space.max_arch(), (128, 96)) == cost
    assert cost.params == 12_841_839 - 19 * 91
