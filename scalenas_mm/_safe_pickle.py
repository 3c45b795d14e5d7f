"""Read pickles of others: numbers, text, lists, dicts and numpy arrays only.

An allow-list alone is not enough: numpy's own unpickling functions trust the
state they are given, and a crafted one makes them follow any pointer. So
nothing of numpy is called either; arrays are built here, from plain bytes.
"""
import math
import pickle
import re
from typing import Any, BinaryIO, Callable, Dict

import numpy as np

# booleans, integers, floats, text; objects are read as lists
_DTYPE = re.compile(r'[<>=|]?(b1|[iu][1248]|f[248]|U\d+|b|O8?)')


class UnsafePickle(ValueError):
    """A pickle holds something that is not plain data; says what."""


class _DType:
    """Stands for ``numpy.dtype``."""

    def __init__(self, name: Any, *_: Any) -> None:
        text = name.decode('latin1') if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _DTYPE.fullmatch(text):
            raise UnsafePickle(f'numpy.dtype({text!r}) is not allowed')
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        # of the state only the byte order says anything about plain types
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for ``numpy.ndarray``; ``value`` is the array."""
    value: Any

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        self.value = _array(content, dtype.dtype, shape,
                            'F' if fortran else 'C')


def _array(content: Any, dtype: np.dtype, shape: Any, order: Any) -> Any:
    if dtype != object:
        flat = np.frombuffer(content, dtype).copy()
    else:
        flat = np.empty(len(content), object)
        for i, item in enumerate(content):
            flat[i] = _plain(item)
    if len(flat) != math.prod(shape):
        raise ValueError(f'{len(flat)} values for an array of {shape}')
    return flat.reshape(shape, order=order)


def _from_buffer(content: Any, dtype: Any, shape: Any, order: str) -> _Array:
    out = _Array()
    out.value = _array(content, dtype.dtype, shape, order)
    return out


def _scalar(dtype: Any, content: bytes) -> Any:
    if dtype.dtype == object:
        raise UnsafePickle('numpy.core.multiarray.scalar of an object is not '
                           'allowed')
    return np.frombuffer(content, dtype.dtype, 1)[0].item()


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != 'latin1':
        raise UnsafePickle(f'_codecs.encode to {encoding!r} is not allowed')
    return text.encode('latin1')


STAND_INS: Dict[str, Callable[..., Any]] = {
    'numpy.dtype': _DType,
    'numpy.ndarray': _Array,
    'numpy.core.multiarray._reconstruct': lambda *_: _Array(),
    'numpy.core.multiarray.scalar': _scalar,
    'numpy.core.numeric._frombuffer': _from_buffer,
    # bytes in old protocols
    '_codecs.encode': _latin1,
    'builtins.bytes': lambda: b'',
    'collections.OrderedDict': dict,
}


class _Unpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        module = re.sub('^__builtin__$', 'builtins', module)
        old = module.replace('numpy._core', 'numpy.core')
        stand_in = STAND_INS.get(f'{old}.{name}')
        if stand_in is None:
            raise UnsafePickle(f'{module}.{name} is not allowed')
        # a new object each time: a pickle can set attributes of functions
        return stand_in if isinstance(stand_in,
                                      type) else lambda *args: stand_in(*args)


def _plain(value: Any) -> Any:
    """``value`` with arrays for their stand-ins."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if value is None or isinstance(value, (bool, int, float, str, np.ndarray)):
        return value
    kind = type(value)
    raise UnsafePickle(f'{kind.__module__}.{kind.__name__} is not allowed')


def load_plain(stream: BinaryIO) -> Any:
    """Content of a pickle of plain data; runs no code that it names.

    Numpy scalars come as Python's numbers.

    Raises:
        UnsafePickle: It holds anything else; names it.
        ValueError: It is cut off or not a pickle.
    """
    try:
        return _plain(_Unpickler(stream).load())
    except UnsafePickle:
        raise
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError,
            ImportError, KeyError, TypeError, ValueError, OverflowError,
            MemoryError, RecursionError) as error:
        raise ValueError(f'not a whole pickle ({error})') from None
