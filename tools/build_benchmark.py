"""Make a benchmark of your own: train many architectures, record them all.

Draws architectures from the space of the config's backbone and trains each
one from scratch as the config says:

    WORK_DIR/NAME/rows_RANK.jsonl    metrics, curves and costs, one a line
    WORK_DIR/NAME/NAME.csv           the table, in the format of NAS-Bench-MR
    WORK_DIR/NAME/networks/DIGEST/   the log of each network

A row is on disk before the next network begins; the table follows within
half a minute or so and at the end. Interrupted, go on with --resume, on any
number of processes; each of them trains whole networks.
``scalenas_mm.benchmarks.NASBenchMR(WORK_DIR)`` reads the result.

The config may say ``output_channels_keys``, settings that become the number
of channels of the backbone's output, and ``main_metric``, which comes first.
"""
import argparse
import math
import os
import re
import sys
import time
import traceback
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import torch
from _benchmark_rows import Rows, main_first
from _benchmark_sample import draw, narrowed, space_of
from _cli import fail, load_config, readable_errors, runner_parser
from mmengine.registry import init_default_scope
from numpy.random import SeedSequence

import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
from scalenas_mm.engine import train_network, training_identity
from scalenas_mm.search import FAILED, Record
from scalenas_mm.spaces import as_size

# rank, number of processes, rank on this machine
LAUNCHERS = {
    'none': (),
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE',
            'OMPI_COMM_WORLD_LOCAL_RANK'),
}


def parse_args():
    parser = runner_parser(__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(work_dir='work_dirs/benchmark')
    parser.add_argument(
        '--num',
        type=int,
        required=True,
        metavar='N',
        help='how many architectures; a larger N goes on where a smaller one '
        'ended')
    parser.add_argument(
        '--space',
        metavar='JSON',
        help='narrows the space that is drawn from: a JSON object, such as '
        '\'{"channels": [8, 16]}\', or a file that holds one')
    parser.add_argument(
        '--spread',
        action='store_true',
        help='draw over the whole range of costs, not each choice evenly')
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='input size in pixels at which costs are counted (default: '
        'input_size or crop_size of the config)')
    parser.add_argument(
        '--name', help='of the table (default: that of the config)')
    parser.add_argument(
        '--resume', action='store_true', help='go on with what is there')
    parser.add_argument(
        '--retry-failed',
        action='store_true',
        help='resume, and train anew the networks that failed')
    parser.add_argument(
        '--keep-checkpoints',
        action='store_true',
        help='keep the checkpoints that the config asks for')
    return parser.parse_args()


def place(launcher):
    """Rank and number of processes; takes the GPU of this process."""
    names = LAUNCHERS[launcher]
    missing = [name for name in names if name not in os.environ]
    if missing:
        fail(f'--launcher {launcher}: expected the environment variable '
             f'{missing[0]}')
    rank, world, local = [int(os.environ[name]) for name in names] or (0, 1, 0)
    if torch.cuda.is_available():
        torch.cuda.set_device(local % torch.cuda.device_count())
    return rank, world


def check_args(args):
    """Exit with code 2 if numbers or the name are wrong."""
    if args.num < 1:
        fail(f'--num: expected at least 1, got {args.num}')
    if args.seed < 0:
        fail(f'--seed: expected at least 0, got {args.seed}')
    if args.name is not None and (not args.name.strip('.') or re.search(
            r'[^\w.-]', args.name, re.ASCII)):
        fail('--name: expected letters, digits, ".", "_" and "-", and not '
             f'dots alone, got {args.name!r}')


def check_config(config, args):
    """Exit with code 2 if the config cannot train networks."""
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper',
                'val_dataloader', 'val_cfg', 'val_evaluator'):
        if config.get(key) is None:
            fail(f'{args.config}: expected {key}, to train and to measure '
                 'networks')
    main = config.get('main_metric')
    if not (main is None or isinstance(main, str)):
        fail(f'{args.config}: main_metric: expected a name, got {main!r}')
    for key in config.get('output_channels_keys') or []:
        if not has_key(config, key):
            fail(f'{args.config}: output_channels_keys: expected keys of the '
                 f'config, got {key!r}')


