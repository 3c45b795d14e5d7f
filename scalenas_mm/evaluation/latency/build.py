"""Measure the operators of a space, then whole networks."""
import itertools
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import (Any, Callable, Dict, List, Mapping, NamedTuple, Sequence,
                    Tuple)

import numpy as np
import torch
from torch import nn

from scalenas_mm._files import write_atomic
from scalenas_mm.spaces import SettingError, Space
from scalenas_mm.spaces.latency import (LatencyTable, axis_values,
                                        fit_correction)
from scalenas_mm.spaces.latency_checks import FORMAT
from scalenas_mm.spaces.operators import Operator
from .backends import Backend, device_name
from .modules import build_operator
from .progress import Progress
from .timing import Control, Timed, interleaved, timed

SAMPLES = 2000  # architectures that say which numbers of channels there are
MOST = {1: 8, 2: 6, 3: 4}  # values of each number, by how many there are
AT_ONCE = 24  # operators that take turns; stored together
NETWORKS_AT_ONCE = 5
VISITS = 3  # of each
FITTED, CHECKED = 10, 30
Say = Callable[[int, int, str], None]


class Task(NamedTuple):
    """What is measured.

    Attributes:
        name: Of the machine.
        space: The space.
        build: A backbone of an architecture.
        input_size: Height and width of the image in pixels.
        batch: Images at once.
        options: What the backbone says beside its space.
        drop_dead: Whether it leaves out dead layers.
        seed: Of the networks that are measured.
        rounds: How often everything is timed.
    """
    name: str
    space: Space
    build: Callable[[Any], nn.Module]
    input_size: Tuple[int, int]
    batch: int = 1
    options: Mapping[str, Any] = {}
    drop_dead: bool = True
    seed: int = 0
    rounds: int = 30

    def settings(self, backend: Backend) -> Dict[str, Any]:
        """The head of the table."""
        return json.loads(
            json.dumps(
                dict(
                    format=FORMAT,
                    name=self.name,
                    device=device_name(backend.device),
                    backend=backend.name,
                    precision=backend.precision,
                    batch=self.batch,
                    threads=backend.threads,
                    input_size=list(self.input_size),
                    rounds=self.rounds,
                    seed=self.seed,
                    drop_dead=self.drop_dead,
                    versions=backend.versions(),
                    options=dict(self.options),
                    space=self.space.to_dict())))


def sampled_genes(task: Task, num: int) -> np.ndarray:
    """Different architectures, spread over the costs of the space, with the
    largest and the smallest first."""
    space, rng = task.space, np.random.default_rng(task.seed)
    ends = [space.encode(space.max_arch()), space.encode(space.min_arch())]
    rows = [*np.array(ends)]
    seen = {row.tobytes() for row in rows}
    for row in space.spread_genes(rng, 4 * num):
        if len(rows) < num and row.tobytes() not in seen:
            seen.add(row.tobytes())
            rows.append(row)
    return np.array(rows)


def operators_to_time(task: Task) -> List[Operator]:
    """Of each kind and size a grid over all numbers of channels."""
    genes = sampled_genes(task, SAMPLES)
    used = task.space.operators(genes, task.input_size, task.drop_dead)
    seen: Dict[Any, List[set]] = {}
    for (kind, fixed, free), times in used:
        axes = seen.setdefault((kind, fixed), [set() for _ in free])
        runs = np.broadcast_to(np.asarray(times) > 0, len(genes))
        for axis, numbers in zip(axes, free):
            found = np.broadcast_to(numbers, len(genes))[runs]
            axis.update(int(one) for one in np.unique(found) if one > 0)
    out = []
    for (kind, fixed), axes in seen.items():
        most = MOST.get(len(axes), 3)
        thinned = [axis_values(sorted(axis), most) for axis in axes]
        out += [
            Operator(kind, tuple(map(int, fixed)), free)
            for free in itertools.product(*thinned)
        ]
    return out


def unfinished(path: Path) -> Path:
    """Where a table is until it is done."""
    return path.with_name(f'{path.name}.part.jsonl')


