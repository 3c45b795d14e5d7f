"""What the command-line tools share.

Standard library only: what takes long to import is imported after the
arguments were read, so that ``--help`` and wrong arguments answer at once.
"""
import argparse
import os
import os.path as osp
import re
import sys
import time
import traceback
from contextlib import contextmanager
from typing import (Any, Iterator, List, NoReturn, Optional, Sequence, Tuple,
                    Type)

# What a user can mend, beside InputError. An error can only be of a class
# whose module is loaded.
EXPECTED = (
    ('scalenas_mm.spaces', 'InputError'),
    ('scalenas_mm.search', 'ArchiveError'),
    ('scalenas_mm.engine', 'SearchStopped'),
    ('scalenas_mm.evaluation', 'RankError'),
    ('scalenas_mm.export', 'ExportError'),
    ('scalenas_mm.export.released', 'ReleasedError'),
    ('scalenas_mm.predictors', 'PredictorError'),
)

# Which variable each launcher gives to every process
LAUNCHERS = dict(
    none=None,
    pytorch='RANK',
    slurm='SLURM_PROCID',
    mpi='OMPI_COMM_WORLD_RANK')


def fail(message: str) -> NoReturn:
    """Print a one-line error and exit with code 2, argparse's own."""
    rank = int(os.environ.get('RANK', 0))
    if rank:
        # Where all ranks fail alike, rank 0 says so and the launcher ends the
        # others before they repeat it.
        time.sleep(2)
    who = osp.basename(sys.argv[0]) + (f' (rank {rank})' if rank else '')
    print(f'{who}: error: {message}', file=sys.stderr)
    sys.exit(2)


@contextmanager
def readable_errors(*also: Type[Exception]) -> Iterator[None]:
    """Turn errors that the user can mend into one line and exit code 2.

    These are wrong inputs, missing files, checkpoints that cannot be read and
    names in a config that no registry knows. Others keep their traceback.

    Args:
        also: Classes of other errors that only a wrong input raises here.
    """
    try:
        yield
    except Exception as error:
        message = explain(error, also)
        if message is None:
            raise
        fail(message)


def explain(error: Exception, also: Sequence[type] = ()) -> Optional[str]:
    """What to tell the user in one line; ``None`` if it may be a bug."""
    path = _unreadable(error)
    if path is not None and not isinstance(error, FileNotFoundError):
        return f'{path}: not a checkpoint that can be read: {_reason(error)}'
    text = str(error)
    if isinstance(error, KeyError):
        unknown = re.search(r'[\w.]+ is not in the \S+ registry', text)
        return f'unknown type in the config: {unknown[0]}' if unknown else None
    classes = [
        getattr(sys.modules.get(module), name, None)
        for module, name in EXPECTED
    ]
    known = (FileNotFoundError, *also, *filter(None, classes))
    if isinstance(error, known):
        # of a data worker, the last line of its traceback
        lines = text.strip().splitlines() or [type(error).__name__]
        return lines[-1] if text.startswith('Caught ') else ' '.join(lines)
    return None


def _unreadable(error: Exception) -> Optional[str]:
    """The checkpoint that was being read when this was raised."""
    module = sys.modules.get('mmengine.runner.checkpoint')
    if module is None:
        return None
    code = module.CheckpointLoader.load_checkpoint.__func__.__code__
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is code:
            return str(frame.f_locals['filename'])
    return None


def _reason(error: Exception) -> str:
    """The part of torch's message that tells what is wrong."""
    text = str(error).split('WeightsUnpickler error: ')[-1].strip()
    first = re.split(r'\n|\. |\[\d+ bytes\]', text)[0]
    return f'{type(error).__name__}: {first}' if first else type(
        error).__name__


def named_file(text: str) -> Tuple[str, str]:
    """A ``NAME=FILE`` argument."""
    name, equals, path = text.partition('=')
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f'expected NAME=FILE, got {text!r}')
    return name, path


def key_value(text: str) -> str:
    """One word of ``--cfg-options``."""
    key, equals, value = text.partition('=')
    if not key or not equals:
        raise argparse.ArgumentTypeError(f'expected KEY=VALUE, got {text!r}')
    value = value.strip('\'"')
    if value[:1] in ('[', '(') and any(
            value.count(a) != value.count(b) for a, b in ('[]', '()')):
        raise argparse.ArgumentTypeError(
            f'expected as many closing as opening brackets, got {text!r}')
    return text


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``; :func:`read_config` takes its value."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=key_value,
        metavar='KEY=VALUE',
        help='settings that override the config, '
        'such as train_cfg.max_iters=10 or "key=[1,2]"')


