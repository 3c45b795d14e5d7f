"""Let ``torch.load(weights_only=True)`` read what MMEngine saves."""
from pickle import UnpicklingError
from typing import Any, List

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler


def allow_training_checkpoints(runner: Any = None) -> None:
    """Allow the types of :func:`checkpoint_globals`."""
    torch.serialization.add_safe_globals(checkpoint_globals())


def checkpoint_globals() -> List[Any]:
    """What MMEngine's training checkpoints hold beside torch's own types: log
    history, data sets' settings, numpy's arrays and scalars of numbers and
    strings."""
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdSU'}
    array = np.array(0.)
    functions: Any = (array.__reduce__()[0], np.float64(0.).__reduce__()[0])
    # numpy 2 renamed the module; a file of either version can be read
    named = [(function, f'numpy.{core}.multiarray.{function.__name__}')
             for function in functions for core in ('core', '_core')]
    return [
        HistoryBuffer, OneCycleParamScheduler, ConfigDict, np.ndarray,
        np.dtype, (known_method, 'builtins.getattr'), *dtypes, *named
    ]


def known_method(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, by which pickled log history and one-cycle
    schedules name their own methods; raise ``UnpicklingError`` for anything
    else."""
    history = owner is HistoryBuffer and not name.startswith('_')
    one_cycle = (
        owner is OneCycleParamScheduler
        and name in ('_annealing_cos', '_annealing_linear'))
    if not history and not one_cycle:
        raise UnpicklingError(f'getattr({owner!r}, {name!r}) is not allowed')
    return getattr(owner, name)
