"""What several processes do together.

A process that fails in the middle must not leave the others waiting, and none
may go on with a result that another does not have. So work between two
exchanges is done alone, errors included, and the exchange itself is one call.
"""
import pickle
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, TypeVar

import mmengine.dist.utils
from mmengine.dist import (all_gather_object, broadcast_object_list,
                           is_main_process)

T = TypeVar('T')


class RankError(RuntimeError):
    """Another process failed; says which one and why."""


def describe(error: BaseException) -> str:
    """Type and text of an error, which holds no reference to it."""
    return f'{type(error).__name__}: {error}'


def from_main(function: Callable[[], T]) -> T:
    """What ``function`` returns on the main process, on every process.

    The others wait for it. If it raises, all of them raise the same.
    """
    shared: List[Any] = [None, None]
    if is_main_process():
        try:
            shared[0] = function()
        except Exception as error:
            shared[1] = _sendable(error)
    broadcast_object_list(shared)
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


@contextmanager
def alone() -> Iterator[None]:
    """Inside, MMEngine takes this process for the only one.

    Whatever gathers, reduces or waits through :mod:`mmengine.dist` then works
    on what is here. For a metric whose results were gathered before: if it
    fails, nobody waits.
    """
    before = mmengine.dist.utils.is_distributed
    mmengine.dist.utils.is_distributed = lambda: False
    try:
        yield
    finally:
        mmengine.dist.utils.is_distributed = before


def _sendable(error: Exception) -> Exception:
    """``error``, or a plain one with its text if it cannot be sent."""
    try:
        copy = pickle.loads(pickle.dumps(error))
        return copy if str(copy) == str(error) else RankError(describe(error))
    except Exception:
        return RankError(describe(error))
