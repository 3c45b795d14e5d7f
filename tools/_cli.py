"""What the command-line tools share.

Standard library only: what takes long to import is imported after the
arguments were read, so that ``--help`` and wrong arguments answer at once.
"""
import argparse
import os
import os.path as osp
import sys
import traceback
from typing import Any, List, Optional, Tuple

from _errors import fail, goes_on, readable_errors  # noqa: F401  (for tools)

# Configs import what is in projects/ from there, whatever the working folder.
# At the end: nothing that is installed is to be hidden.
sys.path.append(osp.dirname(osp.dirname(osp.abspath(__file__))))

# Which variable each launcher gives to every process
LAUNCHERS = dict(
    none=None,
    pytorch='RANK',
    slurm='SLURM_PROCID',
    mpi='OMPI_COMM_WORLD_RANK')


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


class Shape(argparse.Action):
    """Height and width, from one number or two."""

    def __call__(self,
                 parser: Any,
                 namespace: Any,
                 values: Any,
                 option_string: Any = None) -> None:
        if len(values) > 2 or min(values) < 1:
            parser.error('--shape: expected a positive height and width, got '
                         f'{values}')
        setattr(namespace, self.dest, (values[0], values[-1]))


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Add ``--shape``, a height and a width or None."""
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        action=Shape,
        metavar='PIXELS',
        help='height and width of the input, or one number for both '
        '(default: input_size or crop_size of the config, or 512 1024)')


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


# What of a config is a dict, if it is there
SECTIONS = ('model', 'train_cfg', 'val_cfg', 'test_cfg', 'train_dataloader',
            'val_dataloader', 'test_dataloader', 'optim_wrapper',
            'default_hooks', 'env_cfg')


def check_sections(path: str, config: Any) -> None:
    """Exit with code 2 unless the main settings of a config are dicts."""
    for key in SECTIONS:
        value = config.get(key)
        if value is not None and not hasattr(value, 'keys'):
            fail(f'{path}: {key}: expected a dict, got {value!r:.60}')


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
    check_sections(args.config, config)
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
