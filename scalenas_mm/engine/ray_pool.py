"""Workers as actors of Ray Core."""
import os
import sys
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config
from mmengine.dist import get_world_size

from scalenas_mm.evaluation import Outcome
from scalenas_mm.evaluation.elastic import Done, Elastic, Lost, Pool, Ready
from scalenas_mm.evaluation.population import MOST
from scalenas_mm.spaces import SettingError
from .interruption import handlers_kept
from .worker_loop import Worker, worker_config

POLL = 5  # seconds between two looks at what the cluster has


def connect(address: Optional[str] = None) -> None:
    """Start Ray on this machine, or join a cluster.

    Args:
        address (str, optional): Of a cluster, ``auto`` for the one of this
            machine. Ray is started here if there is none.

    Raises:
        SettingError: Ray is not installed, the cluster cannot be reached, or
            it is to be reached without a token.
    """
    try:
        import ray
    except ImportError as error:
        raise SettingError('workers', "Ray: pip install 'scalenas_mm[ray]'",
                           f'none ({error})') from None
    if ray.is_initialized():
        return
    if address is not None and os.environ.get('RAY_AUTH_MODE') != 'token':
        raise SettingError(
            'RAY_AUTH_MODE', "token, as anyone who reaches a cluster's port "
            'can run code on it: ray get-auth-token --generate makes one',
            os.environ.get('RAY_AUTH_MODE'))
    options: Dict[str, Any] = dict(log_to_driver=False, logging_level='ERROR')
    if address is None:
        options.update(include_dashboard=False)
    try:
        with handlers_kept():
            ray.init(address=address or 'local', **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise SettingError('address', 'a cluster of Ray that runs',
                           f'{address} ({error})') from None


class RayPool(Pool):
    """Actors of Ray, each with a supernet and data of its own.

    Actors that are lost are replaced; if ``num`` is not given there are as
    many as the cluster has room for, also when it grows.

    Args:
        config (dict): From :func:`.worker_config`.
        supernet (str): Digest that the weights of each worker must have.
        num (int, optional): How many.
        cpus (float): Cores of a worker.
        gpus (float, optional): GPUs of a worker; by default one if the
            cluster has any.
        address (str, optional): As for :func:`connect`.

    Raises:
        SettingError: As :func:`connect`.
    """

    def __init__(self,
                 config: Mapping[str, Any],
                 supernet: str,
                 num: Optional[int] = None,
                 cpus: float = 1,
                 gpus: Optional[float] = None,
                 address: Optional[str] = None) -> None:
        connect(address)
        import ray
        self.ray = ray
        self.supernet = supernet
        self.wanted = num
        self.cpus = cpus
        if gpus is None:
            gpus = float(ray.cluster_resources().get('GPU', 0) > 0)
        self.gpus = gpus
        # one copy for all of them
        self._config = ray.put(dict(config))
        self._make = ray.remote(
            num_cpus=cpus, num_gpus=gpus, max_restarts=0)(
                Worker)
        self._actors: Dict[int, Any] = {}
        self._refs: Dict[Any, int] = {}  # what is awaited, and from whom
        self._starting: Dict[int, None] = {}
        self._calibration: Optional[str] = None
        self._made = 0
        self._looked = float('-inf')
        self._room = 0

    @property
    def num(self) -> int:
        return len(self._actors)

    def submit(self, worker: Any, archs: Sequence[Any]) -> None:
        plain = [arch.to_dict() for arch in archs]
        ref = self._actors[worker].measure.remote(plain)
        self._refs[ref] = worker

    def wait(self, seconds: float) -> List[Any]:
        self._fill()
        refs = list(self._refs)
        if not refs:
            time.sleep(seconds)
            return []
        ready, _ = self.ray.wait(refs, num_returns=1, timeout=seconds)
        if ready:  # and whatever else there is
            ready, _ = self.ray.wait(refs, num_returns=len(refs), timeout=0)
        return [self._event(self._refs.pop(ref), ref) for ref in ready]

    def _event(self, worker: int, ref: Any) -> Any:
        errors = self.ray.exceptions
        try:
            result = self.ray.get(ref)
        except errors.RayTaskError as error:
            self.end(worker)
            return Lost(worker, f'{error.cause!r:.500}', broken=True)
        except errors.RayError as error:
            # an error, and not a death: whatever replaces it will do the same
            broken = worker in self._starting and 'creation task' in str(error)
            self.end(worker)
            return Lost(worker, _short(error), broken)
        if worker not in self._starting:
            return Done(worker, [Outcome(*one) for one in result])
        del self._starting[worker]
        return self._greeted(worker, result)

    def _greeted(self, worker: int, identity: Mapping[str, str]) -> Any:
        """A worker has begun; whether it measures what the others do."""
        self._calibration = self._calibration or identity['calibration']
        expected = dict(supernet=self.supernet, calibration=self._calibration)
        for key, value in expected.items():
            if identity[key] != value:
                self.end(worker)
                return Lost(
                    worker, f'{key}: expected {value}, got {identity[key]} '
                    '(other files than elsewhere?)',
                    broken=True)
        return Ready(worker)

    def _fill(self) -> None:
        """Start as many workers as are missing."""
        if time.monotonic() - self._looked > POLL:
            self._looked = time.monotonic()
            self._room = self._capacity()
        while len(self._actors) < self._room:
            worker, self._made = self._made, self._made + 1
            actor = self._make.remote(self._config, os.getcwd(),
                                      [p for p in sys.path if p])
            self._actors[worker] = actor
            self._starting[worker] = None
            self._refs[actor.identity.remote()] = worker

    def _capacity(self) -> int:
        if self.wanted is not None:
            return self.wanted
        has = self.ray.cluster_resources()
        rooms = [
            has.get(key, 0) // each
            for key, each in dict(CPU=self.cpus, GPU=self.gpus).items() if each
        ]
        return int(min(rooms, default=1))

    def end(self, worker: Any) -> None:
        actor = self._actors.pop(worker, None)
        self._starting.pop(worker, None)
        self._refs = {
            ref: other
            for ref, other in self._refs.items() if other != worker
        }
        if actor is not None:
            self.ray.kill(actor, no_restart=True)

    def close(self) -> None:
        for worker in list(self._actors):
            self.end(worker)


def _short(error: Exception) -> str:
    """Type and last line of an error, which may hold a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[-1] if lines else ""}'


def ray_evaluation(config: Config,
                   supernet: str,
                   evaluation: Mapping[str, Any],
                   time_limit: Optional[float] = None,
                   **workers: Any) -> Elastic:
    """An evaluation by workers on Ray.

    Args:
        config (Config): Of the search.
        supernet (str): Digest of its weights.
        evaluation (Mapping): Config of the evaluation of each worker.
        time_limit (float, optional): As for :class:`.Elastic`.
        **workers: As for :class:`RayPool`.

    Raises:
        SettingError: As :class:`RayPool`, or this is one of several
            processes, which Ray replaces.
    """
    if get_world_size() > 1:
        raise SettingError('workers', 'one process; Ray starts the others',
                           get_world_size())
    pool = RayPool(worker_config(config), supernet, **workers)
    return Elastic(pool, evaluation.get('size') or MOST, time_limit)
