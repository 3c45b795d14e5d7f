"""A table of measured architectures."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

import numpy as np
import pandas as pd

from .._files import whole_file
from ..spaces import Arch, Space
from .codes import BenchmarkError, as_code, code_text


@dataclass(frozen=True, eq=False)
class ArchTable:
    """Measured architectures of one setting.

    Attributes:
        name: The setting.
        codes: Codes of the architectures, int64, shape ``(num, genes)``.
        columns: Metrics and costs by name, float64, shape ``(num,)`` each.
            In NAS-Bench-MR the ``flops`` are in G and the ``params`` in M.
        main: Name of the main metric.
        space: The space of the codes, if it is known.
    """
    name: str
    codes: np.ndarray
    columns: Dict[str, np.ndarray]
    main: str
    space: Optional[Space] = None
    _rows: Dict[bytes, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = {code.tobytes(): i for i, code in enumerate(self.codes)}
        object.__setattr__(self, '_rows', rows)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def main_values(self) -> np.ndarray:
        """The main metric of every row."""
        return self.columns[self.main]

    def column(self, metric: str) -> np.ndarray:
        """A metric of every row.

        Raises:
            BenchmarkError: There is none of this name.
        """
        if metric not in self.columns:
            raise BenchmarkError('metric', f'one of {", ".join(self.columns)}',
                                 metric)
        return self.columns[metric]

    # -- questions --------------------------------------------------------
    def find(self, code: Any) -> Optional[int]:
        """Row of an architecture, or None; ``code`` as in :meth:`query`."""
        return self._rows.get(self._genes(code).tobytes())

    def query(self, code: Any) -> Dict[str, float]:
        """What was measured for an architecture.

        Args:
            code: An architecture, a code string, or a sequence of numbers.

        Raises:
            BenchmarkError: It is no code, or it was not measured; then says
                which one is the nearest.
        """
        row = self.find(code)
        if row is None:
            row, distance = self.nearest(code)
            raise BenchmarkError(
                'code', f'one of the {len(self)} measured for {self.name}; '
                f'the nearest, at a distance of {distance:.3g}, is '
                f'{code_text(self.codes[row])}', code_text(self._genes(code)))
        return {key: float(col[row]) for key, col in self.columns.items()}

    def nearest(self, code: Any) -> Tuple[int, float]:
        """Row of the nearest architecture, and how far it is, as
        :meth:`distances`."""
        distances = self.distances(code)
        row = int(distances.argmin())
        return row, float(distances[row])

    def distances(self, code: Any) -> np.ndarray:
        """How far every row is from an architecture, shape ``(num,)``.

        The sum over the genes of the absolute differences, each divided by
        the range of the gene in the space (if that is not known, in the
        table).

        Args:
            code: As in :meth:`query`.

        Raises:
            BenchmarkError: It is no code.
        """
        scaled = abs(self.codes - self._genes(code)) / self._ranges()
        return scaled.sum(1)

    def _ranges(self) -> np.ndarray:
        if self.space is None:
            return np.maximum(np.ptp(self.codes, axis=0), 1)
        choices = self.space.gene_choices()
        return np.array([max(int(c[-1]) - int(c[0]), 1) for c in choices])

    def _genes(self, code: Any) -> np.ndarray:
        if self.space is not None:
            if isinstance(code, str) and '~' in code:  # NAS-Bench-201's form
                code = self.space.resolve(code)
            if isinstance(code, Arch):
                code = self.space.encode(code)
        return as_code(code, self.codes.shape[1])

    # -- parts ------------------------------------------------------------
    def take(self, rows: np.ndarray) -> 'ArchTable':
        """The table of some rows."""
        columns = {key: col[rows] for key, col in self.columns.items()}
        return ArchTable(self.name, self.codes[rows], columns, self.main,
                         self.space)

    def sample(self, num: int, seed: int = 0) -> np.ndarray:
        """``num`` different random rows, equal for equal seeds.

        Raises:
            BenchmarkError: There are not so many, or ``num`` is below 1.
        """
        if not 1 <= num <= len(self):
            raise BenchmarkError(
                'num', f'at least 1 and at most the {len(self)} rows of '
                f'{self.name}', num)
        return np.random.default_rng(seed).permutation(len(self))[:num]

    def split(self,
              num_train: int = 2000,
              num_val: int = 500,
              seed: int = 0) -> Tuple[np.ndarray, np.ndarray]:
        """Disjoint random rows to train and to validate a predictor.

        Raises:
            BenchmarkError: There are not so many, or they are too few: at
                least two to train and one to validate.
        """
        for name, value, least in (('num_train', num_train, 2), ('num_val',
                                                                 num_val, 1)):
            if value < least:
                raise BenchmarkError(name, f'at least {least}', value)
        rows = self.sample(num_train + num_val, seed)
        return rows[:num_train], rows[num_train:]

    # -- files ------------------------------------------------------------
    def to_frame(self) -> pd.DataFrame:
        """Columns ``c0``, ``c1``, ... and then the metrics."""
        genes = {f'c{i}': gene for i, gene in enumerate(self.codes.T)}
        return pd.DataFrame({**genes, **self.columns})

    def to_csv(self, path: Union[str, Path]) -> None:
        """Write a CSV file that is read back exactly; whole or not at all."""
        frame = self.to_frame()
        with whole_file(path) as part:
            frame.to_csv(part, index=False)

    def to_parquet(self, path: Union[str, Path]) -> None:
        """As :meth:`to_csv`, a Parquet file."""
        require_parquet(Path(path))
        frame = self.to_frame()
        with whole_file(path) as part:
            frame.to_parquet(part, engine='pyarrow', index=False)


def require_parquet(path: Path) -> None:
    """Raise :class:`BenchmarkError` unless Parquet files can be handled."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise BenchmarkError(
            str(path), 'pyarrow for Parquet files (pip install pyarrow)',
            'no pyarrow') from None
