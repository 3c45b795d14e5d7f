"""A training run of seconds on MMEngine's toy model.

As a script, ``toy_run.py WORK_DIR``, it trains as one process of several and
checks that all end with the same weights.
"""
import sys

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import all_gather
from mmengine.evaluator import BaseMetric
from mmengine.model import is_model_wrapper
from mmengine.registry import DATASETS, METRICS, MODELS
from mmengine.runner import Runner
from mmengine.testing.runner_test_case import ToyDataset, ToyModel

import scalenas_mm.registry  # noqa: F401  (what is tested)


@MODELS.register_module(force=True)
class ToyNormModel(ToyModel):
    """With a normalisation that upstream runs on GPUs only."""

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.norm = torch.nn.SyncBatchNorm(2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        outputs = self.linear2(self.norm(self.linear1(torch.stack(inputs))))
        if mode == 'loss':
            return dict(loss=(outputs - torch.stack(data_samples)).abs().sum())
        return outputs


@DATASETS.register_module(force=True)
class ToyPoseDataset(ToyDataset):
    """With the kinds of values that upstream's data sets store."""
    METAINFO = dict(
        dataset_name='toy',
        classes=('a', 'b'),
        palette=[(1, 2, 3), [4, 5, 6]],
        sigmas=np.array([.1, .2], np.float32),
        flip_indices=np.array([1, 0]),
        keypoint_info={0: dict(name='nose', swap='')},
        split=ConfigDict(name='train', ratio=.5))


@METRICS.register_module(force=True)
class ToyRisingMetric(BaseMetric):
    """Better at every call, of numpy's type like most metrics upstream."""
    calls = 0

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        self.calls += 1
        return dict(acc=np.float64(self.calls), count=np.int64(len(results)))


def toy_config(work_dir, max_epochs=2, **settings):
    """The config of a run with much state: momenta, schedules, an average of
    the weights, the best checkpoint, log history."""
    loader = dict(
        dataset=dict(type='ToyPoseDataset'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        batch_size=3,
        num_workers=0)
    return Config(
        dict(
            model=dict(type='ToyNormModel'),
            work_dir=str(work_dir),
            train_dataloader=loader,
            val_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
            val_cfg=dict(),
            val_evaluator=dict(type='ToyRisingMetric'),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=.01)),
            param_scheduler=[
                dict(type='LinearLR', start_factor=.1, by_epoch=False, end=3),
                dict(type='MultiStepLR', milestones=[1, 2])
            ],
            custom_hooks=[dict(type='EMAHook')],
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook', interval=1, save_best='acc'),
                logger=dict(type='LoggerHook', interval=1)),
            experiment_name=f'toy_{max_epochs}_{work_dir}',
            **settings))


def main():
    config = toy_config(sys.argv[1], launcher='pytorch')
    # OpenMMLab's usual setting; there is no nccl on a CPU
    config.env_cfg = dict(dist_cfg=dict(backend='nccl'))
    runner = Runner.from_cfg(config)
    runner.train()
    assert is_model_wrapper(runner.model)
    weights = torch.cat([p.flatten() for p in runner.model.parameters()])
    gathered = all_gather(weights)
    assert all(torch.equal(weights, other) for other in gathered)
    print(f'equal weights in {len(gathered)} processes')


if __name__ == '__main__':
    main()
