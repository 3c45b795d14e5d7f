"""Where the time of an evaluation goes."""
import time
from contextlib import ExitStack, contextmanager, nullcontext
from typing import (Any, Callable, ContextManager, Dict, Iterable, Iterator,
                    List)
from unittest.mock import patch

import torch
from mmengine.model import BaseDataPreprocessor, BaseModel
from torch import nn

# In this order in the table; any other name comes after them.
PARTS = ('loading', 'preprocessing', 'calibration', 'network',
         'postprocessing', 'metric', 'archive', 'rest')
FORWARD = ('calibration', 'network')


class NoProfile:
    """Measures nothing: the same calls as of :class:`Profile`."""

    def part(self, name: str) -> ContextManager[None]:
        """Nothing happens."""
        return nullcontext()

    def loading(self, batches: Iterable[Any]) -> Iterable[Any]:
        """``batches`` as they are."""
        return batches

    def watched(self, model: nn.Module) -> ContextManager[None]:
        """Nothing happens."""
        return nullcontext()


class Profile(NoProfile):
    """Seconds by part of the work, those of one inside another once.

    Time counts for the innermost part only; outside of all parts it does not
    count. ``loading`` is what this process waits for its data: what workers
    of a data loader do meanwhile is not in it.

    Attributes:
        seconds (dict): By the name of the part.
    """

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self._open: List[str] = []
        self._last = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What runs inside is this part of the work."""
        self._note()
        self._open.append(name)
        try:
            yield
        finally:
            self._note()
            self._open.pop()

    def _note(self) -> None:
        """The time since the last note is that of the innermost part."""
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            torch.cuda.synchronize()  # work is done later than it is called
        now = time.perf_counter()
        if self._open:
            name = self._open[-1]
            self.seconds[name] = self.seconds.get(name, 0.) + now - self._last
        self._last = now

    def loading(self, batches: Iterable[Any]) -> Iterator[Any]:
        """``batches``; waiting for each is loading."""
        iterator = None
        while True:
            with self.part('loading'):
                if iterator is None:
                    iterator = iter(batches)
                try:
                    batch = next(iterator)
                except StopIteration:
                    return
            yield batch

    @contextmanager
    def watched(self, model: nn.Module) -> Iterator[None]:
        """Tell networks from what is made of their outputs.

        Inside, a layer, or a network of layers, that runs in postprocessing is
        the network; the data preprocessor is preprocessing. Elsewhere, such
        as in calibration, both belong to the part that they run in.
        """
        with ExitStack() as stack:
            for module in model.modules():
                if isinstance(module, BaseDataPreprocessor):
                    name = 'preprocessing'
                elif isinstance(module, BaseModel):
                    continue  # its forward may be all of a prediction
                else:
                    name = 'network'
                stack.enter_context(
                    patch.object(module, 'forward',
                                 self._timed(module.forward, name)))
            yield

    def _timed(self, forward: Callable[..., Any],
               name: str) -> Callable[..., Any]:

        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._open[-1:] != ['postprocessing']:
                return forward(*args, **kwargs)
            with self.part(name):
                return forward(*args, **kwargs)

        return timed


def profile_table(seconds: Dict[str, float]) -> str:
    """Parts, seconds and shares, as lines of plain text.

    Args:
        seconds (dict): Of a :class:`Profile`.
    """
    total = sum(seconds.values())
    names = [name for name in PARTS if name in seconds]
    names += [name for name in seconds if name not in PARTS]
    rows = [(name, seconds[name]) for name in names]
    forward = sum(seconds.get(name, 0.) for name in FORWARD)
    rows += [('all', total), ('forward passes', forward)]
    lines = [f'{"part":<16}{"seconds":>10}{"share":>9}']
    lines += [
        f'{name:<16}{value:>10.2f}{value / total if total else 0.:>9.1%}'
        for name, value in rows
    ]
    return '\n'.join(lines)