def has_key(config, dotted):
    """Whether the config has ``a.0.b``."""
    for part in dotted.split('.'):
        try:
            config = config[int(part) if isinstance(config, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


def input_size(config, args):
    size = args.shape or config.train_cfg.get('input_size') or config.get(
        'crop_size')
    if not size:
        fail(f'{args.config} has no crop_size: say --shape H W, the input '
             'size at which costs are counted')
    return as_size(size)


def seed_of(seed, index):
    """Seed of a network, whichever process trains it; 31 bits, so that data
    loaders can add to it."""
    return int(SeedSequence([seed, index]).generate_state(1)[0] >> 1)


def measure(config, arch, folder, **options):
    """Train and judge a network; returns fields of a Record.

    One that cannot be trained or measured is a known failure.
    """
    rmtree(folder, ignore_errors=True)  # of a training that was interrupted
    try:
        result = train_network(config, arch, work_dir=folder, **options)
    except Exception as error:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'error.txt').write_text(traceback.format_exc())
        return dict(
            status=FAILED, error=f'{type(error).__name__}: {error}'[:1000])
    metrics = main_first(result.metrics, config.get('main_metric'))
    good = {k: v for k, v in metrics.items() if math.isfinite(v)}
    fields = dict(metrics=good, curves=result.curves, cost=result.cost)
    bad = [key for key in metrics if key not in good]
    if bad or not good:
        what = f'{bad[0]} is not finite' if bad else 'nothing was measured'
        fields.update(status=FAILED, error=what)
    return fields


def device_works():
    """Some errors leave a GPU unusable for the rest of the process."""
    if not torch.cuda.is_available():
        return True
    try:
        return torch.zeros(1, device='cuda').item() == 0
    except RuntimeError:
        return False


def train_all(todo, rows, config, args, size):
    """Train the networks of this process one by one."""
    start = time.time()
    for done, (index, arch) in enumerate(todo, 1):
        begin = time.time()
        fields = measure(
            config,
            arch,
            rows.folder / 'networks' / arch.digest,
            input_size=size,
            seed=seed_of(args.seed, index),
            keep_checkpoints=args.keep_checkpoints)
        record = Record(
            id=len(rows),
            digest=arch.digest,
            arch=arch.to_dict(),
            seconds=round(time.time() - begin, 3),
            **fields)
        rows.append(record)
        left = (time.time() - start) / done * (len(todo) - done)
        print(
            f'{rows.label}[{done}/{len(todo)}] network {index} '
            f'{record.digest}  {summary(record)}  {record.seconds:.1f} s  '
            f'eta {timedelta(seconds=round(left))}',
            flush=True)
        with readable_errors():
            rows.check_main(record)
        if not record.ok and not device_works():
            sys.exit(f'{rows.label}the GPU no longer answers; go on with '
                     '--resume')


def summary(record):
    """Metrics and cost, or why there are none, in one line."""
    if not record.ok:
        return f'failed: {record.error.strip().splitlines()[0]}'
    values = [f'{key} {value:.4g}' for key, value in record.metrics.items()]
    return '  '.join([
        *values[:4], f"{record.cost['macs'] / 1e9:.4g} GMACs",
        f"{record.cost['params'] / 1e6:.4g} M"
    ])


def prepare(config, args, size):
    """Draw the architectures and open the rows of this process."""
    rank, world = place(args.launcher)
    init_default_scope(config.get('default_scope', 'mmengine'))
    whole = space_of(config)
    space = narrowed(whole, args.space)
    archs = draw(space, args.num, args.seed, args.spread)
    for arch in archs:
        whole.check(arch)
    meta = dict(
        space=space.to_dict(),
        sampling=dict(seed=args.seed, spread=args.spread),
        input_size=list(size),
        config=training_identity(config))
    name = args.name or Path(args.config).stem
    return Rows(
        Path(config.work_dir), name, meta, archs, rank, world, args.resume
        or args.retry_failed, config.get('main_metric'))


def main():
    args = parse_args()
    check_args(args)
    config = load_config(args)
    check_config(config, args)
    with readable_errors():
        size = input_size(config, args)
        rows = prepare(config, args, size)
    with closing(rows):
        todo = rows.missing(args.retry_failed)
        print(
            f'{rows.label}{rows.name}: {args.num} networks, {len(todo)} of '
            'them to train here',
            flush=True)
        try:
            train_all(todo, rows, config, args, size)
        finally:  # also if there was nothing to train
            written = rows.write_table()
        ok, failed = rows.count()
    print(f'{rows.label}{ok} of {args.num} networks measured, {failed} '
          'failed' + (f': {rows.table}' if written else ''))
    if failed == args.num:
        sys.exit(f'all networks failed, see {rows.folder}')


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit('\ninterrupted; go on with --resume')
