"""NAS-Bench-MR: one set of architectures, measured in many settings."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import pandas as pd

from .archives import archive_files
from .codes import BenchmarkError
from .readers import READERS, read_table
from .settings import PAPER
from .table import ArchTable

RELEASED = 'trainval'  # in a folder of the setting's name


class NASBenchMR:
    """The benchmark of NCP, section 3.2, or one made in the same way.

    Args:
        root (str | Path): A folder of tables, or one table. Settings are
            named by the files' stems: ``<setting>.csv``, ``.parquet``,
            ``.pkl``, ``.pickle`` or ``.jsonl`` (the archive of a search), or
            by folders: ``<setting>/trainval.pkl``, as released, or
            ``<setting>/rows_*.jsonl``.
        columns (Mapping[str, Sequence[str]], optional): Which of the metrics
            to keep, by setting.
        main (Mapping[str, str], optional): The main metric by setting, where
            it is not the published one.

    Raises:
        BenchmarkError: There is no such folder or file, no table in it, or
            two of one setting. Tables are read when they are first used; that
            may raise, too.
    """

    def __init__(self,
                 root: Union[str, Path],
                 columns: Optional[Mapping[str, Sequence[str]]] = None,
                 main: Optional[Mapping[str, str]] = None) -> None:
        self.root = Path(root)
        self._paths = find_tables(self.root)
        self._columns = dict(columns or {})
        self._main = dict(main or {})
        for name in [*self._columns, *self._main]:
            self._path(name)
        self._tables: Dict[str, ArchTable] = {}

    @property
    def settings(self) -> Tuple[str, ...]:
        """Those found: the paper's in its order, then others by name."""
        return tuple(self._paths)

    def _path(self, setting: str) -> Path:
        if setting not in self._paths:
            raise BenchmarkError('setting', f'one of {", ".join(self._paths)}',
                                 setting)
        return self._paths[setting]

    def table(self, setting: str) -> ArchTable:
        """All that was measured in a setting; read once.

        Raises:
            BenchmarkError: There is no such setting, or its file is wrong.
        """
        path = self._path(setting)
        if setting not in self._tables:
            self._tables[setting] = read_table(setting, path,
                                               self._columns.get(setting),
                                               self._main.get(setting))
        return self._tables[setting]

    def query(self, code: Any, setting: str) -> Dict[str, float]:
        """What was measured for an architecture, as
        :meth:`ArchTable.query`."""
        return self.table(setting).query(code)

    def sample(self, setting: str, num: int, seed: int = 0) -> ArchTable:
        """A table of ``num`` random rows."""
        table = self.table(setting)
        return table.take(table.sample(num, seed))

    def main_metric(self, setting: str) -> str:
        """Name of the main metric."""
        return self.table(setting).main

    # -- all settings -----------------------------------------------------
    @property
    def codes(self) -> np.ndarray:
        """The codes measured in all settings of the paper that are here (of
        another benchmark: in all settings), int64, ``(num, genes)``."""
        return self._common(None)[0].codes

    def statistics(self,
                   setting: str,
                   metric: Optional[str] = None) -> Dict[str, float]:
        """``num``, ``mean``, ``std`` (of all rows, not an estimate), ``min``
        and ``max`` of a metric, by default the main one (table 6)."""
        table = self.table(setting)
        values = table.column(metric or table.main)
        return dict(
            num=len(values),
            mean=float(values.mean()),
            std=float(values.std()),
            min=float(values.min()),
            max=float(values.max()))

    def spearman(self,
                 settings: Optional[Sequence[str]] = None) -> pd.DataFrame:
        """Rank correlation of the main metrics between settings (figure 4).

        Args:
            settings (Sequence[str], optional): By default those of the paper
                that are here, or all if there are none.

        Raises:
            BenchmarkError: Fewer than two architectures were measured in all
                of them.
        """
        tables = self._common(settings)
        frame = pd.DataFrame({t.name: t.main_values for t in tables})
        return frame.rank().corr()

    def _common(self,
                settings: Optional[Sequence[str]]) -> Sequence[ArchTable]:
        """The tables, reduced to the codes in all of them, in one order."""
        if settings is None:
            paper = [name for name in self.settings if name in PAPER]
            settings = paper or self.settings
        tables = [self.table(name) for name in settings]
        if len({table.codes.shape[1] for table in tables}) != 1:
            raise BenchmarkError('settings', 'settings of one space',
                                 list(settings))
        first = tables[0]
        rows = [[table.find(code) for table in tables] for code in first.codes]
        both = np.array([row for row in rows if None not in row], dtype=int)
        if len(both) < 2:
            raise BenchmarkError(
                'settings', 'at least 2 architectures that '
                f'all of {", ".join(settings)} measured', len(both))
        return [table.take(both[:, i]) for i, table in enumerate(tables)]


def find_tables(root: Path) -> Dict[str, Path]:
    """Files or folders of the tables by setting.

    Raises:
        BenchmarkError: There are none, or two of one setting.
    """
    if not root.exists():
        raise BenchmarkError('root', 'a folder of tables, or a table',
                             str(root))
    tables = list_tables(root)
    if not tables:
        kinds = ', '.join([*READERS, '.jsonl'])
        raise BenchmarkError(f'root {root}', f'tables ({kinds})', 'none')
    found: Dict[str, Path] = {}
    for name, path in tables:
        if name in found:
            raise BenchmarkError(f'root {root}', f'one table of {name}',
                                 f'{found[name].name} and {path.name}')
        found[name] = path
    order = [*PAPER, *(name for name in found if name not in PAPER)]
    return {name: found[name] for name in order if name in found}


def list_tables(root: Path) -> List[Tuple[str, Path]]:
    """All tables of a folder, or the one table, with their settings; there
    may be several of one setting."""
    paths = [root] if _is_table(root) else sorted(
        path for path in (*root.glob('*'), *root.glob(f'*/{RELEASED}.*'))
        if _is_table(path))
    return [(_setting_of(path), path) for path in paths]


def _setting_of(path: Path) -> str:
    if path.stem == RELEASED:
        return path.resolve().parent.name
    return path.resolve().name if path.is_dir() else path.stem


def _is_table(path: Path) -> bool:
    if path.is_dir():
        return bool(archive_files(path))
    if path.name.endswith('.failed.jsonl'):  # earlier tries of an archive
        return False
    return path.suffix in {*READERS, '.jsonl'}