def runner_parser(description: Optional[str]) -> argparse.ArgumentParser:
    """A parser with the arguments of every tool that builds a Runner."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir', help='folder for logs, checkpoints and results')
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher',
        choices=list(LAUNCHERS),
        default='none',
        help='what started this process, if it is one of several')
    # torch.distributed.launch, which mim calls, passes it
    parser.add_argument(
        '--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser


def read_config(path: str, options: Optional[List[str]] = None) -> Any:
    """Read a config file and override settings.

    Args:
        path: File.
        options: Value of ``--cfg-options``.

    Returns:
        The ``mmengine.Config``. Exits with code 2 and one line if the file is
        missing or cannot be run, or if an option does not fit it.
    """
    check_config(path)
    from mmengine.config import Config
    try:
        config = Config.fromfile(path)
    except Exception as error:  # a config is a program of the user's
        fail(f'{path}: {_config_error(error)}')
    merge_options(config, options)
    return config


def _config_error(error: Exception) -> str:
    """What is wrong with a config, with the line where it is known."""
    cause = error.__cause__ or error
    text = ' '.join(str(cause).split())
    if isinstance(cause, (FileNotFoundError, SyntaxError)):
        return text
    lines = [
        frame for frame in traceback.extract_tb(cause.__traceback__)
        if frame.name == '<module>' and frame.filename != sys.argv[0]
    ]
    where = f' (line {lines[-1].lineno} of {lines[-1].filename})' if (
        lines) else ''
    return f'{type(cause).__name__}: {text}{where}'


def merge_options(config: Any, options: Optional[List[str]]) -> None:
    """Override settings of a config by the value of ``--cfg-options``."""
    if not options:
        return
    from mmengine.config import DictAction
    read = argparse.Namespace()
    action = DictAction(['--cfg-options'], 'settings')
    for option in options:
        try:
            action(None, read, [option])
        except (AssertionError, RecursionError) as error:
            fail(f'--cfg-options {option}: not a value that can be read: '
                 f'{error}')
    try:
        config.merge_from_dict(read.settings)
    except (AttributeError, KeyError, TypeError) as error:
        wrong = filter(None,
                       (_wrong_step(config, key) for key in read.settings))
        fail(f'--cfg-options {next(wrong, error.args[0])}')


def _wrong_step(config: Any, key: str) -> Optional[str]:
    """Where a key such as ``a.0.b`` leaves the config; None if nowhere."""
    node, walked = config, []
    for step in key.split('.'):
        place = '.'.join(walked)
        if isinstance(node, list):
            if not step.isdigit() or int(step) >= len(node):
                return (f'{key}: {place} is a list, expected an index below '
                        f'{len(node)}, got {step}')
            step = int(step)
        elif not hasattr(node, 'keys'):
            return (f'{key}: {place} is no dict or list, it is '
                    f'{" ".join(repr(node).split())[:60]}')
        elif step not in node:
            return None
        node = node[step]
        walked.append(str(step))
    return None


def load_config(args: argparse.Namespace) -> Any:
    """Read the config that the arguments of :func:`runner_parser` name.

    The work directory is the argument's, the config's, or
    ``work_dirs/<name of the config>``. Returns an ``mmengine.Config``; exits
    as :func:`read_config`.
    """
    variable = LAUNCHERS[args.launcher]
    if variable and variable not in os.environ:
        fail(f'--launcher {args.launcher}: expected the environment variable '
             f'{variable}, which the launcher sets')
    config = read_config(args.config, args.cfg_options)
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config.launcher = args.launcher
    name = osp.splitext(osp.basename(args.config))[0]
    config.work_dir = args.work_dir or config.get('work_dir') or osp.join(
        'work_dirs', name)
    return config


def build_runner(config: Any) -> Any:
    """The ``mmengine.Runner`` of a config, or its own ``runner_type``."""
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    import scalenas_mm.registry  # noqa: F401  (applies scalenas_mm.compat)
    if 'model' not in config:
        fail('expected model = dict(...) in the config, there is none')
    if 'runner_type' in config:
        return RUNNERS.build(config)
    return Runner.from_cfg(config)


def inner_dataset(dataset: Any) -> Any:
    """The config of the data set inside wrappers, which has the pipeline."""
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def check_config(path: str) -> None:
    """Exit with code 2 if there is no such file."""
    if not osp.isfile(path):
        fail(f'config not found: {path}')


def check_checkpoint(path: Optional[str]) -> None:
    """Exit with code 2 if ``path`` is a local path without a file."""
    if path and '://' not in path and not osp.isfile(path):
        fail(f'checkpoint not found: {path}')
