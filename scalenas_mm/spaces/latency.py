"""Times of networks on a machine, from a table of its operators."""
import hashlib
import json
from collections import defaultdict
from math import prod
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import nnls

from .cost import Size
from .errors import SettingError
from .latency_checks import check_table
from .operators import Operator, Used
from .space import Space

CHUNK = 4096  # keeps the columns of all operators in memory
Key = Tuple[str, Tuple[int, ...]]
Numbers = Tuple[int, ...]


class OperatorTimes:
    """Milliseconds of one operator at some numbers of channels.

    Between them it interpolates linearly in each number, and goes on like
    that beyond them; negative times are 0.

    Args:
        points (dict): From the free numbers to milliseconds. They are all
            combinations of some values of each number.
    """

    def __init__(self, points: Mapping[Numbers, float]) -> None:
        self.points = dict(points)
        axes = [np.unique(column) for column in zip(*self.points)]
        self._full = prod(map(len, axes)) == len(self.points)
        self._free = [i for i, axis in enumerate(axes) if len(axis) > 1]
        if not self._full or not self._free:
            return
        order = sorted(self.points)
        values = np.array([self.points[point] for point in order])
        self._between = RegularGridInterpolator(
            [axes[i].astype(float) for i in self._free],
            values.reshape([len(axes[i]) for i in self._free]),
            bounds_error=False,
            fill_value=None)

    def __call__(self, free: Sequence[Any]) -> Any:
        """For numbers, or arrays of them.

        Raises:
            KeyError: Points of no full grid do not have these numbers.
        """
        if all(np.ndim(one) == 0 for one in free):
            point = tuple(map(int, free))
            if point in self.points:
                return self.points[point]
        rows = np.stack(np.broadcast_arrays(*free), -1)
        if not self._full:
            rows = rows.reshape(-1, len(free)).tolist()
            return np.array([self.points[tuple(row)] for row in rows])
        if not self._free:
            return next(iter(self.points.values()))
        return np.maximum(self._between(rows[..., self._free]), 0)


