"""Failures on demand, for configs of searches; imported by custom_imports.

``FAULTS`` in the environment is JSON, ``{digest: [place, rank]}``: while that
architecture is measured, what has the name of the place fails on that rank.
The digest ``*`` stands for every architecture.
"""
import json
import os
import signal

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, METRICS, MODELS, TRANSFORMS
from mmseg.evaluation import IoUMetric
from mmseg.models import SegDataPreProcessor

PLAN = json.loads(os.environ.get('FAULTS', '{}'))
running = dict(backbone=None, digest='')


def fault(place):
    """Fail, if that is planned for what is measured now."""
    backbone = running['backbone']
    if backbone is None:
        return
    # these come after the architecture ran
    if place not in ('compute_metrics', 'exchange'):
        running['digest'] = backbone.arch.digest
    planned = PLAN.get('*', PLAN.get(running['digest']))
    if planned is not None and tuple(planned) == (place, get_rank()):
        raise RuntimeError(f'injected into {place}')


@HOOKS.register_module(force=True)
class FaultHook(Hook):

    def before_search(self, runner):
        loop = runner.train_loop
        running['backbone'] = loop.backbone
        plain = loop.model.val_step

        def val_step(data):
            fault('forward')
            return plain(data)

        loop.model.val_step = val_step

    def after_search(self, runner):
        running['backbone'] = None


@HOOKS.register_module(force=True)
class SignalHook(Hook):
    """Sends a signal to some ranks, each after a candidate; -1: after the
    baselines."""

    def __init__(self, after, number='SIGTERM'):
        self.after, self.number = after, number

    def after_baselines(self, runner, records):
        self._send(-1)

    def after_candidate(self, runner, record):
        self._send(record.id)

    def _send(self, id):
        if self.after.get(str(get_rank())) == id:
            os.kill(os.getpid(), getattr(signal, self.number))


@MODELS.register_module(force=True)
class FaultyPreprocessor(SegDataPreProcessor):

    def forward(self, data, training=False):
        if training:
            fault('calibration')
        return super().forward(data, training)


@TRANSFORMS.register_module(force=True)
class FaultyTransform:

    def __call__(self, results):
        fault('data')
        return results


@METRICS.register_module(force=True)
class FaultyIoU(IoUMetric):

    def process(self, data_batch, data_samples):
        super().process(data_batch, data_samples)
        fault('process')

    def compute_metrics(self, results):
        fault('compute_metrics')
        try:
            fault('exchange')
        except RuntimeError:  # wait for the others, who do not come
            torch.distributed.barrier()
        return super().compute_metrics(results)
