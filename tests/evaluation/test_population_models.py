"""Many candidates at once give what each gives alone, whatever the model."""
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from tvipnas_spaces import SPATIAL

from scalenas_mm.evaluation import PopulationMajor, Sequential, population
from scalenas_mm.registry import MODELS

SCALENET = dict(
    type='ScaleNet', width=4, stem_width=4, stage1_blocks=1, depths=(1, 2))
BACKBONES = dict(
    scalenet=dict(SCALENET, num_modules=(1, 2)),
    runs_dead_layers=dict(SCALENET, num_modules=(1, 2), drop_dead=False),
    one_map=dict(SCALENET, num_modules=(1, 1, 1), multi_scale_output=False),
    elastic_widths=dict(
        SCALENET, num_modules=(1, 1), widths=((2, 4), (4, 8), (8, 16))),
    resnet=dict(type='ViPNASResNet', **SPATIAL['resnet50']),
    mobilenet=dict(type='ViPNASMobileNetV3', **SPATIAL['mobilenetv3']),
    hrnet=dict(type='ViPNASHRNet', **SPATIAL['hrnet_w32']))


class Maps(BaseModel):
    """A model that puts out the maps of a backbone and of a norm behind it."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = MODELS.build(
            dict(backbone, type=f'scalenas_mm.{backbone["type"]}'))
        self.after = torch.nn.BatchNorm1d(3)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        maps = self.backbone(inputs)
        means = torch.stack([m.mean((1, 2, 3)) for m in maps[:1] * 3], 1)
        return [*maps, self.after(means)]


class Digits:
    """An evaluator that keeps every bit of what is put out."""

    def __init__(self):
        self.metrics = [SimpleNamespace(results=[])]

    def process(self, data_samples, data_batch):
        self.metrics[0].results.append(
            [x.double().sum().item() for x in data_samples])

    def evaluate(self, size):
        rows = self.metrics[0].results
        return {
            f'{i}.{j}': x
            for i, row in enumerate(rows)
            for j, x in enumerate(row)
        }


def relatives(space, num):
    rng = np.random.default_rng(0)
    archs = [space.max_arch()]
    while len(archs) < num:
        one = space.live(space.sample(rng))
        archs += [one, space.live(space.step(one, rng))]
    return archs[:num]


def compare(model, batches, archs):
    """One by one and together, calibrated on the first two batches."""
    loader = Loader([dict(inputs=x) for x in batches])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    # what fails together would be measured alone
    with patch.object(PopulationMajor, '_measure', side_effect=AssertionError):
        one, many = (
            kind(model, loader, Digits(), batches=loader.dataset[:2],
                 seed=1)(archs) for kind in (Sequential, PopulationMajor))
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    for alone, together in zip(one, many, strict=True):
        assert alone.error is None
        assert alone.metrics == together.metrics
    assert len({tuple(x.metrics.values()) for x in many}) > len(archs) // 2


class Loader:

    def __init__(self, batches):
        self.dataset = batches

    def __iter__(self):
        return iter(self.dataset)

    def __len__(self):
        return len(self.dataset)


@pytest.mark.parametrize('name', BACKBONES)
def test_backbones(name):
    torch.manual_seed(0)
    model = Maps(BACKBONES[name])
    model.init_weights()
    for key, value in model.state_dict().items():
        if value.dim() == 4:
            torch.nn.init.normal_(value, std=0.3)
    compare(model, [torch.randn(2, 3, 64, 64) for _ in range(3)],
            relatives(model.backbone.space, 8))


def test_long_measurements_show_signs_of_life(monkeypatch):
    monkeypatch.setattr(population, 'QUIET', -1)
    logger = MMLogger.get_instance('signs')
    lines = []
    monkeypatch.setattr(logger, 'info', lines.append)
    model = Maps(BACKBONES['scalenet'])
    loader = Loader([dict(inputs=torch.randn(1, 3, 64, 64))] * 2)
    PopulationMajor(model, loader, Digits())(
        relatives(model.backbone.space, 3))
    assert lines == [f'3 candidates: validation batch {i}/2' for i in (1, 2)]


def test_frames_of_videos():
    """The key frame's network runs once; frames take over what is equal."""
    models = pytest.importorskip('tvipnas_models')
    model = models.build(models.video_cfg())
    plain, ran = model.key.extract_feat, []

    def extract_feat(images):
        ran.append(len(images))
        return plain(images)

    model.key.extract_feat = extract_feat
    model.data_preprocessor.forward = lambda data, training=False: data
    predict = type(model).heatmaps
    model.predict = lambda inputs, data_samples: predict(model, inputs)
    clips = [models.clips(seed=seed) for seed in range(3)]
    archs = relatives(model.backbone.space, 6)
    compare(model, clips, archs)
    # one by one, then together; two batches of calibration, three more
    assert len(ran) == 5 * 6 + 5