def build_table(task: Task,
                backend: Backend,
                path: Path,
                say: Say = lambda done, total, what: None) -> LatencyTable:
    """Measure and write a table; it goes on where it ended.

    Args:
        task (Task): What is measured.
        backend (Backend): By what.
        path (Path): The JSON file. What is not finished is beside it.
        say (Callable): Called with how much is done, of how much, and what.

    Raises:
        SettingError: The space names no operators, or what is beside
            ``path`` was measured otherwise.
    """
    settings = task.settings(backend)
    operators = {str(list(one)): one for one in operators_to_time(task)}
    genes = sampled_genes(task, FITTED + CHECKED)
    rng = np.random.default_rng(task.seed)
    genes = genes[rng.permutation(len(genes))]
    if len(genes) <= FITTED:
        raise SettingError('the space', f'more than {FITTED} networks to fit '
                           'and check', len(genes))
    networks = {f'network {i}': row for i, row in enumerate(genes)}
    part = unfinished(path)
    torch.manual_seed(task.seed)
    with Progress(part, settings) as progress, TemporaryDirectory() as folder:
        _measure(task, backend, (operators, networks), progress, say,
                 Path(folder))
        found = _times(progress, [*operators, *networks])
    data = json.loads(
        json.dumps(
            dict(
                settings,
                operators=[
                    dict(one._asdict(), **found[key]._asdict())
                    for key, one in operators.items()
                ])))
    times = np.array([found[key].ms for key in networks])
    data.update(_checked(task, LatencyTable(data), genes, times))
    write_atomic(path, _text(data))
    part.unlink()
    return LatencyTable(data)


def _measure(task: Task, backend: Backend, groups: Tuple[Dict[str, Any],
                                                         Dict[str, Any]],
             progress: Progress, say: Say, folder: Path) -> None:
    """Time operators and networks, in several visits: what is slow for a
    while spoils one of them. Files for the next visit go to ``folder``."""
    control, rng = Control(backend.device), np.random.default_rng(task.seed)
    total = VISITS * sum(map(len, groups))
    rounds = -(-task.rounds // VISITS)
    for visit in range(VISITS):
        for things, at_once in zip(groups, (AT_ONCE, NETWORKS_AT_ONCE)):
            # neighbours in the list are alike: what takes turns is mixed
            keys = list(things)
            mixed = [keys[i] for i in rng.permutation(len(keys))]
            missing = [
                key for key in mixed
                if _visited(key, visit) not in progress.rows
            ]
            for start in range(0, len(missing), at_once):
                say(len(progress.rows), total, missing[start])
                chosen = missing[start:start + at_once]
                runs = {
                    key: _prepared(task, backend, things[key], folder / key)
                    for key in chosen
                }
                found = interleaved(runs, control, rounds)
                progress.add({
                    _visited(key, visit): dict(times=found[key])
                    for key in chosen
                })


def _visited(key: str, visit: int) -> str:
    return f'{key}, visit {visit + 1}'


def _times(progress: Progress, keys: Sequence[str]) -> Dict[str, Timed]:
    """Of all visits together."""
    return timed({
        key: [
            row for visit in range(VISITS)
            for row in progress.rows[_visited(key, visit)]['times']
        ]
        for key in keys
    })


def _prepared(task: Task, backend: Backend, thing: Any, path: Path) -> Any:
    """What runs an operator, or a network by its genes."""
    return backend.prepare_often(path, lambda: _module(task, thing))


def _module(task: Task, thing: Any) -> Tuple[nn.Module, Any]:
    """An operator or a network, and random inputs for it."""
    if isinstance(thing, Operator):
        return build_operator(thing, task.batch, task.options)
    channels = getattr(task.space, 'in_channels', 3)
    image = torch.randn(task.batch, channels, *task.input_size)
    return task.build(task.space.decode(thing)).eval(), (image, )


def _checked(task: Task, table: LatencyTable, genes: np.ndarray,
             times: np.ndarray) -> Dict[str, Any]:
    """Fit some networks, and predict the others."""
    from scipy.stats import spearmanr
    used = task.space.operators(genes, task.input_size, task.drop_dead)
    sums = table.sums(used, len(genes))
    correction = fit_correction(
        sums[:FITTED], times[:FITTED],
        min(row['ms'] for row in table.data['operators']))
    predicted = LatencyTable(dict(table.data,
                                  correction=correction)).corrected(sums)
    rest = slice(FITTED, None)
    errors = np.abs(predicted / times - 1)[rest]
    return dict(
        correction=correction,
        check=dict(
            networks=len(errors),
            spearman=float(spearmanr(predicted[rest], times[rest])[0]),
            mean_error=float(errors.mean()),
            worst_error=float(errors.max()),
            measured_ms=times[rest].round(4).tolist(),
            predicted_ms=predicted[rest].round(4).tolist()))


def _text(data: Mapping[str, Any]) -> str:
    """JSON with a line for each operator."""
    head = json.dumps({**data, 'operators': []}, indent=2)
    rows = ',\n'.join('    ' + json.dumps(row) for row in data['operators'])
    return head.replace('"operators": []',
                        f'"operators": [\n{rows}\n  ]') + ('\n')
