"""Measure many architectures on every batch."""
import random
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Sequence
from unittest.mock import patch

import numpy as np
import torch
from mmengine.dist import gather_object
from mmengine.logging import MMLogger
from torch import nn

from scalenas_mm.backbones.base import Step, independent
from scalenas_mm.registry import EVALUATIONS
from scalenas_mm.spaces.settings import whole
from .base import Outcome
from .batches import devices, seeded
from .memory import available
from .ranks import describe, from_main
from .reuse import NormStatistics, Reuse, Statistics
from .sample import apart, preprocessed, run_tensor, unwrapped
from .sequential import Part, Sequential, free_memory, log
from .statistics import calibrate, trained_norms, unchanged

QUIET = 60  # seconds between two signs of life
MOST = 16  # what an interrupted search has to measure again


class Network:
    """What belongs to one of the architectures.

    Attributes:
        arch: The architecture.
        statistics: Of norms.
        results: Of each metric.
        error: Why it was given up.
    """

    def __init__(self, arch: Any, statistics: Statistics,
                 metrics: int) -> None:
        self.arch = arch
        self.statistics = dict(statistics)
        self.results: List[List[Any]] = [[] for _ in range(metrics)]
        self.error: Optional[str] = None


@EVALUATIONS.register_module()
class PopulationMajor(Sequential):
    """Many architectures at once: every batch is loaded and preprocessed once.

    What they have in common runs once, too. The backbone offers its
    computation as steps, architectures are ordered by those, and each takes
    over the first steps in which it is like the one before (:class:`Reuse`).
    Metrics are those of :class:`Sequential`, on a CPU to the last bit.

    Beside the supernet, memory holds one batch with what goes from step to
    step of one network, and of every architecture the statistics of norms and
    what metrics keep.

    Args:
        *args: As for :class:`Sequential`.
        size (int, optional): How many architectures at once. By default 16,
            or fewer if their statistics would not fit into a tenth of the
            free memory.
        **kwargs: As for :class:`Sequential`.

    Raises:
        SettingError: ``size`` is no positive number.
    """

    def __init__(self,
                 *args: Any,
                 size: Optional[int] = None,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.size = fitting(self.model) if size is None else whole(
            'size', size, 1)

    def __call__(self, archs: Sequence[Any]) -> List[Outcome]:
        with self.profile.part('rest'):
            start = time.time()
            ranks = gather_object(self._parts(archs))
            outcomes = from_main(lambda: [
                self._outcome(list(parts))
                for parts in zip(*ranks, strict=True)
            ])
            seconds = round((time.time() - start) / max(1, len(archs)), 3)
            outcomes = [one._replace(seconds=seconds) for one in outcomes]
            return self._again(archs, outcomes)

    def _again(self, archs: Sequence[Any],
               outcomes: List[Outcome]) -> List[Outcome]:
        """Measure on its own what failed, such as for want of memory; its
        outcome is that of :class:`Sequential`, then."""
        failed = [i for i, one in enumerate(outcomes) if one.error is not None]
        if failed:
            free_memory()
        for i in failed:
            outcomes[i] = self._measure(archs[i])
            if len(failed) == len(archs) and outcomes[i].error is not None:
                break  # whatever is measured fails
        return outcomes

    def _parts(self, archs: Sequence[Any]) -> List[Part]:
        """Run on this rank's share of the data; never raises."""
        networks: List[Network] = []
        try:
            self._run(archs, networks)
        except Exception as error:  # of data, or whatever concerns them all
            log('measuring candidates failed')
            for network in networks:
                network.error = network.error or describe(error)
            if not networks:
                return [Part(error=describe(error)) for _ in archs]
        try:
            return [self._part_of(network) for network in networks]
        finally:
            self._clear()

    def _part_of(self, network: Network) -> Part:
        if network.error is not None:
            return Part(error=network.error)
        self._give_results(network)
        try:
            return Part(self._packed())
        except Exception as error:
            log(f'results of {network.arch.digest} cannot be sent')
            return Part(error=describe(error))

    def _run(self, archs: Sequence[Any], networks: List[Network]) -> None:
        with self._no_gradients(), unchanged(self.model):
            norms = list(trained_norms(self.model).values())
            own = {norm: dict(norm._buffers) for norm in norms}
            for norm in norms if self.batches else ():
                norm.reset_running_stats()
            start = {
                norm: {
                    k: v.clone()
                    for k, v in norm._buffers.items()
                }
                for norm in norms
            }
            num = len(self.evaluator.metrics)
            networks += [Network(arch, start, num) for arch in archs]
            self.norms = NormStatistics(norms)
            with self.norms.used(), self._reusing(), self.profile.watched(
                    self.model):
                order = self._ordered(networks)
                if self.batches:
                    self._calibrate(order)
                for network in networks:  # norms that nothing ran through
                    network.statistics.update({
                        norm: own[norm]
                        for norm in norms
                        if network.statistics[norm] is start[norm]
                    })
                self._validate(order)

    @contextmanager
    def _reusing(self) -> Iterator[None]:
        """Run the backbone, and what no architecture reaches, in steps."""
        parts = [(self.backbone, self.backbone.steps)]
        parts += [(module, whole_forward(module.forward))
                  for module in independent(self.model)]
        self.reused = [
            Reuse(module, steps, self.norms) for module, steps in parts
        ]
        with ExitStack() as stack:
            for one in self.reused:
                stack.enter_context(one.used())
            yield
        self.reused = []

    def _ordered(self, networks: Sequence[Network]) -> List[Network]:
        """Those next to each other that have the first steps in common."""
        encode = self.backbone.space.encode
        return sorted(networks, key=lambda one: tuple(encode(one.arch)))

    def _calibrate(self, networks: Sequence[Network]) -> None:
        """As :func:`.statistics.calibrated`, every network."""
        calibrate(self.norms.norms)
        with self.profile.part('calibration'), seeded(self.seed):
            for batch in self.batches:
                data = preprocessed(self.model, batch, training=True)
                self._each(networks,
                           lambda _: run_tensor(self.model, apart(data)))
        self.model.eval()

    def _validate(self, networks: Sequence[Network]) -> None:
        last = time.time()
        with seeded(self.seed):
            for i, batch in enumerate(self.profile.loading(self.dataloader)):
                with self.profile.part('preprocessing'), self._mixed():
                    data = preprocessed(self.model, batch)
                self._each(networks, partial(self._predict, batch, data))
                if time.time() - last > QUIET:
                    last = time.time()
                    MMLogger.get_current_instance().info(
                        f'{len(networks)} candidates: validation batch '
                        f'{i + 1}/{len(self.dataloader)}')

    def _predict(self, batch: Any, data: Any, network: Network) -> None:
        """Add what comes of a batch to the results of a network."""
        ready = patch.object(
            unwrapped(self.model).data_preprocessor, 'forward',
            lambda *args, **kwargs: apart(data))
        self._give_results(network)
        with ready:
            self._add_results(batch)

    def _each(self, networks: Sequence[Network], run: Callable[[Network],
                                                               Any]) -> None:
        """Run the networks that have not failed, on one batch; all with the
        same randomness."""
        state = random_state()
        for i, network in enumerate(networks):
            for one in self.reused:
                one.begin(forget=i == 0)
            if network.error is not None:
                continue
            set_random_state(state)
            self.norms.current = network.statistics
            try:
                with self.backbone.active(network.arch):
                    run(network)
            except Exception as error:
                # as text: the error holds the frames with all activations
                log(f'measuring {network.arch.digest} failed')
                network.error = describe(error)

    def _give_results(self, network: Network) -> None:
        """Let metrics go on with the results of a network."""
        for metric, results in zip(self.evaluator.metrics, network.results):
            metric.results = results


def whole_forward(forward: Callable[..., Any]) -> Callable[..., List[Step]]:
    """A module's forward as one step."""
    return lambda *args: [Step((), lambda state: forward(*state))]


def fitting(model: nn.Module) -> int:
    """How many networks' statistics take a tenth of the free memory."""
    each = sum(b.numel() * b.element_size() for b in model.buffers())
    free = available(next(model.parameters()).device)
    return int(min(MOST, max(1, free // 10 // max(1, each))))


def random_state() -> Any:
    """States of the generators that :func:`.batches.seeded` seeds."""
    return (random.getstate(), np.random.get_state(), torch.get_rng_state(),
            [torch.cuda.get_rng_state(device) for device in devices()])


def set_random_state(state: Any) -> None:
    """Go back to a state."""
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])
    for device, value in zip(devices(), state[3]):
        torch.cuda.set_rng_state(value, device)
