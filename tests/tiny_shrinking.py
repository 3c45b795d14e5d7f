"""A shrinking network that trains in seconds, of no task library."""
import copy
import multiprocessing
import os
import socket

import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, HOOKS, MODELS
from mmengine.runner import Runner
from toy_classifier import NoiseImages, ToyClassifier

import scalenas_mm.registry  # noqa: F401  (registers what is tested)

BACKBONE = dict(
    type='scalenas_mm.HRNAS',
    stem=(4, 4),
    blocks=((1, ), (1, 1)),
    widths=((4, ), (4, 6)),
    expansion=2,
    tokens=3,
    transformer=dict(size=2, dropout=0.),
    head_channels=(6, ))


@MODELS.register_module(force=True)
class NoiseClassifier(ToyClassifier):

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(inputs, data_samples, mode)


@DATASETS.register_module(force=True)
class LabelledNoise(NoiseImages):

    def __getitem__(self, index):
        item = super().__getitem__(index)
        return dict(inputs=item['inputs'], data_samples=item['labels'])


@HOOKS.register_module(force=True)
class Interrupt:
    """Calls a function with the runner, at one place."""
    priority = 90

    def __init__(self, place, at, function):
        self.count = 0

        def method(runner, **_):
            self.count += 1
            if self.count == at:
                function(runner)

        setattr(self, place, method)


def config(work_dir, epochs=4, shrink=None, **settings):
    """The config of a run with much state, all of it exactly repeatable."""
    loader = dict(
        dataset=dict(type='LabelledNoise'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
        batch_size=2,
        num_workers=0)
    hook = dict(
        type='scalenas_mm.ShrinkHook',
        interval=1,
        threshold=0.9,
        num_calibration_batches=2)
    out = Config(
        dict(
            model=dict(
                type='scalenas_mm.ShrinkingSupernet',
                penalty=dict(weight=.01, input_size=(32, 32)),
                architecture=dict(
                    type='NoiseClassifier',
                    backbone=copy.deepcopy(BACKBONE),
                    head=dict(in_channels=6))),
            work_dir=str(work_dir),
            train_dataloader=loader,
            val_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            val_cfg=dict(),
            val_evaluator=dict(type='ToyScores'),
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=.03)),
            param_scheduler=[
                dict(type='CosineAnnealingLR', T_max=20, by_epoch=False),
            ],
            custom_hooks=[
                dict(type='EMAHook', momentum=.3, update_buffers=True),
                dict(hook, **(shrink or {}))
            ],
            default_hooks=dict(
                checkpoint=dict(type='CheckpointHook', interval=1),
                logger=dict(type='LoggerHook', interval=1)),
            randomness=dict(seed=0),
            experiment_name=f'shrinking {work_dir}',
            log_level='WARNING'))
    out.update(settings)
    return out


def by_iterations(cfg, iterations, checkpoint):
    """The same as a run that knows no epochs."""
    cfg.train_cfg = dict(
        by_epoch=False, max_iters=iterations, val_interval=checkpoint)
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler')
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=checkpoint)
    return cfg


def runner_of(cfg, *hooks):
    """A runner, with hooks of its own such as :class:`Interrupt`."""
    runner = Runner.from_cfg(cfg)
    for hook in hooks:
        runner._hooks.append(hook)
    return runner


def hook_of(runner, name):
    return next(h for h in runner.hooks if type(h).__name__ == name)


def state_of(runner):
    """All that a training has come to, flat."""
    average = hook_of(runner, 'EMAHook').ema_model
    model = getattr(runner.model, 'module', runner.model)
    out = {f'model.{k}': v for k, v in model.state_dict().items()}
    out.update({f'average.{k}': v for k, v in average.state_dict().items()})
    optimizer = runner.optim_wrapper.optimizer.state_dict()
    for i, state in optimizer['state'].items():
        out.update({f'optimizer.{i}.{k}': v for k, v in state.items()})
    out.update({
        f'groups.{i}.{k}': torch.tensor(v)
        for i, group in enumerate(optimizer['param_groups'])
        for k, v in group.items() if isinstance(v, (int, float, list))
    })
    return out


def assert_same(first, second):
    """Of :func:`state_of`, bit for bit."""
    assert first.keys() == second.keys()
    assert not [k for k in first if not torch.equal(first[k], second[k])]


def in_processes(function, *arguments, num=1):
    """Call a function in forked processes; with more than one, with what a
    launcher sets. Returns their exit codes."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])

    def call(rank):
        if num > 1:
            os.environ.update(
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE=str(num),
                MASTER_ADDR='127.0.0.1',
                MASTER_PORT=port)
        function(*arguments)

    fork = multiprocessing.get_context('fork')
    processes = [fork.Process(target=call, args=(i, )) for i in range(num)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        process.kill()
    return [process.exitcode for process in processes]