class LatencyTable:
    """Milliseconds of the backbones of a space on one machine.

    Latency is a linear function, fitted on whole networks, of the sum over
    all operators and of their number. On the backends that are measured,
    operators run one after the other, also those of parallel branches: a sum
    is the model of all of them.

    Args:
        data (dict): What a JSON file holds, as
            ``tools/analysis_tools/build_latency_table.py`` writes it.
        where (str): Of errors.

    Attributes:
        name: Of the machine, as in ``latency@NAME``.
        input_size: Height and width of the image in pixels.
        device, backend, precision, batch, threads: How it was measured.
        drop_dead: Whether networks were without layers whose result reaches
            no output.
        check: How well it predicts networks that were not fitted.

    Raises:
        SettingError: Something is missing or no time; names it.
    """

    def __init__(self, data: Any, where: str = 'latency table') -> None:
        check_table(data, where)
        self.data = data
        self.name: str = data['name']
        self.input_size: Size = (data['input_size'][0], data['input_size'][1])
        self.device: str = data['device']
        self.backend: str = data['backend']
        self.precision: str = data['precision']
        self.batch: int = data['batch']
        self.threads: int = data['threads']
        self.drop_dead: bool = data['drop_dead']
        self.check: Dict[str, Any] = data.get('check', {})
        correction = data.get('correction', {})
        self.factor: float = correction.get('factor', 1.0)
        self.overhead: float = correction.get('operator', 0.0)
        points: Dict[Key, Dict[Numbers, float]] = defaultdict(dict)
        for row in data['operators']:
            key = row['kind'], tuple(row['fixed'])
            points[key][tuple(row['free'])] = row['ms']
        self.times = {key: OperatorTimes(row) for key, row in points.items()}

    @classmethod
    def read(cls, path: Union[str, Path]) -> 'LatencyTable':
        """From a JSON file.

        Raises:
            SettingError: It cannot be read, or as the class.
        """
        if not isinstance(path, (str, Path)):
            raise SettingError('latency table', 'the path of one', path)
        try:
            data = json.loads(Path(path).read_text(encoding='utf-8'))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingError(f'latency table {path}', 'a JSON file',
                               str(error)) from None
        return cls(data, f'latency table {path}')

    @property
    def digest(self) -> str:
        """Of all that is in it."""
        text = json.dumps(self.data, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def cost(self) -> str:
        """Name of the cost."""
        return f'latency@{self.name}'

    def check_fits(self, space: Space, input_size: Size) -> None:
        """Raise :class:`SettingError` unless it was measured for this space
        and this size of image."""
        where = f'latency table {self.name!r}'
        if self.input_size != tuple(input_size):
            raise SettingError(f'input_size of {where}',
                               str(tuple(input_size)), self.input_size)
        expected = json.loads(json.dumps(space.to_dict()))
        found = self.data['space']
        for key in {**expected, **found}:
            if expected.get(key) != found.get(key):
                raise SettingError(f'space.{key} of {where}',
                                   str(expected.get(key)), found.get(key))

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raise :class:`SettingError` unless it was measured for these
        options of a backbone, beside its space; unknown ones may differ."""
        for key, value in self.data.get('options', {}).items():
            if options.get(key, value) != value:
                raise SettingError(f'{key} of latency table {self.name!r}',
                                   str(options[key]), value)

    def sums(self, used: Sequence[Used], num: int) -> np.ndarray:
        """Milliseconds of all operators and their number, ``(num, 2)``.

        Raises:
            SettingError: The table lacks an operator.
        """
        ms, operators = np.zeros((2, num))
        for operator, times in used:
            if not np.any(times):
                continue
            ms += times * self._ms(operator)
            operators += times
        return np.stack([ms, operators], 1)

    def _ms(self, operator: Operator) -> Any:
        try:
            return self.times[operator.kind, operator.fixed](operator.free)
        except KeyError:
            raise SettingError(f'latency table {self.name!r}',
                               f'the time of {operator}', 'none') from None

    def batch_ms(self, space: Space, genes: np.ndarray) -> np.ndarray:
        """Milliseconds of canonical gene vectors, ``float64``."""
        out = np.empty(len(genes))
        for start in range(0, len(genes), CHUNK):
            part = genes[start:start + CHUNK]
            used = space.operators(part, self.input_size, self.drop_dead)
            out[start:start + CHUNK] = self.corrected(
                self.sums(used, len(part)))
        return out

    def corrected(self, sums: np.ndarray) -> np.ndarray:
        """Milliseconds from what :meth:`sums` gives."""
        return np.maximum(sums @ [self.factor, self.overhead], 0)


def read_tables(paths: Sequence[Union[str, Path]]) -> List[LatencyTable]:
    """Several tables.

    Raises:
        SettingError: As :meth:`LatencyTable.read`.
    """
    if not isinstance(paths, (list, tuple)):
        raise SettingError('latency', 'a list of tables', paths)
    return [LatencyTable.read(path) for path in paths]


def tables_identity(tables: Sequence[LatencyTable]) -> Dict[str, str]:
    """Digests of what latencies depend on, by name."""
    return {table.name: table.digest for table in tables}


def fit_correction(sums: np.ndarray, measured: np.ndarray,
                   least: float) -> Dict[str, float]:
    """The linear function from sums of operators to times of networks.

    An operator that is timed alone pays for its own call, which takes no
    more than the cheapest of them: so much is taken off each at most, and
    times that are predicted stay positive.

    Args:
        sums: As :meth:`LatencyTable.sums` gives, ``(num, 2)``.
        measured: Milliseconds, ``(num, )``. Relative errors are least.
        least: Milliseconds of the cheapest operator.
    """
    ms, operators = (sums / measured[:, None]).T
    columns = np.stack([ms - least * operators, operators], 1)
    factor, rest = nnls(columns, np.ones(len(columns)))[0]
    if factor <= 0 or np.linalg.cond(columns) > 1e6:
        # as many operators in all of them, or nothing but noise
        return dict(factor=float(1 / np.median(ms)), operator=0.0)
    return dict(factor=float(factor), operator=float(rest - factor * least))


def axis_values(values: Sequence[int], most: int) -> List[int]:
    """At most so many of some numbers, from the least to the greatest."""
    every = sorted(set(values))
    if len(every) <= most:
        return every
    places = np.linspace(0, len(every) - 1, most).round().astype(int)
    return [every[i] for i in places]
