"""Outputs of named layers while a model runs."""
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from torch import Tensor, nn


class _Enough(Exception):
    """All that was asked for has run."""


@dataclass
class Outputs:
    """Tensors that named layers gave.

    Attributes:
        tensors: By the name of the layer and the place in its output, such as
            ``neck[0]``; from its second run on with the number of the run.
        runs: How often each layer ran.
        versions: Version of each tensor when the layer gave it, which changes
            with every operation in place.
    """
    tensors: Dict[str, Tensor] = field(default_factory=dict)
    runs: Counter = field(default_factory=Counter)
    versions: Dict[str, int] = field(default_factory=dict)

    def add(self, name: str, output: Any) -> None:
        """Note what a layer gave: a tensor, or nested lists, tuples and
        dicts of tensors."""
        self.runs[name] += 1
        run = f' of run {self.runs[name]}' if self.runs[name] > 1 else ''
        found = list(named_tensors(output, name))
        if not found:
            raise RuntimeError(f'distillation: {name} gives no tensors, but '
                               f'{type(output).__name__}')
        for place, tensor in found:
            self.tensors[place + run] = tensor
            self.versions[place + run] = tensor._version

    def check(self, model: nn.Module, names: Sequence[str]) -> None:
        """That every layer ran, and that nothing has changed its outputs.

        Raises:
            RuntimeError: It did not; says which one.
        """
        for name in names:
            if not self.runs[name]:
                raise RuntimeError(
                    f'distillation: {name} of {type(model).__name__} did not '
                    'run; name a layer that the loss runs, e.g. the last '
                    'convolution of the head')
        for key, tensor in self.tensors.items():
            if tensor._version != self.versions[key]:
                raise RuntimeError(
                    f'distillation: {key} is changed in place by what follows '
                    'it; name that layer, e.g. the activation')


def named_tensors(output: Any, name: str) -> Iterator[Tuple[str, Tensor]]:
    """All tensors of real numbers in a nested output, and their places."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield name, output
    elif isinstance(output, Mapping):
        for key, value in output.items():
            yield from named_tensors(value, f'{name}[{key!r}]')
    elif isinstance(output, (list, tuple)):
        for i, value in enumerate(output):
            yield from named_tensors(value, f'{name}[{i}]')


@contextmanager
def capture(model: nn.Module,
            names: Sequence[str],
            runs: Optional[Mapping[str, int]] = None) -> Iterator[Outputs]:
    """Collect the outputs of sub-modules inside the ``with`` block.

    Heads of OpenMMLab call ``self.forward`` directly, so a name has to be a
    layer inside the head, such as its last convolution.

    Args:
        model (nn.Module): The model that runs inside the block.
        names (Sequence[str]): Names of its sub-modules.
        runs (Mapping[str, int], optional): How often each is to run. Then the
            block is left, so that nothing else is computed.

    Raises:
        AttributeError: There is no such sub-module.
        RuntimeError: It did not run, or gave no tensor.
    """
    outputs = Outputs()

    def note(name: str, output: Any) -> None:
        outputs.add(name, output)
        if runs and all(outputs.runs[key] >= n for key, n in runs.items()):
            raise _Enough

    handles = [
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: note(name, output))
        for name in names
    ]
    try:
        yield outputs
    except _Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()
    outputs.check(model, names)
