"""What the command-line tools share."""
import argparse
import os
import os.path as osp
import sys
from contextlib import contextmanager
from typing import Iterator, NoReturn, Optional

from mmengine.config import Config, DictAction

from scalenas_mm.export import ExportError
from scalenas_mm.export.released import ReleasedError
from scalenas_mm.predictors import PredictorError
from scalenas_mm.search import ArchiveError
from scalenas_mm.spaces import InputError


def fail(message: str) -> NoReturn:
    """Print a one-line error and exit with code 2, argparse's own."""
    print(f'{osp.basename(sys.argv[0])}: error: {message}', file=sys.stderr)
    sys.exit(2)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn errors that the user can mend into one line and exit code 2."""
    try:
        yield
    except (InputError, ArchiveError, ExportError, ReleasedError,
            PredictorError, FileNotFoundError) as error:
        fail(str(error))


def runner_parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every tool that builds a Runner."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir', help='folder for logs, checkpoints and results')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that override the config, '
        'such as train_cfg.max_iters=10 or "key=[1,2]"')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started this process, if it is one of several')
    # torch.distributed.launch, which mim calls, passes it
    parser.add_argument(
        '--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser


def load_config(args: argparse.Namespace) -> Config:
    """Read the config that the arguments name, with their overrides.

    The work directory is the argument's, the config's, or
    ``work_dirs/<name of the config>``. Exits with code 2 if a file is missing.
    """
    if not osp.isfile(args.config):
        fail(f'config not found: {args.config}')
    try:
        config = Config.fromfile(args.config)
    except FileNotFoundError as error:
        fail(f'{args.config}: {error}')
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config.merge_from_dict(args.cfg_options or {})
    config.launcher = args.launcher
    name = osp.splitext(osp.basename(args.config))[0]
    config.work_dir = args.work_dir or config.get('work_dir') or osp.join(
        'work_dirs', name)
    return config


def check_checkpoint(path: Optional[str]) -> None:
    """Exit with code 2 if ``path`` is a local path without a file."""
    if path and '://' not in path and not osp.isfile(path):
        fail(f'checkpoint not found: {path}')
