"""An archive as a study of Optuna, for its dashboard."""
import json
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from scalenas_mm._files import PathLike, whole_file
from scalenas_mm.search.record import Record
from scalenas_mm.spaces import ArchError, SettingError, Space
from .search_report.page import ReportError
from .search_report.sources import Source
from .search_report.spaces import gene_names, value_names

DIRECTIONS = dict(max='maximize', min='minimize')
CHUNK = 200  # trials that are written at a time


def write_study(path: PathLike,
                source: Source,
                name: Optional[str] = None,
                genes: bool = True,
                force: bool = False) -> int:
    """Write candidates as the trials of a study, into a file of SQLite.

    Objectives of the search are those of the study. Genes are parameters,
    under their names in words; metrics, costs, digest, generation and parents
    are attributes of the trial. What failed is a failed trial. Trials take as
    long as candidates did; they begin when those did if that is known, else
    one after the other.

    Args:
        path (str | Path): The file; it is there whole or not at all.
        source (Source): From :func:`.search_report.read_source`.
        name (str, optional): Of the study. Defaults to that of the source.
        genes (bool): Whether to write parameters.
        force (bool): Whether to replace a file.

    Returns:
        int: How many parameters a trial has.

    Raises:
        ReportError: There is such a file.
        SettingError: Optuna is not installed, or the archive has no
            objectives or no candidates.
    """
    optuna = _optuna()
    if Path(path).exists() and not force:
        raise ReportError(f'{path} exists; --force overwrites it')
    objectives = {
        key: DIRECTIONS[way]
        for key, way in source.objectives().items() if way in DIRECTIONS
    }
    if not objectives or not source.records:
        raise SettingError(f'{source.path}', 'candidates and objectives',
                           f'{len(source.records)} and {len(objectives)}')
    space = source.space() if genes else None
    params = _params(space, source.records)
    begins = _begins(source)
    trials = [
        _trial(optuna, record, objectives, params, begin)
        for record, begin in zip(source.records, begins)
    ]
    with whole_file(path) as part:
        _store(optuna, part, name or source.name, objectives, trials)
    return len(params.names) if params else 0


def _optuna() -> Any:
    try:
        import optuna
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise SettingError('optuna', "pip install 'scalenas_mm[optuna]'",
                           f'none ({error})') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class _Params:
    """Parameters of architectures of a space."""

    def __init__(self, space: Space) -> None:
        from optuna.distributions import (CategoricalDistribution,
                                          IntDistribution)
        self.space = space
        self.names = gene_names(space)
        self.words = value_names(space)
        self.kinds: Dict[str, Any] = {}
        for name, allowed in zip(self.names, space.gene_choices()):
            self.kinds[name] = CategoricalDistribution(
                self.words[name]) if name in self.words else IntDistribution(
                    int(allowed[0]), int(allowed[-1]))

    def __call__(self, record: Record) -> Dict[str, Any]:
        genes = self.space.encode(self.space.from_dict(record.arch))
        return {
            name: self.words[name][value] if name in self.words else value
            for name, value in zip(self.names,
                                   np.asarray(genes).tolist())
        }


def _params(space: Optional[Space],
            records: Sequence[Record]) -> Optional[_Params]:
    """None where the space does not know its architectures."""
    if space is None:
        return None
    try:
        params = _Params(space)
        params(records[0])
    except ArchError:
        return None
    return params


def _begins(source: Source) -> List[datetime]:
    """When each candidate was begun."""
    known = {span.id: span.end - span.seconds for span in source.times}
    at = source.path.stat().st_mtime - sum(r.seconds for r in source.records)
    out = []
    for record in source.records:
        at = known.get(record.id, at)
        out.append(datetime.fromtimestamp(at))
        at += record.seconds
    return out


def _trial(optuna: Any, record: Record, objectives: Dict[str, str],
           params: Optional[_Params], begin: datetime) -> Any:
    values = {**record.cost, **record.metrics}
    good = record.ok and all(key in values for key in objectives)
    state = optuna.trial.TrialState
    trial = optuna.trial.create_trial(
        state=state.COMPLETE if good else state.FAIL,
        values=[float(values[key]) for key in objectives] if good else None,
        params=params(record) if params else {},
        distributions=params.kinds if params else {},
        user_attrs=_attributes(record))
    trial.datetime_start = begin
    trial.datetime_complete = begin + timedelta(seconds=record.seconds)
    return trial


def _attributes(record: Record) -> Dict[str, Any]:
    facts: Dict[str, Any] = dict(
        digest=record.digest,
        generation=record.generation,
        parents=record.parents)
    if record.error is not None:
        facts['error'] = record.error
    return {**record.metrics, **record.cost, **facts}


def _store(optuna: Any, path: Path, name: str, objectives: Dict[str, str],
           trials: Sequence[Any]) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import URL
    url = URL.create('sqlite', database=str(path))
    storage = optuna.storages.RDBStorage(url.render_as_string())
    storage.engine.dispose()
    event.listen(storage.engine, 'connect', _hurry)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=list(objectives.values()))
        with warnings.catch_warnings():  # that this is experimental
            warnings.simplefilter('ignore')
            study.set_metric_names(list(objectives))
        for first in range(0, len(trials), CHUNK):
            with storage.engine.begin() as connection:
                for model, rows in _rows(study._study_id, first,
                                         trials[first:first + CHUNK]):
                    if rows:
                        connection.execute(model.__table__.insert(), rows)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _hurry(connection: Any, _: Any) -> None:
    """No waiting for the disk: the file has its name when all is done."""
    for setting in ('synchronous = OFF', 'journal_mode = MEMORY'):
        connection.execute(f'PRAGMA {setting}')


def _rows(study: int, first: int,
          trials: Sequence[Any]) -> List[Tuple[Any, List[Dict[str, Any]]]]:
    """Rows of Optuna's tables. Its ``add_trials`` asks the database several
    times for each parameter of each trial, which takes minutes for hundreds of
    them."""
    from optuna.distributions import distribution_to_json
    from optuna.storages._rdb import models
    texts: Dict[int, str] = {}  # distributions are those of all trials
    out: Dict[Any, List[Dict[str, Any]]] = {
        models.TrialModel: [],
        models.TrialValueModel: [],
        models.TrialParamModel: [],
        models.TrialUserAttributeModel: []
    }
    finite = models.TrialValueModel.TrialValueType.FINITE
    for number, trial in enumerate(trials, first):
        own = dict(trial_id=number + 1)
        out[models.TrialModel].append(
            dict(
                own,
                number=number,
                study_id=study,
                state=trial.state,
                datetime_start=trial.datetime_start,
                datetime_complete=trial.datetime_complete))
        out[models.TrialValueModel] += [
            dict(own, objective=i, value=value, value_type=finite)
            for i, value in enumerate(trial.values or ())
        ]
        for name, value in trial.params.items():
            kind = trial.distributions[name]
            if id(kind) not in texts:
                texts[id(kind)] = distribution_to_json(kind)
            out[models.TrialParamModel].append(
                dict(
                    own,
                    param_name=name,
                    param_value=kind.to_internal_repr(value),
                    distribution_json=texts[id(kind)]))
        out[models.TrialUserAttributeModel] += [
            dict(own, key=key, value_json=json.dumps(value))
            for key, value in trial.user_attrs.items()
        ]
    return list(out.items())
