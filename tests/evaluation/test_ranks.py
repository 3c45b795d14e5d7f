"""What processes do together; without others where one is enough."""
import traceback
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from mmengine.dist import get_world_size, is_distributed
from torch.utils.data import DataLoader, SequentialSampler

from scalenas_mm.engine import search_checks
from scalenas_mm.evaluation import agree, alone, from_main, ranks
from scalenas_mm.spaces import SettingError


@pytest.fixture
def group():
    """A process group of this process only."""
    dist.init_process_group(
        'gloo', store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_alone_nobody_can_be_waited_for(group):
    """Neither by a metric that asks torch, nor by one that does not."""
    with pytest.raises(ValueError, match='not been initialized'):
        with alone():
            assert not is_distributed() and not dist.is_initialized()
            assert get_world_size() == 1
            dist.all_reduce(torch.ones(1))
    assert dist.is_initialized()
    dist.all_reduce(torch.ones(1))


@pytest.fixture
def others(monkeypatch):
    """Let every exchange give these values instead."""

    def others(*values):
        for module in ranks, search_checks:
            monkeypatch.setattr(module, 'all_gather_object',
                                lambda _: list(values))

    return others


def test_ranks_agree_or_all_raise(others):
    others(3, 3)
    assert agree('a', 'the same', 3) == 3
    others(3, 4)
    with pytest.raises(SettingError, match=r'a: expected the same, got.*3, 4'):
        agree('a', 'the same', 3)


def test_calibration_differs_between_ranks(others):
    batches = [dict(inputs=[torch.ones(2, 2)], data_samples=[None])]
    search_checks.check_calibration(batches)
    others('one', 'another')
    with pytest.raises(SettingError, match='train_dataloader: expected the '):
        search_checks.check_calibration(batches)


def two_ranks(monkeypatch, samplers, size):
    """What both say of validation data that each samples in its way."""
    firsts = [list(sampler)[:2] for sampler in samplers]
    monkeypatch.setattr(search_checks, 'get_world_size', lambda: 2)
    monkeypatch.setattr(search_checks, 'all_gather_object', lambda _: firsts)
    for sampler in samplers:
        loader = DataLoader(range(size), sampler=sampler)
        search_checks.check_validation(SimpleNamespace(dataloader=loader))


@pytest.mark.parametrize('parts', [([0, 2], [1, 0]), ([0, 1, 2], [3]),
                                   ([0], [0]), ([0], [])])
def test_validation_data_are_shared_out(monkeypatch, parts):
    two_ranks(monkeypatch, parts, 4)


def test_a_sampler_that_gives_every_rank_all(monkeypatch):
    with pytest.raises(SettingError, match='sampler: .* DefaultSampler'):
        two_ranks(monkeypatch, [SequentialSampler(range(4))] * 2, 4)


def test_a_bug_on_the_main_process_keeps_its_traceback():

    def buggy():
        raise KeyError('deep down')

    with pytest.raises(KeyError) as caught:
        from_main(buggy)
    assert traceback.extract_tb(caught.tb)[-1].name == 'buggy'
