"""A task of no task library: two classes of noise, for NCPNet."""
import numpy as np
import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch import nn
from torch.utils.data import Dataset

from scalenas_mm.registry import MODELS as OURS

SIZE = (32, 32)
CONFIG = """\
custom_imports = dict(imports=['toy_classifier'])
model = dict(
    type='ToyClassifier',
    backbone=dict(
        type='scalenas_mm.NCPNet', channels=(8, 16), output_stride=32),
    head=dict(in_channels=64))
output_channels_keys = ['model.head.in_channels']
crop_size = (32, 32)
train_dataloader = dict(
    dataset=dict(type='NoiseImages'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    batch_size=2,
    num_workers=0)
val_dataloader = train_dataloader
val_evaluator = dict(type='ToyScores')
train_cfg = dict(by_epoch=True, max_epochs=2)
val_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=.01))
visualizer = dict(
    type='Visualizer',
    name='always the same',
    vis_backends=[dict(type='LocalVisBackend')])
"""


@MODELS.register_module(force=True)
class ToyClassifier(BaseModel):
    """Not of any task library."""

    def __init__(self, backbone, head):
        super().__init__()
        self.backbone = OURS.build(backbone)
        self.head = nn.Linear(head['in_channels'], 2)

    def forward(self, inputs, labels=None, mode='tensor'):
        scores = self.head(self.backbone(inputs)[-1].mean((2, 3)))
        if mode == 'loss':
            return dict(loss=F.cross_entropy(scores, labels))
        return scores


@DATASETS.register_module(force=True)
class NoiseImages(Dataset):

    def __len__(self):
        return 6

    def __getitem__(self, index):
        image = np.random.default_rng(index).normal(size=(3, *SIZE))
        return dict(inputs=image.astype(np.float32), labels=index % 2)


@METRICS.register_module(force=True)
class ToyScores(BaseMetric):
    """A number that depends on every weight, and a text."""

    def __init__(self, more=()):
        super().__init__()
        self.more = dict(more)

    def process(self, data_batch, data_samples):
        self.results += [sample.tolist() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(
            score=np.float32(np.mean(results)), name='toy', **self.more)
