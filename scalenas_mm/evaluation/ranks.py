"""What several processes do together.

A process that fails in the middle must not leave the others waiting, and none
may go on with a result that another does not have. So work between two
exchanges is done alone, errors included, and the exchange itself is one call.
"""
import pickle
import traceback
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, TypeVar

import torch.distributed
from mmengine.dataset import Compose
from mmengine.dist import (all_gather_object, broadcast_object_list,
                           is_main_process)

from scalenas_mm.spaces import SettingError

T = TypeVar('T')


class RankError(RuntimeError):
    """Another process failed; says which one and why."""


def describe(error: BaseException) -> str:
    """Type and text of an error, which holds no reference to it; the sample,
    where a file cannot be read, as many errors do not name it."""
    text = str(error).strip()
    if text.startswith('Caught ') and '\n' in text:
        return text.splitlines()[-1]  # of a traceback in a data worker
    files = ', '.join(path for path in _files(error) if path not in text)
    return f'{type(error).__name__}: {error}' + (f' ({files})'
                                                 if files else '')


def _files(error: BaseException) -> List[str]:
    """Of the sample that was being read."""
    if not isinstance(error, OSError) and type(error).__module__ != 'cv2':
        return []
    code = Compose.__call__.__code__
    sample: Any = {}
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is code:
            sample = frame.f_locals.get('data')
    return [
        value for key, value in dict(sample).items()
        if key.endswith('_path') and isinstance(value, str)
    ]


def from_main(function: Callable[[], T]) -> T:
    """What ``function`` returns on the main process, on every process.

    The others wait for it. If it raises, all of them raise the same; on the
    main process with its traceback.
    """
    shared: List[Any] = [None, None]
    failure = None
    if is_main_process():
        try:
            shared[0] = function()
        except Exception as error:
            failure, shared[1] = error, _sendable(error)
    broadcast_object_list(shared)
    if failure is not None:
        raise failure
    if shared[1] is not None:
        raise shared[1]
    return shared[0]


def together(function: Callable[[], T]) -> T:
    """Call ``function`` on every process; if one fails, all raise.

    Raises:
        RankError: It failed elsewhere only. A process on which it failed
            raises its own error.
    """
    result, failure = None, None
    try:
        result = function()
    except Exception as error:
        failure = error
    reasons = all_gather_object(failure and describe(failure))
    if failure is not None:
        raise failure
    text = joined(reasons)
    if text is not None:
        raise RankError(text)
    return result  # type: ignore[return-value]


def joined(reasons: List[Optional[str]]) -> Optional[str]:
    """One text of the errors of all ranks, None if there are none."""
    failed = {rank: text for rank, text in enumerate(reasons) if text}
    if not failed:
        return None
    if len(failed) == len(reasons) and len(set(failed.values())) == 1:
        return failed[0]
    return '; '.join(f'rank {rank}: {text}' for rank, text in failed.items())


def agree(field: str, expected: str, value: T) -> T:
    """``value``, which must be the same on every process.

    Raises:
        SettingError: On all of them: it is not. Has the values of all.
    """
    values = all_gather_object(value)
    if any(other != values[0] for other in values):
        raise SettingError(field, expected, values)
    return value


@contextmanager
def alone() -> Iterator[None]:
    """Inside, this process takes itself for the only one.

    Whatever gathers, reduces or waits, through :mod:`mmengine.dist` or after
    asking torch whether there are others, then works on what is here; what
    does not ask raises an error. For a metric whose results were gathered
    before: nobody waits for it.
    """
    if not torch.distributed.is_available():
        yield
        return
    group = torch.distributed.group
    before = group.WORLD
    group.WORLD = None
    try:
        yield
    finally:
        group.WORLD = before


def _sendable(error: Exception) -> Exception:
    """``error``, or a plain one with its text if it cannot be sent."""
    try:
        copy = pickle.loads(pickle.dumps(error))
        return copy if str(copy) == str(error) else RankError(describe(error))
    except Exception:
        return RankError(describe(error))
