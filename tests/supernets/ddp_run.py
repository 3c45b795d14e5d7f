"""One of several processes that train a supernet: ``ddp_run.py CONFIG DIR``.

Checks that all of them draw the same architectures and end with the same
weights.
"""
import sys

import torch
from mmengine.config import Config
from mmengine.dist import all_gather_object
from mmengine.runner import Runner

import scalenas_mm.registry  # noqa: F401  (processes on a CPU need it)

cfg = Config.fromfile(sys.argv[1])
cfg.merge_from_dict(
    dict(
        launcher='pytorch',
        work_dir=sys.argv[2],
        optim_wrapper=dict(
            constructor='scalenas_mm.FewGroupsConstructor',
            optimizer=dict(momentum=.9, weight_decay=.01, fused=True),
            paramwise_cfg=dict(norm_decay_mult=0.0)),
        val_cfg=None,
        val_dataloader=None,
        val_evaluator=None))
runner = Runner.from_cfg(cfg)
model = runner.model.module
draws = []
sampler = model.sampler
model.sampler = lambda space, i: draws.append(sampler(space, i)) or draws[-1]
runner.train()

digests = [draw.arch.digest for step in draws for draw in step]
assert len(runner.optim_wrapper.optimizer.param_groups) == 2
weights = torch.cat([p.detach().flatten() for p in model.parameters()])
shared = all_gather_object((digests, weights))
assert len(shared) == 2 and len(digests) == 4
assert all(other == digests for other, _ in shared)
assert all(torch.equal(other, weights) for _, other in shared)
print('same on all ranks', flush=True)
