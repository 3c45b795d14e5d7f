"""Run what several networks have in common once."""
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence
from unittest.mock import patch

import torch
from torch import Tensor, nn

from scalenas_mm.backbones.base import Step

# Buffers of a norm. They are never written to: networks that have the same
# dict have the same statistics.
Buffers = Dict[str, Tensor]
Statistics = Dict[nn.Module, Buffers]


class NormStatistics:
    """Lets norms work with the statistics of one network after the other.

    Args:
        norms (Sequence[nn.Module]): Norms. In training mode they change
            copies of a network's statistics, which take their place.

    Attributes:
        current (dict): Those of the network that runs.
        ran (list): Norms in the order in which they ran, with the statistics
            that each began with.
    """

    def __init__(self, norms: Sequence[nn.Module]) -> None:
        self.norms = list(norms)
        self.current: Statistics = {}
        self.ran: List[Any] = []

    @contextmanager
    def used(self) -> Iterator[None]:
        """Inside, the norms work so; then they are as before."""
        before = {norm: dict(norm._buffers) for norm in self.norms}
        with ExitStack() as stack:
            for norm in self.norms:
                handle = norm.register_forward_pre_hook(self._use)
                stack.callback(handle.remove)
                stack.callback(norm._buffers.update, before[norm])
            yield

    def _use(self, norm: nn.Module, args: Any) -> None:
        mine = self.current[norm]
        self.ran.append((norm, mine))
        if norm.training:
            mine = {key: value.clone() for key, value in mine.items()}
            self.current[norm] = mine
        norm._buffers.update(mine)


class Done(NamedTuple):
    """A step that was run.

    Attributes:
        key: Of the step.
        state: What it gave.
        before: Statistics of the norms that ran in it.
        after: Those that it left, the same ones outside of calibration.
    """
    key: Any
    state: Any
    before: Statistics
    after: Statistics


class Call(NamedTuple):
    """What came into a call of a module, and the steps it was done in."""
    args: Any
    done: List[Done]


class Reuse:
    """The forward of a module in steps, some of them taken from the network
    that ran before.

    A step is not run again if nothing that it depends on has changed: what
    came in, the keys up to its own, and the statistics of the norms in it. So
    results are the same to the last bit, those of calibration, too.

    Memory holds, for each call that one network makes on one batch, what came
    out of its steps.

    Args:
        module (nn.Module): The module.
        steps (Callable): From arguments of its forward to :class:`Step`.
        statistics (NormStatistics): Of all norms that depend on the network.
    """

    def __init__(self, module: nn.Module, steps: Callable[..., List[Step]],
                 statistics: NormStatistics) -> None:
        self.module = module
        self.steps = steps
        self.statistics = statistics
        self.calls: List[Call] = []
        self.place = 0

    def used(self) -> Any:
        """Inside, the module runs so."""
        return patch.object(self.module, 'forward', self)

    def begin(self, forget: bool) -> None:
        """Another network follows, which makes the same calls in the same
        order; ``forget`` says that it does so on other data."""
        self.place = 0
        if forget:
            self.calls = []

    def __call__(self, *args: Any) -> Any:
        done = self._known(args)
        steps = self.steps(*args)
        common = 0
        for step, old in zip(steps, done):
            if not self._take(step, old):
                break
            common += 1
        del done[common:]
        state = done[-1].state if done else args
        for step in steps[common:]:
            done.append(self._run(step, state))
            state = done[-1].state
        return state

    def _known(self, args: Any) -> List[Done]:
        """The steps that were done in this call."""
        place, self.place = self.place, self.place + 1
        if place == len(self.calls):
            self.calls.append(Call(args, []))
        elif not equal(args, self.calls[place].args):
            self.calls[place] = Call(args, [])
        return self.calls[place].done

    def _take(self, step: Step, done: Done) -> bool:
        """Whether it gives what one gave that was run; then it also leaves
        the same statistics."""
        current = self.statistics.current
        if step.key != done.key or any(
                current[norm] is not before
                for norm, before in done.before.items()):
            return False
        current.update(done.after)
        return True

    def _run(self, step: Step, state: Any) -> Done:
        self.statistics.ran = []
        state = step.run(state)
        before: Statistics = {}
        for norm, buffers in self.statistics.ran:
            before.setdefault(norm, buffers)
        after = {norm: self.statistics.current[norm] for norm in before}
        return Done(step.key, state, before, after)


def equal(args: Any, others: Any) -> bool:
    """Whether two calls have equal arguments."""
    if isinstance(args, Tensor) and isinstance(others, Tensor):
        return args is others or (args.shape == others.shape
                                  and args.dtype == others.dtype
                                  and torch.equal(args, others))
    if isinstance(args, (list, tuple)) and isinstance(others, (list, tuple)):
        return len(args) == len(others) and all(map(equal, args, others))
    return type(args) is type(others) and args == others
