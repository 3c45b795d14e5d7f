"""Foreign pickles: plain data come out whole, everything else is refused."""
import io
import os
import pickle
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest

from scalenas_mm._safe_pickle import STAND_INS, UnsafePickle, load_plain

PLAIN = dict(
    list=[1, 2.5, True, None, 'text', -2**70],
    tuple=((1, 2), 3),
    floats=np.arange(6.).reshape(2, 3) / 7,
    fortran=np.asfortranarray(np.arange(6, dtype='>i4').reshape(2, 3)),
    text=np.array(['a', 'bcd']),
    flags=np.array([True, False]),
    none=np.zeros((0, 3), np.float32),
    strided=np.arange(10)[::3],
    scalar=np.float32(0.1))


class Call:
    """Pickled as a call of a function, and then a state."""

    def __init__(self, function, *args, state=None):
        self.parts = (function, args, state)

    def __reduce__(self):
        return self.parts


def load(thing, protocol=None):
    return load_plain(io.BytesIO(pickle.dumps(thing, protocol)))


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_of_all_protocols(protocol):
    found = load(PLAIN, protocol)
    assert list(found) == list(PLAIN)
    for key, value in PLAIN.items():
        if isinstance(value, np.ndarray):
            assert found[key].dtype == value.dtype
            np.testing.assert_array_equal(found[key], value)
        else:
            assert found[key] == value
    assert type(found['scalar']) is float


def test_arrays_of_objects():
    inner = np.empty(2, object)
    inner[:] = [np.arange(3), dict(f=[1])]
    first, second = load(dict(a=[inner]))['a'][0]
    assert first.tolist() == [0, 1, 2] and second == dict(f=[1])
    assert load(OrderedDict(b=1)) == dict(b=1)


@pytest.mark.parametrize('thing, name', [
    (Call(os.system, 'echo executed'), 'posix.system'),
    (Call(eval, 'print("executed")'), 'builtins.eval'),
    (Call(np.load, 'executed'), 'numpy.load'),
    (Fraction(1, 2), 'fractions.Fraction'),
    (np.random.default_rng, 'numpy.random._generator.default_rng'),
    (np.zeros(2, 'f8,O'), r"numpy.dtype\('V16'\)"),
    (np.datetime64('2020'), r"numpy.dtype\('M8'\)"),
    ({1, 2}, 'builtins.set'),
    ([b'bytes'], 'builtins.bytes'),
    (2j, 'builtins.complex'),
])
@pytest.mark.parametrize('protocol', [2, 4])
def test_anything_else_is_refused_by_name(thing, name, protocol, capfd):
    with pytest.raises(UnsafePickle, match=f'{name} is not allowed'):
        load([1, thing], protocol)
    assert 'executed' not in capfd.readouterr().out


def test_numpy_cannot_be_made_to_follow_pointers():
    """The state makes numpy take bytes for addresses of objects: reading the
    array as numpy itself unpickles it ends the process."""
    dtype = Call(
        np.dtype,
        'O8',
        False,
        True,
        state=(3, '|', None, None, None, -1, -1, 0))
    array = Call(
        np.zeros(1).__reduce__()[0],
        np.ndarray, (0, ),
        b'b',
        state=(1, (1, ), dtype, False, b'A' * 8))
    with pytest.raises(ValueError, match='8 values for an array of'):
        load(array)


@pytest.mark.parametrize('data', [
    b'', b'text', b'\x80\x04',
    pickle.dumps(PLAIN)[:-20],
    pickle.dumps(np.arange(100))[:200],
    pickle.dumps(Call(np.ndarray, 3)),
    pickle.dumps(Call(np.dtype, 'f8', state=dict(newbyteorder=1)))
])
def test_broken_pickles(data):
    with pytest.raises(ValueError, match='not a whole pickle'):
        load_plain(io.BytesIO(data))


def test_a_pickle_cannot_change_the_reader():
    """Attributes of the functions that it names are out of its reach."""
    function = pickle.dumps(np.zeros(1).__reduce__()[0], 2)[:-1]
    state = pickle.dumps(dict(poison=1), 2)[2:-1]
    with pytest.raises(UnsafePickle, match='builtins.function'):
        load_plain(io.BytesIO(function + state + pickle.BUILD + pickle.STOP))
    assert not [f for f in STAND_INS.values() if hasattr(f, 'poison')]
