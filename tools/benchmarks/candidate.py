"""Time of a candidate of a search, beside a plain test of its network.

Random networks of a search config are cut out of the supernet and tested as
plain models, by the loop of MMEngine, on the validation data; the search
measures the same ones, with the calibration of batch norm. Both take turns in
one process; printed are medians by network, their ratio, whether metrics are
equal, and where the time of the search goes. Times are those that passed, and
the processor time of this process, which others disturb less, but which lacks
the wait for the workers that load data; the profile is of time that passed.
Paths in the config are relative to the working folder.
"""
import argparse


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a search')
    parser.add_argument(
        'checkpoint', nargs='?', help='default: an untrained supernet')
    parser.add_argument('--networks', type=int, default=16)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--cache-images', action='store_true')
    parser.add_argument(
        '--type', default='PopulationMajor', help='of the evaluation')
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports that take long

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

import scalenas_mm.registry  # noqa: F401
from scalenas_mm.backbones.base import find_searchable, with_preprocessor
from scalenas_mm.evaluation import (calibration_batches, load_strictly,
                                    local_norms, quiet, read_checkpoint,
                                    unwrapped)
from scalenas_mm.evaluation.profile import profile_table
from scalenas_mm.export import cut
from scalenas_mm.registry import EVALUATIONS

# Configs import what is in projects/ from there
sys.path.append(str(Path(__file__).resolve().parents[2]))


def build(args, folder):
    """A runner with the supernet."""
    cfg = Config.fromfile(args.config)
    cfg.work_dir, cfg.load_from = folder, None
    cfg.train_cfg.allow_untrained = True
    runner = Runner.from_cfg(cfg)
    if args.checkpoint:
        load_strictly(
            unwrapped(runner.model), read_checkpoint(args.checkpoint),
            args.checkpoint)
    return runner


@torch.no_grad()
def test(model, loop):
    """As the loop of MMEngine; gives the metrics."""
    with quiet():
        for data in loop.dataloader:
            outputs = model.val_step(data)
            loop.evaluator.process(data_samples=outputs, data_batch=data)
        return loop.evaluator.evaluate(len(loop.dataloader.dataset))


def seconds(run):
    """Of the clock and of the processor, and the result."""
    start = time.perf_counter(), time.process_time()
    result = run()
    return (time.perf_counter() - start[0], time.process_time() - start[1],
            result)


def compare(args, runner):
    model, loop = unwrapped(runner.model), runner.val_loop
    settings = runner.cfg.train_cfg
    batches = calibration_batches(
        runner.build_dataloader(runner.cfg.train_dataloader),
        settings.get('num_calibration_batches', 8), settings.get('seed', 0))
    local_norms(model)
    space = find_searchable(model).space
    rng = np.random.default_rng(0)
    archs = [space.live(space.sample(rng)) for _ in range(args.networks)]
    cfg = with_preprocessor(runner.cfg.model,
                            runner.cfg.get('data_preprocessor'))
    plain = [cut(model, cfg, arch, batches, ()).model for arch in archs]
    search = EVALUATIONS.build(
        dict(
            type=args.type,
            model=model,
            dataloader=loop.dataloader,
            evaluator=loop.evaluator,
            batches=batches,
            seed=settings.get('seed', 0),
            channels_last=args.channels_last,
            cache_images=args.cache_images,
            inference_mode=True,
            profile=True))
    test(plain[0], loop), search(archs[:1])  # workers have begun, then
    search.profile.seconds.clear()
    rows = []
    for _ in range(args.repeats):
        *tested, expected = seconds(lambda: [test(one, loop) for one in plain])
        *searched, outcomes = seconds(lambda: search(archs))
        rows.append([tested, searched])
    same = sum(one.metrics == {
        k: float(v)
        for k, v in metrics.items()
    } for one, metrics in zip(outcomes, expected))
    print(f'{args.networks} networks, {torch.get_num_threads()} threads; '
          f'metrics equal for {same} of {len(archs)}')
    times = np.array(rows) / len(archs)  # turns, ways, clocks
    for name, (plain, candidate), ratio in zip(
        ('passed', 'processor'),
            np.median(times, 0).T, np.median(times[:, 1] / times[:, 0], 0)):
        print(f'{name}: plain test {plain:.3f} s, candidate {candidate:.3f} '
              f's, ratio {ratio:.2f}')
    print()
    print(profile_table(search.profile.seconds))


def main(args):
    with tempfile.TemporaryDirectory() as folder:
        compare(args, build(args, folder))


if __name__ == '__main__':
    main(ARGS)
