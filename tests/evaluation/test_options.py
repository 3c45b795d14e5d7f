"""Options of how candidates are measured."""
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from test_population_models import BACKBONES, Digits, Loader, Maps, relatives

from scalenas_mm.evaluation import (PopulationMajor, Sequential,
                                    evaluation_identity)
from scalenas_mm.spaces import SettingError

KINDS = (Sequential, PopulationMajor)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Maps(BACKBONES['scalenet'])


def measure(kind, model, **options):
    torch.manual_seed(1)
    batches = [dict(inputs=torch.randn(2, 3, 32, 32)) for _ in range(2)]
    archs = relatives(model.backbone.space, 2)
    evaluation = kind(model, Loader(batches), Digits(), batches, **options)
    outcomes = evaluation(archs)
    assert not any(outcome.error for outcome in outcomes)
    return evaluation, [outcome.metrics for outcome in outcomes]


@pytest.mark.parametrize('kind', KINDS)
def test_inference_mode_leaves_nothing_behind(kind, model):
    before = {k: v.clone() for k, v in model.state_dict().items()}
    _, expected = measure(kind, model)
    _, found = measure(kind, model, inference_mode=True)
    assert found == expected
    after = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    assert not any(value.is_inference() for value in after.values())
    assert all(torch.equal(before[key], after[key]) for key in before)
    model.train()
    sum(m.sum() for m in model(torch.randn(2, 3, 32, 32))).backward()
    assert any(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('kind', KINDS)
def test_profile_changes_no_result(kind, model):
    plain, expected = measure(kind, model)
    evaluation, found = measure(kind, model, profile=True)
    assert found == expected
    # of the data preprocessor PopulationMajor alone has an own part
    assert {
        'loading', 'calibration', 'network', 'postprocessing', 'metric', 'rest'
    } <= set(evaluation.profile.seconds)
    assert not hasattr(plain.profile, 'seconds')


def close(found, expected):
    return all(one[key] == pytest.approx(value, rel=1e-2, abs=1e-2)
               for one, other in zip(found, expected)
               for key, value in other.items())


@pytest.mark.parametrize('kind', KINDS)
def test_channels_last_keeps_values(kind, model):
    before = {k: v.clone() for k, v in model.state_dict().items()}
    _, expected = measure(kind, model)
    _, found = measure(kind, model, channels_last=True)
    assert close(found, expected)
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert any(value.dim() == 4 and not value.is_contiguous()
               for value in after.values())


@pytest.mark.parametrize('kind', KINDS)
def test_mixed_precision(kind, model):
    _, expected = measure(kind, model)
    _, found = measure(kind, model, amp='bfloat16')
    assert found != expected
    assert found == measure(kind, model, fp16=True)[1]  # of a CPU
    for wrong in ('float16', 'int8'):
        with pytest.raises(SettingError, match='amp.*bfloat16 on cpu'):
            measure(kind, model, amp=wrong)


def test_only_what_changes_digits_is_in_the_identity():

    def identity(**options):
        part = dict(dataset=dict(type='Some'))
        return evaluation_identity(
            Config(
                dict(
                    model=dict(type='scalenas_mm.ScaleNet'),
                    train_cfg=dict(
                        evaluation=dict(type='PopulationMajor', **options)),
                    train_dataloader=part,
                    val_dataloader=part,
                    val_evaluator=[])))

    plain = identity()
    assert identity(
        size=4,
        channels_last=False,
        profile=True,
        inference_mode=True,
        cache_images='auto') == plain
    assert identity(channels_last=True) == dict(plain, channels_last=True)
    assert identity(amp='bfloat16') == dict(plain, amp='bfloat16')


def test_evaluators_of_mmengine_are_measured(model):
    """A profile does not ask more of an evaluator than a search does."""
    evaluation = PopulationMajor(
        model, Loader([dict(inputs=torch.randn(1, 3, 32, 32))]), Evaluator([]))
    outcome, = evaluation([model.backbone.space.max_arch()])
    assert outcome.error is None and outcome.metrics == {}
