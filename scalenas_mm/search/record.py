"""One evaluated candidate."""
import json
import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

OK = 'ok'
FAILED = 'failed'


@dataclass(frozen=True)
class Record:
    """A line of the archive.

    Attributes:
        id: Position in the archive, from 0.
        digest: Digest of the architecture.
        arch: The architecture as a dict.
        metrics: What the task's evaluator returned.
        cost: Costs by name; numbers of things are exact integers.
        parents: Ids of the candidates it descends from.
        generation: 0 for the initial population.
        status: ``ok`` or ``failed``.
        seconds: How long the evaluation took.
        error: Why it failed.
        curves: How metrics went during a training, by name: pairs of step
            and value.
        step: Of a network that shrinks while it trains: iterations done.
        weights: Digest of the weights that were measured, where each
            candidate has weights of its own.
        name: Of a network that a search is compared with, such as HRNet.
    """
    id: int
    digest: str
    arch: Dict[str, Any]
    metrics: Dict[str, float] = field(default_factory=dict)
    cost: Dict[str, Any] = field(default_factory=dict)
    parents: List[int] = field(default_factory=list)
    generation: int = 0
    status: str = OK
    seconds: float = 0.0
    error: Optional[str] = None
    curves: Dict[str, List[List[float]]] = field(default_factory=dict)
    step: Optional[int] = None
    weights: Optional[str] = None
    name: Optional[str] = None

    @property
    def ok(self) -> bool:
        return self.status == OK

    def value(self, key: str) -> float:
        """A cost or metric by name.

        Raises:
            KeyError: There is none of this name; lists those there are.
        """
        for values in (self.cost, self.metrics):
            if key in values:
                return values[key]
        raise KeyError(f'{key!r} is not among the metrics and costs '
                       f'{sorted({**self.metrics, **self.cost})}')

    def to_json(self) -> str:
        """One line of JSON; no curves and what is None are left out."""
        data = {k: v for k, v in vars(self).items() if v is not None}
        if not self.curves:
            del data['curves']
        return json.dumps(data, allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> 'Record':
        """Inverse of :meth:`to_json`.

        Raises:
            ValueError: Not a JSON object, or fields or types are wrong.
        """
        data = json.loads(line)
        if not isinstance(data, dict):
            raise ValueError('expected an object')
        try:
            record = cls(**data)
        except TypeError as error:
            raise ValueError(str(error).replace('Record.__init__() ',
                                                '')) from None
        record._check()
        return record

    def _check(self) -> None:
        for name, kind in (('id', int), ('digest', str), ('parents', list),
                           ('generation', int)):
            if not isinstance(getattr(self, name), kind):
                raise ValueError(f'{name}: expected {kind.__name__}, got '
                                 f'{getattr(self, name)!r}')
        for name, kind in (('step', int), ('weights', str), ('name', str)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise ValueError(f'{name}: expected {kind.__name__}, got '
                                 f'{value!r}')
        if self.status not in (OK, FAILED):
            raise ValueError(f'status: expected ok or failed, got '
                             f'{self.status!r}')
        for name in ('arch', 'metrics', 'cost', 'curves'):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f'{name}: expected an object')
        for key, value in {**self.metrics, **self.cost}.items():
            if not _is_number(value):
                raise ValueError(f'{key}: expected a number, got {value!r}')
        for key, curve in self.curves.items():
            if not isinstance(curve, list) or not all(map(_is_pair, curve)):
                raise ValueError(f'curves.{key}: expected pairs of step and '
                                 f'value, got {curve!r}')


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:  # an integer of more than 308 digits
        return False


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(
        map(_is_number, value))
