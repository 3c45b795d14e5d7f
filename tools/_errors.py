"""Errors that a user can mend, as one line and exit code 2.

Standard library only, as in ``_cli``.
"""
import errno
import os
import os.path as osp
import re
import sys
import time
import traceback
from contextlib import contextmanager
from typing import Iterator, NoReturn, Optional, Sequence, Type

# What a user can mend, beside InputError. An error can only be of a class
# whose module is loaded.
EXPECTED = (
    ('scalenas_mm.spaces', 'InputError'),
    ('scalenas_mm.search', 'ArchiveError'),
    ('scalenas_mm.engine', 'SearchStopped'),
    ('scalenas_mm.engine', 'TrainingDiverged'),
    ('scalenas_mm.evaluation', 'PoolBroken'),
    ('scalenas_mm.evaluation', 'RankError'),
    ('scalenas_mm.export', 'ExportError'),
    ('scalenas_mm.export.released', 'ReleasedError'),
    ('scalenas_mm.predictors', 'PredictorError'),
)

# The disk is full, or a path cannot be written to
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES,
           errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST,
           errno.ENAMETOOLONG)
OTHER_GROUPS = 'different number of parameter groups'


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
def goes_on() -> Iterator[None]:
    """Say of an interrupted command that the same one goes on."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit('\ninterrupted; the same command goes on')


@contextmanager
def readable_errors(*also: Type[Exception]) -> Iterator[None]:
    """Turn errors that the user can mend into one line and exit code 2.

    These are wrong inputs, missing files, checkpoints that cannot be read,
    types in a config that no registry knows and arguments that a type does not
    have. Others keep their traceback.

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
    if isinstance(error, TypeError) and not isinstance(error, tuple(also)):
        return _wrong_argument(error)
    classes = [
        getattr(sys.modules.get(module), name, None)
        for module, name in EXPECTED
    ]
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return text
    if isinstance(error, ValueError) and OTHER_GROUPS in text:
        return (f'{text}: the checkpoint is of a training with another '
                'optim_wrapper (its constructor or paramwise_cfg)')
    known = (FileNotFoundError, *also, *filter(None, classes))
    if isinstance(error, known):
        # of a data worker, the last line of its traceback
        lines = text.strip().splitlines() or [type(error).__name__]
        return lines[-1] if text.startswith('Caught ') else ' '.join(lines)
    return None


def _wrong_argument(error: TypeError) -> Optional[str]:
    """What a config gives to a type that has no such argument, or does not
    give though the type needs it."""
    found = re.search(
        r"(\w+)(?:\.__init__)?\(\) "
        r"(got an unexpected keyword argument '(\w+)'|missing \d.*)",
        str(error))
    module = sys.modules.get('mmengine.registry.build_functions')
    built = [
        frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)
        if module and frame.f_code is module.build_from_cfg.__code__
    ]
    if found is None or not built:
        return None
    who, what, keyword = found.groups()
    kind = built[-1].get('obj_cls')
    bases = getattr(kind, '__mro__', (kind, ))
    # a call of something else inside it is a bug, and not of the config
    if keyword:
        wrong = keyword in built[-1]['args']
    else:
        wrong = who in [getattr(base, '__name__', None) for base in bases]
    name = getattr(kind, '__name__', who)
    return f'wrong arguments in the config: {name} {what}' if wrong else None


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
