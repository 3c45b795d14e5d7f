"""Metrics of a setting, and how they went during the trainings."""
from pathlib import Path
from typing import List, Optional, Sequence, Union

import pandas as pd

from scalenas_mm.benchmarks import ArchTable
from scalenas_mm.benchmarks.archives import archive_files
from scalenas_mm.search import read_archive

COSTS = ('flops', 'params')
COLUMNS = 6  # of the matrix of steps


def metrics_of(table: ArchTable,
               most: int,
               wanted: Optional[Sequence[str]] = None) -> pd.DataFrame:
    """At most ``most`` metrics of every network, the main one first.

    Args:
        table (ArchTable): Of a setting.
        most (int): How many.
        wanted (Sequence[str], optional): Names; by default all that are no
            costs.

    Raises:
        BenchmarkError: There is none of such a name.
    """
    names = [table.main, *table.columns]
    names = list(wanted or ()) or [
        name for name in dict.fromkeys(names) if name.lower() not in COSTS
    ]
    return pd.DataFrame({name: table.column(name) for name in names[:most]})


def curve_files(root: Union[str, Path], setting: str) -> List[Path]:
    """Archives that may hold the curves of a setting."""
    root = Path(root)
    places = [root / setting, root / f'{setting}.jsonl']
    if root.is_file() or root.resolve().name == setting:
        places += [root.with_suffix(''), root]
    return [
        file for place in dict.fromkeys(places)
        for file in archive_files(place)
        if file.suffix == '.jsonl' and file.is_file()
    ]


def steps_of(files: Sequence[Path], metric: str) -> Optional[pd.DataFrame]:
    """The metric of each network (row) after steps that all of them have.

    At most six steps, evenly spread, the last one among them; None if there
    are not two.
    """
    curves = [{
        int(step): value
        for step, value in record.curves[metric]
    } for file in files for record in read_archive(file)
              if record.ok and metric in record.curves]
    frame = pd.DataFrame(curves).dropna(axis=1)
    frame = frame[sorted(frame)]
    if len(frame) < 2 or frame.shape[1] < 2:
        return None
    stride = -(-frame.shape[1] // COLUMNS)
    return frame.iloc[:, ::-1].iloc[:, ::stride].iloc[:, ::-1]
